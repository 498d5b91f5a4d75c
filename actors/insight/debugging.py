"""`meta debug_error`: who saw this error before, what it names, how its file stands; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mimo.actors.insight import checking, signatures
from mimo.actors.insight.gathering import Ask, Gathered
from mimo.actors.insight.messages_meta import DebugError
from mimo.actors.insight.tracebacks import Told
from mimo.actors.insight.wording import clipped
from mimo.actors.reasoning.asking import TAG as REFLECTION
from mimo.actors.reasoning.guiding import LESSON
from mimo.config import limits

#: Symbols that are looked up, and hits of one search that are looked at.
_NAMES_MAX: Final = 3
_HITS: Final = 30
#: Characters of a message that are searched for: a longer question finds nothing better.
_QUERY_CHARS: Final = 400
_DEFINED: Final = "definition:"


def names_of(request: DebugError, error: Told) -> tuple[str, ...]:
    """Return the symbols whose definitions help: the one that was given, or those it names."""
    named = (request.symbol,) if request.symbol else error.names
    return tuple(each for each in named if len(each) <= limits.SYMBOL_CHARS_MAX)[:_NAMES_MAX]


def asks(request: DebugError, error: Told, path: str) -> dict[str, Ask]:
    """Return the calls to make.

    Args:
        request: The question.
        error: What the message says.
        path: The file that it is about, in the workspace; "" if there is none.
    """
    query = f"{error.kind} {error.message}".strip()[:_QUERY_CHARS] or request.message[:_QUERY_CHARS]
    seen = {"query": query, "limit": _HITS}
    found = {
        "memory": Ask("memory", "search", seen, limits.META_SEARCH_S),
        "reflections": Ask(
            "memory", "search", {**seen, "tags": [REFLECTION]}, limits.META_SEARCH_S
        ),
    }
    for name in names_of(request, error):
        found[f"{_DEFINED}{name}"] = Ask("code", "definition", {"name": name}, limits.META_CODE_S)
    return found | (checking.checks(path) if path else {})


def answer(request: DebugError, error: Told, path: str, found: Gathered) -> dict[str, Any]:
    """Return what is known of an error.

    Args:
        request: The question.
        error: What the message says.
        path: The file that it is about; "" if there is none.
        found: What the calls brought.
    """
    solutions = list(_solutions(error, found))[: limits.META_ROWS_MAX]
    definitions = list(_definitions(found))
    checked = checking.diagnostics(found, path)
    analysis = {
        "language": error.language,
        "kind": error.kind,
        "message": error.message,
        "signature": signatures.signature(error.kind, error.message),
        "places": [each._asdict() for each in error.spots],
        "symbols": list(names_of(request, error)),
        "path": path,
    }
    return {
        "error_message": clipped(request.message, limits.META_EXCERPT_CHARS),
        "analysis": analysis,
        "past_solutions": {
            "found": bool(solutions),
            "count": len(solutions),
            "solutions": solutions,
        },
        "definitions": definitions,
        "current_errors": checked,
        "sources": {name: each.told for name, each in found.items()},
        "suggestion": _suggestion(solutions, definitions, checked, error),
    }


def _solutions(error: Told, found: Gathered) -> Iterator[dict[str, Any]]:
    """Yield memories that speak of this very error, then those of one like it."""
    memories = {
        int(each["memory_id"]): each
        for name in ("memory", "reflections")
        for each in found[name].data.get("memories", ())
    }
    like = {
        number: signatures.likeness(error.kind, error.message, str(each["content"]))
        for number, each in memories.items()
    }
    alike = [number for number, each in like.items() if each.counts]
    for number in sorted(alike, key=lambda one: (not like[one].is_same, -like[one].share, one)):
        memory, content = memories[number], str(memories[number]["content"])
        _, _, lesson = content.partition(LESSON)
        shown = {
            "memory_id": number,
            "kind": "reflection" if REFLECTION in memory["tags"] else "memory",
            "match": "same" if like[number].is_same else "similar",
            "share": like[number].share,
            "content": clipped(content, limits.META_EXCERPT_CHARS),
            "occurred_at": memory["occurred_at"],
            "trust": memory["trust"],
        }
        yield shown | ({"lesson": clipped(lesson, limits.META_EXCERPT_CHARS)} if lesson else {})


def _definitions(found: Gathered) -> Iterator[dict[str, Any]]:
    for name, got in found.items():
        if not name.startswith(_DEFINED) or got.code:
            continue
        symbol = name.removeprefix(_DEFINED)
        if not got.data["found"]:
            yield {"symbol": symbol, "found": False, "similar": got.data.get("similar", [])}
            continue
        at = got.data["definition"]
        yield {
            "symbol": symbol,
            "found": True,
            **{each: at[each] for each in ("qualified_name", "kind", "path", "line", "signature")},
            "content": str(got.data.get("content", ""))[: limits.META_SOURCE_CHARS],
            "others": len(got.data.get("others", ())),
        }


def _suggestion(
    solutions: Sequence[Mapping[str, Any]],
    definitions: Sequence[Mapping[str, Any]],
    checked: Mapping[str, Any],
    error: Told,
) -> str:
    if solutions:
        best = solutions[0]
        return f"read memory {best['memory_id']}: it speaks of {best['match']} error"
    if checked["error_count"]:
        worst = checked["diagnostics"][0]
        return f"the file has an error now, line {worst['line']}: {worst['message'][:200]}"
    at = next((each for each in definitions if each["found"]), None)
    if at is not None:
        return f"look at {at['qualified_name']} in {at['path']}, line {at['line']}"
    if error.spots:
        where = error.spots[0]
        return f"begin at {where.path or where.symbol}, line {where.line}; nobody told of it before"
    return (
        "nothing is known of it; store what solves it, with the message, and it is found next time"
    )
