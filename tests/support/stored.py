"""What stands in a database that nobody uses any more: read once, for the checkers to judge."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mimo.storage import database


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMemory:
    """One row of `memories` with its tags, times as they are."""

    id: int
    content: str
    category: str
    importance: float
    tags: tuple[str, ...]
    project: str
    content_hash: str
    is_deleted: bool
    metadata: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Stored:
    """The content of a database.

    Args:
        memories: By id.
        indexed: Row ids in the full-text index.
        vectors: Memory id -> (content hash, change number).
        queued: Ids of memories that wait for their vector.
        tagged: Ids of memories that have a tag.
        seq: The database's newest change number.
        problems: What SQLite's checks found.
    """

    memories: dict[int, StoredMemory] = field(default_factory=dict)
    indexed: set[int] = field(default_factory=set)
    vectors: dict[int, tuple[str, int]] = field(default_factory=dict)
    queued: set[int] = field(default_factory=set)
    tagged: set[int] = field(default_factory=set)
    seq: int = 0
    problems: list[str] = field(default_factory=list)

    def by_content(self) -> dict[str, list[StoredMemory]]:
        """Return the memories by their text."""
        found: dict[str, list[StoredMemory]] = defaultdict(list)
        for memory in self.memories.values():
            found[memory.content].append(memory)
        return found


def read_database(path: Path) -> Stored:
    """Return what stands in the database, opened anew and read-only.

    Raises:
        MimoError: It can't be opened.
    """
    db = database.open_reader(path)
    try:
        # One snapshot: a node may be at work, and a vector may take a memory out of the queue.
        db.execute("BEGIN")
        tags: dict[int, list[str]] = defaultdict(list)
        for memory_id, tag in db.rows("SELECT memory_id, tag FROM memory_tags ORDER BY tag"):
            tags[int(memory_id)].append(str(tag))
        memories = {
            int(row[0]): StoredMemory(
                id=int(row[0]),
                content=str(row[1]),
                category=str(row[2]),
                importance=float(row[3]),
                project=str(row[4]),
                content_hash=str(row[5]),
                is_deleted=row[6] is not None,
                metadata=json.loads(row[7]),
                tags=tuple(tags.get(int(row[0]), ())),
            )
            for row in db.rows(
                "SELECT id, content, category, importance, project, content_hash, deleted_at,"
                " metadata FROM memories"
            )
        }
        return Stored(
            memories=memories,
            indexed={int(row[0]) for row in db.rows("SELECT rowid FROM memories_fts")},
            vectors={
                int(row[0]): (str(row[1]), int(row[2]))
                for row in db.rows("SELECT memory_id, content_hash, change_seq FROM vectors")
            },
            queued={int(row[0]) for row in db.rows("SELECT memory_id FROM embedding_queue")},
            tagged=set(tags),
            seq=int(db.value("SELECT seq FROM identity")),
            problems=_problems(db),
        )
    finally:
        db.close()


def _problems(db: database.Database) -> list[str]:
    found = [str(row[0]) for row in db.rows("PRAGMA integrity_check") if row[0] != "ok"]
    found += [f"foreign key: {row}" for row in db.rows("PRAGMA foreign_key_check")]
    return found
