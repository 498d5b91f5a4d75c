"""What a tool looks like on the wire, derived from its operations.

The schema that a client sees is flat, since hosts refuse `oneOf`, `anyOf` and `allOf` at the root:
the operation's name, and the union of all parameters. The strict schema of each operation is
enforced by `validation` and readable at `mimo://schema/{tool}/{operation}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import mcp_types as types

from mimo.actors.operations import Operation, Tool

#: Added to any result by the server: what was missing, what is obsolete, what was cut.
EXTRAS: dict[str, Mapping[str, Any]] = {
    "degraded": {"type": "array", "items": {"type": "string"}},
    "deprecation": {"type": "string"},
    "truncated": {"type": "boolean"},
    "hint": {"type": "string"},
    "untrusted": {"type": "string"},
}


#: Most operations that are named at a parameter they take.
TAKERS_MAX = 4

_SIZES = ("minLength", "maxLength", "minItems", "maxItems")


def operation_schema(operation: Operation) -> dict[str, Any]:
    """Return the strict schema of the arguments besides `operation`."""
    return {
        "type": "object",
        "properties": {name: dict(schema) for name, schema in operation.parameters.items()},
        "required": list(operation.required),
        "additionalProperties": False,
    }


def result_schema(operation: Operation) -> dict[str, Any]:
    """Return the schema of the operation's result, with what the server may add."""
    schema = dict(operation.result)
    schema["properties"] = {**operation.result.get("properties", {}), **EXTRAS}
    return schema


def input_schema(tool: Tool) -> dict[str, Any]:
    """Return the schema of the tool's arguments as clients see it."""
    names = [operation.name for operation in tool.operations]
    properties: dict[str, Any] = {
        "operation": {
            "type": "string",
            "description": " ".join(f"{each.name}: {each.summary}" for each in tool.operations),
            "enum": names,
        }
    }
    for name, (schema, takers) in _union(
        (each.name, each.parameters) for each in tool.operations
    ).items():
        shown = _shallow(schema)
        # Many takers would cost more than they tell; each operation's schema has the rest.
        taken_by = f"{', '.join(takers)}: " if len(takers) <= TAKERS_MAX else ""
        shown["description"] = f"{taken_by}{schema['description']}"
        properties[name] = shown
    return {
        "type": "object",
        "properties": properties,
        "required": ["operation"],
        "additionalProperties": False,
    }


def output_schema() -> dict[str, Any]:
    """Return the schema that every result fits, without what each operation returns.

    That stands at `mimo://schema/{tool}/{operation}`: here it would cost tokens in each prompt.
    """
    return {"type": "object", "properties": {name: dict(one) for name, one in EXTRAS.items()}}


def _union(
    groups: Iterable[tuple[str, Mapping[str, Mapping[str, Any]]]],
) -> dict[str, tuple[Mapping[str, Any], list[str]]]:
    """Return each property and which operations have it; the same name means the same schema."""
    found: dict[str, tuple[Mapping[str, Any], list[str]]] = {}
    for operation, properties in groups:
        for name, schema in properties.items():
            known, takers = found.setdefault(name, (schema, []))
            if known != schema:
                raise ValueError(
                    f"expected one schema for {name!r}, got another in {operation!r};"
                    " rename the parameter or share its schema"
                )
            takers.append(operation)
    return found


def _shallow(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema without sizes and insides of objects: they cost tokens in each prompt."""
    shown = {key: value for key, value in schema.items() if key not in _SIZES}
    if "items" in shown:
        shown["items"] = _shallow(shown["items"])
    if shown.get("type") == "object":
        return {key: shown[key] for key in ("type", "description") if key in shown}
    return shown


def hints(tool: Tool) -> types.ToolAnnotations:
    """Return what the tool does to the world, all four hints stated."""
    effects = {operation.effect for operation in tool.operations}
    return types.ToolAnnotations(
        title=tool.title,
        read_only_hint=effects <= {"read"},
        destructive_hint="destructive" in effects,
        idempotent_hint=all(operation.idempotent for operation in tool.operations),
        open_world_hint="open-world" in effects,
    )


def listed(tool: Tool) -> types.Tool:
    """Return the tool's entry in `tools/list`."""
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=input_schema(tool),
        output_schema=output_schema(),
        annotations=hints(tool),
    )
