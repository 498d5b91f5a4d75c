"""The `reason` tool as data."""

from __future__ import annotations

from typing import Final

from mimo.actors.operations import Tool
from mimo.actors.reasoning.operations_amplifying import AMPLIFYING
from mimo.actors.reasoning.parameters import result, take
from mimo.actors.reasoning.rows import ENDED, GO_ON, ID, STARTS, STEP, STEP_PARAMETERS, operation

_STARTED = result(
    ("session_id", "strategy", "strategy_reason", "problem_analysis", "initial_confidence"),
    *("initial_context", "lessons", "guidance", "next"),
)
_ASSESSED = result(
    ("topic", "confidence", "score", "n", "basis", "evidence_count", "source_types"),
    *("missing_terms", "contested", "evidence", "facts", "median_age_days", "has_gap"),
    "gap_indicators",
)
_GAP = result(
    ("topic", "gap_type", "severity", "suggestion", "actions", "details", "n", "basis"),
)
_START_PARAMETERS = take("problem", "strategy", "project")


_TOPIC: Final = {"topic": "nightly build failures"}
_KNOWING: Final = (
    operation(
        "assess",
        "Count what is known.",
        take("topic", "project"),
        _ASSESSED,
        _TOPIC,
        required=("topic",),
        effect="read",
    ),
    operation(
        "gaps",
        "Name what is lacking.",
        take("topic", "project"),
        _GAP,
        _TOPIC,
        required=("topic",),
        effect="read",
    ),
)
_BEGINNING: Final = (
    operation(
        "guided",
        "Begin a session; brings up what failed before.",
        _START_PARAMETERS,
        _STARTED,
        STARTS,
        required=("problem",),
    ),
    operation("adaptive", "As guided.", _START_PARAMETERS, _STARTED, STARTS, required=("problem",)),
    operation(
        "interleaved_start",
        "As guided.",
        _START_PARAMETERS,
        _STARTED,
        STARTS,
        required=("problem",),
    ),
    operation(
        "decompose",
        "Split it.",
        take("problem", "strategy"),
        result(
            ("original", "strategy", "strategy_reason", "sub_problems", "basis", "complexity"),
            *("dependencies", "checklist", "approaches"),
        ),
        STARTS,
        required=("problem",),
        effect="read",
    ),
    operation(
        "thought",
        "Record and check one thought.",
        take("thought", "session_id", "project"),
        result(("status", "session_id", "thought", "step_number", "evaluation", "checks")),
        {"thought": "17 * 3 = 51, so three boxes hold 51 bulbs."},
        required=("thought",),
    ),
    operation(
        "plan",
        "Record a plan; names repeats and past failures.",
        take("steps", "project"),
        result(
            ("status", "session_id", "steps", "text", "issues", "similar_problems"),
            *("knowledge", "progress"),
        ),
        {"steps": ["Reproduce the failure", "Find its cause", "Mend it"]},
        required=("steps",),
    ),
    operation(
        "sequential",
        "Record a numbered thought of a sequence.",
        take("thought", "session_id", "thought_number", "total_thoughts", "next_thought_needed"),
        result(
            ("session_id", "thought_number", "total_thoughts", "progress_percent", "status"),
            *("thoughts_recorded", "next_thought_needed", "evaluation", "checks", "thought"),
            "step_number",
        ),
        {"thought": "The log is rotated at midnight.", "thought_number": 1, "total_thoughts": 3},
        required=("thought",),
    ),
)

