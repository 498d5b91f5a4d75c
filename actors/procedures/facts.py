"""What the catalogue says about each operation, for those who write and run procedures."""

from __future__ import annotations

from collections.abc import Iterable

from mimo.actors.operations import Operation, Tool
from mimo.actors.procedures.definition import Catalogue, Facts

#: The actor that runs procedures; what it does itself is no action of a procedure.
PROCEDURES = ("knowledge/procedures",)
#: Who starts something that outlives its caller: no action either, or a loop would never end.
_STARTERS = (PROCEDURES, ("tools/tasks",))


def facts_of(tools: Iterable[Tool]) -> Catalogue:
    """Return the facts by tool and operation."""
    return {
        (tool.name, operation.name): _facts(operation)
        for tool in tools
        for operation in tool.operations
    }


def _facts(operation: Operation) -> Facts:
    return Facts(
        parameters=frozenset(operation.parameters),
        required=frozenset(operation.required),
        idempotent=operation.idempotent,
        reads=operation.effect == "read",
        deadline_s=operation.deadline_s,
        callable=operation.worker not in _STARTERS and not operation.unavailable,
        result=operation.result,
    )
