"""`meta analyze_file`: what the other tools know of one file, put together; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from mimo.actors.code.grammars import language_of
from mimo.actors.insight import checking
from mimo.actors.insight.gathering import Ask, Gathered, Got
from mimo.actors.insight.messages_meta import AnalyzeFile
from mimo.actors.insight.wording import clipped
from mimo.config import limits
from mimo.config.errors import InvalidRequest

#: Kinds of symbols of which an outline tells only how many there are.
_COUNTED_ONLY: Final = frozenset({"import", "variable"})


def first(request: AnalyzeFile) -> dict[str, Ask]:
    """Return the call without whose answer nothing else makes sense."""
    return {"file": Ask("file", "get_info", {"path": request.path}, limits.META_FACTS_S)}


def second(request: AnalyzeFile, file: Got) -> dict[str, Ask]:
    """Return the calls that follow.

    Args:
        request: The file.
        file: What is known of it.

    Raises:
        InvalidRequest: It is a folder, or something else that is no file.
    """
    kind = file.data.get("type", "file")
    if kind != "file":
        raise InvalidRequest(
            f"expected a file, got a {kind} at {request.path[:200]}; use code symbols or onboard"
        )
    path = str(file.data.get("absolute_path", request.path))
    name = PurePosixPath(path).name
    query = f"{_shown(file, request)} {name}"[: limits.QUERY_CHARS_MAX]
    entity = {"subject": path[: limits.NODE_NAME_CHARS_MAX], "limit": limits.META_ROWS_MAX}
    asks = {
        "memory": Ask("memory", "search", {"query": query, "limit": 50}, limits.META_SEARCH_S),
        "knowledge": Ask("knowledge", "query", entity, limits.META_SEARCH_S),
        "named": Ask(
            "knowledge",
            "query",
            {"query": query, "limit": limits.META_ROWS_MAX},
            limits.META_SEARCH_S,
        ),
    }
    if language_of(path):
        arguments = {"path": path, "limit": limits.CODE_ROWS_MAX}
        asks["symbols"] = Ask("code", "symbols", arguments, limits.META_CODE_S)
    if request.include_content and file.data.get("is_text", True):
        lines = {"path": path, "limit": limits.META_LINES_MAX}
        asks["content"] = Ask("file", "read", lines, limits.META_FACTS_S)
    return asks | checking.checks(path)


def answer(request: AnalyzeFile, file: Got, found: Gathered) -> dict[str, Any]:
    """Return what is known of a file.

    Args:
        request: The file.
        file: What the first call told.
        found: What the second ones told.
    """
    path = str(file.data.get("absolute_path", request.path))
    facts = dict(file.data)
    if "content" in found and not found["content"].code:
        facts["content"] = found["content"].data["content"]
        facts["has_more"] = found["content"].data["has_more"]
    checked = checking.diagnostics(found, path)
    known = _known(found, _shown(file, request))
    return {
        "path": _shown(file, request),
        "health": checking.health(checked),
        "file": facts,
        "symbols": _symbols(found.get("symbols")),
        "diagnostics": checked,
        "knowledge": known,
        "sources": {name: each.told for name, each in {"file": file, **found}.items()},
        "suggestion": _suggestion(path, checked, known),
    }


def names_file(text: str, path: str) -> bool:
    """Tell whether a text names a file: by its path, or by its name alone."""
    name = re.escape(PurePosixPath(path).name)
    return re.search(rf"(?<![\w.-]){name}(?![\w-]|\.\w)", text, re.IGNORECASE) is not None


def _shown(file: Got, request: AnalyzeFile) -> str:
    return str(file.data.get("path", request.path))


def _symbols(got: Got | None) -> dict[str, Any]:
    rows = list(got.data.get("symbols", ())) if got is not None else []
    outline = [each for each in rows if each["kind"] not in _COUNTED_ONLY]
    by_kind = Counter(str(each["kind"]) for each in rows)
    return {
        "count": int(got.data.get("total", 0)) if got is not None else 0,
        "by_kind": dict(sorted(by_kind.items())),
        "symbols": [
            {name: each[name] for name in ("qualified_name", "kind", "line", "signature")}
            for each in outline[: limits.META_ROWS_MAX]
        ],
    }


def _known(found: Gathered, path: str) -> dict[str, Any]:
    """Return what memory and the graph say of the file itself, and not of what is only like it."""
    memories = [
        {
            "memory_id": each["memory_id"],
            "content": clipped(str(each["content"]), limits.META_EXCERPT_CHARS),
            "category": each["category"],
            "occurred_at": each["occurred_at"],
        }
        for each in found["memory"].data.get("memories", ())
        if names_file(f"{each['content']} {each['source']} {' '.join(each['tags'])}", path)
    ]
    listed = [each for one in ("knowledge", "named") for each in found[one].data.get("facts", ())]
    facts = {each["triple_id"]: each for each in listed}
    about = [
        each for each in facts.values() if names_file(f"{each['subject']} {each['object']}", path)
    ]
    return {
        "memories": memories[: limits.META_ROWS_MAX],
        "memories_count": len(memories),
        "facts": [
            {name: each[name] for name in ("triple_id", "subject", "predicate", "object")}
            for each in about[: limits.META_ROWS_MAX]
        ],
        "facts_count": max(int(found["knowledge"].data.get("total", 0)), len(about)),
    }


def _suggestion(path: str, checked: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    if checked["error_count"]:
        worst = checked["diagnostics"][0]
        return f"mend line {worst['line']} first: {worst['message'][:200]}"
    if any(each["status"] == "needs approval" for each in checked["tools"]):
        return f"call code diagnose on {path}: the user is asked before code of the project runs"
    if not known["memories_count"] and not known["facts_count"]:
        return "nothing is remembered of this file; memory store what matters about it"
    return ""
