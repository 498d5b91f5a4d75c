"""A row of an operation table, and what the rows share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mimo.actors.memory.query import clean
from mimo.actors.memory.scrubbing import scrub
from mimo.actors.operations import CallContext, Effect, Operation
from mimo.actors.reasoning.messages import Reason
from mimo.actors.reasoning.parameters import Schema, take

REASONER = ("tools/reasoning",)
#: A session that the examples name; it is only there after the example of guided, if at all.
ID: Final = "reason_3f2a9c0d1e4b5a68"
GO_ON: Final = {"session_id": ID, "thought": "The cache is written before the commit."}


def operation(  # noqa: PLR0913  the fields of a row
    name: str,
    summary: str,
    parameters: Mapping[str, Schema],
    answer: Schema,
    example: Mapping[str, Any],
    *,
    required: tuple[str, ...] = (),
    effect: Effect = "write",
) -> Operation:
    """Return the row."""

    def build(arguments: Mapping[str, Any], context: CallContext) -> Reason:
        told = {each: _clean(value) for each, value in arguments.items()}
        return Reason(operation=name, arguments=told, key=context.key, client=context.client)

    return Operation(
        name=name,
        summary=summary,
        parameters=parameters,
        required=required,
        result=answer,
        effect=effect,
        idempotent=effect == "read",
        worker=REASONER,
        build=build,
        example=example,
    )


def _clean(value: Any) -> Any:
    """Return an argument without secrets and without what can't be stored."""
    if isinstance(value, str):
        return scrub(clean(value)).text
    return [_clean(each) for each in value] if isinstance(value, list) else value


#: Fields of an answer to a step, and of an end: always there, and besides.
STEP = ("session_id", "step_number", "branch_id", "kind", "evaluation", "checks")
ENDED = (
    ("session_id", "text", "confidence", "reasoning_summary", "key_insights", "total_steps"),
    ("coverage", "reflection_stored", "memory_id", "status"),
)
STEP_PARAMETERS = take("session_id", "thought", "result", "success", "error")
STARTS = {"problem": "Why do nightly builds fail, and how do we fix them?"}
