"""Answers from the index: plain JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mimo.actors.code import messages as cm
from mimo.actors.files.redacting import without_secrets
from mimo.actors.workspace import opening
from mimo.actors.workspace.places import Place, Roots
from mimo.config import limits
from mimo.config.errors import InvalidRequest, MimoError
from mimo.storage import code_queries as queries
from mimo.storage.code_index import CodeIndex
from mimo.storage.code_records import Found, Used

_LINE_CHARS: Final = 160
_NOTES_MAX: Final = 10
_BY_NAME: Final = "matched by name: one of the same name elsewhere counts, too"


class Answers:
    """What the index says.

    Args:
        index: The index.
        roots: What may be seen; only what lies within it is told.
    """

    def __init__(self, index: CodeIndex, roots: Roots) -> None:
        self._index = index
        self._roots = roots
        self._known: dict[str, str] = {}

    def to(self, question: cm.Question, scope: Sequence[Place]) -> dict[str, Any]:
        """Return the answer to a question.

        Args:
            question: What is asked.
            scope: The files and folders that it is about, or all.

        Raises:
            MimoError: The index can't be read, or the question is wrong.
        """
        paths = tuple(map(str, scope))
        self._known.clear()
        match question:
            case cm.Symbols():
                data = self._symbols(question, scope, paths)
            case cm.Search():
                data = self._search(question, paths)
            case cm.Definition():
                data = self._definition(question, paths)
            case cm.References():
                data = self._references(question, paths)
            case cm.CallGraph():
                data = self._call_graph(question, paths)
            case cm.Index():
                data = self.figures(paths)
        return without_secrets(data)

    def figures(self, paths: Sequence[str]) -> dict[str, Any]:
        """Return how much is indexed, and what isn't."""
        totals = self._index.totals(paths)
        notes = self._index.notes(paths, _NOTES_MAX)
        return {
            "indexed_files": totals.files,
            "total_symbols": totals.symbols,
            "total_references": totals.uses,
            "lines": totals.lines,
            "languages": self._index.languages(paths),
            "notes": [{"path": self.shown(path), "note": note} for path, note in notes],
        }

    def _symbols(
        self, question: cm.Symbols, scope: Sequence[Place], paths: Sequence[str]
    ) -> dict[str, Any]:
        found, count = queries.symbols_in(
            self._index,
            paths,
            name=question.name,
            kind=question.kind,
            limit=question.limit,
        )
        notes = self._index.notes(paths, _NOTES_MAX)
        return {
            "path": self._roots.shown(scope[0]),
            "symbols": [self._symbol(each) for each in found],
            "count": len(found),
            "total": count,
            "notes": [{"path": self.shown(path), "note": note} for path, note in notes],
        }

    def _search(self, question: cm.Search, paths: Sequence[str]) -> dict[str, Any]:
        found, count = queries.matching(
            self._index,
            paths,
            pattern=question.pattern,
            kind=question.kind,
            limit=question.limit,
        )
        return {
            "pattern": question.pattern,
            "symbols": [self._symbol(each) for each in found],
            "count": len(found),
            "total": count,
        }

    def _definition(self, question: cm.Definition, paths: Sequence[str]) -> dict[str, Any]:
        found = queries.definitions(self._index, paths, question.name, question.limit)
        told: dict[str, Any] = {"symbol": question.name, "found": bool(found)}
        if not found:
            near, _ = queries.matching(
                self._index, paths, pattern=queries.last_part(question.name), kind="", limit=5
            )
            return told | {"similar": [each.qualified_name for each in near]}
        first = found[0]
        lines = self.lines(first.path)
        end = min(first.end_line, first.start_line + limits.CODE_SHOWN_LINES_MAX - 1)
        return told | {
            "definition": self._symbol(first),
            "content": "\n".join(lines[first.start_line - 1 : end]),
            "truncated": end < first.end_line,
            "others": [self._symbol(each) for each in found[1:]],
        }

    def _references(self, question: cm.References, paths: Sequence[str]) -> dict[str, Any]:
        name = queries.last_part(question.name)
        found = list(queries.uses(self._index, paths, name))
        told = _Told(self)
        return {
            "symbol": question.name,
            "references": [told.use(each) for each in found[: question.limit]],
            "count": min(len(found), question.limit),
            "total": len(found),
            "basis": _BY_NAME,
        }

    def _call_graph(self, question: cm.CallGraph, paths: Sequence[str]) -> dict[str, Any]:
        defined = [
            each
            for each in queries.definitions(self._index, paths, question.name, limits.PAGE_MAX)
            if each.kind not in {"variable", "constant"}
        ]
        name = queries.last_part(question.name)
        told = _Told(self)
        callers: dict[tuple[str, int], dict[str, Any]] = {}
        for use in queries.uses(self._index, paths, name, ("call",)):
            key = use.path, use.within
            if key not in callers:
                callers[key] = {"name": told.around(use), "path": self.shown(use.path)}
                callers[key]["lines"] = []
            callers[key]["lines"].append(use.line)
        callees = self._callees(defined, paths)
        return {
            "symbol": question.name,
            "found": bool(defined),
            "definitions": [self._symbol(each) for each in defined[: question.limit]],
            "callers": list(callers.values())[: question.limit],
            "callees": callees[: question.limit],
            "total_callers": len(callers),
            "total_callees": len(callees),
            "basis": _BY_NAME,
        }

    def _callees(self, defined: Sequence[Found], paths: Sequence[str]) -> list[dict[str, Any]]:
        """Return what definitions call, in order, with where that may be defined."""
        lines: dict[str, list[int]] = {}
        for each in defined:
            inside = {
                other.ordinal
                for other in queries.symbols_of_file(self._index, each.path)
                if each.start_line <= other.start_line and other.end_line <= each.end_line
            }
            for use in queries.calls_in(self._index, each.path):
                if use.within in inside and each.start_line <= use.line <= each.end_line:
                    lines.setdefault(use.name, []).append(use.line)
        found: list[dict[str, Any]] = []
        for name, places in lines.items():
            at = queries.definitions(self._index, paths, name, 3)
            places_of = [f"{self.shown(one.path)}:{one.line}" for one in at]
            found.append({"name": name, "lines": places, "defined_at": places_of})
        return found

    def _symbol(self, found: Found) -> dict[str, Any]:
        return {
            "name": found.name,
            "qualified_name": found.qualified_name,
            "kind": found.kind,
            "path": self.shown(found.path),
            "line": found.line,
            "column": found.column,
            "start_line": found.start_line,
            "end_line": found.end_line,
            "signature": found.signature,
        }

    def shown(self, path: str) -> str:
        """Return a path as it is told."""
        if path not in self._known:
            place = self._place(path)
            self._known[path] = path if place is None else self._roots.shown(place)
        return self._known[path]

    def _place(self, path: str) -> Place | None:
        try:
            return self._roots.resolve(path)
        except MimoError:
            return None

    def lines(self, path: str) -> list[str]:
        """Return a file's lines; none of one that can't be read."""
        place = self._place(path)
        if place is None:
            return []
        try:
            data = opening.read(place, limits.CODE_FILE_BYTES_MAX).data
        except MimoError:
            # It has gone since it was indexed.
            return []
        # As the grammar counts: by newlines alone.
        return data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")

    def symbols_of(self, path: str) -> dict[int, Found]:
        """Return a file's definitions by their numbers."""
        return {each.ordinal: each for each in queries.symbols_of_file(self._index, path)}


