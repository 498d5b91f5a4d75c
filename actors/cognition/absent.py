"""Operations of old clients that can't act in this version: named, each with its reason."""

from __future__ import annotations

from typing import Final

from mimo.actors.operations import Operation, unavailable

_NEXT: Final = "it comes with the next version"
_CALIBRATION: Final = f"outcomes of claims aren't recorded yet, and no figure is made up; {_NEXT}"

#: Reason -> names: (the prefix, what follows it). An empty prefix stands alone.
_ABSENT: Final[tuple[tuple[str, str, str], ...]] = (
    ("verification", "stats overconfidence success_by_type brier_score", _CALIBRATION),
    (
        "calibration",
        "log_claim log_outcome brier_score stats overconfidence curve",
        _CALIBRATION,
    ),
    (
        "emergence",
        (
            "detect dashboard alerts amplify promote cycle list search suggest status predict"
            " explain hypothesize capability_summary pattern impact track_usage usage_stats"
            " ab_stats prediction_feedback process_predictions"
        ),
        (
            f"patterns in the record of calls aren't mined yet; {_NEXT}. meta suggest_next_tool"
            " tells what usually follows"
        ),
    ),
    (
        "emergence",
        "probe probe_candidates",
        "the original rolled dice here; a probe needs an experiment that nobody has defined",
    ),
    (
        "reflector",
        "reflect evaluate confidence format config",
        (
            "scores of style aren't measurements; reflector_errors checks what can be computed, and"
            " reason verify the steps of a session"
        ),
    ),
    (
        "lifecycle",
        "stats distribution warnings",
        (
            f"the share of phases in a conversation isn't recorded yet; {_NEXT}. tool_usage stats"
            " counts calls"
        ),
    ),
    (
        "optimizer",
        "stats metrics recommendations record_outcome optimize",
        f"nothing tunes itself yet; {_NEXT}",
    ),
    (
        "meta_task",
        "detect enhance",
        "word lists told nothing reliable; orchestrate plans a task",
    ),
    (
        "injection",
        "feedback feedback_stats",
        "nothing is put into your context unasked; memory feedback takes what helped",
    ),
    ("", "auto_generate_procedure", f"{_NEXT}; orchestrate keeps and runs procedures"),
    (
        "procedure",
        "candidates suitability",
        f"recorded sequences aren't mined for procedures yet; {_NEXT}",
    ),
    (
        "docs",
        "validate validate_file",
        "it checked the original's own documents, which aren't here",
    ),
    (
        "",
        "adoption_metrics file_interception_stats workflow_health",
        "tool_usage stats and trends have what is recorded of calls",
    ),
    ("", "system_health", "awakening_status has what is measured here, and `mimo status` the node"),
    ("", "memory_audit", "memory decay_check and memory contradictions audit what is stored"),
    (
        "health",
        "status history alerts check_now",
        f"health isn't watched over time yet; {_NEXT}. `mimo status` shows the node now",
    ),
    (
        "heal",
        "catalog diagnose execute auto",
        f"what fails is restarted by its supervisor; actions beyond that: {_NEXT}",
    ),
    (
        "learning",
        (
            "objectives_list objectives_generate execute_now pause resume history progress_summary"
            " progress_metrics progress_stuck progress_velocity progress_recommendations"
        ),
        f"the original invented outcomes here; learning from recorded ones: {_NEXT}",
    ),
    (
        "behavioral",
        "summary timeline metrics",
        f"{_NEXT}; tool_usage trends shows calls by day",
    ),
    (
        "",
        "predict calibrate calibration_score predictions can_handle limitations",
        (
            f"a model of its own success needs recorded outcomes; {_NEXT}. tool_usage detail has"
            " latencies and failures"
        ),
    ),
    (
        "",
        "explain_session explain_decision cognitive_load decision_trace metacognitive_stats",
        f"{_NEXT}; reason keeps the steps of a session, and `mimo logs` those of a request",
    ),
    (
        "consolidation",
        "candidates preview run stats",
        "memory consolidate (with a dry run), sleep and sleep_report do this",
    ),
    (
        "emotional",
        "score stats",
        "a list of emotional words measured nothing; memory store takes an importance",
    ),
)


def _named() -> dict[str, str]:
    found: dict[str, str] = {}
    for prefix, names, reason in _ABSENT:
        for name in names.split():
            found[f"{prefix}_{name}" if prefix else name] = reason
    return found


#: Each operation that is named, and answers `not_available`.
ABSENT: Final[tuple[Operation, ...]] = tuple(
    unavailable(name, f"{name.replace('_', ' ').capitalize()}; not available.", reason)
    for name, reason in _named().items()
)
