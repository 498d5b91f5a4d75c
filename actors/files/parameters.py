"""The parameters of the `file` operations, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.parameter_schemas import count, flag
from mimo.config import limits

Schema = Mapping[str, Any]


def _text(description: str, longest: int) -> Schema:
    return {"type": "string", "description": description, "maxLength": longest}


def _list(description: str, items: Schema, most: int) -> Schema:
    return {"type": "array", "description": description, "items": items, "maxItems": most}


_LINES_MAX = 10_000_000
_PATH = limits.PATH_CHARS_MAX
_TEXT = limits.FILE_TEXT_BYTES_MAX
_PATTERN = {"type": "string", "maxLength": limits.SEARCH_PATTERN_CHARS_MAX}
_REPLACEMENT = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "minLength": 1, "maxLength": _PATH},
        "old": {"type": "string", "minLength": 1, "maxLength": _TEXT},
        "new": {"type": "string", "maxLength": _TEXT},
    },
    "required": ["path", "old", "new"],
    "additionalProperties": False,
}

PARAMETERS: dict[str, Schema] = {
    "path": _text("Absolute or from the first root; a search also takes a glob.", _PATH),
    "paths": _list(
        "Files; all together have one page.",
        {"type": "string", "minLength": 1, "maxLength": _PATH},
        limits.FILES_AT_ONCE_MAX,
    ),
    "content": _text("Text; lines, for line operations.", _TEXT),
    "start_line": count("First line, from 1.", 1, _LINES_MAX),
    "end_line": count("Last line; -1 is the end.", -1, _LINES_MAX),
    "line_number": count("Line, from 1; 0 inserts after nothing.", 0, _LINES_MAX),
    "pattern": _text("Regex, any case; a glob for glob.", limits.SEARCH_PATTERN_CHARS_MAX),
    "patterns": _list("Regexes, at once.", _PATTERN, limits.SEARCH_PATTERNS_MAX),
    "old_str": _text("Exact text that is there.", _TEXT),
    "new_str": _text("What replaces it.", _TEXT),
    "destination": _text("New path, or a folder; overwrites nothing.", _PATH),
    "depth": count("Levels; default 1.", 1, 20),
    "mode": {
        "type": "string",
        "description": "Default rewrite; append adds to its end.",
        "enum": ["rewrite", "append"],
    },
    "offset": count("First line, from 1.", 1, _LINES_MAX),
    "limit": count("How many; read 500 lines, others 20 to 100.", 1, limits.FILES_SHOWN_MAX),
    "symbol_name": _text("Such as save or Cache.save.", 400),
    "context_lines": count("Lines around; default 2.", 0, 50),
    "global": flag("Replace every occurrence."),
    "expected_count": count("So many must be there; all are replaced.", 1, 1_000_000),
    "dry_run": flag("Only show the diff."),
    "exclude": _list("Globs to leave out.", _PATTERN, 50),
    "respect_gitignore": flag("Default true."),
    "replacements": _list(
        "Objects path, old, new; all or none.", _REPLACEMENT, limits.FILES_AT_ONCE_MAX
    ),
    "other_path": _text("Second file; else content.", _PATH),
    "edit_id": count("From edits; default your last edit.", 1, 2**53),
}


def take(*names: str) -> dict[str, Schema]:
    """Return these parameters."""
    return {name: PARAMETERS[name] for name in names}


# -- Results -------------------------------------------------------------------------------------
def _result(required: tuple[str, ...], *names: str) -> Schema:
    return {
        "type": "object",
        "properties": {name: _RESULTS[name] for name in (*required, *names)},
        "required": list(required),
    }


def _said(kind: str, description: str) -> Schema:
    return {"type": kind, "description": description}


def _objects(description: str) -> Schema:
    return {"type": "array", "description": description, "items": {"type": "object"}}


def _texts(description: str) -> Schema:
    return {"type": "array", "description": description, "items": {"type": "string"}}


_RESULTS: dict[str, Schema] = {
    "path": _said("string", "As the tool takes it."),
    "absolute_path": _said("string", "From the root of the file system."),
    "content": _said("string", "The text."),
    "offset": _said("integer", "Number of the first line shown."),
    "lines_read": _said("integer", "Lines shown."),
    "total_lines": _said("integer", "Lines of the file."),
    "has_more": _said("boolean", "Whether lines follow."),
    "next_offset": _said("integer", "Where they begin; 0 if none do."),
    "files": _objects("Each file with its content, error or outcome."),
    "count": _said("integer", "Entries shown."),
    "type": _said("string", "file, directory or other."),
    "size": _said("integer", "In bytes."),
    "modified_at": _said("string", "When it was changed last, UTC."),
    "mode": _said("string", "Permission bits, octal."),
    "is_text": _said("boolean", "Whether it can be read as text."),
    "line_count": _said("integer", "Lines of the file."),
    "line_ends": _said("string", "lf or crlf."),
    "entries": {"type": "array", "description": "Names, or objects with type and size."},
    "skipped": _said("object", "Entries left out, by reason."),
    "pattern": _said("string", "As it was given."),
    "base_path": _said("string", "Where the glob begins."),
    "matches": {"type": "array", "description": "Paths, or lines with what stands around them."},
    "files_searched": _said("integer", "Files looked into."),
    "results": _objects("One for each pattern: matches, or an error."),
    "patterns_searched": _said("integer", "Patterns without an error."),
    "total_matches": _said("integer", "Of all patterns."),
    "diff": _said("string", "Unified diff."),
    "summary": _said("object", "Lines before and after, additions, deletions."),
    "identical": _said("boolean", "Whether there is no difference."),
    "symbols": _objects("Definitions."),
    "symbol": _said("object", "The definition that is shown."),
    "others": _objects("Others of that name."),
    "status": _said("string", "created, changed, unchanged or moved."),
    "old_size": _said("integer", "Bytes before."),
    "new_size": _said("integer", "Bytes after."),
    "replacements": _said("integer", "Replacements made."),
    "files_changed": _said("integer", "Files changed."),
    "dry_run": _said("boolean", "Nothing was changed."),
    "would_replace": _said("integer", "Replacements that would be made."),
    "diff_preview": _said("string", "What would change."),
    "lines_before": _said("integer", "Lines before."),
    "lines_after": _said("integer", "Lines after."),
    "destination": _said("string", "Where it is now."),
    "edit_id": _said("integer", "For undo; 0 if nothing changed."),
    "verification": _said("object", "verified or phantom_success, by reading it again."),
    "undone": _said("integer", "The edit that was taken back."),
    "operation": _said("string", "What that edit was."),
    "paths": _texts("What it touched."),
    "edits": _objects("Edits, newest first."),
    "redacted": _said("object", "Secrets taken out of the texts, by kind."),
}
_CHANGE = ("edit_id", "verification")
_FILE_CHANGE = ("path", "status", "old_size", "new_size")

PAGE = _result(
    ("path", "content", "offset", "lines_read", "total_lines", "has_more", "next_offset"),
    "redacted",
)
MANY = _result(("files", "count"), "redacted")
INFO = _result(
    ("path", "absolute_path", "type", "size", "modified_at", "mode"),
    *("is_text", "line_count", "line_ends"),
)
LISTED = _result(("path", "entries", "count", "skipped"))
GLOBBED = _result(("pattern", "base_path", "matches", "count", "skipped"))
SEARCHED = _result(("pattern", "matches", "count", "path", "files_searched", "skipped"), "redacted")
BATCH = _result(
    ("results", "patterns_searched", "total_matches", "path", "files_searched", "skipped"),
    "redacted",
)
DIFF = _result(("diff", "summary", "identical"), "redacted")
SYMBOLS = _result(("path", "symbols", "count"), "redacted")
SYMBOL = _result(("path", "symbol", "content", "offset", "lines_read"), "others", "redacted")
FOUND_SYMBOLS = _result(("pattern", "path", "symbols", "count", "files_searched"), "redacted")
EDITS = _result(("edits", "count"))
WRITTEN = _result((*_FILE_CHANGE, *_CHANGE))
EDITED = _result(
    (*_FILE_CHANGE, "replacements"), *_CHANGE, "dry_run", "would_replace", "diff_preview"
)
MULTI = _result(
    ("files", "files_changed", "replacements"),
    *_CHANGE,
    *("dry_run", "would_replace", "diff_preview"),
)
RELINED = _result((*_FILE_CHANGE, "lines_before", "lines_after", *_CHANGE))
MOVED = _result(("path", "destination", "status", *_CHANGE))
MADE = _result(("path", "status", *_CHANGE))
UNDONE = _result(("undone", "operation", "paths", *_CHANGE))
