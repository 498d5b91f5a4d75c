"""The operations of the amplifier."""

from __future__ import annotations

from typing import Final

from mimo.actors.reasoning.parameters import result, take
from mimo.actors.reasoning.rows import ENDED, GO_ON, ID, STARTS, STEP, STEP_PARAMETERS, operation

_STAGE = ("stage", "blocking", "next_action", "text")
AMPLIFYING: Final = (
    operation(
        "amplify_start",
        "Begin one with challenges.",
        take("problem", "level", "project"),
        result(
            ("session_id", "type", "level", "level_reason", "demands", "similar_problems"), *_STAGE
        ),
        STARTS,
        required=("problem",),
    ),
    operation(
        "amplify_decomposition",
        "Give the parts of the problem.",
        take("session_id", "response"),
        result(("session_id", "accepted", "parts", "basis", "missing"), *_STAGE),
        {"session_id": ID, "response": "1. Why builds fail\n2. How we fix them"},
        required=("session_id", "response"),
    ),
    operation(
        "amplify_think",
        "Add a step; it may bring challenges.",
        STEP_PARAMETERS,
        result(
            (*STEP, "coherence", "claim_verification", "confidence_gap", "challenges_generated"),
            *("must_address", "progress"),
            *_STAGE,
        ),
        GO_ON,
        required=("session_id", "thought"),
    ),
    operation(
        "amplify_challenge",
        "Answer a challenge.",
        take("session_id", "challenge_id", "response"),
        result(("session_id", "challenge_id", "accepted", "reason", "remaining"), *_STAGE),
        {"session_id": ID, "challenge_id": "c1", "response": "The lock is released now."},
        required=("session_id", "challenge_id", "response"),
    ),
    operation(
        "amplify_perspective",
        "Add insights of a perspective.",
        take("session_id", "perspective", "insights"),
        result(("session_id", "perspective", "accepted", "basis", "recorded", "required"), *_STAGE),
        {"session_id": ID, "perspective": "risk", "insights": ["A retry may send mail twice."]},
        required=("session_id", "perspective", "insights"),
    ),
    operation(
        "amplify_resolve_coherence",
        "Resolve issues.",
        take("session_id", "issue_id", "resolve_all", "response"),
        result(("session_id", "resolved", "refused", "remaining"), *_STAGE),
        {"session_id": ID, "issue_id": "i1", "response": "Step 2 was measured, step 1 guessed."},
        required=("session_id", "response"),
    ),
    operation(
        "amplify_conclude",
        "End it, or say what still stands before that.",
        take("session_id", "thought"),
        result(
            ("session_id", "concluded", "synthesis", "coherence", "confidence", "blocked"),
            *ENDED[0][1:2],
            *ENDED[0][3:],
            *ENDED[1],
            *("reason", "required_action", "all_required", "do_not", "hint"),
        ),
        {"session_id": ID},
        required=("session_id",),
    ),
    operation(
        "amplify_status",
        "Show where an amplified session stands.",
        take("session_id"),
        result(
            ("session_id", "level", "status", "counts", "challenges", "issues", "confidence"),
            *_STAGE,
        ),
        {"session_id": ID},
        required=("session_id",),
        effect="read",
    ),
)
