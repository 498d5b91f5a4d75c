"""Calls with one value in every place that takes a text, derived from the operation tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mimo.actors.catalogue import TOOLS
from mimo.actors.operations import Operation
from tests.support.samples import sample

#: Parameters that name a place in the file system. Source: their descriptions.
PATHS = frozenset({"path", "paths", "other_path", "destination", "cwd", "image"})
#: Operations that are not called: they start a browser for each value.
SLOW = frozenset({"browser", "screenshot", "pdf", "evaluate", "interact", "test"})


class Call(NamedTuple):
    """One call."""

    tool: str
    arguments: dict[str, Any]


def operations() -> Iterator[tuple[str, Operation]]:
    """Yield every operation that can act, with its tool's name."""
    for tool in TOOLS:
        for each in tool.operations:
            if not each.unavailable:
                yield tool.name, each


def texts_of(name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every text inside a parameter: the nearest name, and its schema."""
    match schema.get("type"):
        case "string" if "enum" not in schema:
            yield name, schema
        case "array":
            yield from texts_of(name, schema["items"])
        case "object":
            for inner, below in schema.get("properties", {}).items():
                yield from texts_of(inner, below)


def calls(value: str, wanted: Callable[[str], bool]) -> Iterator[Call]:
    """Yield calls with the value for each wanted text of each operation.

    Each comes twice: beside what the operation's example has, and beside what must be there.

    Args:
        value: It is cut to a text's greatest length.
        wanted: Tells by the name of a text.
    """
    for tool, operation in operations():
        if operation.name in SLOW and tool == "web":
            continue
        for name, schema in operation.parameters.items():
            if any(wanted(found) for found, _ in texts_of(name, schema)):
                filled = _filled(name, schema, value, wanted)
                needed = {
                    each: operation.example.get(each, sample(operation.parameters[each]))
                    for each in operation.required
                }
                start = {"operation": operation.name}
                yield Call(tool, {**start, **operation.example, name: filled})
                if dict(operation.example) != needed:
                    yield Call(tool, {**start, **needed, name: filled})


def _filled(name: str, schema: Mapping[str, Any], value: str, wanted: Callable[[str], bool]) -> Any:
    match schema.get("type"):
        case "string" if "enum" not in schema and wanted(name):
            return value[: schema["maxLength"]]
        case "array":
            return [_filled(name, schema["items"], value, wanted)]
        case "object" if "properties" in schema:
            return {
                inner: _filled(inner, below, value, wanted)
                for inner, below in schema["properties"].items()
                if inner in schema.get("required", ())
                or any(wanted(found) for found, _ in texts_of(inner, below))
            }
        case _:
            return sample(schema)


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return what stands below a folder: contents of files, and targets of links, by path."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = bytes(path.readlink())
        else:
            found[name] = path.read_bytes() if path.is_file() else b"/"
    return found
