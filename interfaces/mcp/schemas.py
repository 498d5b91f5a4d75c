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
from mimo.interfaces.mcp import plain

#: Added to any result by the server: what was missing, what is obsolete, what was cut.
EXTRAS: dict[str, Mapping[str, Any]] = {
    "degraded": {"type": "array", "items": {"type": "string"}},
    "deprecation": {"type": "string"},
    "truncated": {"type": "boolean"},
    "hint": {"type": "string"},
    "untrusted": {"type": "string"},
    "experience": {"type": "string"},
    "briefing": {"type": "string"},
}


_SIZES = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")


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
    # What can't act at all is answered, and not offered.
    offered = [each for each in tool.operations if not each.unavailable] or tool.operations
    properties: dict[str, Any] = {
        "operation": {
            "type": "string",
            "description": _signatures(offered),
            "enum": [each.name for each in offered],
        }
    }
    for name, (schema, takers) in _union((each.name, each.parameters) for each in offered).items():
        shown = _shallow(schema)
        # Whose parameter it is, where that is one operation's; a signature names what is required.
        only = tool.operation(takers[0]) if len(takers) == 1 else None
        whose = f"{takers[0]}: " if only is not None and name not in only.required else ""
        meaning = "" if name in plain.PARAMETERS else _clause(schema["description"])
        if meaning:
            shown["description"] = f"{whose}{meaning}"
        properties[name] = shown
    return {
        "type": "object",
        "properties": properties,
        "required": ["operation"],
        "additionalProperties": False,
    }


def _signatures(operations: Iterable[Operation]) -> str:
    """Return what each operation must be given and what it does, as short as it can be said."""
    found = []
    for each in operations:
        needs = f"({','.join(each.required)})" if each.required else ""
        does = "" if each.name in plain.OPERATIONS else f": {_clause(each.summary)}"
        if needs or does:
            found.append(f"{each.name}{needs}{does}.")
    return " ".join(found)


def _clause(text: str) -> str:
    """Return a description's first clause: the rest stands at `mimo://schema/...`."""
    return text.partition(";")[0].rstrip(". ")


def output_schema() -> dict[str, Any]:
    """Return the schema that every result fits: an object.

    What each operation returns stands at `mimo://schema/{tool}/{operation}`: here it would cost
    tokens in each prompt.
    """
    return {"type": "object"}


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
        shown["items"] = {"type": shown["items"]["type"]}
    if shown.get("type") == "object":
        shown = {"type": "object"}
    shown.pop("description", None)
    return shown


def hints(tool: Tool) -> types.ToolAnnotations:
    """Return what the tool does to the world, all four hints stated."""
    effects = {operation.effect for operation in tool.operations}
    return types.ToolAnnotations(
        read_only_hint=effects <= {"read"},
        destructive_hint="destructive" in effects,
        idempotent_hint=all(operation.idempotent for operation in tool.operations),
        open_world_hint="open-world" in effects,
    )


def listed(tool: Tool) -> types.Tool:
    """Return the tool's entry in `tools/list`."""
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=input_schema(tool),
        output_schema=output_schema(),
        annotations=hints(tool),
    )
