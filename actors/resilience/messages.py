"""The vocabulary of the resilience group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mimo.supervision.breaker import Outcome, Permit


# -- Answered by resilience/breakers ---------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Acquire:
    """Ask to call a dependency; the answer is a `Permit`, or breaker_open with the time to wait.

    Who can't reach the breakers makes the call all the same and counts that: a breaker is there to
    protect, not to be one more thing that fails.

    Args:
        breaker: Name of the dependency.
    """

    breaker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Bring a permit back (cast or call); the answer is whether it counted.

    Args:
        permit: From `Acquire`.
        outcome: See `mimo.supervision.breaker.outcome_of`.
        duration_s: How long the call took.
    """

    permit: Permit
    outcome: Outcome
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ListBreakers:
    """Tell every breaker: a tuple of `BreakerStatus`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetBreaker:
    """Close a breaker by hand and forget what it counted; the answer is its `BreakerStatus`.

    Args:
        breaker: Its name.
    """

    breaker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerStatus:
    """One row of `mimo breakers`.

    Args:
        name: Of the dependency.
        state: closed, open or half_open.
        generation: Rises with each change of state.
        outcomes: Outcomes in the window.
        bad: How many of them were failures or slow.
        retry_after_s: Seconds until a call may pass; 0 when one may.
    """

    name: str
    state: str
    generation: int
    outcomes: int
    bad: int
    retry_after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChanged:
    """A breaker changed its state (cast to resilience/services).

    Args:
        breaker: Its name.
        state: closed, open or half_open.
    """

    breaker: str
    state: str


# -- Answered by resilience/services ---------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class GetLevel:
    """Tell what works now: a `LevelReport`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelReport:
    """What works now.

    Args:
        level: A value of `levels.Level`.
        reasons: Why it isn't full, each a short text such as `llm: breaker open`.
        since_s: Wall seconds UTC of the last change of the level.
    """

    level: str
    reasons: tuple[str, ...]
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFact:
    """Tell that something is so, or no longer so (cast or call).

    Args:
        fact: A name of `levels.FACTS`.
        is_so: Whether it is.
        detail: One sentence for people.
    """

    fact: str
    is_so: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeLevel:
    """Get `LevelChanged` by cast, at once and at each change, until `is_wanted` is false.

    Args:
        subscriber: Name of the process.
        is_wanted: Whether it wants them.
    """

    subscriber: str
    is_wanted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChanged:
    """The level or its reasons changed (cast).

    Args:
        report: What works now.
    """

    report: LevelReport


# -- Answered by resilience/telemetry --------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CallRow:
    """One call that ended.

    Args:
        operation: `tool.operation`.
        worker: Who did it; "" if it was refused before.
        code: Code of its error; "" for a success.
        duration_s: From admission to answer.
    """

    operation: str
    worker: str
    code: str
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCalls:
    """Count these calls (cast); a lost message loses counts, nothing else.

    Args:
        rows: Any number that fits in one message.
    """

    rows: tuple[CallRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTelemetry:
    """Tell what was measured: a `Telemetry`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Counts and latencies of one operation or worker.

    Args:
        kind: operation or worker.
        name: Its name.
        count: Calls; the sample size of all that follows.
        errors: Calls by error code.
        error_rate: Share of calls with an error, 0 to 1.
        p50_s: Median duration; within 10 % of the true one, as are the others.
        p95_s: 95th percentile.
        p99_s: 99th percentile.
        longest_s: Exactly.
    """

    kind: Literal["operation", "worker"]
    name: str
    count: int
    errors: dict[str, int]
    error_rate: float
    p50_s: float
    p95_s: float
    p99_s: float
    longest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """All that was measured.

    Args:
        since_s: Wall seconds UTC of the first call that is counted; None when none is.
        rows: Operations first, then workers, by name.
    """

    since_s: float | None
    rows: tuple[Measured, ...]
