"""What the terminal's answers show: readable output, no secrets, pages, and what went wrong."""

from __future__ import annotations

import re
from typing import Any, Final

from mimo.actors.memory.scrubbing import scrub
from mimo.actors.terminal import orders

#: What a terminal obeys and nobody reads. Source: ECMA-48, 5.4 and 8.3.89.
_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])|\r(?=\n)"
)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

#: Signs of what went wrong, in the order in which they count.
_CATEGORIES: Final = (
    (
        "permission",
        re.compile(r"(?i)permission denied|operation not permitted|access denied|EACCES"),
    ),
    (
        "not_found",
        re.compile(r"(?i)no such file|: not found|cannot find|does not exist|ENOENT"),
    ),
    ("timeout", re.compile(r"(?i)timed? ?out|deadline exceeded|ETIMEDOUT")),
    (
        "network",
        re.compile(
            r"(?i)connection (?:refused|reset)|could not resolve|network is unreachable|"
            r"ECONNREFUSED"
        ),
    ),
    (
        "resource",
        re.compile(
            r"(?i)out of memory|cannot allocate|MemoryError|no space left|too many open files|"
            r"resource temporarily unavailable"
        ),
    ),
    ("syntax", re.compile(r"(?i)syntax ?error|unexpected token|parse error|unterminated")),
)
_OF_REASON: Final = {
    orders.TIMEOUT: "timeout",
    orders.MEMORY: "resource",
    orders.PROCESSES: "resource",
    orders.CPU: "resource",
    orders.FILE_SIZE: "resource",
}
#: Exit codes that a shell gives for these. Source: POSIX.1-2017, 2.8.2.
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127


def readable(data: bytes) -> str:
    """Return output as text: without what only a terminal obeys, and without secrets."""
    text = _ESCAPES.sub("", data.decode(errors="replace"))
    return scrub(_CONTROLS.sub("", text)).text


def line_of(command: str, most: int = 400) -> str:
    """Return a command line as one line that hides nothing but secrets and its middle."""
    text = scrub(command).text
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    if len(shown) <= most:
        return shown
    half = most // 2
    return f"{shown[:half]} [... {len(shown) - 2 * half} characters ...] {shown[-half:]}"


def category_of(reason: str, exit_code: int | None, output: str) -> str:
    """Return what kind of failure it was; "" for none. The exit code decides whether it was one."""
    if reason in _OF_REASON:
        return _OF_REASON[reason]
    if exit_code == 0:
        return ""
    if exit_code in (_NOT_EXECUTABLE, _NOT_FOUND):
        return "permission" if exit_code == _NOT_EXECUTABLE else "not_found"
    for name, signs in _CATEGORIES:
        if signs.search(output):
            return name
    return "unknown"


def standing(message: dict[str, Any]) -> dict[str, Any]:
    """Return how a command stands, as its keeper told it."""
    reason, code = message["reason"], message["code"]
    shown = {
        "status": reason if message["over"] else "running",
        "pid": message["pid"],
        "runtime_s": round(message["runtime_s"], 3),
    }
    if message["over"] and reason == orders.EXITED:
        shown["exit_code"] = code
    elif message["over"] and code is not None and code < 0:
        shown["signal"] = -code
    if message["trouble"]:
        shown["problem"] = message["trouble"]
    return shown
