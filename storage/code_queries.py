"""Questions to the index of code."""

# ruff: noqa: S608  the parts of a statement are of this module; values are bound

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from mimo.storage.code_index import CodeIndex, Scope, unpacked, within
from mimo.storage.code_records import Found, Used

_FOUND: Final = (
    "SELECT s.name, s.qualified_name, s.kind, f.path, s.line, s.col, s.start_line, s.end_line,"
    " s.signature, s.ordinal FROM symbols AS s JOIN files AS f ON f.id = s.file_id"
)
_KIND: Final = "(s.kind = ? OR (? = '' AND s.kind != 'import'))"
#: What a name's parts are joined by, in any language.
_JOINTS: Final = re.compile(r"::|\.")


def last_part(name: str) -> str:
    """Return a qualified name's last part."""
    return _JOINTS.split(name)[-1] or name


def symbols_in(
    index: CodeIndex, scope: Scope, *, name: str, kind: str, limit: int
) -> tuple[list[Found], int]:
    """Return definitions by file and line, and how many there are.

    Args:
        index: The index.
        scope: Where.
        name: Only those of this name, or all whose names fit where `*` and `?` stand in it; "".
        kind: Only those of this kind; "" for all but imports.
        limit: Most that are returned.
    """
    where, params = within(scope)
    where += f" AND {_KIND}"
    values: list[Any] = [*params, kind, kind]
    if name:
        where += " AND (s.name LIKE ? ESCAPE '\\' OR s.qualified_name LIKE ? ESCAPE '\\')"
        values += [_like(name)] * 2
    count: int = index.rows(
        f"SELECT count(*) FROM symbols AS s JOIN files AS f ON f.id = s.file_id {where}", values
    )[0][0]
    rows = index.rows(f"{_FOUND} {where} ORDER BY f.path, s.ordinal LIMIT ?", (*values, limit))
    return [Found(*row) for row in rows], count


def matching(
    index: CodeIndex, scope: Scope, *, pattern: str, kind: str, limit: int
) -> tuple[list[Found], int]:
    """Return definitions whose names fit, the nearest first, and how many there are.

    With `*` or `?` in it the pattern is a whole name's; without, part of one. Imports come only
    when they are asked for.
    """
    where, params = within(scope)
    has_wildcard = any(each in pattern for each in "*?")
    like = _like(pattern) if has_wildcard else f"%{_like(pattern)}%"
    column = "s.qualified_name" if len(_JOINTS.split(pattern)) > 1 else "s.name"
    where += f" AND {column} LIKE ? ESCAPE '\\' AND {_KIND}"
    values = (*params, like, kind, kind)
    joined = "FROM symbols AS s JOIN files AS f ON f.id = s.file_id"
    count: int = index.rows(f"SELECT count(*) {joined} {where}", values)[0][0]
    rows = index.rows(
        f"{_FOUND} {where} ORDER BY {column} != ?, lower({column}) != lower(?),"
        f" {column} NOT LIKE ? ESCAPE '\\', length({column}), f.path, s.ordinal LIMIT ?",
        (*values, pattern, pattern, f"{_like(pattern)}%", limit),
    )
    return [Found(*row) for row in rows], count


def definitions(index: CodeIndex, scope: Scope, name: str, limit: int) -> list[Found]:
    """Return what defines a name, what is called rather than assigned first; never imports.

    Args:
        index: The index.
        scope: Where.
        name: A name, or the end of a qualified one, such as `Cache.get`.
        limit: Most that are returned.
    """
    where, params = within(scope)
    parts = _JOINTS.split(name)
    values: list[Any] = [*params, last_part(name)]
    where += " AND s.name = ? AND s.kind != 'import'"
    if len(parts) > 1:
        # Either joint: the caller needn't know the language's.
        ends = [joint.join(parts) for joint in (".", "::")]
        where += f" AND ({' OR '.join(['s.qualified_name = ? OR s.qualified_name GLOB ?'] * 2)})"
        values += [each for end in ends for each in (end, f"*[.:]{_glob(end)}")]
    rows = index.rows(
        f"{_FOUND} {where} ORDER BY s.kind IN ('variable', 'constant', 'module'),"
        " length(s.qualified_name), f.path, s.ordinal LIMIT ?",
        (*values, limit),
    )
    return [Found(*row) for row in rows]


def uses(index: CodeIndex, scope: Scope, name: str, kinds: Iterable[str] = ()) -> Iterator[Used]:
    """Yield where a name is used, by file and line.

    Args:
        index: The index.
        scope: Where.
        name: The bare name.
        kinds: Only uses of these kinds; none for all.
    """
    where, params = within(scope)
    wanted = frozenset(kinds)
    rows = index.rows(
        "SELECT f.path, u.kind, u.places FROM uses AS u JOIN files AS f ON f.id = u.file_id"
        f" {where} AND u.name_id = (SELECT id FROM names WHERE name = ?) ORDER BY f.path",
        (*params, name),
    )
    by_file: dict[str, list[Used]] = {}
    for path, kind, places in rows:
        if not wanted or kind in wanted:
            by_file.setdefault(path, []).extend(
                Used(name, kind, path, *place) for place in unpacked(places)
            )
    for found in by_file.values():
        yield from sorted(found, key=lambda each: (each.line, each.column))


def calls_in(index: CodeIndex, path: str) -> list[Used]:
    """Return what a file calls, by line."""
    rows = index.rows(
        "SELECT n.name, u.places FROM uses AS u JOIN names AS n ON n.id = u.name_id"
        " WHERE u.file_id = (SELECT id FROM files WHERE path = ?) AND u.kind = 'call'",
        (path,),
    )
    found = [Used(name, "call", path, *each) for name, places in rows for each in unpacked(places)]
    return sorted(found, key=lambda each: (each.line, each.column))


def symbols_of_file(index: CodeIndex, path: str) -> list[Found]:
    """Return what a file defines, by its ordinals."""
    rows = index.rows(f"{_FOUND} WHERE f.path = ? ORDER BY s.ordinal", (path,))
    return [Found(*row) for row in rows]


def _like(pattern: str) -> str:
    """Return the LIKE pattern of one with `*` and `?`."""
    escaped = re.sub(r"([\\%_])", r"\\\1", pattern)
    return escaped.replace("*", "%").replace("?", "_")


def _glob(text: str) -> str:
    """Return the GLOB pattern of a text as it stands."""
    return re.sub(r"([*?\[])", r"[\1]", text)
