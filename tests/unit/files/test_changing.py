"""Edits through the journal: whole or not at all, taken back byte by byte, once for each key."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.files import messages as fm
from mimo.actors.files import planning
from mimo.actors.workspace import writing
from mimo.config import limits
from mimo.config.errors import (
    Conflict,
    Corrupt,
    DiskFull,
    InvalidRequest,
    MimoError,
    NotFound,
    StorageFailed,
)
from tests.support.editing import Desk, asked, contents, desk


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Desk]:
    """A workspace with two files."""
    with desk(tmp_path) as found:
        (found.root / "one.txt").write_bytes(b"one\r\nfirst\n\xff\xfe")
        (found.root / "two.txt").write_bytes(b"two\n")
        yield found


def line_edit(path: str, key: str = "") -> fm.EditLines:
    return fm.EditLines(
        operation="insert_after", path=path, first=1, last=0, content="new", asked=asked(key)
    )


def test_an_edit_changes_bytes_where_it_was_told_and_nowhere_else(at: Desk) -> None:
    """What is no UTF-8 and other line ends stay."""
    at.replace(("one.txt", "first", "second"))

    assert contents(at.root)["one.txt"] == b"one\r\nsecond\n\xff\xfe"


def test_every_kind_of_change_is_taken_back_byte_by_byte(at: Desk) -> None:
    """One after the other, last first. Source: issue 4, bars (edits)."""
    (at.root / "two.txt").chmod(0o640)
    states = [contents(at.root)]
    plans: list[Callable[[], planning.Plan]] = [
        lambda: planning.written(
            fm.Write(path="deep/er/new.txt", content="n", appends=False, asked=asked("1")), at.roots
        ),
        lambda: planning.written(
            fm.Write(path="two.txt", content="more", appends=True, asked=asked("2")), at.roots
        ),
        lambda: planning.relined(line_edit("one.txt", "3"), at.roots),
        lambda: planning.moved(
            fm.Move(path="one.txt", destination="deep", asked=asked("4")), at.roots
        ),
        lambda: planning.moved(
            fm.Move(path="deep", destination="far/away", asked=asked("5")), at.roots
        ),
        lambda: planning.directory(fm.CreateDirectory(path="a/b/c", asked=asked("6")), at.roots),
    ]
    for plan in plans:
        result = at.do(plan())
        assert result["verification"]["status"] == "verified"
        states.append(contents(at.root))
    assert states[-1] == {
        "far/away/er/new.txt": b"n",
        "far/away/one.txt": b"one\r\nnew\nfirst\n\xff\xfe",
        "two.txt": b"two\nmore",
    }

    for state in reversed(states[:-1]):
        at.undo()
        assert contents(at.root) == state
    assert sorted(path.name for path in at.root.iterdir()) == ["one.txt", "two.txt"]
    assert (at.root / "two.txt").stat().st_mode & 0o777 == 0o640
    with pytest.raises(NotFound, match="can be undone, got none"):
        at.undo()


def test_an_undo_can_be_taken_back_and_then_undone_again(at: Desk) -> None:
    """By its id, as any edit."""
    before = contents(at.root)
    edit = at.write("two.txt", "changed\n")["edit_id"]
    after = contents(at.root)

    undo = at.undo(edit, "u1")["edit_id"]
    assert contents(at.root) == before
    at.undo(undo, "u2")
    assert contents(at.root) == after
    at.undo(edit, "u3")
    assert contents(at.root) == before


def test_what_has_changed_since_is_not_undone(at: Desk) -> None:
    """Not even the other files of the edit. Source: issue 4, file."""
    edit = at.replace(("one.txt", "first", "x"), ("two.txt", "two", "x"))["edit_id"]
    (at.root / "two.txt").write_text("somebody's own work")
    before = contents(at.root)

    with pytest.raises(Conflict, match="changed since"):
        at.undo(edit)

    assert contents(at.root) == before


def test_an_edit_is_undone_once(at: Desk) -> None:
    """The second one is told so."""
    edit = at.write("two.txt", "x")["edit_id"]
    at.undo(edit)

    with pytest.raises(Conflict, match="undone by edit"):
        at.undo(edit)
    with pytest.raises(NotFound):
        at.undo(999)


def test_only_edits_of_the_same_client_are_undone_without_an_id(at: Desk) -> None:
    """Nobody takes back another's work by chance. Source: ours."""
    at.write("two.txt", "x")

    with pytest.raises(NotFound):
        at.editor.undo(None, "somebody else", "k")


def test_a_key_is_remembered_with_its_result(at: Desk) -> None:
    """A call that is sent again after a death is answered, not done. Source: design 5, ledger."""
    result = at.write("log.txt", "x", key="k1")

    assert at.editor.done("k1") == result
    assert at.editor.done("k2") is None
    assert at.editor.done("") is None


def test_a_change_that_changes_nothing_writes_nothing(at: Desk) -> None:
    """No edit, no new time on the file."""
    before = (at.root / "two.txt").stat().st_mtime_ns

    assert at.write("two.txt", "two\n")["edit_id"] == 0

    assert (at.root / "two.txt").stat().st_mtime_ns == before
    assert at.journal.newest(9) == []


