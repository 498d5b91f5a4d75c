"""The parameters and results of the `orchestrate` operations, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.procedures.state import ENDED, OPEN
from mimo.config import limits

Schema = Mapping[str, Any]

#: How long `run_procedure` waits at most, in seconds.
WAIT_S_MAX = 50.0


def _text(description: str, longest: int, shortest: int = 1) -> Schema:
    sizes = {"minLength": shortest, "maxLength": longest}
    return {"type": "string", "description": description, **sizes}


PARAMETERS: dict[str, Schema] = {
    "name": _text("Name of a procedure.", 64),
    "version": _text("Such as 1.2.0; default the newest active.", 24),
    "definition": {
        "type": "object",
        "description": "name, version, initial_state, states, context_schema, result.",
    },
    "example": _text("A shipped one instead; see list_procedures.", 64),
    "context": {"type": "object", "description": "Values that the run begins with."},
    "wait_s": {
        "type": "number",
        "description": "Wait so long for the end; default 20, 0 returns at once.",
        "minimum": 0,
        "maximum": WAIT_S_MAX,
    },
    "run_id": _text("From run_procedure or list_runs.", 64),
    "event": _text("Name of what happened.", 64),
    "payload": {"type": "object", "description": "What the event says."},
    "at": _text("State that asks, where several do.", 300),
    "resolution": {
        "type": "string",
        "description": "In a review: repeat the call, or it is done already.",
        "enum": ["repeat", "done"],
    },
    "note": _text("Why, for the journal.", 500, 0),
    "answers": {
        "type": "object",
        "description": "State: result, {error: code} or {event: name}.",
    },
    "status": {
        "type": "string",
        "description": "Only runs of this status; open is all that haven't ended.",
        "enum": ["open", *OPEN, *ENDED],
    },
    "limit": {
        "type": "integer",
        "description": "How many; default 20.",
        "minimum": 1,
        "maximum": limits.PAGE_MAX,
    },
}


def take(*names: str) -> dict[str, Schema]:
    """Return these parameters."""
    return {name: PARAMETERS[name] for name in names}


def result(required: tuple[str, ...], *names: str) -> Schema:
    """Return the schema of a result with these fields; the first ones are always there."""
    return {
        "type": "object",
        "properties": {name: _RESULTS[name] for name in (*required, *names)},
        "required": list(required),
    }


_STRING, _COUNT, _FLAG, _OPEN = (
    {"type": kind} for kind in ("string", "integer", "boolean", "object")
)
_STRINGS = {"type": "array", "items": _STRING}
_OBJECTS = {"type": "array", "items": _OPEN}
_RESULTS: dict[str, Schema] = {
    "run_id": _STRING,
    "name": _STRING,
    "version": _STRING,
    "status": _STRING,
    "at": _STRINGS,
    "context": _OPEN,
    "journal": _OBJECTS,
    "asks": _OBJECTS,
    "result": _OPEN,
    "error": _OPEN,
    "undone": _STRINGS,
    "not_undone": _STRINGS,
    "assumed": _STRINGS,
    "started_at": _STRING,
    "updated_at": _STRING,
    "finished_at": _STRING,
    "source": _STRING,
    "problem": _STRING,
    "description": _STRING,
    "active": _FLAG,
    "states": _COUNT,
    "sha256": _STRING,
    "created_at": _STRING,
    "definition": _OPEN,
    "procedures": _OBJECTS,
    "examples": _OBJECTS,
    "runs": _OBJECTS,
    "count": _COUNT,
    "created": _FLAG,
    "valid": _FLAG,
    "problems": _STRINGS,
    "deactivated": _COUNT,
}
#: A run, as most operations show it.
RUN = result(
    ("run_id", "name", "version", "status", "at", "journal", "started_at", "updated_at"),
    *("finished_at", "source", "asks", "result", "error", "undone", "not_undone", "context"),
    "problem",
)
