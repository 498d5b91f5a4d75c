"""SQLite's result codes as Mimo's errors, and what a connection can do after each."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import apsw
import peewee
import pytest

from mimo.config import errors
from mimo.storage import backups, checkpoints, faults, integrity, memories
from mimo.storage.connection import wal_path
from mimo.storage.database import Database, open_reader, open_writer
from mimo.storage.records import Filters, NewMemory
from tests.support.memories import remember, store


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 3 MB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"a small disk can't be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (apsw.SQLITE_FULL, errors.DiskFull),
        (apsw.SQLITE_IOERR_FSYNC, errors.StorageFailed),
        (apsw.SQLITE_IOERR_WRITE, errors.StorageFailed),
        (apsw.SQLITE_CANTOPEN, errors.StorageFailed),
        (apsw.SQLITE_READONLY, errors.StorageFailed),
        (apsw.SQLITE_CORRUPT_VTAB, errors.Corrupt),
        (apsw.SQLITE_NOTADB, errors.Corrupt),
        (apsw.SQLITE_BUSY_SNAPSHOT, errors.Busy),
        (apsw.SQLITE_LOCKED, errors.Busy),
        (apsw.SQLITE_INTERRUPT, errors.DeadlineExceeded),
        (apsw.SQLITE_CONSTRAINT_CHECK, errors.InvalidRequest),
        (apsw.SQLITE_TOOBIG, errors.InvalidRequest),
        (apsw.SQLITE_ERROR, errors.Internal),
        (apsw.SQLITE_NOMEM, errors.Internal),
    ],
)
def test_each_code_has_its_error_and_is_named(code: int, kind: type[errors.MimoError]) -> None:
    """By the extended code, in raw SQL and under peewee. Source: SQLite rescode.html."""
    raw = apsw.exception_for(code)
    wrapped = peewee.OperationalError(raw, "what peewee makes of it")

    for error in (raw, wrapped):
        found = faults.translated(error, "store", "/x/mimo.db")
        assert type(found) is kind
        assert found.message.startswith("could not store in /x/mimo.db: SQLITE_")
        assert (found.retry_after_s is not None) == (kind.retry == "after")
        assert faults.code_name(error) in found.message


def test_an_error_of_peewee_alone_is_a_bug_of_ours() -> None:
    """It carries no result code. Source: ours."""
    found = faults.translated(peewee.InterfaceError("closed"), "read", "x")

    assert isinstance(found, errors.Internal)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, errors.DiskFull),
        (errno.EDQUOT, errors.DiskFull),
        (errno.EIO, errors.StorageFailed),
    ],
)
def test_errors_of_the_operating_system_are_mapped_too(
    number: int, kind: type[errors.MimoError]
) -> None:
    """A backup copies, renames and syncs beside SQLite. Source: ours."""
    with pytest.raises(kind), faults.mapped("copy", "x"):
        raise OSError(number, os.strerror(number))


# -- E1, E2: the disk is full
# -------------------------------------------------------------------------
def _fill_up(place: Path) -> Path:
    """Take all room that is left."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 65_536)
    return ballast


def test_on_a_full_disk_reads_go_on_and_writes_resume_by_themselves(small_disk: Path) -> None:
    """Same connection, nothing acknowledged lost, nothing refused there. Source: E1, S5."""
    path = small_disk / "data" / "mimo.db"
    writer = open_writer(path)
    reader = open_reader(path)
    kept = [remember(writer, f"before {number}") for number in range(3)]
    ballast = _fill_up(small_disk)

    refused = 0
    for number in range(200):
        try:
            kept.append(remember(writer, f"full {number} " + "x" * 4_000))
        except errors.DiskFull:
            refused += 1
    assert refused >= 100
    assert memories.get(reader, kept[0]).content == "before 0"
    with pytest.raises(errors.DiskFull):
        backups.backup(path, small_disk / "backups")
    assert backups.list_all(small_disk / "backups") == ()

    ballast.unlink()
    kept.append(remember(writer, "after"))
    found = [row[0] for row in reader.rows("SELECT id FROM memories ORDER BY id")]
    assert found == kept
    assert integrity.check(reader, full=True).is_sound
    reader.close()
    writer.close()


