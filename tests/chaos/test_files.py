"""Edits of several files that are killed: files are old or new, never between, and undo is exact.

First at every moment that a fault point marks, then at random ones, then a whole node's worker that
gets SIGKILL while a client edits.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.files import messages as fm
from mimo.actors.files import planning
from mimo.actors.files import steps as stepping
from mimo.config import faultpoints
from tests.support.client import CallError
from tests.support.editing import asked, contents, desk, kill_random_edits
from tests.support.node import running_node
from tests.support.waiting import eventually

FILES = 4
#: Random edits in each round; the whole bar is `python -m tests.load edits`.
EDITS = 60
#: Between two kills of the worker, in seconds: its supervisor forgives twenty in five seconds.
PACE_S = 0.4
KILLS = 5


def replace_all(folder: Path, number: int) -> None:
    """Replace a word in every file, in one edit."""
    with desk(folder) as own:
        swaps = [(f"{each}.txt", "old", "new") for each in range(FILES)]
        own.replace(*swaps, key=f"edit {number}")


def dies_at(point: str, nth: int, folder: Path, patch: pytest.MonkeyPatch) -> bool:
    """Edit in a child that is killed the nth time it passes a point; tell whether it was."""
    pid = os.fork()
    if pid == 0:
        try:
            faults = {"MIMO_CHAOS": "1", "MIMO_FAULTS": f"{point}:crash@{nth}"}
            patch.setattr(faultpoints, "_INJECTOR", faultpoints.from_environment(faults))
            patch.setattr(faultpoints, "ARMED", True)
            replace_all(folder, 1)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize(
    ("point", "nth", "is_new"),
    [
        ("files.intended", 1, False),
        ("files.put_aside", 1, True),
        *(("files.between", nth, True) for nth in range(1, FILES + 1)),
        ("files.changed", 1, True),
    ],
)
def test_an_edit_killed_at_any_moment_is_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, nth: int, is_new: bool
) -> None:
    """And its key is answered, or free for another try. Source: issue 4, bars (edits)."""
    with desk(tmp_path) as first:
        for number in range(FILES):
            (first.root / f"{number}.txt").write_text(f"the old {number}\n")
        before = contents(first.root)
    after = {name: data.replace(b"old", b"new") for name, data in before.items()}

    assert dies_at(point, nth, tmp_path, monkeypatch)

    with desk(tmp_path) as later:
        (edit,) = later.editor.recover()
        assert edit.state == ("done" if is_new else "rolled_back")
        assert contents(later.root) == (after if is_new else before)
        assert later.editor.recover() == []
        done = later.editor.done("edit 1")
        assert (done is not None) == is_new
    if not is_new:
        replace_all(tmp_path, 1)
    with desk(tmp_path) as last:
        assert contents(last.root) == after
        last.undo()
        assert contents(last.root) == before


@pytest.mark.parametrize("where", ["changed", "untouched"])
def test_what_somebody_else_wrote_after_the_death_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """The rest goes back: the edit can't become whole any more. Source: ours."""
    with desk(tmp_path) as first:
        for number in range(FILES):
            (first.root / f"{number}.txt").write_text(f"the old {number}\n")
        before = contents(first.root)
    assert dies_at("files.between", 2, tmp_path, monkeypatch)
    name = "0.txt" if where == "changed" else f"{FILES - 1}.txt"

    with desk(tmp_path) as later:
        (later.root / name).write_text("by another program")
        (edit,) = later.editor.recover()

        assert edit.state == "rolled_back"
        assert contents(later.root) == {**before, name: b"by another program"}


