"""The parameters and results of the `code` and `onboard` tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mimo.actors.code.grammars import GRAMMARS
from mimo.actors.code.symbols import KINDS
from mimo.config import limits

Schema = Mapping[str, Any]

PARAMETERS: Final[dict[str, Schema]] = {
    "path": {
        "type": "string",
        "description": "File or folder; default all allowed folders.",
        "minLength": 1,
        "maxLength": limits.PATH_CHARS_MAX,
    },
    "source": {
        "type": "string",
        "description": "Text instead of a file.",
        "minLength": 1,
        "maxLength": limits.CODE_SOURCE_CHARS_MAX,
    },
    "language": {
        "type": "string",
        "description": "Language of source; of a file it is known.",
        "enum": list(GRAMMARS),
    },
    "name": {
        "type": "string",
        "description": "Name, also qualified: Cache.get.",
        "minLength": 1,
        "maxLength": limits.SYMBOL_CHARS_MAX,
    },
    "pattern": {
        "type": "string",
        "description": "Part of a name; or with * and ?, all of it.",
        "minLength": 1,
        "maxLength": limits.SYMBOL_CHARS_MAX,
    },
    "kind": {"type": "string", "description": "Kind of symbol.", "enum": list(KINDS)},
    "limit": {
        "type": "integer",
        "description": "Most rows; default 50.",
        "minimum": 1,
        "maximum": limits.CODE_ROWS_MAX,
    },
    "force": {"type": "boolean", "description": "Also what has not changed."},
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


def _described(kind: str, description: str) -> Schema:
    return {"type": kind, "description": description}


def _rows(description: str) -> Schema:
    return {"type": "array", "description": description, "items": {"type": "object"}}


_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer"}
_FLAG: Final[Schema] = {"type": "boolean"}

_RESULTS: Final[dict[str, Schema]] = {
    "path": _TEXT,
    "pattern": _TEXT,
    "symbol": _TEXT,
    "language": _TEXT,
    "found": _FLAG,
    "truncated": _FLAG,
    "count": _COUNT,
    "total": _described("integer", "How many there are, shown or not."),
    "lines": _COUNT,
    "references": _rows("Uses: kind, path, line, column, within, text."),
    "reference_count": _COUNT,
    "symbols": _rows("Definitions: names, kind, path, lines, signature."),
    "definition": _described("object", "The first definition."),
    "definitions": _rows("What is defined by that name."),
    "others": _rows("Other definitions of the name."),
    "similar": {"type": "array", "items": {"type": "string"}},
    "content": _described("string", "Source of the definition."),
    "output": _described("string", "Head of the syntax tree."),
    "is_broken": _described("boolean", "Whether some of it doesn't fit the grammar."),
    "callers": _rows("Who calls it: name, path, lines."),
    "callees": _rows("What it calls: name, lines, defined_at."),
    "total_callers": _COUNT,
    "total_callees": _COUNT,
    "basis": _described("string", "How uses were matched."),
    "notes": _rows("Files of which something has to be said."),
    "redacted": _described("object", "Secrets that were left out, by kind."),
    "indexed_files": _COUNT,
    "total_symbols": _COUNT,
    "total_references": _COUNT,
    "languages": _described("object", "Files by language."),
    "state": _described("string", "completed, or running in the background."),
    "changed_files": _COUNT,
    "removed_files": _COUNT,
    "status": _described("string", "idle, running, completed, cached, partial or failed."),
    "message": _TEXT,
    "fingerprint": _described("string", "Of the contents of the project."),
    "results": _described("object", "What each step came to."),
    "progress": _TEXT,
}
