"""The `cognitive` tool as data: what is verified, what is known, and what is still to come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mimo.actors.cognition import parameters as p
from mimo.actors.cognition.absent import ABSENT
from mimo.actors.cognition.messages import Verify
from mimo.actors.operations import CallContext, Operation, Tool
from mimo.actors.reasoning.messages import Reason

Arguments = Mapping[str, Any]

REASONING: Final = ("tools/reasoning",)


def _verify(name: str) -> Callable[[Arguments, CallContext], Verify]:
    def build(arguments: Arguments, _context: CallContext) -> Verify:
        return Verify(operation=name, arguments=arguments)

    return build


def _look_up(name: str) -> Callable[[Arguments, CallContext], Reason]:
    def build(arguments: Arguments, context: CallContext) -> Reason:
        return Reason(operation=name, arguments=arguments, key=context.key, client=context.client)

    return build


def _verifying(
    name: str,
    summary: str,
    result: Mapping[str, Any],
    taken: tuple[str, ...],
    example: Mapping[str, Any],
) -> Operation:
    optional = {"type", "target", "claimed_result"} if name == "verify_count" else set()
    return Operation(
        name=name,
        summary=summary,
        parameters=p.take(*taken),
        required=tuple(each for each in taken if each not in optional),
        result=result,
        effect="read",
        idempotent=True,
        worker=REASONING,
        build=_verify(name),
        example=example,
    )


def _looking(
    name: str, summary: str, taken: tuple[str, ...], example: Mapping[str, Any], of: str = ""
) -> Operation:
    return Operation(
        name=name,
        summary=summary,
        parameters=p.take(*taken),
        required=("topic",) if "topic" in taken else (),
        result=p.LOOKED_UP,
        effect="read",
        idempotent=True,
        worker=REASONING,
        build=_look_up(of or name),
        example=example,
    )


_TOPIC: Final = {"topic": "how Mimo keeps memories"}

LOOKING: Final = (
    _looking("assess", "How much memory knows.", ("topic",), _TOPIC),
    _looking("gaps", "What is lacking.", ("topic",), _TOPIC),
    _looking("query", "Answer from memory.", ("topic",), _TOPIC),
    _looking("can_answer", "Whether enough is known.", ("topic", "min_confidence"), _TOPIC),
    _looking("suggest", "Topics to learn.", ("limit",), {}),
    _looking("stats", "Counts of topics asked about.", (), {}, of="cognitive_stats"),
)

VERIFYING: Final = (
    _verifying(
        "verify_count",
        "Count letters, words, characters.",
        p.COUNTED,
        ("text", "type", "target", "claimed_result"),
        {"text": "strawberry", "type": "letter", "target": "r"},
    ),
    _verifying(
        "verify_math",
        "Check exactly.",
        p.COMPUTED,
        ("expression", "claimed_result"),
        {"expression": "17 * 23", "claimed_result": "391"},
    ),
    _verifying(
        "verify_logic",
        "Whether a claim follows.",
        p.DECIDED,
        ("statements", "claim"),
        {"statements": ["All men are mortal", "Socrates is a man"], "claim": "Socrates is mortal"},
    ),
    _verifying(
        "verify_compare",
        "Compare numbers, quantities, days, text.",
        p.COMPARED,
        ("value_a", "value_b", "relation"),
        {"value_a": "2 km", "value_b": "1 mile", "relation": "greater"},
    ),
    _verifying(
        "verify_self_check",
        "Compute a question anew.",
        p.CHECKED,
        ("problem", "claimed_answer"),
        {"problem": "What is 17 * 23?", "claimed_answer": "391"},
    ),
    _verifying(
        "reflector_errors",
        "Wrong claims in a text.",
        p.FOUND_ERRORS,
        ("content",),
        {"content": "17 * 23 = 391, and 2024-02-29 is a Thursday."},
    ),
)

COGNITIVE: Final = Tool(
    name="cognitive",
    title="Cognition",
    description=(
        "Checks what can be computed, exactly: arithmetic, counts, comparisons, entailment,"
        " answers; and tells how much memory knows of a topic, with its sample size."
    ),
    operations=(*LOOKING, *VERIFYING, *ABSENT),
)