class _Told:
    """Uses as they are told; each file is looked into once."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._path = ""
        self._lines: list[str] = []
        self._symbols: dict[int, Found] = {}

    def use(self, use: Used) -> dict[str, Any]:
        """Return a use with its line of source and what it stands in."""
        around = self.around(use)
        line = self._lines[use.line - 1] if use.line <= len(self._lines) else ""
        return {
            "name": use.name,
            "kind": use.kind,
            "path": self._answers.shown(use.path),
            "line": use.line,
            "column": use.column,
            "within": around,
            "text": line.strip()[:_LINE_CHARS],
        }

    def around(self, use: Used) -> str:
        """Return the qualified name of what a use stands in; "" for the file itself."""
        if use.path != self._path:
            self._path = use.path
            self._lines = self._answers.lines(use.path)
            self._symbols = self._answers.symbols_of(use.path)
        around = self._symbols.get(use.within)
        return "" if around is None else around.qualified_name


def scope_of(roots: Roots, path: str) -> tuple[Place, ...]:
    """Return what a question is about: a file or folder, or all allowed folders.

    Raises:
        MimoError: It isn't allowed, or isn't there, or no folder is allowed.
    """
    if path:
        return (roots.resolve(path),)
    if not roots.allowed:
        raise roots.unset()
    places: list[Place] = []
    for folder in sorted(roots.allowed, key=lambda each: len(each.parts)):
        if not folder.is_dir():
            continue
        place = roots.resolve(str(folder))
        if not any(place.path.is_relative_to(each.path) for each in places):
            places.append(place)
    if not places:
        raise InvalidRequest(
            "expected the folders of the setting workspace.roots to be there, got none of them"
        )
    return tuple(places)