class Full:
    """Lets the nth call of a function of `writing` meet a full disk."""

    def __init__(self, patch: pytest.MonkeyPatch, name: str, nth: int) -> None:
        self._real: Any = getattr(writing, name)
        self._left = nth
        patch.setattr(writing, name, self)

    def __call__(self, *args: Any) -> Any:
        self._left -= 1
        if not self._left:
            raise DiskFull("expected room, got none")
        return self._real(*args)


@pytest.mark.parametrize("name", ["put_aside", "take_place"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_failure_in_the_middle_takes_all_back(
    at: Desk, monkeypatch: pytest.MonkeyPatch, name: str, nth: int
) -> None:
    """The original left it half done. Source: original/tools.md 1.3, partial_failure."""
    before = contents(at.root)
    with monkeypatch.context() as patch:
        Full(patch, name, nth)
        with pytest.raises(DiskFull):
            at.replace(("one.txt", "first", "x"), ("two.txt", "two", "x"), key="k")
    assert contents(at.root) == before
    assert at.journal.intended() == []

    at.replace(("one.txt", "first", "x"), ("two.txt", "two", "x"), key="k")
    assert contents(at.root)["two.txt"] == b"x\n"


def test_a_file_that_changes_between_reading_and_writing_is_kept(at: Desk) -> None:
    """And the other file of the edit as well: a lost update is worse than a refusal."""
    request = fm.EditTexts(
        operation="multi_replace",
        replacements=(
            fm.Replace(path="one.txt", old="first", new="x"),
            fm.Replace(path="two.txt", old="two", new="x"),
        ),
        which="only",
        expected_count=None,
        is_dry_run=False,
        asked=asked(),
    )
    plan = planning.edited(request, at.roots)
    (at.root / "two.txt").write_text("two, by somebody else")
    before = contents(at.root)

    with pytest.raises(Conflict, match="has changed"):
        at.do(plan)

    assert contents(at.root) == before


def test_a_success_that_is_none_is_reported(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read again after writing. Source: original/tools.md 1.3, verification."""
    real = writing.take_place

    def undone_at_once(place: Any, temporary: str) -> None:
        real(place, temporary)
        place.path.write_text("by another program")

    monkeypatch.setattr(writing, "take_place", undone_at_once)
    result = at.write("two.txt", "mine")

    assert result["verification"] == {
        "status": "phantom_success",
        "files": 1,
        "not_as_written": [str(at.root / "two.txt")],
    }


def test_files_that_are_too_large_are_refused_whole(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be kept can't be undone."""
    monkeypatch.setattr(limits, "FILES_AT_ONCE_BYTES_MAX", 10)
    before = contents(at.root)

    with pytest.raises(InvalidRequest, match="at most 10 bytes"):
        at.replace(("one.txt", "first", "x"), ("two.txt", "two", "x"))

    assert contents(at.root) == before


def test_the_oldest_edits_make_room(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By number and by bytes."""
    monkeypatch.setattr(limits, "EDITS_KEPT_MAX", 3)
    for number in range(6):
        at.write("two.txt", f"{number}")
    assert [edit.id for edit in at.journal.newest(9)] == [6, 5, 4]

    monkeypatch.setattr(limits, "EDITS_BYTES_MAX", 10)
    at.write("two.txt", "last")
    at.write("two.txt", "very last")
    assert len(at.journal.newest(9)) <= 2


def test_the_journal_is_for_this_user_alone(at: Desk) -> None:
    """It holds what stood in files. Source: mcp.md 7, files owner-only."""
    assert at.journal.path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_told_as_one(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the system's own error, with nothing left beside the file."""
    before = contents(at.root)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DiskFull):
            at.write("two.txt", "x")
    assert contents(at.root) == before


@pytest.mark.parametrize(
    ("path", "destination", "error"),
    [
        ("one.txt", "two.txt", "expected nothing"),
        ("none.txt", "x.txt", "got nothing"),
        ("sub", "sub/inner", "outside of"),
        (".", "x", "can be moved"),
        ("link", "x", "link"),
        ("one.txt", "x.env", "without secrets"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(
    at: Desk, path: str, destination: str, error: str
) -> None:
    """And nothing is moved."""
    (at.root / "sub").mkdir()
    (at.root / "link").symlink_to(at.root / "two.txt")
    before = contents(at.root)

    with pytest.raises(MimoError, match=error):
        at.do(planning.moved(fm.Move(path=path, destination=destination, asked=asked()), at.roots))

    assert contents(at.root) == before


def test_a_damaged_journal_says_what_is_lost_with_it(tmp_path: Path) -> None:
    """And no file is changed without one."""
    with desk(tmp_path) as first:
        first.write("one.txt", "x")
        path = first.journal.path
    path.write_bytes(b"this is no database, whatever its name says" * 200)
    for rest in ("-wal", "-shm"):
        path.with_name(path.name + rest).unlink(missing_ok=True)

    with pytest.raises(Corrupt, match="move it away"), desk(tmp_path):
        pass


def test_a_journal_of_the_future_is_left_alone(tmp_path: Path) -> None:
    """Another Mimo wrote it."""
    with desk(tmp_path) as first:
        path = first.journal.path
    link = sqlite3.connect(path)
    link.execute("PRAGMA user_version = 99")
    link.close()

    with pytest.raises(StorageFailed, match="format 1"), desk(tmp_path):
        pass
