"""What the project's own checkers say of one file; what did not look has found nothing clean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from mimo.actors.insight.gathering import Ask, Gathered, Got
from mimo.actors.library.checkers import language_of_file
from mimo.actors.library.reports import SEVERITIES
from mimo.config import limits

#: Names of the calls, and of the operations of `code` that they are.
CHECKS: Final = ("check", "lint", "typecheck")
#: How the code of an error is told, where it isn't simply that the call failed.
_STATUS: Final = {"approval_required": "needs approval", "not_available": "unavailable"}


def checks(path: str) -> dict[str, Ask]:
    """Return the calls that check a file, each by itself: one may need an approval, another not."""
    if not language_of_file(path):
        return {}
    arguments = {"path": path, "limit": limits.DIAGNOSTICS_MAX}
    return {each: Ask("code", each, arguments, limits.META_CHECK_S) for each in CHECKS}


def diagnostics(found: Gathered, path: str) -> dict[str, Any]:
    """Return what was found in one file, and what could not look.

    Args:
        found: What came of `checks`, maybe with other calls.
        path: The file, as absolutely as it is known.
    """
    given = {each: found[each] for each in CHECKS if each in found}
    if not given:
        why = "no checker knows this kind of file"
        return _none(f"{why}; nothing was checked")
    tools = [row for name, got in given.items() for row in _tools(name, got)]
    listed = [each for got in given.values() for each in got.data.get("diagnostics", ())]
    # Two operations may run the same checker, and it says the same twice.
    unique = {(one["file"], one["line"], one["message"]): one for one in listed}.values()
    here = [each for each in unique if is_same_file(each["file"], path)]
    here.sort(key=lambda each: (SEVERITIES.index(each["severity"]), each["line"]))
    complete = bool(tools) and all(each["status"] == "ran" for each in tools)
    counts = {
        f"{severity}_count": sum(each["severity"] == severity for each in here)
        for severity in SEVERITIES
    }
    return {
        "diagnostics": here[: limits.META_ROWS_MAX],
        **counts,
        "elsewhere_count": len(unique) - len(here),
        "tools": tools,
        "complete": complete,
        "clean": complete and not here,
    }


def health(told: Mapping[str, Any]) -> str:
    """Return in a word how a file stands: broken, warned, clean, or only partly or not checked."""
    if told["error_count"]:
        return "errors"
    if told["warning_count"]:
        return "warnings"
    if told["clean"]:
        return "clean"
    ran = any(each["status"] == "ran" for each in told["tools"])
    return "partly checked" if ran else "not checked"


def is_same_file(told: str, path: str) -> bool:
    """Tell whether a path that a checker printed means a file: it is its end, or it is its end."""
    one, other = PurePosixPath(told).parts, PurePosixPath(path).parts
    size = min(len(one), len(other))
    return size > 0 and one[-size:] == other[-size:]


def _tools(name: str, got: Got) -> list[dict[str, Any]]:
    if got.code:
        status = _STATUS.get(got.code, "failed")
        why = got.message
        if got.code == "approval_required":
            why = f"it may run code of the project; call code {name} to be asked"
        return [{"tool": f"code {name}", "status": status, "why": why[:300]}]
    return [dict(each) for each in got.data["tools"]]


def _none(why: str) -> dict[str, Any]:
    counts = {f"{severity}_count": 0 for severity in SEVERITIES}
    tools = [{"tool": "code check", "status": "unavailable", "why": why}]
    empty = {"diagnostics": [], **counts, "elsewhere_count": 0}
    return {**empty, "tools": tools, "complete": False, "clean": False}
