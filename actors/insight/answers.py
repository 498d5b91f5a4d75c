"""Answers about use, from one connection that can only read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from mimo.actors.bridge.outcomes import MEANINGS, class_of
from mimo.actors.insight import awakening, usage
from mimo.actors.insight.messages import Status, UsageDetail, UsageStats, UsageTrends
from mimo.actors.memory.presentation import iso_time
from mimo.config import limits
from mimo.config.errors import NotFound
from mimo.storage import standing
from mimo.storage import usage as record
from mimo.storage.connection import Database

DAY_S: Final = 86_400.0
#: A share is called low only with so many calls, and below this share.
ENOUGH: Final = 10
LOW: Final = 0.7
#: Operations by which an assistant looks before it acts.
_LOOKING: Final = frozenset({"search", "briefing", "synthesize", "query", "prepare_context"})


def stats(db: Database, request: UsageStats, now_s: float) -> dict[str, Any]:
    """Return how the tools were used."""
    since_s = now_s - request.days * DAY_S
    tools, operations = record.performance(db, since_s, now_s)
    failed = record.failures(db, since_s, now_s)
    calls = sum(each.calls for each in tools)
    found: dict[str, Any] = {
        "days": request.days,
        "since": iso_time(since_s),
        "summary": _summary(db, tools, since_s, now_s),
        "rankings": usage.rankings(tools, request.limit),
        "performance": usage.performances(operations, request.limit),
        "failures": usage.failure_classes(failed, calls),
        "failing": usage.failing(failed, request.limit),
        "record": _reach(db),
        "generated_at": iso_time(now_s),
    }
    if request.include_daily:
        found["daily"] = usage.days_json(record.daily(db, since_s, now_s))
    return found


def detail(db: Database, request: UsageDetail, now_s: float) -> dict[str, Any]:
    """Return how one tool was used.

    Raises:
        NotFound: No call of it is recorded in this time.
    """
    since_s = now_s - request.days * DAY_S
    tool = request.tool
    _, operations = record.performance(db, since_s, now_s, tool=tool)
    if not operations:
        known = sorted({each for each, _ in record.numbers(db, 0.0, now_s)})
        raise NotFound(
            f"expected a tool that was called in the last {request.days} days, got {tool[:60]!r};"
            f" recorded at all are {', '.join(known) or 'none'}"
        )
    failed = record.failures(db, since_s, now_s, tool=tool)
    calls = sum(each.calls for each in operations)
    given = record.arguments(db, since_s, now_s, tool=tool, limit=request.limit)
    return {
        "tool_name": tool,
        "days": request.days,
        "since": iso_time(since_s),
        "summary": {"calls": calls, "failures": sum(each.failures for each in operations)},
        "performance": usage.performances(operations, request.limit),
        "failures": usage.failure_classes(failed, calls),
        "failing": usage.failing(failed, request.limit),
        "daily": usage.days_json(record.daily(db, since_s, now_s, tool=tool)),
        "common_arguments": usage.arguments_json(given, calls),
        "generated_at": iso_time(now_s),
    }


def trends(db: Database, request: UsageTrends, now_s: float) -> dict[str, Any]:
    """Return what is used more or less than in the time before."""
    since_s = now_s - request.days * DAY_S
    before_s = since_s - request.days * DAY_S
    before = record.numbers(db, before_s, since_s)
    now = record.numbers(db, since_s, now_s)
    reach = record.span(db)
    remark = ""
    if reach.first_at_s is None or reach.first_at_s > before_s:
        remark = (
            f"the record begins at {iso_time(reach.first_at_s) or 'no call yet'}, after the start"
            f" of the time compared with ({iso_time(before_s)}): what is new may only be unrecorded"
        )
    return {
        "days": request.days,
        "since": iso_time(since_s),
        "trends": usage.trends(before, now, request.limit),
        "remark": remark,
        "generated_at": iso_time(now_s),
    }


def status(db: Database, request: Status, now_s: float) -> dict[str, Any]:
    """Return what there is, what came of it, and the level that the counts make."""
    counts = standing.counts(db)
    measured = _measured(db, now_s)
    found: dict[str, Any] = {
        "power_level": awakening.level_of(awakening.points_of(counts)),
        "wisdom_stats": {
            "total_sessions": counts.sessions,
            "total_memories": counts.memories,
            "live_memories": counts.live,
            "memory_accesses": counts.accesses,
            "total_relationships": counts.facts,
            "total_procedures": counts.procedures,
            "procedure_runs": counts.runs,
            "total_tool_calls": counts.calls,
            "errors_mended": counts.mended,
            "active_days": counts.active_days,
        },
        "measured": measured,
        # No operation waits for a level: what is offered is offered to everybody.
        "unlocked_capabilities": [],
        "record": _reach(db),
        "generated_at": iso_time(now_s),
    }
    if request.include_guidance:
        found["behavioral_guidance"] = guidance(measured)
    if request.include_achievements:
        found["achievements"] = awakening.achievements(counts)
    return found


def guidance(measured: dict[str, dict[str, Any]]) -> list[str]:
    """Return what the measured shares suggest; nothing from fewer than `ENOUGH` calls."""
    told = []
    searches, calls, looks = (measured[name] for name in ("searches_found", "calls_ok", "looks"))
    if calls["of"] < ENOUGH:
        return [f"too few calls to say anything: {calls['of']}, from {ENOUGH} on it is tried"]
    if searches["of"] >= ENOUGH and searches["share"] < LOW:
        told.append(
            f"{searches['of'] - searches['count']} of {searches['of']} searches found nothing:"
            " ask in other words, or store more of what is learnt"
        )
    if calls["share"] < LOW:
        told.append(
            f"{calls['of'] - calls['count']} of {calls['of']} calls failed:"
            " tool_usage stats tells which and how"
        )
    if looks["share"] < 0.1:
        told.append(
            f"{looks['count']} of {looks['of']} calls asked what is known: search before acting"
        )
    return told or [f"nothing stands out in {calls['of']} calls"]


def _measured(db: Database, now_s: float) -> dict[str, dict[str, Any]]:
    """Return shares over the last 30 days, each with what it is made of."""
    since_s = now_s - 30 * DAY_S
    _, operations = record.performance(db, since_s, now_s)
    total = sum(each.calls for each in operations)
    ok = total - sum(each.failures for each in operations)
    looking = sum(each.calls for each in operations if each.operation in _LOOKING)
    found, searches = record.searches(db, since_s, now_s)
    return {
        "calls_ok": share(ok, total),
        "searches_found": share(found, searches),
        "looks": share(looking, total),
    }


def share(count: int, of: int) -> dict[str, Any]:
    """Return a share with its sample size; of nothing, 0."""
    return {"count": count, "of": of, "share": round(count / of, 4) if of else 0.0}


def _summary(
    db: Database, tools: Iterable[record.Performance], since_s: float, now_s: float
) -> dict[str, Any]:
    found = list(tools)
    reach = record.span(db, since_s)
    calls = sum(each.calls for each in found)
    # A record that begins later doesn't make the days before it idle ones.
    first_s = max(since_s, reach.first_at_s if reach.first_at_s is not None else now_s)
    days = max((now_s - first_s) / DAY_S, 1.0)
    return {
        "calls": calls,
        "failures": sum(each.failures for each in found),
        "tools": len(found),
        "sessions": reach.sessions,
        "clients": reach.clients,
        "calls_a_day": round(calls / days, 2),
        "recorded_days": round(days, 2),
    }


def _reach(db: Database) -> dict[str, Any]:
    reach = record.span(db)
    return {
        "calls": reach.calls,
        "ever": reach.ever,
        "first_at": iso_time(reach.first_at_s),
        "kept_max": limits.INTERACTIONS_KEPT_MAX,
    }


def success_of(steps: Iterable[record.Step], labels: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return for each label how many of its recorded calls succeeded, and how the others failed."""
    outcomes: dict[str, Counter[str]] = {label: Counter() for label in labels}
    for step in steps:
        if step.label in outcomes:
            outcomes[step.label][step.outcome] += 1
    return {
        label: {
            **share(found["ok"], found.total()),
            "failed": {
                MEANINGS[class_of(code)]: count for code, count in found.items() if code != "ok"
            },
        }
        for label, found in outcomes.items()
    }
