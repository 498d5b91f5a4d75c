"""The log goes into the database when the writer says so, and only then."""

from __future__ import annotations

from mimo.storage import checkpoints
from mimo.storage.database import Database
from mimo.storage.records import NewMemory
from tests.support.memories import remember, store


def _fill(db: Database, count: int = 50, batch: int = 0) -> None:
    text = f"batch {batch} " + "x" * 2_000
    store(db, *(NewMemory(content=f"{text} {number}") for number in range(count)))


def test_no_commit_checkpoints_by_itself(writer: Database) -> None:
    """It would be that caller's delay. Source: SQLite wal.html; ours."""
    before = writer.path.stat().st_size
    for batch in range(30):
        _fill(writer, batch=batch)

    assert writer.path.stat().st_size == before
    assert checkpoints.file_bytes(writer.path) > 1_200 * 4096


def test_a_passive_checkpoint_moves_pages_and_keeps_the_file(writer: Database) -> None:
    """What counts afterwards is what is in use, not the file's size. Source: SQLite wal.html."""
    _fill(writer)
    used = checkpoints.wal_bytes(writer)
    done = checkpoints.checkpoint(writer, "passive")

    assert used > 20 * 4096
    assert (done.is_complete, done.frames > 20) == (True, True)
    assert checkpoints.wal_bytes(writer) == 0
    assert done.wal_bytes == checkpoints.file_bytes(writer.path) >= used
    remember(writer, "the log starts over")
    assert 0 < checkpoints.wal_bytes(writer) < used


def test_a_truncating_checkpoint_empties_the_file(writer: Database) -> None:
    """When nobody reads. Source: SQLite wal.html."""
    _fill(writer)
    done = checkpoints.checkpoint(writer, "truncate")

    assert (done.is_complete, done.wal_bytes) == (True, 0)
    assert checkpoints.file_bytes(writer.path) == 0


def test_a_reader_holds_back_a_checkpoint_and_loses_nothing(
    writer: Database, reader: Database
) -> None:
    """The rest is moved when it has left. Source: SQLite wal.html, E13."""
    _fill(writer, 5)
    with reader.snapshot() as link:
        link.execute("SELECT count(*) FROM memories").fetchall()
        _fill(writer, batch=1)
        held = checkpoints.checkpoint(writer, "truncate", wait_s=0.01)
        assert link.execute("SELECT count(*) FROM memories").fetchall() == [(5,)]

    assert (held.mode, held.is_complete) == ("passive", False)
    assert checkpoints.wal_bytes(writer) > 0
    assert checkpoints.checkpoint(writer, "truncate").is_complete
    assert writer.peewee.timeout == 5


def test_a_reader_tells_the_size_of_the_file(writer: Database, reader: Database) -> None:
    """It can't know how much of it is in use. Source: ours."""
    _fill(writer)

    assert checkpoints.wal_bytes(reader) == checkpoints.file_bytes(reader.path)


def test_there_may_be_no_log(writer: Database) -> None:
    """A clean close removes it. Source: SQLite wal.html."""
    _fill(writer)
    writer.close()

    assert checkpoints.file_bytes(writer.path) == 0
