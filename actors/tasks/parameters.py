"""The parameters and results of the `autonomous` operations, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.tasks.task import OPEN
from mimo.config import limits
from mimo.storage.tasks import ENDED

Schema = Mapping[str, Any]


def _text(description: str, longest: int, shortest: int = 0) -> Schema:
    sizes = {"minLength": shortest, "maxLength": longest}
    return {"type": "string", "description": description, **sizes}


def _number(description: str, most: float, *, kind: str = "number", least: float = 0) -> Schema:
    return {"type": kind, "description": description, "minimum": least, "maximum": most}


#: What one task is made of.
ORDER: dict[str, Schema] = {
    "description": _text("What it is for.", 1_000),
    "command": _text("Command line to run.", 4_000),
    "query": _text("What to search memories for.", limits.QUERY_CHARS_MAX),
    "call": _text("Any operation, as tool.operation; such as memory.store.", 129),
    "arguments": {
        "type": "object",
        "description": "Of the call; {{ tasks.NAME.result.x }} is filled from what it needs.",
    },
    "plan": {
        "type": "array",
        "description": "Steps, see orchestrate; they run as one task.",
        "items": {"type": "object"},
        "minItems": 1,
        "maxItems": limits.PLAN_STEPS_MAX,
    },
    "procedure": _text("Name of a registered procedure.", 64),
    "depends_on": {
        "type": "array",
        "description": "Tasks that must succeed first; ids, or names of the same request.",
        "items": {"type": "string", "minLength": 1, "maxLength": 64},
        "maxItems": limits.TASK_NEEDS_MAX,
    },
    "priority": _number("0 to 9, default 5.", 9, kind="integer"),
    "attempts": _number(
        "How often to try; 3 if repeating is safe, else 1.",
        limits.TASK_ATTEMPTS_MAX,
        kind="integer",
        least=1,
    ),
    "timeout_s": _number("Seconds for one try.", limits.TASK_TIMEOUT_S_MAX, least=1),
    "delay_s": _number("Begin after so many seconds.", limits.TASK_DEADLINE_S_MAX),
    "deadline_s": _number("Give up after so many seconds.", limits.TASK_DEADLINE_S_MAX, least=1),
    "idempotent": {
        "type": "boolean",
        "description": "Whether repeating it is harmless; default what the call says.",
    },
}
_NAMED = {"name": _text("For depends_on.", 64, 1), **ORDER}

PARAMETERS: dict[str, Schema] = {
    **ORDER,
    "type": {
        "type": "string",
        "description": "Told by what is given; may be left out.",
        "enum": ["general", "command", "memory_search", "tool", "plan", "procedure"],
    },
    "path": _text("A path that it would touch.", 4_096),
    "tasks": {
        "type": "array",
        "description": "Many at once, each with a name; instead of one.",
        "items": {
            "type": "object",
            "properties": _NAMED,
            "required": ["name"],
            "additionalProperties": False,
        },
        "minItems": 1,
        "maxItems": limits.TASKS_AT_ONCE_MAX,
    },
    "task_id": _text("From queue or list_queue.", 64, 1),
    "status": {
        "type": "string",
        "description": "Only of this status; all has ended ones too.",
        "enum": ["all", *OPEN, *ENDED],
    },
    "limit": _number("How many; default 20.", limits.PAGE_MAX, kind="integer", least=1),
    "note": _text("Why, for the journal.", 500),
    "tool": _text("Only of this tool.", 64),
    "answered": {"type": "boolean", "description": "Also those that were answered."},
    "decision": {
        "type": "string",
        "description": "repeat it, or how it ended.",
        "enum": ["repeat", "done", "failed"],
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
    **dict.fromkeys(
        ("status", "task_id", "id", "type", "description", "message", "call", "created_at", "name"),
        _STRING,
    ),
    **dict.fromkeys(("asks", "run_id", "due_at", "deadline_at", "finished_at", "source"), _STRING),
    **dict.fromkeys(("queued_tasks", "running_tasks", "completed_tasks", "failed_tasks"), _COUNT),
    **dict.fromkeys(("asking_tasks", "needs_review_tasks", "concurrency", "cleared"), _COUNT),
    **dict.fromkeys(("count", "priority", "attempts", "attempts_max"), _COUNT),
    **dict.fromkeys(("paused", "safe", "idempotent"), _FLAG),
    **dict.fromkeys(("counts", "circuit_breaker", "error", "arguments", "result"), _OPEN),
    **dict.fromkeys(("tasks", "journal", "approvals"), _OBJECTS),
    "needs": _STRINGS,
    "reasons": _STRINGS,
    "verdict": _STRING,
}
#: A task, as most operations show it.
TASK = result(
    ("task_id", "id", "type", "description", "status", "priority", "call", "arguments", "journal"),
    *("created_at", "attempts", "attempts_max", "idempotent", "source", "name", "needs", "asks"),
    *("error", "paused", "run_id", "due_at", "deadline_at", "finished_at", "result"),
)
QUEUED = result(("status", "task_id", "type", "description", "tasks", "message"))
STATUS = result(
    ("status", "paused", "queued_tasks", "running_tasks", "completed_tasks", "failed_tasks"),
    *("asking_tasks", "needs_review_tasks", "counts", "concurrency", "circuit_breaker", "message"),
)
#: A whole queue or one task, by what was asked for.
SAID = result(
    ("status",),
    *("message", "cleared", "task_id", "id", "type", "description", "priority", "call", "name"),
    *("arguments", "journal", "created_at", "attempts", "attempts_max", "idempotent", "source"),
    *("needs", "asks", "error", "paused", "run_id", "due_at", "deadline_at", "finished_at"),
    "result",
)
