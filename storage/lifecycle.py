"""Reads of the lifecycle: what is known of each memory's use, runs, and what they did."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

import apsw

from mimo.storage.connection import Database

DAY_S: Final = 86_400

_TRACES: Final = """
    SELECT m.id, m.importance, m.protected, coalesce(s.spaced, 0), m.access_count,
        max(m.created_at, m.updated_at, coalesce(m.accessed_at, 0.0)),
        EXISTS (SELECT 1 FROM memory_links l WHERE l.target_id = m.id AND l.kind = 'cites'),
        EXISTS (
            SELECT 1 FROM document_chunks c JOIN documents d ON d.id = c.document_id
            WHERE c.memory_id = m.id AND d.forgotten_at IS NULL
        )
    FROM memories m LEFT JOIN memory_spacing s ON s.memory_id = m.id
    WHERE m.id > ? AND m.deleted_at IS NULL AND m.archived_at IS NULL
    ORDER BY m.id LIMIT ?
"""

_RUNS: Final = """
    SELECT r.id, r.kind, r.cause, r.state, r.started_at, r.ended_at,
        (SELECT count(*) FROM lifecycle_actions a WHERE a.run_id = r.id)
    FROM lifecycle_runs r
"""
#: Each counts rows that must not be, among the newest; `storage.integrity` looks at all.
LAWS: Final = {
    "memories without an index entry": """
        SELECT count(*) FROM (SELECT id FROM memories ORDER BY id DESC LIMIT 1000) m
        WHERE NOT EXISTS (SELECT 1 FROM memories_fts_docsize d WHERE d.id = m.id)
    """,
    "memories that neither have a vector nor wait for one": """
        SELECT count(*) FROM (
            SELECT id, deleted_at FROM memories ORDER BY id DESC LIMIT 1000
        ) m WHERE m.deleted_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM embedding_queue q WHERE q.memory_id = m.id)
            AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.memory_id = m.id)
    """,
    "memories both in the table and moved out of it": """
        SELECT count(*) FROM exported_memories e JOIN memories m ON m.id = e.memory_id
    """,
}


class Trace(NamedTuple):
    """What decay needs to know of a memory.

    Args:
        memory_id: Which.
        importance: 0 to 1.
        is_protected: Whether its owner protected it.
        spaced: Accesses with time before them.
        access_count: All accesses.
        used_at_s: When it was last returned, changed or stored, wall seconds UTC.
        is_condensed: Whether another memory cites it as its source.
        in_document: Whether it is a chunk of a document that is kept.
    """

    memory_id: int
    importance: float
    is_protected: bool
    spaced: int
    access_count: int
    used_at_s: float
    is_condensed: bool
    in_document: bool


def day_of(at_s: float) -> int:
    """Return the day of an instant, wall seconds UTC, counted from 1970-01-01."""
    return int(at_s // DAY_S)


def traces(link: apsw.Connection, after_id: int, limit: int) -> list[Trace]:
    """Return live memories in the order of their ids; the next few after one of them."""
    return [_trace(row) for row in link.execute(_TRACES, (after_id, limit))]


def trace(link: apsw.Connection, memory_id: int) -> Trace | None:
    """Return what decay needs to know of one live memory; None if it isn't live."""
    found = traces(link, memory_id - 1, 1)
    return found[0] if found and found[0].memory_id == memory_id else None


def active_days(link: apsw.Connection) -> list[int]:
    """Return the days on which the assistant was used, oldest first."""
    return [int(str(day)) for (day,) in link.execute("SELECT day FROM active_days ORDER BY day")]


def state(db: Database, name: str) -> str:
    """Return what was noted under this name; "" if nothing was.

    Raises:
        MimoError: See `storage.faults`.
    """
    return str(db.value("SELECT value FROM lifecycle_state WHERE name = ?", (name,)) or "")


