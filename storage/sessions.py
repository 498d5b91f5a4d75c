"""Sessions: what one client did without a long pause.

A session is entered with the first call and left by a pause or by the end of its connection; the
same client resumes it when it comes back soon. Clients that are connected side by side have
sessions of their own, also if they have the same name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import apsw

from mimo.config import limits
from mimo.storage.commands import Edit, Transaction
from mimo.storage.connection import Database
from mimo.storage.records import Interaction

_COLUMNS: Final = (
    "id, client, connection, project, state, started_at, last_at, calls, failures, resumed, "
    "summary, curated_at"
)
_CALL: Final = "id, session, at, tool, operation, outcome, duration_ms, arguments, memory_ids"
_NAME: Final = "mimo-session-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session.

    Args:
        id: Rises, never reused.
        client: The client's name and version.
        connection: Its last connection.
        project: The project of its last call that named one; "" if none did.
        state: active, idle, closed or archived, as it was last written; see `state_at`.
        started_at_s: Its first call, wall seconds UTC.
        last_at_s: Its last call.
        calls: How many.
        failures: How many of them failed.
        resumed: How often the client came back.
        summary: What it brought, once that was curated.
        curated_at_s: When that was; None if it wasn't.
    """

    id: int
    client: str
    connection: str
    project: str
    state: str
    started_at_s: float
    last_at_s: float
    calls: int
    failures: int
    resumed: int
    summary: str
    curated_at_s: float | None

    @property
    def name(self) -> str:
        """Return what memories of it have as `session_id`."""
        return name_of(self.id)

    def state_at(self, now_s: float) -> str:
        """Return active, idle, closed or archived, at an instant."""
        silent_s = now_s - self.last_at_s
        if silent_s >= limits.SESSION_ARCHIVED_AFTER_S:
            return "archived"
        if self.state == "active" and silent_s >= limits.SESSION_RESUMED_WITHIN_S:
            return "idle"
        return self.state

    def is_over_at(self, now_s: float) -> bool:
        """Tell whether nobody will resume it: what it brought can be curated."""
        return now_s - self.last_at_s >= limits.SESSION_RESUMED_WITHIN_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a session, as it was recorded.

    Args:
        id: Rises.
        session: Whose.
        at_s: When it began, wall seconds UTC.
        tool: Name of the tool.
        operation: Name of its operation.
        outcome: `ok`, or the code of the error.
        duration_ms: How long it took.
        arguments: Its arguments, redacted and shortened.
        memory_ids: The memories in its answer.
    """

    id: int
    session: int
    at_s: float
    tool: str
    operation: str
    outcome: str
    duration_ms: float
    arguments: dict[str, Any]
    memory_ids: tuple[int, ...]


def name_of(session: int) -> str:
    """Return the `session_id` of a session."""
    return f"{_NAME}{session}"


def number_of(name: str) -> int:
    """Return the session that a `session_id` names, or 0."""
    digits = name.removeprefix(_NAME)
    return int(digits) if name != digits and digits.isdecimal() and len(digits) < 16 else 0


def enter(link: apsw.Connection, call: Interaction) -> int:
    """Return the session of a call, resumed or new; it counts the call."""
    found = _open_session(link, call)
    if found is None:
        link.execute(
            "INSERT INTO sessions (client, connection, state, started_at, last_at) "
            "VALUES (?, ?, 'active', ?, ?)",
            (call.client, call.connection, call.at_s, call.at_s),
        )
        found = link.last_insert_rowid()
    link.execute(
        "UPDATE sessions SET calls = calls + 1, failures = failures + ?1, "
        "last_at = max(last_at, ?2), project = iif(?3 = '', project, ?3), "
        "resumed = resumed + (state <> 'active'), state = 'active', connection = ?4, "
        "curated_at = NULL WHERE id = ?5",
        (int(call.outcome != "ok"), call.at_s, call.project, call.connection, found),
    )
    return found


def _open_session(link: apsw.Connection, call: Interaction) -> int | None:
    """Return the session on this connection, or one of this client whose connection has ended."""
    found = link.execute(
        "SELECT id FROM sessions WHERE client = ?1 AND abs(?2 - last_at) < ?3 "
        "AND (connection = ?4 OR state = 'closed') "
        "ORDER BY connection = ?4 DESC, last_at DESC LIMIT 1",
        (call.client, call.at_s, limits.SESSION_RESUMED_WITHIN_S, call.connection),
    ).fetchone()
    return None if found is None else int(str(found[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSessions(Edit):
    """Note that a connection has ended; it returns how many sessions that closed."""

    connection: str

    def apply(self, transaction: Transaction) -> int:
        """Close the active ones."""
        transaction.link.execute(
            "UPDATE sessions SET state = 'closed' WHERE connection = ? AND state = 'active'",
            (self.connection,),
        )
        return transaction.link.changes()


@dataclass(frozen=True, slots=True, kw_only=True)
class TendSessions(Edit):
    """Write down which sessions are idle or archived by now; it returns how many of each."""

    def apply(self, transaction: Transaction) -> dict[str, int]:
        """Change the states."""
        link, now_s = transaction.link, transaction.now_s
        link.execute(
            "UPDATE sessions SET state = 'archived' WHERE state <> 'archived' AND last_at <= ?",
            (now_s - limits.SESSION_ARCHIVED_AFTER_S,),
        )
        archived = link.changes()
        link.execute(
            "UPDATE sessions SET state = 'idle' WHERE state = 'active' AND last_at <= ?",
            (now_s - limits.SESSION_RESUMED_WITHIN_S,),
        )
        return {"archived": archived, "idle": link.changes()}


def newest(db: Database, limit: int, *, project: str | None = None) -> list[Session]:
    """Return the sessions that were used last, newest first.

    Args:
        db: Where to read.
        limit: Most of them.
        project: Only of this project; None for all.
    """
    rows = db.rows(
        f"SELECT {_COLUMNS} FROM sessions WHERE ?1 IS NULL OR project = ?1 "  # noqa: S608
        "ORDER BY last_at DESC, id DESC LIMIT ?2",
        (project, limit),
    )
    return [_session(row) for row in rows]


def get(db: Database, session: int) -> Session | None:
    """Return one session, or None."""
    rows = db.rows(f"SELECT {_COLUMNS} FROM sessions WHERE id = ?", (session,))  # noqa: S608
    return next((_session(row) for row in rows), None)


def finished(db: Database, now_s: float, limit: int) -> list[Session]:
    """Return sessions that are over and have calls which weren't curated, oldest first."""
    rows = db.rows(
        f"SELECT {_COLUMNS} FROM sessions WHERE curated_at IS NULL "  # noqa: S608
        "AND last_at <= ? ORDER BY last_at, id LIMIT ?",
        (now_s - limits.SESSION_RESUMED_WITHIN_S, limit),
    )
    return [_session(row) for row in rows]


