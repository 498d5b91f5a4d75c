"""What Python's own parser says that a source file defines: an oracle for the `code` tool."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mimo.actors.code.parsing import symbols_of

#: (group, qualified name, line of the name); a binding that is repeated stands where it is first.
Definition = tuple[str, str, int]

_GROUPS = {
    "function": "function",
    "method": "function",
    "class": "class",
    "import": "import",
    "variable": "variable",
    "constant": "variable",
    "type": "variable",
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def defined(source: bytes) -> set[Definition]:
    """Return what Python's parser finds that isn't one function's own business.

    Raises:
        SyntaxError: It is no Python.
    """
    found = _in(ast.parse(source), (), is_local=False)
    return _once(found)


def found_by_mimo(source: bytes) -> set[Definition]:
    """Return what the tool finds, in the same terms."""
    symbols = symbols_of(source, "python")
    return _once((_GROUPS[each.kind], each.qualified_name, each.line) for each in symbols)


def _once(found: Iterator[Definition]) -> set[Definition]:
    """Return all functions and classes, and where each other name is bound first."""
    kept: set[Definition] = set()
    first: dict[tuple[str, str], int] = {}
    for group, name, line in found:
        if group in {"function", "class"}:
            kept.add((group, name, line))
        else:
            first[group, name] = min(line, first.get((group, name), line))
    return kept | {(group, name, line) for (group, name), line in first.items()}


def _in(node: ast.AST, around: tuple[str, ...], *, is_local: bool) -> Iterator[Definition]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            yield "function", ".".join((*around, child.name)), child.lineno
            for each in (*child.decorator_list, child.args, child.returns):
                if each is not None:
                    holder = ast.Module([], [])
                    holder.body = [each]  # type: ignore[list-item]
                    yield from _in(holder, around, is_local=is_local)
            body = ast.Module(child.body, [])
            yield from _in(body, (*around, child.name), is_local=True)
        elif isinstance(child, ast.ClassDef):
            yield "class", ".".join((*around, child.name)), child.lineno
            yield from _in(ast.Module(child.body, []), (*around, child.name), is_local=False)
        else:
            if not is_local:
                yield from _bound(child, around)
            yield from _in(child, around, is_local=is_local or isinstance(child, ast.Lambda))


def _bound(node: ast.AST, around: tuple[str, ...]) -> Iterator[Definition]:
    targets: list[ast.expr] = []
    match node:
        case ast.Assign():
            targets = node.targets
        case ast.AnnAssign() | ast.NamedExpr():
            targets = [node.target]
        case ast.ImportFrom(module="__future__"):
            return
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                if alias.name != "*":
                    yield "import", alias.asname or alias.name, alias.lineno
    for target in targets:
        for name in _names(target):
            yield "variable", ".".join((*around, name.id)), name.lineno


def _names(target: ast.expr) -> Iterator[ast.Name]:
    match target:
        case ast.Name():
            yield target
        case ast.Tuple() | ast.List():
            for each in target.elts:
                yield from _names(each)
        case ast.Starred():
            yield from _names(target.value)