def test_a_checkpoint_on_a_full_disk_loses_nothing(small_disk: Path) -> None:
    """It is done when there is room. Source: E2."""
    path = small_disk / "data" / "mimo.db"
    writer = open_writer(path)
    store(writer, *(NewMemory(content=f"memory {number} " + "x" * 9_000) for number in range(40)))
    ballast = _fill_up(small_disk)

    with pytest.raises(errors.DiskFull):
        checkpoints.checkpoint(writer, "truncate")
    assert len(memories.list_page(writer, Filters(), "newest", 100)[0]) == 40

    ballast.unlink()
    assert checkpoints.checkpoint(writer, "truncate").is_complete
    assert integrity.check(writer, full=True).is_sound
    writer.close()


def test_a_database_is_not_half_created_on_a_full_disk(small_disk: Path) -> None:
    """Nothing is there afterwards. Source: E1."""
    (small_disk / "data").mkdir()
    ballast = _fill_up(small_disk)

    with pytest.raises(errors.DiskFull):
        open_writer(small_disk / "data" / "mimo.db")
    assert list((small_disk / "data").iterdir()) == []

    ballast.unlink()
    open_writer(small_disk / "data" / "mimo.db").close()


# -- E5: another process holds the lock
# -----------------------------------------------------------------
@contextlib.contextmanager
def _locked_by_another(path: Path) -> Iterator[int]:
    """Let a process hold the write lock until it is killed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        link = apsw.Connection(str(path))
        link.execute("BEGIN IMMEDIATE")
        os.write(writing, b"!")
        signal.pause()
    os.close(writing)
    try:
        assert os.read(reading, 1) == b"!"
        yield pid
    finally:
        os.close(reading)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_lock_of_another_process_is_waited_for_and_then_named(path: Path) -> None:
    """Readers go on; once the holder is killed the same connection writes. Source: E5, S7."""
    writer = open_writer(path, durability="normal", busy_timeout_s=0.2)
    reader = open_reader(path)
    remember(writer, "before")
    with _locked_by_another(path):
        with pytest.raises(errors.Busy, match="another process holds the lock"):
            remember(writer, "meanwhile")
        assert reader.value("SELECT count(*) FROM memories") == 1

    assert remember(writer, "after") == 2
    reader.close()
    writer.close()


# -- E9: the log is torn, cut or gone
# --------------------------------------------------------------------
@pytest.fixture
def left_behind(path: Path) -> dict[str, bytes]:
    """Make the files that a killed writer leaves: three memories, two in the log alone."""
    db = open_writer(path, durability="normal")
    remember(db, "memory 1")
    checkpoints.checkpoint(db, "truncate")
    remember(db, "memory 2")
    remember(db, "memory 3")
    names = [path, wal_path(path), path.with_name("mimo.db.witness")]
    found = {file.name: file.read_bytes() for file in names}
    db.close()
    return found


def _reopened(path: Path, files: dict[str, bytes]) -> tuple[list[str], tuple[str, ...]]:
    for old in path.parent.iterdir():
        old.unlink()
    for name, content in files.items():
        (path.parent / name).write_bytes(content)
    db: Database = open_writer(path, durability="normal")
    try:
        assert integrity.check(db, full=True).is_sound
        found = [row[0] for row in db.rows("SELECT content FROM memories ORDER BY id")]
        assert remember(db, "after") == 4
        return found, db.notices
    finally:
        db.close()


def test_a_whole_log_loses_nothing(path: Path, left_behind: dict[str, bytes]) -> None:
    """A killed writer's successor sees every commit. Source: SQLite wal.html, E9."""
    assert _reopened(path, left_behind) == (["memory 1", "memory 2", "memory 3"], ())


def test_a_deleted_log_loses_what_it_held_and_that_is_said(
    path: Path, left_behind: dict[str, bytes]
) -> None:
    """SQLite itself would say nothing. Source: E9."""
    del left_behind["mimo.db-wal"]
    found, notices = _reopened(path, left_behind)

    assert found == ["memory 1"]
    assert ["the last 2 changes are gone" in notice for notice in notices] == [True]


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_torn_log_loses_whole_commits_only_and_that_is_said(
    path: Path, left_behind: dict[str, bytes], cut: int
) -> None:
    """Cut anywhere: a prefix of the commits, sound, no id given twice. Source: E9, E16."""
    log = left_behind["mimo.db-wal"]
    left_behind["mimo.db-wal"] = log[: len(log) * cut // 20]
    found, notices = _reopened(path, left_behind)

    assert found == ["memory 1", "memory 2", "memory 3"][: len(found)]
    assert found
    assert bool(notices) == (len(found) < 3)
