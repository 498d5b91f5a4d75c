"""The parameters and results of the `terminal` operations, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.config import limits

Schema = Mapping[str, Any]

_SECONDS_LEAST = 0.01


def _text(description: str, longest: int, shortest: int = 0) -> Schema:
    sizes = {"minLength": shortest} if shortest else {}
    return {"type": "string", "description": description, "maxLength": longest, **sizes}


PARAMETERS: dict[str, Schema] = {
    "command": _text("Command line; pipes and && work.", limits.COMMAND_BYTES_MAX, 1),
    "timeout_s": {
        "type": "number",
        "description": "Seconds; execute ends it then (30), others wait so long for output.",
        "minimum": _SECONDS_LEAST,
        "maximum": limits.EXECUTE_S_MAX,
    },
    "cwd": _text("Folder; default the first root.", limits.PATH_CHARS_MAX),
    "env": {
        "type": "object",
        "description": "Variables of its own; most have the user asked.",
        "additionalProperties": {"type": "string", "maxLength": 4_096},
        "maxProperties": limits.COMMAND_VARIABLES_MAX,
    },
    "shell": {
        "type": "string",
        "description": "For what takes a shell; default sh.",
        "enum": ["sh", "bash"],
    },
    "pty": {"type": "boolean", "description": "Give it a terminal."},
    "name": _text("What to call it.", 64),
    "pid": {
        "type": "integer",
        "description": "Of the session.",
        "minimum": 1,
        "maximum": 4_294_967_295,
    },
    "offset": {
        "type": "integer",
        "description": "From this byte; default where the last answer ended.",
        "minimum": 0,
        "maximum": 1_099_511_627_776,
    },
    "input": _text("Text; end lines with a newline.", limits.SESSION_INPUT_BYTES_MAX),
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


def _described(kind: str, description: str) -> Schema:
    return {"type": kind, "description": description}


_STANDING: dict[str, Schema] = {
    "status": _described(
        "string",
        "running, exited, signal, timeout, stopped, memory, processes, cpu, file_size, not_started"
        " or lost.",
    ),
    "output": _described("string", "Output and errors, in order."),
    "exit_code": _described("integer", "0 is success; only when it exited."),
    "signal": _described("integer", "What ended it."),
    "problem": _described("string", "Why it couldn't be started."),
    "pid": _described("integer", "Of its first process."),
    "runtime_s": _described("number", "Seconds it ran."),
    "total_bytes": _described("integer", "Of all output."),
}
#: How a command ended.
RAN: Schema = {
    "type": "object",
    "properties": {
        **_STANDING,
        "error_category": _described(
            "string", "permission, not_found, timeout, network, resource, syntax or unknown."
        ),
        "truncated": _described("boolean", "Whether the middle is left out; see read_output."),
    },
    "required": ["status", "output"],
}
#: A page of a session's output.
OUTPUT: Schema = {
    "type": "object",
    "properties": {
        **_STANDING,
        "offset": _described("integer", "Where this page begins."),
        "next_offset": _described("integer", "Where the next one does."),
        "has_more": _described("boolean", "Whether more is there already."),
    },
    "required": ["status"],
}


def _listed(name: str, description: str) -> Schema:
    rows = {"type": "array", "items": {"type": "object"}, "description": description}
    return {
        "type": "object",
        "properties": {name: rows, "count": _described("integer", "How many there are.")},
        "required": [name, "count"],
    }


LISTED_SESSIONS: Schema = _listed("sessions", "pid, command, status, cwd; the newest first.")
LISTED_PROCESSES: Schema = _listed("processes", "pid, CPU, memory and command; busiest first.")
