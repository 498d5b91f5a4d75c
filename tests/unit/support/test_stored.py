"""What the checkers judge must be one moment of the database. Source: reliability.md, C6."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mimo.storage import batches, database
from mimo.storage.records import NewMemory
from tests.support import checkers
from tests.support.checkers import Verdict
from tests.support.history import History
from tests.support.stored import read_database


@pytest.fixture
def path(data_dir: Path) -> Path:
    """Return a database with one memory that waits for its vector."""
    found = data_dir / "mimo.db"
    writer = database.open_writer(found, durability="normal", busy_timeout_s=1)
    memories = (NewMemory(content="the sky is blue", tags=("sky",)),)
    batches.apply(writer, [batches.StoreMemories(memories=memories, key="k")], now_s=1.0)
    writer.close()
    return found


def judged(path: Path) -> Verdict:
    return checkers.judge(History(), read_database(path))


def test_a_real_database_is_read_whole_and_found_sound(path: Path) -> None:
    """Memory, tag, index entry and queue are read as they stand."""
    stored = read_database(path)
    (memory,) = stored.memories.values()
    assert (memory.content, memory.tags) == ("the sky is blue", ("sky",))
    assert stored.indexed == stored.queued == stored.tagged == {memory.id}
    judged(path).require_clean()


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("DELETE FROM memories_fts", "isn't indexed"),
        ("DELETE FROM embedding_queue", "waits for none"),
        ("PRAGMA foreign_keys=OFF; DELETE FROM memories", "has no memory"),
    ],
)
def test_what_is_missing_from_a_real_database_is_found(
    path: Path, statement: str, rule: str
) -> None:
    """C6, C7: planted in the file itself."""
    writer = database.open_writer(path, durability="normal", busy_timeout_s=1)
    writer.execute(statement)
    writer.close()
    assert any(rule in text for text in judged(path).violations)


def test_a_write_in_the_middle_of_the_reading_is_not_half_seen(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A memory that gets its vector between two statements is no violation."""
    read = database.Database.rows

    def rows(self: database.Database, sql: str, params: Sequence[Any] = ()) -> Any:
        found = read(self, sql, params)
        if "FROM vectors" in sql:
            writer = database.open_writer(path, durability="normal", busy_timeout_s=1)
            writer.execute("DELETE FROM embedding_queue")
            writer.close()
        return found

    monkeypatch.setattr(database.Database, "rows", rows)
    judged(path).require_clean()