def calls_of(db: Database, session: int, limit: int, *, only_new: bool = False) -> list[Call]:
    """Return a session's last calls, oldest first.

    Args:
        db: Where to read.
        session: Whose.
        limit: Most of them.
        only_new: Only those that weren't curated.
    """
    return [
        *reversed(
            _calls(
                db,
                "session = ?1 AND (NOT ?2 OR consolidated_at IS NULL) ORDER BY id DESC LIMIT ?3",
                (session, only_new, limit),
            )
        )
    ]


def calls_after(db: Database, after: int, limit: int) -> list[Call]:
    """Return the calls of sessions after an id, oldest first."""
    where = "session IS NOT NULL AND id > ? ORDER BY id LIMIT ?"
    return _calls(db, where, (after, limit))


def mark(db: Database, name: str) -> int:
    """Return up to which call something was done; 0 if nothing was."""
    row = db.one("SELECT value FROM session_marks WHERE name = ?", (name,))
    return int(str(row[0])) if row else 0


def _calls(db: Database, where: str, values: tuple[Any, ...]) -> list[Call]:
    rows = db.rows(f"SELECT {_CALL} FROM interactions WHERE {where}", values)  # noqa: S608
    return [
        Call(
            id=row[0],
            session=row[1],
            at_s=row[2],
            tool=row[3],
            operation=row[4],
            outcome=row[5],
            duration_ms=row[6],
            arguments=json.loads(row[7]) if row[7] else {},
            memory_ids=tuple(json.loads(row[8])),
        )
        for row in rows
    ]


def _session(row: Any) -> Session:
    return Session(
        id=row[0],
        client=row[1],
        connection=row[2],
        project=row[3],
        state=row[4],
        started_at_s=row[5],
        last_at_s=row[6],
        calls=row[7],
        failures=row[8],
        resumed=row[9],
        summary=row[10],
        curated_at_s=row[11],
    )
