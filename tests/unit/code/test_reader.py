"""A file that hangs, kills or bloats its parser costs that process alone, once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from mimo.actors.code import messages as cm
from mimo.actors.code import reader as reader_module
from mimo.actors.code.answers import scope_of
from mimo.actors.code.reading import Answer, Task, read
from mimo.actors.code.refreshing import Refresh
from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK
from tests.support.code_bench import bench

Read = Callable[[Task, int, int], Answer]


def _dies(task: Task, handle: int, now_ns: int) -> Answer:
    if task["path"].endswith("bad.py"):
        os.kill(os.getpid(), signal.SIGSEGV)
    return read(task, handle, now_ns)


def _hangs(task: Task, handle: int, now_ns: int) -> Answer:
    while task["path"].endswith("bad.py"):
        pass
    return read(task, handle, now_ns)


def _bloats(task: Task, handle: int, now_ns: int) -> Answer:
    if task["path"].endswith("bad.py"):
        return Answer(note=str(len(b"x" * 2 * limits.CODE_READER_BYTES_MAX)))
    return read(task, handle, now_ns)


@pytest.mark.parametrize(
    ("behaves", "note"), [(_dies, "died"), (_hangs, "died"), (_bloats, "too much memory")]
)
def test_a_bad_file_is_skipped_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behaves: Read, note: str
) -> None:
    monkeypatch.setattr(reader_module, "read", behaves)
    monkeypatch.setattr(limits, "CODE_FILE_S_MAX", 0.2)
    with bench(tmp_path) as made:
        for name in ("a", "bad", "c", "d"):
            (made.root / f"{name}.py").write_text(f"def {name}(): pass\n")
            os.utime(made.root / f"{name}.py", (500, 500))
        first = made.refresh()
        notes = made.index.notes([str(made.root)], 9)
        again = made.refresh()
        monkeypatch.setattr(reader_module, "read", read)
        made.jobs.close()
        (made.root / "bad.py").write_text("def mended(): pass\n")
        found = made.ask(cm.Search(pattern="*"))

    assert first.is_over
    assert [Path(path).name for path, _ in notes] == ["bad.py"]
    assert note in notes[0][1]
    assert again.changed == 0, "a file that killed its reader is not tried again as it is"
    assert {each["name"] for each in found["symbols"]} == {"a", "c", "d", "mended"}
    assert made.errors == []


def test_a_file_beyond_the_limit_is_named_and_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CODE_FILE_BYTES_MAX", 1_000)
    with bench(tmp_path) as made:
        (made.root / "big.py").write_text("x = 1\n" * 1_000)
        found = made.ask(cm.Symbols(path="big.py"))

    assert found["symbols"] == []
    assert "at most 1000 bytes" in found["notes"][0]["note"]


def test_nested_brackets_without_end_do_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Grammars take quadratic time over them."""
    monkeypatch.setattr(limits, "CODE_FILE_S_MAX", 0.5)
    with bench(tmp_path) as made:
        (made.root / "deep.py").write_text("(" * 200_000)
        (made.root / "deep.js").write_text("[" * 200_000)
        (made.root / "fine.py").write_text("def fine(): pass\n")
        found = made.ask(cm.Definition(name="fine"))

    assert found["found"]
    assert made.errors == []


def test_the_reader_leaves_with_its_parent(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        (made.root / "a.py").write_text("x = 1\n")
        made.refresh()
        reader = made.jobs.reader
        assert reader is not None
        os.kill(reader.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(reader.pid, 0)


def test_a_frozen_reader_is_given_up_and_its_batch_read_by_another(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        (made.root / "a.py").write_text("def first(): pass\n")
        os.utime(made.root / "a.py", (500, 500))
        made.refresh()
        reader = made.jobs.reader
        assert reader is not None
        os.kill(reader.pid, signal.SIGSTOP)
        for name in ("b", "c"):
            (made.root / f"{name}.py").write_text(f"def {name}(): pass\n")
        made.jobs.add(
            Refresh(scope_of(made.roots, ""), made.index, made.roots), lambda _error: None
        )
        made.jobs.work(SYSTEM_CLOCK.monotonic_s() + 60.0)
        assert made.jobs.overdue_s >= 0.0
        made.jobs.give_up()
        made.finish()
        notes = made.index.notes([str(made.root)], 9)
        found = made.ask(cm.Search(pattern="*"))

    assert [Path(path).name for path, _ in notes] == ["b.py"]
    assert {each["name"] for each in found["symbols"]} == {"first", "c"}
