"""The parameters and results of the cognitive operations, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mimo.actors.cognition.verifying import KINDS, RELATIONS
from mimo.actors.parameter_schemas import text
from mimo.config import limits

Schema = Mapping[str, Any]


PARAMETERS: Final[Mapping[str, Schema]] = {
    "topic": text("Topic in words.", limits.QUERY_CHARS_MAX),
    "min_confidence": {
        "type": "number",
        "description": "Least confidence; default 0.4.",
        "minimum": 0,
        "maximum": 1,
    },
    "limit": {
        "type": "integer",
        "description": "Most entries; default 5.",
        "minimum": 1,
        "maximum": limits.PAGE_MAX,
    },
    "text": text("Text to count in.", limits.CLAIM_TEXT_CHARS_MAX, 0),
    "type": {"type": "string", "description": "What to count; default letter.", "enum": [*KINDS]},
    "target": text("Letter or word to count.", limits.NAME_CHARS_MAX),
    "expression": text("Such as 2^10 - 1/3.", limits.EXPRESSION_CHARS_MAX),
    "claimed_result": text("Number to check.", limits.EXPRESSION_CHARS_MAX),
    "statements": {
        "type": "array",
        "description": "Such as 'all A are B', 'if p then q'.",
        "items": {"type": "string", "minLength": 1, "maxLength": limits.STATEMENT_CHARS_MAX},
        "maxItems": limits.STATEMENTS_MAX,
    },
    "claim": text("Statement to decide.", limits.STATEMENT_CHARS_MAX),
    "value_a": text("Number, quantity, day or text.", limits.EXPRESSION_CHARS_MAX),
    "value_b": text("Compared with value_a.", limits.EXPRESSION_CHARS_MAX),
    "relation": {
        "type": "string",
        "description": "Of value_a to value_b.",
        "enum": list(RELATIONS),
    },
    "problem": text("Question to answer.", limits.PROBLEM_CHARS_MAX),
    "claimed_answer": text("Answer to check.", limits.PROBLEM_CHARS_MAX),
    "content": text("Text with claims.", limits.CLAIM_TEXT_CHARS_MAX),
}


def take(*names: str) -> dict[str, Schema]:
    """Return these parameters."""
    return {name: PARAMETERS[name] for name in names}


def _result(*required: str, **properties: tuple[str, str]) -> Schema:
    described: dict[str, Any] = {
        name: {"type": kind, "description": told} if kind != "any" else {"description": told}
        for name, (kind, told) in properties.items()
    }
    for each in described.values():
        if each.get("type") == "array":
            each["items"] = {}
    return {"type": "object", "properties": described, "required": list(required)}


COUNTED: Final = _result(
    "count",
    "type",
    count=("integer", "How many there are."),
    type=("string", "What was counted."),
    counted=("string", "How it was counted."),
    claimed=("string", "The number that was claimed."),
    match=("boolean", "Whether the claim is right."),
)
COMPUTED: Final = _result(
    "actual",
    "match",
    actual=("string", "The exact value; with six decimals where it has endlessly many."),
    claimed=("string", "What was claimed."),
    match=("boolean", "Whether the claim is right, as precisely as it was written."),
    exact=("boolean", "Whether it is exactly right."),
    discrepancy=("string", "Claimed less actual."),
    evidence=("string", "How they agree."),
)
DECIDED: Final = _result(
    "outcome",
    "readings",
    outcome=("string", "entailed, contradicted, undetermined, or inconsistent statements."),
    claim_entailed=("boolean", "Whether the claim must hold."),
    contradictions=("boolean", "Whether the statements can't all hold."),
    readings=("array", "How each statement was understood, the claim last."),
    method=("string", "Which logic decided."),
)
COMPARED: Final = _result(
    "holds",
    "actual",
    holds=("boolean", "Whether the relation holds."),
    relation=("string", "The relation."),
    actual=("string", "What value_a is: less, equal or greater."),
    compared_as=("string", "As what they were compared."),
)
CHECKED: Final = _result(
    "status",
    "evidence",
    status=("string", "verified, refuted, or unknown where it is a judgement."),
    evaluator=("string", "What computed it."),
    evidence=("string", "What was computed."),
    claim=("string", "The claim that the answer makes."),
)
FOUND_ERRORS: Final = _result(
    "errors",
    "checked_count",
    errors=("array", "Claims that are wrong, each with its evidence."),
    verified_count=("integer", "Claims that are right."),
    checked_count=("integer", "Claims that could be computed; nothing is said of others."),
)
LOOKED_UP: Final = _result(
    topic=("string", "The topic."),
    confidence=("string", "How sure, in a word."),
    score=("number", "How sure, 0 to 1, from counts."),
    n=("integer", "Pieces of evidence."),
    basis=("string", "What the score was counted from."),
)
