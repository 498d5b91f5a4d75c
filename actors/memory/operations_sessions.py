"""Sessions, briefings and feedback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.lifecycle import session_messages as sm
from mimo.actors.memory.cleaning import name_of
from mimo.actors.memory.parameters import take
from mimo.actors.memory.results import BRIEFED, CURATED, JUDGED, SESSION, SESSIONS_LISTED
from mimo.actors.operations import CallContext, Operation
from mimo.actors.storage.messages import Commit
from mimo.config.errors import InvalidRequest
from mimo.storage.sessions import number_of
from mimo.storage.sessions_learning import GiveFeedback

Arguments = Mapping[str, Any]

LIFECYCLE_WORKER = ("memory/lifecycle",)
WRITER = ("storage/writer",)
#: Length of a briefing unless told otherwise, in tokens.
BRIEFING_TOKENS = 800


def _project(arguments: Arguments) -> str | None:
    project = arguments.get("project")
    return None if project is None else name_of(project, "project")


def _session(arguments: Arguments) -> int:
    given = name_of(arguments.get("session_id", ""), "session_id")
    number = number_of(given)
    if given and not number:
        raise InvalidRequest(
            f"expected session_id as 'mimo-session-12', got {given[:100]!r};"
            " take it from the operation sessions"
        )
    return number


def _briefing(arguments: Arguments, context: CallContext) -> sm.Briefing:
    return sm.Briefing(
        project=_project(arguments),
        max_tokens=arguments.get("max_tokens", BRIEFING_TOKENS),
        connection=context.connection,
    )


def _sessions(arguments: Arguments, _context: CallContext) -> sm.ListSessions:
    return sm.ListSessions(project=_project(arguments), limit=arguments.get("limit", 20))


def _show(arguments: Arguments, _context: CallContext) -> sm.ShowSession:
    number = _session(arguments)
    if not number:
        raise InvalidRequest("expected session_id as 'mimo-session-12', got ''")
    return sm.ShowSession(session=number, limit=arguments.get("limit", 20))


def _feedback(arguments: Arguments, context: CallContext) -> Commit:
    command = GiveFeedback(
        memory_ids=tuple(arguments["memory_ids"]),
        helpful=arguments["verdict"] == "helpful",
        key=context.key,
    )
    return Commit(command=command, as_result=True)


def _curate(arguments: Arguments, _context: CallContext) -> sm.Curate:
    return sm.Curate(session=_session(arguments), dry_run=arguments.get("dry_run", False))


SESSIONS: tuple[Operation, ...] = (
    Operation(
        name="briefing",
        summary="What happened last and matters now; call it first.",
        parameters=take("project", "max_tokens"),
        result=BRIEFED,
        effect="read",
        idempotent=True,
        worker=LIFECYCLE_WORKER,
        build=_briefing,
        example={"max_tokens": 800},
    ),
    Operation(
        name="feedback",
        summary="Say what helped; found memories are ranked by it.",
        parameters=take("memory_ids", "verdict"),
        required=("memory_ids", "verdict"),
        result=JUDGED,
        effect="write",
        worker=WRITER,
        build=_feedback,
        example={"memory_ids": [1], "verdict": "helpful"},
    ),
    Operation(
        name="sessions",
        summary="Latest sessions; newest first.",
        parameters=take("project", "limit"),
        result=SESSIONS_LISTED,
        effect="read",
        idempotent=True,
        worker=LIFECYCLE_WORKER,
        build=_sessions,
        example={"limit": 5},
    ),
    Operation(
        name="session_show",
        summary="What one session brought; and its last calls.",
        parameters=take("session_id", "limit"),
        required=("session_id",),
        result=SESSION,
        effect="read",
        idempotent=True,
        worker=LIFECYCLE_WORKER,
        build=_show,
        example={"session_id": "mimo-session-1"},
    ),
    Operation(
        name="curate",
        summary="Turn sessions into memories; finished ones, or one.",
        parameters=take("session_id", "dry_run"),
        result=CURATED,
        effect="write",
        idempotent=True,
        worker=LIFECYCLE_WORKER,
        build=_curate,
        deadline_s=60.0,
        example={"dry_run": True},
    ),
)
