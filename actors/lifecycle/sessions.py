"""Answers about sessions, for the actor of the lifecycle."""

from __future__ import annotations

from typing import Any

from mimo.actors.lifecycle.briefing import briefing, session_json, told
from mimo.actors.lifecycle.curation import curate
from mimo.actors.lifecycle.session_messages import (
    Briefing,
    Curate,
    ListSessions,
    SessionRequest,
    ShowSession,
)
from mimo.actors.lifecycle.work import Stage, Work
from mimo.actors.memory.presentation import iso_time
from mimo.config.errors import NotFound
from mimo.storage import sessions
from mimo.storage.sessions import Call, Session


def answer(work: Work, request: SessionRequest) -> Stage:
    """Return what was asked for; only `Curate` writes, and only if it isn't a rehearsal.

    Raises:
        NotFound: There is no such session.
    """
    now_s = work.clock.wall_s()
    match request:
        case Briefing():
            yield None
            return briefing(work.db, request, now_s)
        case ListSessions():
            found = sessions.newest(work.db, request.limit, project=request.project)
            return {"sessions": [session_json(each, now_s) for each in found], "count": len(found)}
        case ShowSession():
            session = _found(work, request.session)
            calls = sessions.calls_of(work.db, session.id, request.limit)
            shown = {**session_json(session, now_s), "summary": told(work.db, session)}
            return {"session": shown, "calls": [_call_json(each) for each in calls]}
        case Curate():
            if request.session:
                _found(work, request.session)
            return (yield from curate(work, session=request.session, dry_run=request.dry_run))


def _found(work: Work, number: int) -> Session:
    session = sessions.get(work.db, number)
    if session is None:
        raise NotFound(
            f"expected a session, got {sessions.name_of(number)!r} which isn't there;"
            " see the operation sessions"
        )
    return session


def _call_json(call: Call) -> dict[str, Any]:
    return {
        "tool": call.tool,
        "operation": call.operation,
        "outcome": call.outcome,
        "at": iso_time(call.at_s),
        "duration_ms": call.duration_ms,
        "arguments": call.arguments,
        "memory_ids": list(call.memory_ids),
    }
