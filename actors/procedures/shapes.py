"""What a run's context may look like: the part of JSON Schema that a procedure needs.

`jsonschema` stays behind the interfaces, so here are the keywords that describe plain data: type,
enum, properties, required, additionalProperties (true or false), items, and the bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

DEPTH_MAX = 8


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
    "null": lambda value: value is None,
}
# Keyword -> (which values it bounds, what is measured, whether the measure fits the bound).
_BOUNDS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], Any], str]] = {
    "minimum": (_is_number, lambda value: value, "at least"),
    "maximum": (_is_number, lambda value: value, "at most"),
    "minLength": (_TYPES["string"], len, "at least"),
    "maxLength": (_TYPES["string"], len, "at most"),
    "minItems": (_TYPES["array"], len, "at least"),
    "maxItems": (_TYPES["array"], len, "at most"),
}
#: Keywords that say nothing about what fits.
_NOTES = {"description", "title", "default", "examples"}
KEYWORDS = {
    "type",
    "enum",
    "properties",
    "required",
    "additionalProperties",
    "items",
    *_BOUNDS,
    *_NOTES,
}


def completed(schema: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with the schema's defaults for what is missing at the top."""
    found = {
        name: part["default"]
        for name, part in schema.get("properties", {}).items()
        if "default" in part
    }
    return found | dict(given)


def misfits(schema: Schema, value: Any, place: str = "context") -> Iterator[str]:
    """Yield a sentence for each place where the value doesn't fit the schema."""
    wanted = schema.get("type")
    if wanted is not None and not _TYPES[wanted](value):
        yield f"expected {place} to be of type {wanted}, got {type(value).__name__}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"expected {place} to be one of {schema['enum']}, got {str(value)[:60]!r}"
    for keyword, (applies, measure, bound) in _BOUNDS.items():
        if keyword in schema and applies(value):
            size = measure(value)
            limit = schema[keyword]
            if size < limit if bound == "at least" else size > limit:
                yield f"expected {place} with {keyword} {limit}, got {size}"
    if isinstance(value, Mapping):
        yield from _object_misfits(schema, value, place)
    if isinstance(value, list) and "items" in schema:
        for index, each in enumerate(value):
            yield from misfits(schema["items"], each, f"{place}.{index}")


def _object_misfits(schema: Schema, value: Mapping[str, Any], place: str) -> Iterator[str]:
    parts = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"expected {place}.{name}, got nothing"
    for name, part in parts.items():
        if name in value:
            yield from misfits(part, value[name], f"{place}.{name}")
    if schema.get("additionalProperties") is False:
        extra = sorted(set(value) - set(parts))
        if extra:
            yield f"expected {place} to hold {', '.join(parts) or 'nothing'}, got {extra[0]!r} too"


def problems(schema: Any, place: str = "context_schema", depth: int = 0) -> Iterator[str]:
    """Yield what is wrong with a schema."""
    if not isinstance(schema, Mapping) or depth > DEPTH_MAX:
        yield f"{place}: expected a schema, an object of at most {DEPTH_MAX} levels"
        return
    unknown = sorted(set(schema) - KEYWORDS)
    if unknown:
        yield f"{place}: expected keywords among {', '.join(sorted(KEYWORDS))}, got {unknown[0]!r}"
    if schema.get("type", "object") not in list(_TYPES):
        yield f"{place}.type: expected one of {', '.join(_TYPES)}, got {schema['type']!r}"
    yield from _keyword_problems(schema, place)
    parts = schema.get("properties", {})
    if not isinstance(parts, Mapping):
        yield f"{place}.properties: expected an object"
        return
    for name, part in parts.items():
        yield from problems(part, f"{place}.properties.{name}", depth + 1)
    if "items" in schema:
        yield from problems(schema["items"], f"{place}.items", depth + 1)


def _keyword_problems(schema: Schema, place: str) -> Iterator[str]:
    if not isinstance(schema.get("enum", []), list):
        yield f"{place}.enum: expected a list"
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        yield f"{place}.required: expected a list of names"
    for keyword in _BOUNDS:
        if keyword in schema and not _is_number(schema[keyword]):
            yield f"{place}.{keyword}: expected a number"
