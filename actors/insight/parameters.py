"""The parameters and results of tool_usage, awakening_status and what meta suggests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mimo.config import limits

Schema = Mapping[str, Any]

PARAMETERS: Final[dict[str, Schema]] = {
    "tool_name": {
        "type": "string",
        "description": "Name of the tool.",
        "minLength": 1,
        "maxLength": limits.NAME_CHARS_MAX,
    },
    "days": {
        "type": "integer",
        "description": "Days back from now; default 30.",
        "minimum": 1,
        "maximum": 365,
    },
    "limit": {
        "type": "integer",
        "description": "Most rows of a list; default 50, of suggestions 5.",
        "minimum": 1,
        "maximum": limits.USAGE_ROWS_MAX,
    },
    "include_daily": {"type": "boolean", "description": "Also day by day."},
    "include_achievements": {"type": "boolean", "description": "Also thresholds passed."},
    "include_guidance": {
        "type": "boolean",
        "description": "Also advice from counts; default true.",
    },
    "task": {
        "type": "string",
        "description": "What is to be done, in words.",
        "minLength": 1,
        "maxLength": limits.TASK_CHARS_MAX,
    },
    "recent_tools": {
        "type": "array",
        "description": "Last calls, tool.operation; default your session's.",
        "items": {"type": "string", "minLength": 1, "maxLength": limits.NAME_CHARS_MAX},
        "maxItems": 20,
    },
    "path": {
        "type": "string",
        "description": "A file in the workspace.",
        "minLength": 1,
        "maxLength": limits.PATH_CHARS_MAX,
    },
    "include_content": {"type": "boolean", "description": "Also the file's beginning."},
    "message": {
        "type": "string",
        "description": "Error message or traceback.",
        "minLength": 1,
        "maxLength": limits.ERROR_TEXT_CHARS_MAX,
    },
    "symbol": {
        "type": "string",
        "description": "Symbol it is about; default those it names.",
        "minLength": 1,
        "maxLength": limits.SYMBOL_CHARS_MAX,
    },
    "query": {
        "type": "string",
        "description": "What to know for, in plain words.",
        "minLength": 1,
        "maxLength": limits.QUERY_CHARS_MAX,
    },
    "max_tokens": {
        "type": "integer",
        "description": "Budget; default 2000.",
        "minimum": 50,
        "maximum": limits.CONTEXT_TOKENS_MAX,
    },
    "sources": {
        "type": "array",
        "description": "memory, knowledge, code, library; default all.",
        "items": {"type": "string", "enum": ["memory", "knowledge", "code", "library"]},
        "minItems": 1,
        "maxItems": 4,
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


def _object(description: str) -> Schema:
    return {"type": "object", "description": description}


def _rows(description: str) -> Schema:
    return {"type": "array", "description": description, "items": {"type": "object"}}


def _count(description: str) -> Schema:
    return {"type": "integer", "description": description}


_TEXT: Final[Schema] = {"type": "string"}

_RESULTS: Final[dict[str, Schema]] = {
    "days": _count("Length of the time, in days."),
    "since": _TEXT,
    "record": _object("How far the record reaches: calls, first_at, ever, kept_max."),
    "summary": _object("Totals: calls, failures, tools, sessions, clients, calls_a_day."),
    "rankings": _rows("Tools by number of calls."),
    "performance": _rows("Latency percentiles in ms, nearest rank; count is the sample size."),
    "failures": _object("Failures by class, with count, of (all calls), share and codes."),
    "failing": _rows("Which operations failed how, the most often first."),
    "daily": _rows("Days with calls."),
    "trends": _rows("Calls of an operation before and now."),
    "tool_name": _TEXT,
    "common_arguments": _rows("In how many calls each argument stood."),
    "remark": _TEXT,
    "generated_at": _TEXT,
    "power_level": _object("Level and points; they unlock nothing."),
    "wisdom_stats": _object("Counts."),
    "measured": _object("Shares, each with count and of."),
    "unlocked_capabilities": {"type": "array", "items": {"type": "string"}},
    "behavioral_guidance": {"type": "array", "items": {"type": "string"}},
    "achievements": _rows("Thresholds, with have, of and unlocked."),
    "suggested_tool": _TEXT,
    "suggested_operation": _TEXT,
    "reason": _TEXT,
    "suggestions": _rows("Calls that followed, with times, seen, order and success."),
    "by_words": _rows("Operations whose description shares words with the task."),
    "hit_rate": _object("Replayed on held-out sessions; predictions is the sample size."),
    "recent_tools": {"type": "array", "items": {"type": "string"}},
    "status": _TEXT,
    "skills": _rows("Each with state, tools, and what is wrong."),
    "count": _count("How many are loaded."),
    "path": _TEXT,
    "health": {"type": "string", "description": "errors, warnings, clean, or how far checked."},
    "file": _object("Size, type, lines; content and has_more if asked for."),
    "symbols": _object("count, by_kind, and the first symbols."),
    "diagnostics": _object("Of this file; tools says what ran; clean only if all did."),
    "knowledge": _object("Memories and facts that name the file."),
    "sources": _object("How each source did: status, code and message of what failed."),
    "suggestion": _TEXT,
    "error_message": _TEXT,
    "analysis": _object("Language, kind, message, signature, places innermost first, symbols."),
    "past_solutions": _object("found, count, solutions: memories of the same or a similar error."),
    "definitions": _rows("Where the symbols that it names are defined."),
    "current_errors": _object("Diagnostics of the file now; clean only if all checkers ran."),
    "query": _TEXT,
    "formatted_context": {"type": "string", "description": "A line each, the best first."},
    "tier1": _rows("What matters most: source, id, value, tokens."),
    "tier2": _rows("What matters less."),
    "tier3": _rows("What had room."),
    "total_context_items": _count("Items that were packed."),
    "left_off": _count("Items that had no room."),
    "tokens": _count("What the context costs, by estimate; never more than max_tokens."),
    "max_tokens": _count("The budget."),
    "entities": {"type": "array", "items": {"type": "string"}},
    "recorded_calls": _count("Calls the suggestions are made of."),
}