@pytest.mark.parametrize("is_foreign", [False, True])
@pytest.mark.parametrize("steps", range(FILES))
def test_a_recovery_that_dies_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int, is_foreign: bool
) -> None:
    """Forward or back, after any number of steps. Source: ours."""
    with desk(tmp_path) as first:
        for number in range(FILES):
            (first.root / f"{number}.txt").write_text(f"the old {number}\n")
        before = contents(first.root)
    after = {name: data.replace(b"old", b"new") for name, data in before.items()}
    assert dies_at("files.between", 2, tmp_path, monkeypatch)
    if is_foreign:
        (first.root / "3.txt").write_text("by another program")
        before["3.txt"] = b"by another program"

    with monkeypatch.context() as patch, desk(tmp_path) as second:
        for name in ("go_forward", "go_back"):
            patch.setattr(stepping, name, Dying(getattr(stepping, name), steps))
        with pytest.raises(Died):
            second.editor.recover()
    with desk(tmp_path) as third:
        third.editor.recover()

        assert contents(third.root) == (before if is_foreign else after)
        assert third.editor.recover() == []


class Died(BaseException):
    """Stands for SIGKILL."""


class Dying:
    """A function that works a few times and then is the end."""

    def __init__(self, real: Callable[..., Any], times: int) -> None:
        self._real = real
        self._left = times

    def __call__(self, *args: Any) -> Any:
        if not self._left:
            raise Died
        self._left -= 1
        return self._real(*args)


def test_a_move_killed_between_its_two_names_has_one_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file gets its new name before it loses the old one. Source: ours."""
    with desk(tmp_path) as first:
        (first.root / "a.txt").write_text("a")
    real = os.unlink

    def unlink(path: Any, *, dir_fd: int | None = None) -> None:
        if path == "a.txt":
            raise Died
        real(path, dir_fd=dir_fd)

    with monkeypatch.context() as patch, desk(tmp_path) as second:
        patch.setattr(os, "unlink", unlink)
        request = fm.Move(path="a.txt", destination="sub/b.txt", asked=asked("k"))
        with pytest.raises(Died):
            second.do(planning.moved(request, second.roots))
    assert sorted(contents(first.root)) == ["a.txt", "sub/b.txt"]

    with desk(tmp_path) as third:
        third.editor.recover()
        assert contents(third.root) == {"sub/b.txt": b"a"}
        third.undo()
        assert contents(third.root) == {"a.txt": b"a"}


@pytest.mark.parametrize("seed", [1, 2])
def test_random_edits_killed_at_random_are_old_or_new(tmp_path: Path, seed: int) -> None:
    """Never between, and undo restores every byte. Source: issue 4, bars (edits)."""
    tally = kill_random_edits(tmp_path, EDITS, seed)

    assert tally.old + tally.new == EDITS
    assert tally.recovered
    assert tally.old
    assert tally.new
    assert tally.undone


def test_a_client_does_not_notice_that_the_worker_is_killed(tmp_path: Path) -> None:
    """Each append happens once, whoever did it. Source: reliability.md A1, A2."""
    root = tmp_path.resolve() / "work"
    root.mkdir()
    (root / "log.txt").write_text("")
    settings = {
        "MIMO_WORKSPACE_ROOTS": str(root),
        "MIMO_EMBEDDING_PROVIDER": "none",
        "MIMO_LIMITS_RISKY_RATE_PER_S": "1000",
        "MIMO_LIMITS_RISKY_BURST": "1000",
    }
    with running_node(tmp_path / "data", settings) as node, node.connect() as client:
        done = threading.Event()
        written: list[int] = []
        failed: list[str] = []

        def append() -> None:
            number = 0
            while not done.is_set():
                number += 1
                arguments: dict[str, Any] = {"path": "log.txt", "mode": "append"}
                try:
                    client.submit("write", tool="file", content=f"{number}\n", **arguments).result()
                    written.append(number)
                except CallError as error:
                    failed.append(str(error))

        thread = threading.Thread(target=append)
        thread.start()
        chance = random.Random(3)
        try:
            for _ in range(KILLS):
                time.sleep(PACE_S + chance.uniform(0, 0.05))
                fault = node.signal("tools/files", signal.SIGKILL)
                node.await_successor(fault)
            count = len(written)
            eventually(lambda: len(written) > count, within_s=20.0)
        finally:
            done.set()
            thread.join(30.0)
        assert failed == []
        assert (root / "log.txt").read_text().split() == [str(number) for number in written]
        assert [path.name for path in root.iterdir()] == ["log.txt"]
