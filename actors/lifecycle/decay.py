"""How memories fade: pure arithmetic over days on which the assistant was used.

A memory fades by half in each half-life, by its importance:

| importance | rate a day | half-life, active days |
|---|---|---|
| >= 0.9 | 0.0001 | 6931 |
| >= 0.7 | 0.001 | 693 |
| >= 0.5 | 0.005 | 139 |
| >= 0.3 | 0.02 | 34.7 |
| < 0.3 | 0.1 | 6.9 |

Source: the rates are the original's (its importance tiers), hand-tuned there and kept; the
half-lives are ln 2 / rate. Growth, floors and bounds are ours.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mimo.storage.lifecycle import Trace, day_of

#: Least importance of a tier, and how fast its memories fade, a day.
RATES: Final = ((0.9, 0.0001), (0.7, 0.001), (0.5, 0.005), (0.3, 0.02), (0.0, 0.1))
#: Nothing fades slower than this, however often it was used.
RATE_MIN: Final = 0.0001
#: By what each access with time before it lengthens the half-life.
SPACED_GROWTH: Final = 1.25
#: By what a memory's half-life is shortened once another one says what it says.
CONDENSED_SHARE: Final = 0.5
#: From this importance on, nothing is forgotten.
IMPORTANCE_KEPT: Final = 0.95
#: What was used within so many active days isn't forgotten, however unimportant.
RECENT_DAYS: Final = 7


class ActiveDays:
    """The days on which the assistant was used.

    Args:
        days: Days since 1970-01-01 UTC, in any order.
    """

    def __init__(self, days: Iterable[int]) -> None:
        self._days = sorted(set(days))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._days)

    def since(self, at_s: float) -> int:
        """Return how many came after the day of this instant, wall seconds UTC."""
        return len(self._days) - bisect.bisect_right(self._days, day_of(at_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fading:
    """How far a memory has faded.

    Args:
        memory_id: Which.
        score: Importance times retention, a little more if it was used often; 0 to 1.
        retention: What is left, 1 on the day of its last use.
        half_life_days: In how many active days it fades by half.
        idle_days: Active days since its last use.
        days_left: Active days until it falls below the threshold; None if it never does.
        kept_because: Why it isn't forgotten whatever its score; "" if nothing protects it.
    """

    memory_id: int
    score: float
    retention: float
    half_life_days: float
    idle_days: int
    days_left: int | None
    kept_because: str


def rate(importance: float) -> float:
    """Return how fast memories of this importance fade, a day, before any access."""
    return next(found for least, found in RATES if importance >= least or least == 0.0)


def half_life_days(trace: Trace) -> float:
    """Return in how many active days a memory fades by half.

    Each access with time before it lengthens it; accesses close together count once, as
    `storage.migrations.m0006_lifecycle` counts them.
    """
    slowed = rate(trace.importance) / SPACED_GROWTH ** min(trace.spaced, 100)
    share = CONDENSED_SHARE if trace.is_condensed else 1.0
    return math.log(2) / max(slowed, RATE_MIN) * share


def retention(idle_days: float, half_life: float) -> float:
    """Return what is left after so many active days: 1 at first, a half after a half-life."""
    return math.pow(0.5, max(idle_days, 0.0) / half_life)


def strength(trace: Trace) -> float:
    """Return a memory's score on the day of its last use, 0 to 1."""
    return min(1.0, trace.importance * (1.0 + 0.1 * math.log1p(trace.spaced)))


def fading(trace: Trace, days: ActiveDays, threshold: float) -> Fading:
    """Return how far a memory has faded, and when it falls below the threshold.

    Args:
        trace: What is known of it.
        days: When the assistant was used.
        threshold: Below it a memory is forgotten, above 0 and up to 1.
    """
    idle = days.since(trace.used_at_s)
    half_life = half_life_days(trace)
    left = retention(idle, half_life)
    score = strength(trace) * left
    because = kept_because(trace, idle)
    return Fading(
        memory_id=trace.memory_id,
        score=score,
        retention=left,
        half_life_days=half_life,
        idle_days=idle,
        days_left=_days_left(trace, idle, half_life, threshold),
        kept_because=because,
    )


def kept_because(trace: Trace, idle_days: int) -> str:
    """Return why a memory isn't forgotten whatever its score; "" if nothing protects it."""
    if trace.is_protected:
        return "protected"
    if trace.importance >= IMPORTANCE_KEPT:
        return f"importance {trace.importance:g} >= {IMPORTANCE_KEPT:g}"
    if trace.in_document:
        return "part of a document that is kept"
    if idle_days < RECENT_DAYS:
        return f"used within {RECENT_DAYS} active days"
    return ""


def is_forgotten(found: Fading, threshold: float) -> bool:
    """Tell whether a memory is to be archived now."""
    return not found.kept_because and found.score < threshold


def reason(trace: Trace, found: Fading, threshold: float) -> str:
    """Return why a memory is archived, in one sentence with its figures."""
    condensed = ", and another memory says what it says" if trace.is_condensed else ""
    return (
        f"score {found.score:.4f} < {threshold:g}: importance {trace.importance:g}, unused for "
        f"{found.idle_days} active days at a half-life of {found.half_life_days:.1f}{condensed}"
    )


def _days_left(trace: Trace, idle: int, half_life: float, threshold: float) -> int | None:
    if trace.is_protected or trace.in_document or trace.importance >= IMPORTANCE_KEPT:
        return None
    start = strength(trace)
    needed = 0.0 if start < threshold else half_life * math.log2(start / threshold)
    return max(0, max(RECENT_DAYS, math.floor(needed) + 1 if needed else 0) - idle)
