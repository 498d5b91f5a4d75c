"""A check finds what is wrong, and nothing where nothing is."""

from __future__ import annotations

import pytest

from mimo.storage import integrity
from mimo.storage.database import Database, open_reader
from tests.support.memories import remember


@pytest.mark.parametrize("full", [False, True])
def test_a_sound_database_has_no_problems(writer: Database, reader: Database, full: bool) -> None:
    """On a reader's connection too. Source: ours."""
    for number in range(20):
        remember(writer, f"memory {number}", tags=("a",))
    report = integrity.check(reader, full=full)

    assert report.problems == ()
    assert (report.is_sound, report.is_full, report.memories) == (True, full, 20)
    assert report.wal_bytes > 0


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DELETE FROM memories_fts WHERE rowid = 1", "no memories without an index entry, got 1"),
        (
            "INSERT INTO memories_fts (rowid, body) VALUES (77, 'ghost')",
            "no index entries without a memory, got 1",
        ),
        ("DELETE FROM embedding_queue", "neither have a vector nor wait for one, got 3"),
        (
            "INSERT INTO vectors VALUES (1, 'm', 'h', 99, x'00')",
            "no vectors numbered after the newest change, got 1",
        ),
        (
            "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'memories'",
            "no memories numbered after the last id given away, got 1",
        ),
        (
            "INSERT INTO memory_tags VALUES (55, 'orphan')",
            "each row of memory_tags to point to a row of memories",
        ),
        ("UPDATE identity SET uuid = lower(hex(randomblob(16)))", "expected identity"),
        ("DELETE FROM identity", "expected one identity row"),
    ],
)
def test_what_belongs_together_is_together(writer: Database, damage: str, words: str) -> None:
    """Memory, index entry, vector, queue, numbers, references, identity. Source: ours, C6, C7."""
    for number in range(3):
        remember(writer, f"memory {number}")
    writer.rows("PRAGMA foreign_keys = 0")
    writer.rows(damage)

    report = integrity.check(writer)
    assert not report.is_sound
    assert any(words in problem for problem in report.problems), report.problems


def test_a_full_check_looks_memories_up_by_their_words(writer: Database) -> None:
    """An index entry of other words isn't one of this memory. Source: ours, C6."""
    remember(writer, "octopus")
    remember(writer, "…!")
    writer.rows("INSERT OR REPLACE INTO memories_fts (rowid, body) VALUES (1, 'squid')")

    assert integrity.check(writer).is_sound
    (problem,) = integrity.check(writer, full=True).problems
    assert "got 1 not: 1" in problem


def test_a_damaged_page_is_reported_and_not_raised(writer: Database) -> None:
    """The report can still be shown. Source: ours, E6."""
    for number in range(200):
        remember(writer, f"memory {number} " + "x" * 500)
    writer.close()
    content = bytearray(writer.path.read_bytes())
    # The newest pages hold memories; a reader can be opened while those of the schema are whole.
    for page in range(len(content) // 4096 - 20, len(content) // 4096, 3):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    writer.path.write_bytes(content)
    reader = open_reader(writer.path)
    report = integrity.check(reader)
    reader.close()

    assert not report.is_sound


def test_a_deleted_file_is_a_problem(writer: Database) -> None:
    """Though SQLite reads on. Source: E8."""
    remember(writer, "x")
    writer.path.unlink()

    assert "was deleted" in integrity.check(writer).problems[-1]
