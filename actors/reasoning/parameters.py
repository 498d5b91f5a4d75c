"""The parameters and results of what `tools/reasoning` serves, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mimo.actors.parameter_schemas import flag
from mimo.actors.reasoning.analysis import STRATEGIES
from mimo.actors.reasoning.questioning import LEVELS
from mimo.config import limits

Schema = Mapping[str, Any]


def _text(description: str, longest: int = limits.THOUGHT_CHARS_MAX, shortest: int = 1) -> Schema:
    sizes = {"minLength": shortest, "maxLength": longest}
    return {"type": "string", "description": description, **sizes}


def _texts(description: str, longest: int, most: int) -> Schema:
    return {
        "type": "array",
        "description": description,
        "items": {"type": "string", "maxLength": longest},
        "maxItems": most,
    }


def _count(description: str, most: int) -> Schema:
    return {"type": "integer", "description": description, "minimum": 1, "maximum": most}


PARAMETERS: Final[dict[str, Schema]] = {
    "topic": _text("What it is about.", 500),
    "problem": _text("What is to be solved."),
    "thought": _text("The thought, idea or conclusion."),
    "thoughts": _texts("Thoughts in order.", 2_000, limits.THOUGHTS_MAX),
    "steps": _texts("Steps of a plan.", 500, 50),
    "session_id": _text("From guided or amplify_start.", 64),
    "project": _text("Only memories of this project; default all.", limits.NAME_CHARS_MAX, 0),
    "strategy": {
        "type": "string",
        "description": "Default auto: chosen by the problem.",
        "enum": ["auto", *STRATEGIES],
    },
    "level": {
        "type": "string",
        "description": "Default adaptive: by complexity.",
        "enum": [*LEVELS, "adaptive"],
    },
    "success": flag("Whether the attempt worked."),
    "error": _text("What went wrong.", 2_000),
    "result": _text("What came of it or was observed.", 2_000),
    "to_branch": _text("Default the best open one.", 16),
    "claim": _text("One sentence.", 2_000),
    "context": _text("Sentences that are checked with it.", 4_000),
    "step_number": _count("Default the last.", limits.REASONING_STEPS_MAX),
    "challenge_id": _text("From amplify_think.", 16),
    "response": _text("Your answer.", 4_000),
    "perspective": _text("From which side to look.", 64),
    "insights": _texts("What it shows.", 1_000, limits.THOUGHTS_MAX),
    "issue_id": _text("From amplify_think.", 16),
    "resolve_all": flag("Resolve all issues."),
    "store_learning": flag("Keep a memory; default true."),
    "thought_number": _count("Of this thought.", 10_000),
    "total_thoughts": _count("As you expect.", 10_000),
    "next_thought_needed": flag("Whether more follow."),
}


def take(*names: str) -> dict[str, Schema]:
    """Return these parameters."""
    return {name: PARAMETERS[name] for name in names}


def result(required: tuple[str, ...], *names: str) -> Schema:
    """Return the schema of a result with these fields; the first ones are always there."""
    return {
        "type": "object",
        "properties": {name: _RESULTS[name] for name in (*required, *names)},
        "required": list(required),
    }


_STRING, _COUNT, _NUMBER, _FLAG, _OPEN = (
    {"type": kind} for kind in ("string", "integer", "number", "boolean", "object")
)
_STRINGS = {"type": "array", "items": _STRING}
_COUNTS = {"type": "array", "items": _COUNT}
_OBJECTS = {"type": "array", "items": _OPEN}
_KINDS: Final[tuple[tuple[Schema, str], ...]] = (
    (
        _STRING,
        (
            "session_id strategy strategy_reason guidance next status text original basis"
            " complexity thought kind branch_id parent branch_thought backtracked_from claim level"
            " now_on_branch level_reason type stage next_action reason required_action do_not hint"
            " challenge_id perspective topic gap_type severity suggestion details"
        ),
    ),
    (
        _COUNT,
        (
            "step_number thought_number total_thoughts thoughts_recorded total_steps memory_id n"
            " total_branches from_step current_exploration_depth required evidence_count sessions"
            " claims_held claims_refuted claims_unchecked held refuted open"
        ),
    ),
    (_NUMBER, "progress_percent score median_age_days"),
    (
        _FLAG,
        (
            "should_continue next_thought_needed valid no_more_branches stored_for_future"
            " reflection_stored blocking accepted concluded blocked has_gap"
        ),
    ),
    (
        _STRINGS,
        (
            "lessons sub_problems checklist approaches issues suggestions warnings lessons_learned"
            " reasoning_summary key_insights remaining_unexplored parts missing must_address"
            " remaining recorded resolved all_required source_types missing_terms facts"
            " gap_indicators actions gaps"
        ),
    ),
    (_COUNTS, "contested"),
    (
        _OBJECTS,
        (
            "dependencies checks knowledge injected_knowledge corrections branches similar_problems"
            " challenges_generated challenges evidence newest supporting_facts"
            " contradictions"
        ),
    ),
    (
        _OPEN,
        (
            "problem_analysis initial_confidence initial_context evaluation progress verification"
            " accumulated_context recommended_action hallucination_risk completeness branch_status"
            " critique coverage grounding chain_verification consistency final_confidence qualities"
            " demands coherence claim_verification confidence_gap refused synthesis counts by_kind"
            " by_strategy by_status by_outcome"
        ),
    ),
)
_RESULTS: Final[dict[str, Schema]] = {
    name: kind for kind, names in _KINDS for name in names.split()
} | {
    # A word where a topic is judged, counted claims where thoughts are.
    "confidence": {"type": ["object", "string"]},
    # What a plan holds, or what became of several thoughts.
    "steps": {"type": ["array", "integer"]},
    "success": {"type": ["boolean", "string"]},
}
