"""Mimo's own source, as the contract tests read it."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("config", "storage", "supervision", "actors", "interfaces")


@dataclass(frozen=True)
class Module:
    """One module of the source.

    Args:
        path: Relative to the checkout, such as `config/clock.py`.
        text: What stands in it.
        tree: The same, parsed.
    """

    path: str
    text: str
    tree: ast.Module

    @property
    def layer(self) -> str:
        """Return the top folder."""
        return self.path.partition("/")[0]

    @property
    def name(self) -> str:
        """Return the dotted name under which it is imported."""
        inner = self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if inner.startswith("interfaces.mimo"):
            return "mimo" + inner.removeprefix("interfaces.mimo")
        return "mimo." + inner

    def imports(self) -> Iterator[tuple[str, int]]:
        """Yield every imported module (and, for `from a import b`, also `a.b`) with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name, node.lineno
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}:{node.lineno}: import absolutely"
                yield node.module or "", node.lineno
                for alias in node.names:
                    yield f"{node.module}.{alias.name}", node.lineno

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Yield every function and method."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def _parse(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    return Module(str(path.relative_to(ROOT)), text, ast.parse(text))


@functools.cache
def modules() -> tuple[Module, ...]:
    """Return all modules of the five layers."""
    paths = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
    return tuple(_parse(path) for path in paths)


@functools.cache
def modules_of_tests() -> tuple[Module, ...]:
    """Return all modules of the tests."""
    return tuple(_parse(path) for path in sorted((ROOT / "tests").rglob("*.py")))


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function's body, its docstring not counted."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