def archived_count(db: Database) -> int:
    """Return how many archived memories have a row.

    Raises:
        MimoError: See `storage.faults`.
    """
    return int(db.value("SELECT count(*) FROM memories WHERE archived_at IS NOT NULL"))


def newest_runs(db: Database, limit: int) -> list[dict[str, Any]]:
    """Return runs, newest first: {run_id, kind, cause, state, started_s, ended_s, actions}.

    Raises:
        MimoError: See `storage.faults`.
    """
    return [_run(row) for row in db.rows(f"{_RUNS} ORDER BY r.id DESC LIMIT ?", (limit,))]


def run(db: Database, run_id: int) -> dict[str, Any] | None:
    """Return one run as `newest_runs` does; None if there is none.

    Raises:
        MimoError: See `storage.faults`.
    """
    row = db.one(f"{_RUNS} WHERE r.id = ?", (run_id,))
    return None if row is None else _run(row)


def stages(db: Database, run_id: int) -> list[dict[str, Any]]:
    """Return the stages of a run in order: {name, state, duration_s, report}.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        "SELECT name, state, duration_s, report FROM lifecycle_stages WHERE run_id = ? "
        "ORDER BY ordinal",
        (run_id,),
    )
    return [
        {"name": name, "state": how, "duration_s": round(took, 4), **json.loads(report)}
        for name, how, took, report in rows
    ]


def actions(db: Database, run_id: int, limit: int) -> list[dict[str, Any]]:
    """Return what a run did, in order: {action, memory_id, score, reason, undo, at_s}.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        "SELECT action, memory_id, score, reason, undo, at FROM lifecycle_actions "
        "WHERE run_id = ? ORDER BY id LIMIT ?",
        (run_id, limit),
    )
    names = ("action", "memory_id", "score", "reason", "undo", "at_s")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _run(row: tuple[Any, ...]) -> dict[str, Any]:
    names = ("run_id", "kind", "cause", "state", "started_s", "ended_s", "actions")
    return dict(zip(names, row, strict=True))


def _trace(row: tuple[Any, ...]) -> Trace:
    memory_id, importance, protected, spaced, count, used_s, condensed, document = row
    return Trace(
        memory_id=memory_id,
        importance=importance,
        is_protected=bool(protected),
        spaced=spaced,
        access_count=count,
        used_at_s=used_s,
        is_condensed=bool(condensed),
        in_document=bool(document),
    )


def beginnings(db: Database, ids: list[int], chars: int = 160) -> dict[int, dict[str, Any]]:
    """Return of each memory {content, category, project}, the content cut.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        "SELECT id, substr(content, 1, ?), category, project FROM memories "
        "WHERE id IN (SELECT value FROM json_each(?))",
        (chars, json.dumps(ids)),
    )
    return {row[0]: {"content": row[1], "category": row[2], "project": row[3]} for row in rows}


def ids_of_project(db: Database, found: list[Trace], project: str | None) -> set[int] | None:
    """Return which of these are of a project; None if none was named.

    Raises:
        MimoError: See `storage.faults`.
    """
    if project is None:
        return None
    rows = db.rows(
        "SELECT id FROM memories WHERE project = ? AND id IN (SELECT value FROM json_each(?))",
        (project, json.dumps([one.memory_id for one in found])),
    )
    return {row[0] for row in rows}


def queued(db: Database) -> int:
    """Return how many memories wait for their first vector or a new one.

    Raises:
        MimoError: See `storage.faults`.
    """
    return int(db.value("SELECT count(*) FROM embedding_queue"))


def broken(db: Database, law: str) -> list[str]:
    """Return a sentence if rows are there that must not be; at most the newest are looked at.

    Args:
        db: An open database.
        law: A key of `LAWS`.

    Raises:
        MimoError: See `storage.faults`.
    """
    count = int(db.value(LAWS[law]) or 0)
    return [f"expected no {law}, got {count}; see `mimo doctor`"] if count else []
