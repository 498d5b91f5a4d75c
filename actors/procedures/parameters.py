"""The parameters and results of the `orchestrate` operations, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.procedures.definition import RUN_TIMEOUT_S_MAX
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
    "description": _text("What is to be done, in words.", 2_000),
    "plan": {
        "type": "array",
        "description": "Steps {id, tool, operation, args, on_error};"
        " {{ steps.ID.result.x }} is filled, {parallel: [...]} runs side by side",
        "items": {"type": "object"},
        "minItems": 1,
        "maxItems": limits.PLAN_STEPS_MAX,
    },
    "dry_run": {"type": "boolean", "description": "Call nothing; assume answers."},
    "timeout_s": {
        "type": "number",
        "description": "Seconds for the whole; default 3600.",
        "minimum": 1,
        "maximum": RUN_TIMEOUT_S_MAX,
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


_STRING, _COUNT, _NUMBER, _FLAG, _OPEN = (
    {"type": kind} for kind in ("string", "integer", "number", "boolean", "object")
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
    **dict.fromkeys(("type", "plan_id", "reason", "message"), _STRING),
    **dict.fromkeys(("classification", "recommendation"), _STRING),
    **dict.fromkeys(("steps", "plan", "tools", "near"), _OBJECTS),
    **dict.fromkeys(("open", "ended", "samples", "complexity"), _COUNT),
    **dict.fromkeys(("median_s", "longest_s", "confidence"), _NUMBER),
    "unmatched": _STRINGS,
    "counts": _OPEN,
}
#: A run, as most operations show it.
RUN = result(
    ("run_id", "name", "version", "status", "at", "journal", "started_at", "updated_at"),
    *("finished_at", "source", "asks", "result", "error", "undone", "not_undone", "context"),
    *("problem", "type", "plan_id", "steps"),
)
_RUN_FIELDS = tuple(RUN["properties"])
#: A run, or what was found out without one.
DONE = result(("status",), *_RUN_FIELDS, "reason", "message", "assumed")
METRICS = result((), *_RUN_FIELDS, "counts", "open", "ended", "samples", "median_s", "longest_s")
CLASSIFIED = result(
    ("classification", "reason", "recommendation", "confidence"),
    *("name", "plan", "unmatched"),
)
PLANNED = result(
    ("classification", "reason", "recommendation", "confidence", "plan_id", "tools"),
    *("complexity", "plan", "near", "name", "unmatched"),
)
