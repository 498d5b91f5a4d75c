"""Statistics of tool calls as results: every share with the number of calls it is made of; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from mimo.actors.bridge.outcomes import class_of
from mimo.actors.memory.presentation import iso_time
from mimo.storage.usage import Day, Given, Performance

Trend = Literal["new", "abandoned", "growing", "declining", "steady", "few"]

#: More or less than this against the time before is a trend. Source: the original's +-20 %.
CHANGE: Final = 0.20
#: With fewer calls than this in both times together nothing is said. Source: ours.
ENOUGH: Final = 5

Failed = Sequence[tuple[str, str, str, int]]


def rankings(found: Sequence[Performance], limit: int) -> list[dict[str, Any]]:
    """Return tools by number of calls, with their share of all."""
    total = sum(each.calls for each in found)
    return [
        {
            "rank": rank,
            "tool_name": each.tool,
            "count": each.calls,
            "percentage": _rounded(100 * each.calls / total),
            "failures": each.failures,
        }
        for rank, each in enumerate(found[:limit], start=1)
    ]


def performances(found: Iterable[Performance], limit: int) -> list[dict[str, Any]]:
    """Return how long calls took; `count` is the sample size of each row."""
    return [
        {
            "tool_name": each.tool,
            "operation": each.operation,
            "count": each.calls,
            "failures": each.failures,
            "p50_ms": _rounded(each.p50_ms),
            "p95_ms": _rounded(each.p95_ms),
            "p99_ms": _rounded(each.p99_ms),
            "mean_ms": _rounded(each.mean_ms),
            "max_ms": _rounded(each.max_ms),
            "last_at": iso_time(each.last_at_s),
        }
        for each in list(found)[:limit]
    ]


def failure_classes(failed: Failed, calls: int) -> dict[str, dict[str, Any]]:
    """Return failures by class, with their codes, and their share of all calls.

    Args:
        failed: Tool, operation, outcome and number.
        calls: How many calls there were, failed or not.
    """
    codes: dict[str, Counter[str]] = defaultdict(Counter)
    for _, _, outcome, count in failed:
        codes[class_of(outcome)][outcome] += count
    return {
        name: {
            "count": found.total(),
            "of": calls,
            "share": _rounded(found.total() / calls, 4) if calls else 0.0,
            "codes": dict(found.most_common()),
        }
        for name, found in sorted(codes.items())
    }


def failing(failed: Failed, limit: int) -> list[dict[str, Any]]:
    """Return which operations failed how, the most often first."""
    return [
        {"tool_name": tool, "operation": operation, "outcome": outcome, "count": count}
        for tool, operation, outcome, count in failed[:limit]
    ]


def days_json(days: Iterable[Day]) -> list[dict[str, Any]]:
    """Return days with their calls."""
    return [{"date": each.date, "count": each.calls, "failures": each.failures} for each in days]


def arguments_json(given: Iterable[Given], calls: int) -> list[dict[str, Any]]:
    """Return arguments with the share of calls that had them, and the commonest value if it recurs.

    Args:
        given: The arguments.
        calls: How many calls there were.
    """
    return [
        {
            "name": each.name,
            "count": each.calls,
            "of": calls,
            **(
                {"commonest": each.value, "commonest_count": each.times}
                if each.value and each.times > 1
                else {}
            ),
        }
        for each in given
    ]


def trend_of(before: int, now: int) -> Trend:
    """Return how a number of calls has changed.

    Args:
        before: In the time before.
        now: In this time, of the same length.
    """
    if before + now < ENOUGH:
        return "few"
    if before == 0:
        return "new"
    if now == 0:
        return "abandoned"
    change = now / before - 1.0
    if change > CHANGE:
        return "growing"
    return "declining" if change < -CHANGE else "steady"


def trends(
    before: Mapping[tuple[str, str], int], now: Mapping[tuple[str, str], int], limit: int
) -> list[dict[str, Any]]:
    """Return how each operation's calls have changed, the greatest difference first.

    Args:
        before: Calls by tool and operation in the time before.
        now: The same in this time.
        limit: Most rows.
    """
    both = sorted(
        before.keys() | now.keys(),
        key=lambda one: (-abs(now.get(one, 0) - before.get(one, 0)), one),
    )
    return [
        {
            "tool_name": tool,
            "operation": operation,
            "before": before.get((tool, operation), 0),
            "now": now.get((tool, operation), 0),
            "trend": trend_of(before.get((tool, operation), 0), now.get((tool, operation), 0)),
        }
        for tool, operation in both[:limit]
    ]


def _rounded(value: float, digits: int = 3) -> float:
    return round(value, digits)
