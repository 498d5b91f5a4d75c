"""Arguments against the strict schema of their operation, and sentences about what is wrong."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from mimo.actors.operations import Operation, Tool
from mimo.config.errors import InvalidRequest
from mimo.interfaces.mcp.schemas import operation_schema

#: Longest value shown in an error, in characters.
SHOWN_CHARS_MAX = 80


class Arguments:
    """Checks what a tool is called with; each operation's schema is compiled once.

    Args:
        tool: The tool.
    """

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self._validators = {
            operation.name: Draft202012Validator(operation_schema(operation))
            for operation in tool.operations
        }

    def check(
        self, arguments: Mapping[str, Any], operation_name: str | None = None
    ) -> tuple[Operation, dict[str, Any], list[str]]:
        """Return the operation, its arguments and the names that were ignored.

        A null counts as absent, since some clients send every parameter.

        Args:
            arguments: As the client sent them.
            operation_name: Where an old name of the tool stands for an operation, unless the
                arguments name one; what that operation doesn't take is ignored then.

        Raises:
            InvalidRequest: What was expected, what came, an example that works.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        asked = given.pop("operation", None)
        is_named = isinstance(asked, str) and self._tool.operation(asked) is not None
        operation = self._operation(asked if is_named else operation_name or asked)
        ignored: list[str] = []
        if operation_name is not None:
            ignored = [name for name in given if name not in operation.parameters]
            given = {name: value for name, value in given.items() if name not in ignored}
        wrong = sorted(self._validators[operation.name].iter_errors(given), key=_rank)
        if wrong:
            raise InvalidRequest(_explained(operation, wrong[0]))
        return operation, _whole_numbers(operation, given), ignored

    def _operation(self, name: object) -> Operation:
        found = self._tool.operation(name) if isinstance(name, str) else None
        if found is not None:
            return found
        names = [operation.name for operation in self._tool.operations]
        came = "none" if name is None else shown(name)
        first = self._tool.operations[0]
        raise InvalidRequest(
            f"expected 'operation' to be one of {', '.join(names)}, got {came};"
            f"{did_you_mean(name, names)} for example {_example(first)}"
        )


def _explained(operation: Operation, error: ValidationError) -> str:
    where = error.json_path.removeprefix("$").removeprefix(".")
    sentence = _sentence(error, where)
    return f"operation '{operation.name}': {sentence} for example {_example(operation)}"


def _rank(error: ValidationError) -> tuple[int, str]:
    """Order errors by what helps most: an unknown name explains a missing one."""
    order = ("additionalProperties", "required", "type", "enum")
    kind = str(error.validator)
    return (order.index(kind) if kind in order else len(order), error.json_path)


def _sentence(error: ValidationError, where: str) -> str:
    value: Any = error.instance
    limit: Any = error.validator_value
    inside = f" in '{where}'" if where else ""
    match str(error.validator):
        case "additionalProperties":
            return _unknown_name(value, dict(error.schema), inside)  # type: ignore[arg-type]
        case "required":
            missing = next(name for name in limit if name not in value)
            return (
                f"expected '{missing}'{inside}, got the parameters: {', '.join(value) or 'none'};"
            )
        case "type":
            return f"expected '{where}' to be of type {limit}, got {kind_of(value)} {shown(value)};"
        case "enum":
            allowed = ", ".join(map(str, limit))
            near = did_you_mean(value, limit)
            return f"expected '{where}' to be one of {allowed}, got {shown(value)};{near}"
        case bound if bound in _BOUNDS:
            form, measure = _BOUNDS[bound]
            return f"expected '{where}' {form.format(limit)}, got {measure(value)};"
        case other:
            return f"expected '{where}' to meet {other} {limit}, got {shown(value)};"


def _unknown_name(value: Mapping[str, Any], schema: Mapping[str, Any], inside: str) -> str:
    known = schema.get("properties", {})
    extra = min(set(value) - set(known))
    required = ", ".join(schema.get("required", ())) or "nothing"
    return (
        f"expected parameters among {', '.join(known) or 'none'} (required: {required}),"
        f" got the unknown {shown(extra)}{inside};{did_you_mean(extra, known)}"
    )


def _whole_numbers(operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with 3.0 as 3 where an integer is wanted; JSON knows no difference."""
    return {
        name: int(value)
        if isinstance(value, float) and operation.parameters[name].get("type") == "integer"
        else value
        for name, value in given.items()
    }


def _example(operation: Operation) -> str:
    return json.dumps({"operation": operation.name, **operation.example}, ensure_ascii=False)


def kind_of(value: object) -> str:
    """Return JSON's name for the value's type."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def shown(value: object) -> str:
    """Return a value for a message: one line, shortened."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, default=str)
    text = "".join(each if each.isprintable() else "?" for each in text[: SHOWN_CHARS_MAX * 2])
    return text if len(text) <= SHOWN_CHARS_MAX else text[: SHOWN_CHARS_MAX - 3] + "..."


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return " did you mean 'x'?" for the nearest known name, or ""."""
    word, names = str(name)[:SHOWN_CHARS_MAX], list(known)
    near = difflib.get_close_matches(word, names, n=1)
    near += [each for each in names if word and each.startswith(word)]
    return f" did you mean '{near[0]}'?" if near else ""


# Keyword -> (what was expected, what to show of the value).
_BOUNDS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "minLength": ("of at least {} characters", len),
    "maxLength": ("of at most {} characters", len),
    "minItems": ("with at least {} entries", len),
    "maxItems": ("with at most {} entries", len),
    "minimum": ("of at least {}", shown),
    "maximum": ("of at most {}", shown),
}
