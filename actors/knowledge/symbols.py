"""What a source file defines and imports: Python by its syntax tree, others by their lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

#: File ending -> (what defines a name, what imports one).
_LINES: Final[dict[str, tuple[str, str]]] = {
    "js": (
        r"^(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function\*?|class)\s+([A-Za-z_$][\w$]*)",
        r"""^\s*(?:import\b.*?from\s+|import\s+|export\b.*?from\s+|.*?\brequire\()['"]([^'"]+)['"]""",
    ),
    "rs": (
        r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:async\s+)?(?:fn|struct|enum|trait)\s+([A-Za-z_]\w*)",
        r"^\s*(?:pub\s+)?use\s+([A-Za-z_]\w*)",
    ),
    "go": (
        r"^(?:func\s+(?:\([^)]*\)\s*)?|type\s+)([A-Za-z_]\w*)",
        r"""^\s*(?:import\s+)?(?:\w+\s+)?"([\w.~/-]+)"\s*$""",
    ),
    "ex": (
        r"^\s*(?:defmodule|defp?)\s+([A-Za-z_][\w.]*[?!]?)",
        r"^\s*(?:alias|import|use|require)\s+([A-Z][\w.]*)",
    ),
    "rb": (
        r"^\s*(?:def|class|module)\s+((?:self\.)?[A-Za-z_][\w:]*[?!]?)",
        r"""^\s*require(?:_relative)?\s+['"]([^'"]+)['"]""",
    ),
}
_SAME: Final = {"jsx": "js", "mjs": "js", "ts": "js", "tsx": "js", "exs": "ex"}


@dataclass(frozen=True, slots=True)
class Symbols:
    """What a file has, each name once: functions and classes, and the modules it imports."""

    defines: tuple[str, ...]
    imports: tuple[str, ...]


def is_source(name: str) -> bool:
    """Tell whether a file's symbols can be read."""
    ending = _ending(name)
    return ending in {"py", "pyi"} or ending in _LINES


def symbols_of(name: str, text: str) -> Symbols:
    """Return what a source file defines and imports; nothing where it can't be parsed."""
    ending = _ending(name)
    if ending in {"py", "pyi"}:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return Symbols((), ())
        return Symbols(_once(_defined(tree, "")), _once(_imported(tree)))
    define, use = _LINES[ending]
    return Symbols(
        _once(match[1] for match in re.finditer(define, text, re.MULTILINE)),
        _once(match[1] for match in re.finditer(use, text, re.MULTILINE)),
    )


def _ending(name: str) -> str:
    ending = name.rpartition(".")[2].lower()
    return _SAME.get(ending, ending)


def _defined(tree: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
    """Yield functions and classes, and methods as `Class.method`."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield prefix + node.name
            yield from _defined(node, f"{prefix}{node.name}.")


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _once(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
