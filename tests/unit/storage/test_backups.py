"""Backups: whole, verified, named when finished, restorable."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path

import pytest

from mimo.config.clock import ManualClock
from mimo.config.errors import Conflict, Corrupt, StartError
from mimo.storage import backups, memories, witness
from mimo.storage.connection import wal_path
from mimo.storage.database import Database, open_reader, open_writer
from mimo.storage.records import Filters
from mimo.storage.restoring import restore
from tests.support.memories import remember


@pytest.fixture
def folder(path: Path) -> Path:
    """Name the backups' directory."""
    return path.parent / backups.FOLDER


def _nobody() -> None:
    return None


def _contents(path: Path) -> list[str]:
    db = open_reader(path)
    try:
        return [row[0] for row in db.rows("SELECT content FROM memories ORDER BY id")]
    finally:
        db.close()


# -- Backup
# -----------------------------------------------------------------------------------------
def test_a_backup_holds_what_was_there_and_is_one_file(writer: Database, folder: Path) -> None:
    """The newest commits too, which stand in the log alone. Source: SQLite backup.html, S9."""
    remember(writer, "only in the log")
    made = backups.backup(writer.path, folder, clock=ManualClock())

    assert [p.name for p in folder.iterdir()] == ["mimo-20231114T221320000Z.db"]
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    found = backups.verify(made)
    assert (found.identity, found.memories, found.seq) == (writer.identity, 1, 1)
    assert [p.name for p in folder.iterdir()] == [made.name]


def test_a_backup_is_one_moment_while_others_write(writer: Database, folder: Path) -> None:
    """It ends under any write load, since it holds a snapshot. Source: ours, E14."""
    for number in range(400):
        remember(writer, f"memory {number} " + "x" * 2_000)
    steps: list[tuple[int, int]] = []

    def write_meanwhile(done: int, total: int) -> None:
        steps.append((done, total))
        remember(writer, f"meanwhile {done}")

    made = backups.backup(writer.path, folder, write_meanwhile)

    assert len(steps) > 2
    assert steps[-1][0] == steps[-1][1]
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert _contents(made) == [f"memory {number} " + "x" * 2_000 for number in range(400)]


def test_backups_are_listed_newest_first_and_only_finished_ones(
    writer: Database, folder: Path
) -> None:
    """By their names; two in one millisecond have two names. Source: ours."""
    clock = ManualClock()
    made = [backups.backup(writer.path, folder, clock=clock) for _ in range(2)]
    clock.advance(60)
    made.append(backups.backup(writer.path, folder, clock=clock, label="before-v2"))
    (folder / "mimo-20990101T000000000Z.db.partial").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"")
    found = backups.list_all(folder)

    assert [backup.path for backup in found] == made[::-1]
    assert [backup.label for backup in found] == ["before-v2", "", ""]
    assert found[0].created_at_s == clock.wall_s()
    assert backups.newest(folder) == found[0]
    assert backups.newest(folder / "missing") is None


def test_the_newest_of_each_kind_are_kept(writer: Database, folder: Path) -> None:
    """A backup before a migration isn't pushed out by daily ones. Source: ours."""
    clock = ManualClock()
    first = backups.backup(writer.path, folder, clock=clock, label="before-v2")
    made = []
    for _ in range(4):
        clock.advance(1)
        made.append(backups.backup(writer.path, folder, clock=clock, keep=2))

    assert [backup.path for backup in backups.list_all(folder)] == [made[3], made[2], first]


def test_what_a_killed_backup_left_is_removed_by_the_next(writer: Database, folder: Path) -> None:
    """Half a backup is none. Source: ours, K4."""
    folder.mkdir()
    (folder / "mimo-20200101T000000000Z.db.partial").write_bytes(b"half")
    (folder / "mimo-20200101T000000000Z.db.partial-journal").write_bytes(b"half")
    made = backups.backup(writer.path, folder)

    assert list(folder.iterdir()) == [made]


def test_a_backup_that_fails_leaves_nothing(writer: Database, folder: Path) -> None:
    """Whoever watches its progress may end it. Source: ours."""

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backups.backup(writer.path, folder, stop)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("label", "keep"), [("../up", 1), ("UP", 1), ("", 0)])
def test_a_backup_has_a_plain_label(writer: Database, folder: Path, label: str, keep: int) -> None:
    """It becomes part of a file's name. Source: ours."""
    with pytest.raises(ValueError, match="expected a label"):
        backups.backup(writer.path, folder, label=label, keep=keep)


