"""Rows of `memories` as records."""

from __future__ import annotations

import json
from collections.abc import Sequence

import apsw

from mimo.storage.connection import Row
from mimo.storage.records import Memory

#: The largest id that SQLite can hold.
ID_MAX = 2**63 - 1

#: The columns that `memory_of` reads, in this order.
COLUMNS = (
    "id",
    "uid",
    "content",
    "category",
    "importance",
    "project",
    "speaker",
    "session_id",
    "occurred_at",
    "source",
    "trust",
    "valid_from",
    "valid_until",
    "protected",
    "metadata",
    "created_at",
    "updated_at",
    "deleted_at",
    "archived_at",
    "superseded_by",
    "access_count",
    "accessed_at",
)

#: What `memory_of` reads; followed by WHERE.
SELECT = (
    f"SELECT {', '.join(f'm.{column}' for column in COLUMNS)}, "  # noqa: S608
    "EXISTS (SELECT 1 FROM vectors v WHERE v.memory_id = m.id AND v.content_hash = m.content_hash) "
    "FROM memories m"
)


def tags_of(alias: str) -> str:
    """Return the join with the tags of the memories under this alias, as `t`."""
    return f"JOIN memory_tags t ON t.memory_id = {alias}.id"


def memory_of(row: Row, tags: tuple[str, ...]) -> Memory:
    """Return a row of `SELECT` as a record."""
    return Memory(
        id=row[0],
        uid=row[1],
        content=row[2],
        category=row[3],
        importance=row[4],
        tags=tags,
        project=row[5],
        speaker=row[6],
        session_id=row[7],
        occurred_at_s=row[8],
        source=row[9],
        trust=row[10],
        valid_from_s=row[11],
        valid_until_s=row[12],
        protected=bool(row[13]),
        metadata=json.loads(row[14]),
        created_at_s=row[15],
        updated_at_s=row[16],
        deleted_at_s=row[17],
        archived_at_s=row[18],
        superseded_by=row[19],
        access_count=row[20],
        accessed_at_s=row[21],
        has_vector=bool(row[22]),
    )


def memories_of(link: apsw.Connection, rows: Sequence[Row]) -> list[Memory]:
    """Return rows of `SELECT` as records, in their order, with their tags."""
    tags: dict[int, list[str]] = {row[0]: [] for row in rows}
    found = link.execute(
        "SELECT memory_id, tag FROM memory_tags "
        "WHERE memory_id IN (SELECT value FROM json_each(?)) ORDER BY memory_id, tag",
        (json.dumps(list(tags)),),
    )
    for memory_id, tag in found:
        tags[int(memory_id)].append(str(tag))
    return [memory_of(row, tuple(tags[row[0]])) for row in rows]
