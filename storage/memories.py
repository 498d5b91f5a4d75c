"""Reads of memories: by id, page by page, in figures, and those that wait for a vector."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import apsw

from mimo.config.errors import NotFound
from mimo.storage.connection import Database, Row, wal_path
from mimo.storage.filters import where
from mimo.storage.pages import list_page
from mimo.storage.records import Filters, Memory
from mimo.storage.rows import ID_MAX, SELECT, memories_of, memory_of, tags_of
from mimo.storage.text import embedding_text

__all__ = [
    "Unembedded",
    "count_unembedded",
    "fetch",
    "get",
    "get_many",
    "list_page",
    "stats",
    "unembedded",
    "where",
]

#: Tags and projects that `stats` names; the rest is counted together.
_NAMED_MAX = 50

# A memory waits if it is queued, or if its vector is another model's. In this form each part is a
# search in an index, so that asking costs nothing when nobody waits (23 ms otherwise, at 50,000).
_WAITING = """
    SELECT q.memory_id FROM embedding_queue q
    UNION ALL SELECT v.memory_id FROM vectors v WHERE v.model_id < :model
    UNION ALL SELECT v.memory_id FROM vectors v WHERE v.model_id > :model
"""
# In the order of an index, so that the next few of 100,000 cost no more than of ten.
_NEXT = (
    """
    SELECT m.id, m.content_hash, m.content, m.speaker
    FROM embedding_queue q CROSS JOIN memories m ON m.id = q.memory_id
    WHERE m.deleted_at IS NULL ORDER BY q.memory_id DESC LIMIT :limit
    """,
    *(
        f"""
        SELECT m.id, m.content_hash, m.content, m.speaker
        FROM vectors v CROSS JOIN memories m ON m.id = v.memory_id
        WHERE v.model_id {differs} :model AND m.deleted_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM embedding_queue q WHERE q.memory_id = v.memory_id)
        ORDER BY v.model_id DESC, v.memory_id DESC LIMIT :limit
        """  # noqa: S608
        for differs in ("<", ">")
    ),
)


# A queued memory may have a vector all the same, if all are made anew; that is looked up for the
# newest few only, since each look-up reads a page.
_SAMPLE = 500
_BACKLOG = """
    WITH newest AS (SELECT memory_id FROM embedding_queue ORDER BY memory_id DESC LIMIT :sample)
    SELECT (SELECT count(*) FROM embedding_queue),
        (SELECT count(*) FROM newest),
        (SELECT count(*) FROM newest n WHERE NOT EXISTS (
            SELECT 1 FROM vectors v WHERE v.memory_id = n.memory_id)),
        (SELECT count(*) FROM vectors WHERE model_id = :model),
        (SELECT count(*) FROM vectors WHERE model_id < :model)
            + (SELECT count(*) FROM vectors WHERE model_id > :model)
