"""Reads over the record of tool calls: how often, how fast, with what outcome, in which order.

The record keeps the newest `limits.INTERACTIONS_KEPT_MAX` calls; `span` tells from when on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from mimo.storage.connection import Database

#: Calls that one read takes.
_SLICE: Final = 5_000
_WHERE: Final = "at >= :since_s AND at < :until_s AND (:tool = '' OR tool = :tool)"


class Performance(NamedTuple):
    """Calls of one tool or operation in a time; percentiles by nearest rank.

    Args:
        tool: Name of the tool.
        operation: Name of its operation; "" for all.
        calls: How many; the sample size of all that follows.
        failures: How many of them had another outcome than `ok`.
        p50_ms: Half of them took at most this.
        p95_ms: 95 in 100.
        p99_ms: 99 in 100.
        mean_ms: Arithmetic mean.
        max_ms: The longest.
        last_at_s: When the last one began, wall seconds UTC.
    """

    tool: str
    operation: str
    calls: int
    failures: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float
    max_ms: float
    last_at_s: float


class Day(NamedTuple):
    """One day's calls.

    Args:
        date: ISO 8601, UTC.
        calls: How many.
        failures: How many of them failed.
    """

    date: str
    calls: int
    failures: int


class Given(NamedTuple):
    """An argument of a tool's calls.

    Args:
        name: Of the parameter.
        calls: In how many recorded calls it stood.
        value: What it was most often, where that is short.
        times: How often it was that.
    """

    name: str
    calls: int
    value: str
    times: int


class Span(NamedTuple):
    """How far the record reaches.

    Args:
        calls: How many it has.
        ever: How many were ever recorded.
        first_at_s: When the oldest one began; None without any.
        sessions: Sessions in it.
        clients: Clients in it.
    """

    calls: int
    ever: int
    first_at_s: float | None
    sessions: int
    clients: int


class Step(NamedTuple):
    """A call of a session, for what follows what.

    Args:
        session: Whose.
        label: `tool.operation`.
        outcome: `ok`, or the code of the error.
    """

    session: int
    label: str
    outcome: str


class Recent(NamedTuple):
    """A call, for what one can expect of the next one.

    Args:
        label: `tool.operation`.
        project: Of its session; "" if none was named.
        outcome: `ok`, or the code of the error.
        arguments: As they were recorded, redacted JSON; "" if there are none.
    """

    label: str
    project: str
    outcome: str
    arguments: str


def performance(
    db: Database, since_s: float, until_s: float, *, tool: str = ""
) -> tuple[list[Performance], list[Performance]]:
    """Return what each tool did, and what each operation did; the most called first.

    Args:
        db: Where to read.
        since_s: Calls that began at or after this.
        until_s: And before this.
        tool: Only this one.

    Raises:
        MimoError: See `storage.faults`.
    """
    first = db.value("SELECT min(id) FROM interactions WHERE at >= ?", (since_s,)) or 0
    rows = _sliced(
        db,
        f"tool, operation, duration_ms, outcome <> 'ok', at FROM interactions WHERE {_WHERE}",
        _window(since_s, until_s, tool),
        after=int(first) - 1,
    )
    tools: dict[tuple[str, str], list[tuple[float, int, float]]] = {}
    operations: dict[tuple[str, str], list[tuple[float, int, float]]] = {}
    for name, operation, *call in rows:
        tools.setdefault((name, ""), []).append((call[0], call[1], call[2]))
        operations.setdefault((name, operation), []).append((call[0], call[1], call[2]))
    return _performances(tools), _performances(operations)


def _sliced(
    db: Database, select: str, values: dict[str, str | float], *, after: int
) -> Iterator[tuple[Any, ...]]:
    """Yield rows by rising id, in slices: no read may hold the log back for long."""
    while True:
        rows = db.rows(
            f"SELECT id, {select} AND id > :after ORDER BY id LIMIT {_SLICE}",
            {**values, "after": after},
        )
        for row in rows:
            yield row[1:]
        if len(rows) < _SLICE:
            return
        after = rows[-1][0]


def _performances(
    found: dict[tuple[str, str], list[tuple[float, int, float]]],
) -> list[Performance]:
    made = []
    for (tool, operation), calls in found.items():
        durations = sorted(call[0] for call in calls)
        made.append(
            Performance(
                tool=tool,
                operation=operation,
                calls=len(calls),
                failures=sum(call[1] for call in calls),
                p50_ms=nearest_rank(durations, 50),
                p95_ms=nearest_rank(durations, 95),
                p99_ms=nearest_rank(durations, 99),
                mean_ms=sum(durations) / len(durations),
                max_ms=durations[-1],
                last_at_s=max(call[2] for call in calls),
            )
        )
    return sorted(made, key=lambda one: (-one.calls, one.tool, one.operation))


def nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least so many in 100 don't exceed.

    Args:
        ordered: One or more values, the smallest first.
        percent: 1 to 100.

    Source: nearest-rank percentile.
    """
    return ordered[(len(ordered) * percent + 99) // 100 - 1]


def numbers(db: Database, since_s: float, until_s: float) -> dict[tuple[str, str], int]:
    """Return how many calls each operation had, by tool and operation.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        f"SELECT tool, operation, count(*) FROM interactions WHERE {_WHERE} "  # noqa: S608
        "GROUP BY tool, operation",
        _window(since_s, until_s, ""),
    )
    return {(row[0], row[1]): row[2] for row in rows}


def mended(db: Database) -> int:
    """Return how many calls succeeded right after the same operation failed in their session.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = _sliced(
        db,
        "session, tool, operation, outcome FROM interactions WHERE session IS NOT NULL",
        {},
        after=0,
    )
    last: dict[tuple[int, str, str], str] = {}
    found = 0
    for session, tool, operation, outcome in rows:
        before = last.get((session, tool, operation), "ok")
        found += outcome == "ok" != before
        last[session, tool, operation] = outcome
    return found


def ever(db: Database) -> int:
    """Return how many calls were ever recorded.

    Raises:
        MimoError: See `storage.faults`.
    """
    return int(db.value("SELECT max(id) FROM interactions") or 0)


def failures(
    db: Database, since_s: float, until_s: float, *, tool: str = ""
) -> list[tuple[str, str, str, int]]:
    """Return tool, operation, outcome and number of the calls that failed, the most first.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        f"SELECT tool, operation, outcome, count(*) AS n FROM interactions WHERE {_WHERE} "  # noqa: S608
        "AND outcome <> 'ok' GROUP BY tool, operation, outcome "
        "ORDER BY n DESC, tool, operation, outcome",
        _window(since_s, until_s, tool),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def daily(db: Database, since_s: float, until_s: float, *, tool: str = "") -> list[Day]:
    """Return the days on which there were calls, oldest first.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        "SELECT date(at, 'unixepoch') AS day, count(*), sum(outcome <> 'ok') "  # noqa: S608
        f"FROM interactions WHERE {_WHERE} GROUP BY day ORDER BY day",
        _window(since_s, until_s, tool),
    )
    return [Day(*row) for row in rows]


