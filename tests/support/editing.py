"""An editor over real files and a real journal, without actors; and what dies while it edits."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mimo.actors.files import messages as fm
from mimo.actors.files import planning
from mimo.actors.files.changing import Editor
from mimo.actors.workspace.places import Roots
from mimo.config.clock import SYSTEM_CLOCK
from mimo.storage.edit_journal import EditJournal


@dataclass(frozen=True, slots=True)
class Desk:
    """A workspace with its editor."""

    root: Path
    roots: Roots
    journal: EditJournal
    editor: Editor

    def write(self, path: str, content: str, key: str = "") -> dict[str, Any]:
        """Write a file."""
        request = fm.Write(path=path, content=content, appends=False, asked=asked(key))
        return self.do(planning.written(request, self.roots))

    def replace(self, *triples: tuple[str, str, str], key: str = "") -> dict[str, Any]:
        """Replace texts in files, all or none."""
        request = fm.EditTexts(
            operation="multi_replace",
            replacements=tuple(fm.Replace(path=p, old=old, new=new) for p, old, new in triples),
            which="all",
            expected_count=None,
            is_dry_run=False,
            asked=asked(key),
        )
        return self.do(planning.edited(request, self.roots))

    def do(self, plan: planning.Plan) -> dict[str, Any]:
        """Make a planned change."""
        return self.editor.apply(plan.order, plan.changes)

    def undo(self, edit_id: int | None = None, key: str = "") -> dict[str, Any]:
        """Take an edit back."""
        return self.editor.undo(edit_id, "tester", key)


def asked(key: str = "") -> fm.Asked:
    """Return who asks in tests."""
    return fm.Asked(client="tester", key=key)


@contextlib.contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """Have a workspace in `folder/work` and a journal beside it."""
    root = folder.resolve() / "work"
    root.mkdir(exist_ok=True)
    roots = Roots(allowed=(root,), refused=(folder / "data",), dot_names=(".gitignore",))
    journal = EditJournal(folder / "data" / "edits" / "edits.db")
    try:
        yield Desk(root, roots, journal, Editor(journal, roots, SYSTEM_CLOCK))
    finally:
        journal.close()


def contents(root: Path) -> dict[str, bytes]:
    """Return every file below a folder, hidden and temporary ones too."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


@dataclass(slots=True)
class Tally:
    """How random edits that were killed came out."""

    edits: int = 0
    killed: int = 0
    recovered: int = 0
    old: int = 0
    new: int = 0
    undone: int = 0


def kill_random_edits(folder: Path, count: int, seed: int) -> Tally:
    """Make random edits of several files, kill each at a random moment, recover, and compare.

    Raises:
        AssertionError: Files were neither all old nor all new, something was left beside them, or
            an undo didn't bring the bytes back.
    """
    chance = random.Random(seed)
    tally = Tally()
    with desk(folder) as first:
        for number in range(6):
            (first.root / f"sub{number % 3}").mkdir(exist_ok=True)
            text = f"file {number}\n" + "x" * chance.randrange(1, 20_000)
            (first.root / f"sub{number % 3}" / f"{number}.txt").write_text(text)
        root = first.root
    typical_s = 0.01
    for number in range(count):
        before = contents(root)
        names = chance.sample(sorted(before), min(len(before), chance.randrange(2, 6)))
        after = dict(before)
        for name in names:
            after[name] = f"{number} {chance.random()}\n".encode() + os.urandom(200).hex().encode()
        if chance.random() < 0.5:
            after[f"new{number % 4}/fresh{number % 7}.txt"] = f"fresh {number}\n".encode()
        pid, took_s = _edit_and_die(folder, after, before, number, chance.uniform(0, typical_s))
        tally.killed += pid
        typical_s = 0.8 * typical_s + 0.2 * max(took_s, 0.002)
        tally.edits += 1
        with desk(folder) as later:
            for edit in later.editor.recover():
                assert edit.state in ("done", "rolled_back")
                tally.recovered += 1
            now = contents(root)
            assert now in (before, after), f"edit {number} of seed {seed} is in between"
            tally.old += now == before
            tally.new += now == after
            last = later.journal.last_of("tester")
            if now == after and last is not None and chance.random() < 0.4:
                later.undo(last, key=f"undo {number}")
                assert contents(root) == before, f"undo {number} of seed {seed} differs"
                tally.undone += 1
    return tally


def _edit_and_die(
    folder: Path, after: dict[str, bytes], before: dict[str, bytes], number: int, life_s: float
) -> tuple[bool, float]:
    """Let a child edit, kill it after a while; tell whether it was killed, and how long it ran."""
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(ready)
            with desk(folder) as own:
                os.write(go, b"x")
                _edit(own, after, before, number)
            code = 0
        finally:
            os._exit(code)
    os.close(go)
    os.read(ready, 1)
    os.close(ready)
    began_s = time.monotonic()
    time.sleep(life_s)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    took_s = time.monotonic() - began_s
    # Where it was quicker than its death, the next one gets a shorter life, and the reverse.
    return os.WIFSIGNALED(status), took_s * (1.5 if os.WIFSIGNALED(status) else 0.7)


def _edit(own: Desk, after: dict[str, bytes], before: dict[str, bytes], number: int) -> None:
    from mimo.actors.files.changing import Change, Order
    from mimo.actors.workspace import opening

    changes = []
    for name, data in after.items():
        if before.get(name) == data:
            continue
        place = own.roots.resolve(name, must_exist=False)
        read = opening.read(place, 10_000_000) if name in before else None
        changes.append(Change(kind="replace", place=place, data=data, read=read))
    order = Order(operation="multi_replace", client="tester", key=f"edit {number}", result={})
    own.editor.apply(order, changes)