"""


class Unembedded(NamedTuple):
    """A memory that lacks a vector of the model; `content_hash` goes back with its vector."""

    id: int
    content_hash: str
    text: str


def fetch(link: apsw.Connection, memory_id: int) -> Memory:
    """Return one memory, deleted or not, over a raw connection.

    Raises:
        NotFound: There is no such memory.
    """
    found: list[Row] = []
    if 0 < memory_id <= ID_MAX:
        found = link.execute(f"{SELECT} WHERE m.id = ?", (memory_id,)).fetchall()
    if not found:
        raise NotFound(f"expected the id of a memory, got {memory_id}; see 'list' or 'search'")
    tags = link.execute(
        "SELECT tag FROM memory_tags WHERE memory_id = ? ORDER BY tag", (memory_id,)
    ).fetchall()
    return memory_of(found[0], tuple(str(tag) for (tag,) in tags))


def get(db: Database, memory_id: int) -> Memory:
    """Return one memory, deleted or not.

    Raises:
        NotFound: There is no such memory.
        MimoError: See `storage.faults`.
    """
    with db.snapshot() as link:
        return fetch(link, memory_id)


def get_many(db: Database, ids: Iterable[int]) -> dict[int, Memory]:
    """Return those of these memories that exist, deleted or not, by id.

    Raises:
        MimoError: See `storage.faults`.
    """
    wanted = json.dumps([memory_id for memory_id in ids if 0 < memory_id <= ID_MAX])
    with db.snapshot() as link:
        rows = link.execute(
            f"{SELECT} WHERE m.id IN (SELECT value FROM json_each(?))",  # noqa: S608
            (wanted,),
        ).fetchall()
        return {memory.id: memory for memory in memories_of(link, rows)}


def unembedded(db: Database, model_id: str, limit: int) -> list[Unembedded]:
    """Return memories without a valid vector of this model; deleted ones don't count.

    The newest without any vector come first, then the newest of each other model.

    Raises:
        MimoError: See `storage.faults`.
    """
    found: list[Unembedded] = []
    for statement in _NEXT:
        if len(found) >= limit:
            break
        rows = db.rows(statement, {"model": model_id, "limit": limit - len(found)})
        found += [Unembedded(row[0], row[1], embedding_text(row[2], row[3])) for row in rows]
    return found


def count_unembedded(db: Database, model_id: str) -> int:
    """Return how many memories lack a valid vector of this model; deleted ones don't count.

    Raises:
        MimoError: See `storage.faults`.
    """
    return int(
        db.value(
            "SELECT count(*) FROM memories m "  # noqa: S608
            f"WHERE m.id IN ({_WAITING}) AND m.deleted_at IS NULL",
            {"model": model_id},
        )
    )


class Backlog(NamedTuple):
    """How far the vectors of a model are behind.

    Args:
        embedded: Memories with a vector of it.
        others: Memories whose vector is another model's.
        without: About how many have none at all; exact up to `_SAMPLE`.
    """

    embedded: int
    others: int
    without: int


def backlog(db: Database, model_id: str) -> Backlog:
    """Return how far the vectors of this model are behind; a few milliseconds at 100,000.

    Raises:
        MimoError: See `storage.faults`.
    """
    row = db.rows(_BACKLOG, {"model": model_id, "sample": _SAMPLE})[0]
    queued, looked_at, without, embedded, others = (int(count or 0) for count in row)
    return Backlog(embedded, others, round(queued * without / max(looked_at, 1)))


def stats(db: Database, filters: Filters) -> dict[str, Any]:
    """Return counts by category, project, tag and state, and sizes in bytes.

    Keys: count, by_category, by_project, by_tag (the most frequent 50 each), live, deleted,
    archived, superseded, protected, with_vector, content_bytes, oldest_s, newest_s, database_bytes,
    wal_bytes. Live, deleted, archived and superseded are counted among all that the other filters
    let through.

    Raises:
        MimoError: See `storage.faults`.
    """
    condition, params = where(filters)
    with db.snapshot() as link:

        def rows(sql: str, values: Sequence[Any] = params) -> list[Row]:
            return link.execute(sql, values).fetchall()

        totals = rows(
            "SELECT count(*), coalesce(sum(m.protected), 0), "  # noqa: S608
            "coalesce(sum(octet_length(m.content)), 0), min(m.occurred_at), max(m.occurred_at), "
            "coalesce(sum(EXISTS (SELECT 1 FROM vectors v "
            "WHERE v.memory_id = m.id AND v.content_hash = m.content_hash)), 0) "
            f"FROM memories m WHERE {condition}"
        )[0]
        return {
            "count": totals[0],
            "by_category": dict(rows(_grouped("m.category", condition))),
            "by_project": dict(rows(_grouped("m.project", condition))),
            "by_tag": dict(rows(_grouped("t.tag", condition, tags_of("m")))),
            **_states(link, filters),
            "protected": totals[1],
            "with_vector": totals[5],
            "content_bytes": totals[2],
            "oldest_s": totals[3],
            "newest_s": totals[4],
            **_sizes(db),
        }


def _grouped(column: str, condition: str, join: str = "") -> str:
    return (
        f"SELECT {column}, count(*) FROM memories m {join} WHERE {condition} "  # noqa: S608
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_NAMED_MAX}"
    )


def _states(link: apsw.Connection, filters: Filters) -> dict[str, Any]:
    condition, params = where(all_states(filters))
    row = link.execute(
        "SELECT coalesce(sum(m.deleted_at IS NULL AND m.archived_at IS NULL "  # noqa: S608
        "AND m.superseded_by IS NULL), 0), count(m.deleted_at), count(m.archived_at), "
        f"count(m.superseded_by) FROM memories m WHERE {condition}",
        params,
    ).fetchall()[0]
    return {"live": row[0], "deleted": row[1], "archived": row[2], "superseded": row[3]}


def all_states(filters: Filters) -> Filters:
    """Return the same filters with deleted, archived and superseded memories let through."""
    values = {name: getattr(filters, name) for name in Filters.__dataclass_fields__}
    shown = {"include_deleted": True, "include_archived": True, "include_superseded": True}
    return Filters(**{**values, **shown})


def _sizes(db: Database) -> dict[str, int]:
    log = wal_path(db.path)
    return {
        "database_bytes": db.path.stat().st_size,
        "wal_bytes": log.stat().st_size if log.exists() else 0,
    }
