"""S14: the owner of a shared table is killed at every single write that SQLite makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mimo.config.clock import SYSTEM_CLOCK
from mimo.storage.shared_tables import SharedTables
from tests.support.strace import require_strace

CHANGES = 4
#: More than the writes that the changes take; the loop ends when a run survives.
WRITES_MAX = 500
OWNER = f"""
import os, sys
from mimo.config.clock import SYSTEM_CLOCK
from mimo.storage.shared_tables import SharedTables
table = SharedTables.open_owned(sys.argv[1], int(sys.argv[2]), SYSTEM_CLOCK)
for n in range(1, {CHANGES} + 1):
    rows = [(f"{{n}}-{{part}}", "x" * 3000 * part, None) for part in range(4)]
    table.write([*rows, ("last", n, None)], deletes=[f"{{n - 2}}-1"])
    os.write(1, b"%d\\n" % n)
"""


def test_a_kill_at_every_write_leaves_the_old_or_the_new_table(tmp_path: Path) -> None:
    """Over all N: 0 damaged, 0 acknowledged lost, at most the one change in flight more."""
    require_strace()
    for number in range(1, WRITES_MAX):
        survived = _killed_at(number, tmp_path / str(number))
        if survived:
            break
    assert CHANGES < number < WRITES_MAX


def _killed_at(number: int, folder: Path) -> bool:
    """Kill an owner at its write `number`, check the table, tell whether it got to the end."""
    folder.mkdir()
    store = SharedTables(
        heir="h",
        folder=folder / "memory",
        snapshots=folder / "disk",
        boot_id="b",
        clock=SYSTEM_CLOCK,
    )
    table, _ = store.open("t", (1_000, 1_000_000, "refuse"))
    assert table.regrant(0, "owner", 1, inherited=False)
    rule = f"inject=pwrite64:signal=KILL:when={number}"
    trace = ["strace", "-f", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", rule]
    ended = subprocess.run(
        [*trace, sys.executable, "-c", OWNER, table.path, "1"],
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    acknowledged = len(ended.stdout.splitlines())
    assert table.verify("t", "b")
    assert table.regrant(1, "successor", 2, inherited=False)
    successor = SharedTables.open_owned(table.path, 2, SYSTEM_CLOCK)
    last = successor.get("last") or 0
    assert last in (acknowledged, acknowledged + 1)
    assert successor.seq == last
    expected = {f"{n}-{part}" for n in range(1, last + 1) for part in range(4)}
    expected -= {f"{n - 2}-1" for n in range(1, last + 1)}
    assert {key for key, _, _ in successor.items()} - {"last"} == expected
    successor.put("after", 1)
    successor.close()
    table.close()
    return ended.returncode == 0