_GOING_ON: Final = (
    operation(
        "step",
        "Add a step; its claims are checked.",
        STEP_PARAMETERS,
        result(
            STEP,
            *("knowledge", "confidence", "progress", "should_continue", "status", "lessons"),
            "next",
        ),
        GO_ON,
        required=("session_id", "thought"),
    ),
    operation(
        "steps",
        "Add several steps.",
        take("session_id", "thoughts"),
        result(
            ("session_id", "steps", "confidence", "progress", "should_continue", "status"), "next"
        ),
        {"session_id": ID, "thoughts": ["The log is empty.", "So nothing ran."]},
        required=("session_id", "thoughts"),
    ),
    operation(
        "interleaved_think",
        "Add a step; says what memory holds against it.",
        STEP_PARAMETERS,
        result(
            (*STEP, "verification", "injected_knowledge", "confidence", "corrections"),
            *("accumulated_context", "should_continue", "warnings", "recommended_action"),
        ),
        GO_ON,
        required=("session_id", "thought"),
    ),
    operation(
        "enrich",
        "Show what is known.",
        take("session_id", "step_number"),
        result(
            ("session_id", "step_number", "thought", "knowledge", "facts", "similar_problems"),
            *("checks", "n", "basis"),
        ),
        {"session_id": ID},
        required=("session_id",),
        effect="read",
    ),
    operation(
        "verify",
        "Check thoughts.",
        take("session_id", "thoughts", "project"),
        result(
            ("valid", "issues", "checks", "confidence", "hallucination_risk", "suggestions"),
            "completeness",
        ),
        {"thoughts": ["17 * 3 = 54", "A week has seven days."]},
        effect="read",
    ),
    operation(
        "verify_claim",
        "Compute it, or look in memory.",
        take("claim", "context", "project"),
        result(
            ("claim", "status", "held", "refuted", "open", "supporting_facts", "contradictions"),
            *("gaps", "checks", "confidence", "knowledge"),
        ),
        {"claim": "17 * 3 = 51"},
        required=("claim",),
        effect="read",
    ),
)

_ENDING: Final = (
    operation(
        "reflect",
        "Keep the lesson; it comes up later.",
        take("session_id", "success", "result", "error", "thought", "store_learning"),
        result(
            ("session_id", "success", "critique", "lessons_learned", "text", "stored_for_future"),
            *("memory_id", "status"),
        ),
        {"session_id": ID, "success": False, "error": "the lock was held"},
        required=("session_id",),
    ),
    operation(
        "branch",
        "Try another idea from here.",
        take("session_id", "thought"),
        result(
            (*STEP, "parent", "from_step", "branch_thought", "total_branches", "branches"),
            *("current_exploration_depth", "next"),
        ),
        GO_ON,
        required=("session_id", "thought"),
    ),
    operation(
        "backtrack",
        "Leave a dead end.",
        take("session_id", "to_branch", "thought"),
        result(
            ("session_id", "backtracked_from", "now_on_branch", "no_more_branches"),
            *("branch_status", "remaining_unexplored", "branches", "next"),
        ),
        {"session_id": ID},
        required=("session_id",),
    ),
    operation(
        "conclude",
        "End it.",
        take("session_id", "thought"),
        result(*ENDED[:1], *ENDED[1]),
        {"session_id": ID},
        required=("session_id",),
    ),
    operation(
        "interleaved_conclude",
        "As conclude; says how the chain held.",
        take("session_id", "thought"),
        result(
            ENDED[0],
            *ENDED[1],
            *("grounding", "chain_verification", "consistency", "final_confidence", "qualities"),
        ),
        {"session_id": ID},
        required=("session_id",),
    ),
    operation(
        "stats",
        "Count sessions, steps and claims.",
        {},
        result(
            ("sessions", "steps", "claims_held", "claims_refuted", "claims_unchecked", "basis"),
            *("by_kind", "by_strategy", "by_status", "by_outcome", "newest"),
        ),
        {},
        effect="read",
    ),
)

REASON = Tool(
    name="reason",
    title="Reason",
    description=(
        "Reasoning whose steps are checked: sums, units and dates computed, claims compared with"
        " memory; past failures come up. guided, then step, reflect, conclude."
    ),
    operations=(*_KNOWING, *_BEGINNING, *_GOING_ON, *_ENDING, *AMPLIFYING),
)
