"""JSON, YAML and CSV into chunks: a record a chunk, small entries packed together.

Every value is written as text once, within a budget: a few bytes of YAML can stand for more text
than fits in memory.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mimo.actors.ingest.chunks import Chunk, divided_lines, packed
from mimo.config import limits
from mimo.config.errors import InvalidRequest

#: Text that all values of a document may make together, in characters.
WRITTEN_CHARS_MAX = 4 * limits.INGEST_FILE_BYTES_MAX


class Written:
    """Values as lines `path: value`, counted against the budget."""

    def __init__(self) -> None:
        self._left = WRITTEN_CHARS_MAX

    def lines(self, value: Any, path: str = "", depth: int = 0) -> Iterator[str]:
        """Yield a line for each scalar inside `value`.

        Raises:
            InvalidRequest: It is too deep, or too much.
        """
        if depth > limits.INGEST_DEPTH_MAX:
            raise InvalidRequest(
                f"expected nesting of at most {limits.INGEST_DEPTH_MAX} levels, got more;"
                " use strategy 'lines'"
            )
        if isinstance(value, Mapping) and value:
            for key, inner in value.items():
                yield from self.lines(inner, f"{path}.{key}" if path else str(key), depth + 1)
        elif isinstance(value, list | tuple) and value and not _is_flat(value):
            for index, inner in enumerate(value, 1):
                yield from self.lines(inner, f"{path}[{index}]", depth + 1)
        else:
            yield self._line(path, value)

    def _line(self, path: str, value: Any) -> str:
        text = _scalar(value)
        self._left -= len(path) + len(text) + 2
        if self._left < 0:
            raise InvalidRequest(
                f"expected at most {WRITTEN_CHARS_MAX} characters of values, got more;"
                " split the document"
            )
        return f"{path}: {text}" if path else text


def _is_flat(values: list[Any] | tuple[Any, ...]) -> bool:
    return all(not isinstance(each, Mapping | list | tuple) for each in values)


def _scalar(value: Any) -> str:
    match value:
        case str():
            return value
        case list() | tuple():
            return ", ".join(_scalar(each) for each in value)
        case Mapping():
            return "{}"
        case bool() | None:
            return json.dumps(value)
        case int() | float():
            return repr(value) if abs(value) < 10**300 else "a very large number"
        case _:
            return str(value)


def records(value: Any) -> Iterator[Chunk]:
    """Yield chunks of a document's top-level entries, or of its records if it is a list of them."""
    written = Written()
    while isinstance(value, Mapping) and len(value) == 1 and _is_table(next(iter(value.values()))):
        value = next(iter(value.values()))
    if _is_table(value):
        for entry in value:
            yield from _record("\n".join(written.lines(entry)))
    else:
        yield from _packed(_entries(value, written))


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value)


def _entries(value: Any, written: Written) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield "\n".join(written.lines({key: inner}))
    elif isinstance(value, list):
        for inner in value:
            yield "\n".join(written.lines(inner))
    else:
        yield "\n".join(written.lines(value))


def _record(text: str) -> Iterator[Chunk]:
    for part in divided_lines(text, limits.CHUNK_CHARS_MAX):
        if part.strip():
            yield Chunk(text=part)


def _packed(entries: Iterable[str]) -> Iterator[Chunk]:
    longest = limits.CHUNK_CHARS_MAX
    parts = (part for entry in entries for part in divided_lines(entry, longest) if part.strip())
    for group in packed(parts, longest, "\n"):
        yield Chunk(text="\n".join(group))


def parsed_json(text: str) -> Any:
    """Return a JSON document, or the list of a document of JSON Lines.

    Raises:
        InvalidRequest: It is neither.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise _too_deep("JSON") from None
    except ValueError as error:
        found = _json_lines(text)
        if found is None:
            raise InvalidRequest(
                f"expected JSON or JSON Lines, got {error}; correct it or use strategy 'lines'"
            ) from None
        return found


def _json_lines(text: str) -> list[Any] | None:
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        return [json.loads(line) for line in lines] if len(lines) > 1 else None
    except (ValueError, RecursionError):
        return None


def parsed_yaml(text: str) -> Any:
    """Return a YAML document, or the list of several; only plain values are made.

    Raises:
        InvalidRequest: It isn't YAML, or longer than `limits.INGEST_YAML_BYTES_MAX`.
    """
    import yaml

    if len(text) > limits.INGEST_YAML_BYTES_MAX:
        raise InvalidRequest(
            f"expected YAML of at most {limits.INGEST_YAML_BYTES_MAX} bytes, got more;"
            " use strategy 'lines'"
        )
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = list(yaml.load_all(text, loader))
    except RecursionError:
        raise _too_deep("YAML") from None
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as error:
        told = " ".join(str(error).split())[:200]
        raise InvalidRequest(
            f"expected YAML, got {told}; correct it or use strategy 'lines'"
        ) from None
    return found[0] if len(found) == 1 else found


def parsed_csv(text: str, *, is_tabbed: bool) -> list[dict[str, str]]:
    """Return the rows of a table by the names in its first row.

    Raises:
        InvalidRequest: It can't be read as a table.
    """
    delimiter = "\t" if is_tabbed else _delimiter(text)
    csv.field_size_limit(limits.MEMORY_BYTES_MAX)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise InvalidRequest(f"expected CSV, got {error}; use strategy 'lines'") from None
    if not rows:
        return []
    names = [name.strip() or f"column {number}" for number, name in enumerate(rows[0], 1)]
    return [
        {
            (names[number] if number < len(names) else f"column {number + 1}"): value.strip()
            for number, value in enumerate(row)
            if value.strip()
        }
        for row in rows[1:]
    ]


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t|", key=lambda mark: (first.count(mark), mark == ","))


def notebook(value: Mapping[str, Any]) -> str:
    """Return a Jupyter notebook as Markdown, without its outputs."""
    parts = []
    for cell in value.get("cells", ()):
        source = cell.get("source", "") if isinstance(cell, Mapping) else ""
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        is_code = isinstance(cell, Mapping) and cell.get("cell_type") == "code"
        parts.append(f"```\n{text}\n```" if is_code else text)
    return "\n\n".join(parts)


def _too_deep(form: str) -> InvalidRequest:
    return InvalidRequest(f"expected {form} that isn't nested so deep; use strategy 'lines'")