# -- Restore
# ----------------------------------------------------------------------------------------
def test_a_restore_brings_back_the_backup_and_keeps_what_it_replaced(
    path: Path, folder: Path
) -> None:
    """Numbers go on where they had come to: no id is given twice. Source: ours, E14."""
    db = open_writer(path, durability="normal")
    remember(db, "kept")
    made = backups.backup(path, folder)
    last = [remember(db, f"later {number}") for number in range(3)][-1]
    seq = db.value("SELECT seq FROM identity")
    db.close()

    done = restore(made, path, holder=_nobody, clock=ManualClock())

    assert done.replaced is not None
    assert done.replaced.name == "mimo.db.replaced-20231114T221320Z"
    assert _contents(path) == ["kept"]
    assert _contents(done.replaced) == ["kept", "later 0", "later 1", "later 2"]
    assert (done.memories, done.seq) == (1, seq)
    again = open_writer(path, durability="normal")
    fresh = remember(again, "after")
    notices = again.notices
    again.close()
    assert (fresh, notices) == (last + 1, ())


def test_what_stood_in_the_log_alone_is_kept_aside_too(path: Path, folder: Path) -> None:
    """As a killed writer leaves it. Source: ours, E9."""
    db = open_writer(path, durability="normal")
    made = backups.backup(path, folder)
    remember(db, "only in the log")
    main, log = path.read_bytes(), wal_path(path).read_bytes()
    db.close()
    path.write_bytes(main)
    wal_path(path).write_bytes(log)

    done = restore(made, path, holder=_nobody)

    assert done.replaced is not None
    assert _contents(done.replaced) == ["only in the log"]
    assert _contents(path) == []


@pytest.mark.parametrize("state", ["missing", "damaged"])
def test_a_restore_replaces_what_cannot_be_opened(path: Path, folder: Path, state: str) -> None:
    """That is what it is for. Source: ours, E6."""
    db = open_writer(path, durability="normal")
    remember(db, "precious")
    made = backups.backup(path, folder)
    remember(db, "lost")
    db.close()
    if state == "missing":
        path.unlink()
    else:
        path.write_bytes(b"garbage" * 1000)

    done = restore(made, path, holder=_nobody)

    assert (done.replaced is None) == (state == "missing")
    again = open_writer(path, durability="normal")
    found, _ = memories.list_page(again, Filters())
    fresh = remember(again, "after")
    again.close()
    assert [memory.content for memory in found] == ["precious"]
    assert fresh == 3


def test_two_restores_at_one_time_keep_both_aside(path: Path, folder: Path) -> None:
    """No name is used twice. Source: ours."""
    open_writer(path, durability="normal").close()
    made = backups.backup(path, folder)
    clock = ManualClock()
    kept = {restore(made, path, holder=_nobody, clock=clock).replaced for _ in range(3)}

    assert len(kept) == 3


def test_a_restore_waits_for_nobody_who_has_it_open(path: Path, folder: Path) -> None:
    """It refuses and names the process. Source: ours, E15."""
    open_writer(path, durability="normal").close()
    made = backups.backup(path, folder)

    with pytest.raises(Conflict, match="got process 4711; stop it with 'mimo stop' first"):
        restore(made, path, holder=lambda: 4711)


def test_a_backup_that_is_not_sound_restores_nothing(path: Path, folder: Path) -> None:
    """The database stays as it is, byte for byte. Source: ours, K4."""
    db = open_writer(path, durability="normal")
    for number in range(50):
        remember(db, f"memory {number} " + "x" * 1_000)
    made = backups.backup(path, folder)
    db.close()
    content = bytearray(made.read_bytes())
    content[20 * 4096 : 24 * 4096] = b"\xa5" * 4 * 4096
    made.write_bytes(content)
    before = {p.name: p.read_bytes() for p in path.parent.iterdir() if p.is_file()}

    with pytest.raises(Corrupt):
        restore(made, path, holder=_nobody)
    with pytest.raises(StartError, match="got no file"):
        restore(folder / "missing.db", path, holder=_nobody)

    assert {p.name: p.read_bytes() for p in path.parent.iterdir() if p.is_file()} == before


def test_a_backup_of_another_database_may_be_restored_on_purpose(
    path: Path, tmp_path: Path
) -> None:
    """A move to a new machine; the witness follows. Source: ours."""
    other = open_writer(tmp_path / "other" / "mimo.db", durability="normal")
    remember(other, "from the old machine")
    made = backups.backup(other.path, tmp_path / "usb")
    other.close()
    open_writer(path, durability="normal").close()

    restore(made, path, holder=_nobody)

    again = open_writer(path, durability="normal")
    again.close()
    assert again.identity == other.identity
    seen = witness.read(path)
    assert seen is not None
    assert dataclasses.asdict(seen) == {"uuid": other.identity.uuid, "seq": 1, "memory_id": 1}