def arguments(
    db: Database, since_s: float, until_s: float, *, tool: str, limit: int
) -> list[Given]:
    """Return which arguments a tool's calls had, the commonest first.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        "WITH given AS ("  # noqa: S608
        "  SELECT j.key AS name, iif(length(j.atom) <= 80, CAST(j.atom AS TEXT), '') AS value, "
        "  count(*) AS times FROM interactions, "
        "  json_each(iif(json_valid(interactions.arguments), interactions.arguments, '{}')) AS j "
        f"  WHERE {_WHERE} GROUP BY j.key, value) "
        "SELECT name, sum(times), value, max(times) FROM given "
        "GROUP BY name ORDER BY sum(times) DESC, name LIMIT :limit",
        _window(since_s, until_s, tool) | {"limit": limit},
    )
    return [Given(row[0], row[1], row[2] or "", row[3] if row[2] else 0) for row in rows]


def span(db: Database, since_s: float = 0.0) -> Span:
    """Return how far the record reaches, and how much of it began at or after `since_s`.

    Raises:
        MimoError: See `storage.faults`.
    """
    row = db.one(
        "SELECT count(*), (SELECT max(id) FROM interactions), min(at), "
        "count(DISTINCT session), count(DISTINCT client) FROM interactions WHERE at >= ?",
        (since_s,),
    ) or (0, 0, None, 0, 0)
    return Span(row[0], row[1] or 0, row[2], row[3], row[4])


def searches(db: Database, since_s: float, until_s: float) -> tuple[int, int]:
    """Return how many searches of memory found something, and how many there were.

    Raises:
        MimoError: See `storage.faults`.
    """
    row = db.one(
        "SELECT coalesce(sum(memory_ids <> '[]'), 0), count(*) FROM interactions "  # noqa: S608
        f"WHERE {_WHERE} AND operation = 'search' AND outcome = 'ok'",
        _window(since_s, until_s, "memory"),
    )
    return (row[0], row[1]) if row else (0, 0)


def steps(db: Database, limit: int, *, connection: str = "") -> list[Step]:
    """Return the last calls of sessions, in their order, oldest first.

    Args:
        db: Where to read.
        limit: Most of them.
        connection: Only of the session that is on this connection; "" for all.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        "SELECT session, tool || '.' || operation, outcome FROM interactions "
        "WHERE session IS NOT NULL AND (:connection = '' OR session = ("
        "  SELECT id FROM sessions WHERE connection = :connection ORDER BY last_at DESC LIMIT 1)) "
        "ORDER BY id DESC LIMIT :limit",
        {"connection": connection, "limit": limit},
    )
    return [Step(*row) for row in reversed(rows)]


def recent(db: Database, limit: int) -> list[Recent]:
    """Return the last calls, oldest first.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        "SELECT i.tool || '.' || i.operation, "
        "coalesce(json_extract(nullif(i.arguments, ''), '$.project'), ''), i.outcome, i.arguments "
        "FROM interactions i ORDER BY i.id DESC LIMIT ?",
        (limit,),
    )
    return [Recent(row[0], str(row[1]), row[2], row[3]) for row in reversed(rows)]


def connections(db: Database, since_s: float) -> list[str]:
    """Return the connections over which somebody called since then.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        "SELECT DISTINCT connection FROM sessions WHERE last_at >= ? AND state = 'active'",
        (since_s,),
    )
    return [row[0] for row in rows]


def _window(since_s: float, until_s: float, tool: str) -> dict[str, str | float]:
    return {"since_s": since_s, "until_s": until_s, "tool": tool}
