"""What checkers print, read into one form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SEVERITIES: Final = ("error", "warning", "info")
_LINE: Final = re.compile(
    r"^(?P<file>[^\s:(][^:(\n]{0,300}?)(?::(?P<line>\d+)(?::(?P<column>\d+))?"
    r"|\((?P<line2>\d+),(?P<column2>\d+)\)):\s*"
    r"(?:(?P<severity>error|warning|note|info|fatal error)\b\s*)?(?P<code>TS\d+)?:?\s*"
    r"(?P<message>[^\n]{1,1000})$",
    re.MULTILINE | re.IGNORECASE,
)
_CODE: Final = re.compile(r"\s+\[([\w-]+)\]$")
_LEVELS: Final = {
    "error": "error",
    "fatal": "error",
    "fatal error": "error",
    "warning": "warning",
    "convention": "info",
    "refactor": "info",
    "note": "info",
    "info": "info",
    "help": "info",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing that a checker says.

    Args:
        file: From the project's folder, if it stands below.
        line: From 1; 0 if it is about the file.
        column: From 1; 0 if unknown.
        severity: One of `SEVERITIES`.
        message: What is wrong.
        code: The rule's name; "" if none.
        source: The checker's name.
    """

    file: str
    line: int
    column: int
    severity: str
    message: str
    code: str
    source: str


#: Reads a checker's output: its name, the project's folder, standard output and error.
Reader = Callable[[str, Path, str, str], list[Diagnostic]]


def lines(source: str, project: Path, stdout: str, stderr: str) -> list[Diagnostic]:
    """Read lines such as `file:3:4: error: text  [code]` and `file(3,4): error TS1: text`."""
    found = []
    for match in _LINE.finditer(stdout + "\n" + stderr):
        message = match["message"].strip()
        code = _CODE.search(message)
        found.append(
            Diagnostic(
                file=_below(match["file"].strip(), project),
                line=int(match["line"] or match["line2"] or 0),
                column=int(match["column"] or match["column2"] or 0),
                severity=_LEVELS.get((match["severity"] or "error").lower(), "error"),
                message=_CODE.sub("", message),
                code=match["code"] or (code[1] if code else ""),
                source=source,
            )
        )
    return found


def ruff(source: str, project: Path, stdout: str, _stderr: str) -> list[Diagnostic]:
    """Read ruff's JSON."""
    return [
        _made(
            source,
            project,
            file=each["filename"],
            line=each["location"]["row"],
            column=each["location"]["column"],
            severity="warning" if _is_rule(each.get("code")) else "error",
            message=each["message"],
            code=each.get("code") or "syntax",
        )
        for each in json.loads(stdout)
    ]


def pylint(source: str, project: Path, stdout: str, _stderr: str) -> list[Diagnostic]:
    """Read pylint's JSON."""
    return [
        _made(
            source,
            project,
            file=each["path"],
            line=each["line"],
            column=each["column"] + 1,
            severity=each["type"],
            message=each["message"],
            code=each["symbol"],
        )
        for each in json.loads(stdout)
    ]


def eslint(source: str, project: Path, stdout: str, _stderr: str) -> list[Diagnostic]:
    """Read ESLint's JSON."""
    return [
        _made(
            source,
            project,
            file=each["filePath"],
            line=one.get("line") or 0,
            column=one.get("column") or 0,
            severity="error" if one.get("severity") == 2 else "warning",
            message=one["message"],
            code=one.get("ruleId") or "",
        )
        for each in json.loads(stdout)
        for one in each["messages"]
    ]


def cargo(source: str, project: Path, stdout: str, _stderr: str) -> list[Diagnostic]:
    """Read Cargo's JSON, a message a line."""
    found = []
    for told in _objects(stdout):
        message = told.get("message")
        if told.get("reason") != "compiler-message" or not message or not message.get("spans"):
            continue
        spans = message["spans"]
        span = next((each for each in spans if each.get("is_primary")), spans[0])
        found.append(
            _made(
                source,
                project,
                file=span["file_name"],
                line=span["line_start"],
                column=span["column_start"],
                severity=message["level"],
                message=message["message"],
                code=(message.get("code") or {}).get("code") or "",
            )
        )
    return found


def own(source: str, project: Path, stdout: str, _stderr: str) -> list[Diagnostic]:
    """Read what our own check of syntax prints: a JSON list a line."""
    return [
        _made(
            source,
            project,
            file=file,
            line=line,
            column=column,
            severity="error",
            message=message,
            code="syntax",
        )
        for file, line, column, message in map(json.loads, stdout.splitlines())
    ]


def node(source: str, project: Path, _stdout: str, stderr: str) -> list[Diagnostic]:
    """Read what `node --check` says of the first error in a file."""
    place = re.search(r"^(/[^\n]+):(\d+)$", stderr, re.MULTILINE)
    told = re.search(r"^(\w*Error): ([^\n]+)$", stderr, re.MULTILINE)
    if place is None or told is None:
        return []
    return [
        _made(
            source,
            project,
            file=place[1],
            line=place[2],
            column=0,
            severity="error",
            message=told[2],
            code="syntax",
        )
    ]


def _made(source: str, project: Path, **told: Any) -> Diagnostic:
    return Diagnostic(
        file=_below(str(told["file"]), project),
        line=int(told["line"] or 0),
        column=int(told["column"] or 0),
        severity=_LEVELS.get(str(told["severity"]).lower(), "error"),
        message=" ".join(str(told["message"]).split())[:1_000],
        code=str(told["code"])[:100],
        source=source,
    )


def _is_rule(code: object) -> bool:
    return bool(code) and code not in {"E999", "invalid-syntax"}


def _objects(text: str) -> Iterable[Mapping[str, Any]]:
    return (json.loads(line) for line in text.splitlines() if line.startswith("{"))


def _below(file: str, project: Path) -> str:
    path = project / file
    return str(path.relative_to(project)) if path.is_relative_to(project) else file
