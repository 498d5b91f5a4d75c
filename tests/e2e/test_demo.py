"""The README's first command: a session that stores, is hurt, and recalls."""

from __future__ import annotations

import re
import subprocess
import sys


def test_the_demo_stores_kills_recalls_and_leaves_nothing() -> None:
    """Ours: each line was printed when it happened; the last one counts what survived."""
    done = subprocess.run(
        [sys.executable, "-m", "mimo", "demo"],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    told = "\n".join(lines)
    killed = re.search(r"SIGKILL to storage/writer, process (\d+)", told)
    successor = re.search(r"storage/writer is process (\d+) now", told)
    assert killed
    assert successor
    assert killed[1] != successor[1]
    assert "that store was answered all the same" in told
    assert re.search(r"found memory \d+: The flaky login test", told)
    assert re.search(r"found memory \d+: We chose SQLite over PostgreSQL", told)
    assert lines[-1].endswith("after the death of the whole node: 5 memories, none lost")
    times_s = [float(line.split()[0]) for line in lines]
    assert times_s == sorted(times_s)
