"""The record of tool calls: what was called, by whom, with what outcome, how long it took."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import apsw
import peewee

from mimo.config import limits
from mimo.storage import faults, sessions
from mimo.storage.connection import Database
from mimo.storage.records import Interaction
from mimo.storage.schema import InteractionRow

_PRUNE_EACH = 1_000


def record(link: apsw.Connection, interactions: Iterable[Interaction]) -> int:
    """Insert these calls inside the caller's transaction and return how many.

    Every thousandth call or so removes the oldest beyond `limits.INTERACTIONS_KEPT_MAX`.
    """
    rows = [
        (
            *(i.at_s, i.tool, i.operation, i.outcome, i.duration_ms, i.client, i.request_id),
            sessions.enter(link, i) if i.connection else None,
            *(i.arguments, json.dumps(i.memory_ids)),
        )
        for i in interactions
    ]
    link.executemany(
        "INSERT INTO interactions (at, tool, operation, outcome, duration_ms, client, request_id, "
        "session, arguments, memory_ids) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    if rows and link.last_insert_rowid() % _PRUNE_EACH < len(rows):
        prune(link)
    return len(rows)


def newest(db: Database, limit: int = limits.PAGE_MAX) -> tuple[Interaction, ...]:
    """Return the calls recorded last, newest first.

    Raises:
        MimoError: See `storage.faults`.
    """
    query = InteractionRow.select().order_by(InteractionRow.id.desc()).limit(limit)
    with faults.mapped("read tool calls", db.path):
        rows = list(query.execute(db.peewee))
    return tuple(
        Interaction(
            tool=row.tool,
            operation=row.operation,
            outcome=row.outcome,
            duration_ms=row.duration_ms,
            at_s=row.at,
            client=row.client,
            request_id=row.request_id,
        )
        for row in rows
    )


def summary(db: Database, *, since_s: float = 0.0) -> list[dict[str, Any]]:
    """Return calls, failures and mean duration by tool and operation, the most called first.

    Args:
        db: Where to read.
        since_s: Only calls that began at or after this, wall seconds UTC.

    Raises:
        MimoError: See `storage.faults`.
    """
    row = InteractionRow
    calls = peewee.fn.count(row.id)
    query = (
        row.select(
            row.tool,
            row.operation,
            calls.alias("calls"),
            peewee.fn.sum(peewee.Case(None, [(row.outcome == "ok", 0)], 1)).alias("failures"),
            peewee.fn.avg(row.duration_ms).alias("mean_ms"),
            peewee.fn.max(row.duration_ms).alias("max_ms"),
        )
        .where(row.at >= since_s)
        .group_by(row.tool, row.operation)
        .order_by(calls.desc(), row.tool, row.operation)
        .dicts()
    )
    with faults.mapped("summarise tool calls", db.path):
        return list(query.execute(db.peewee))


def prune(link: apsw.Connection, keep: int = limits.INTERACTIONS_KEPT_MAX) -> int:
    """Remove the oldest calls beyond the newest `keep`, and return how many."""
    link.execute(
        "DELETE FROM interactions WHERE id <= (SELECT max(id) FROM interactions) - ?", (keep,)
    )
    return link.changes()
