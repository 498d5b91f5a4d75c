"""A circuit breaker: stop asking a dependency that fails, and find out gently when it is back.

Pure: the caller passes monotonic seconds. `acquire` gives a permit that carries the breaker's
generation; `record` brings it back with the outcome. Every change of state starts a new generation,
so what an older one still reports counts for nothing.

Source: ours, after resilience4j and Hystrix; reliability.md 2.6.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

Outcome = Literal["success", "failure", "ignored"]

#: Codes of errors that say something about the caller, not about the dependency.
CALLERS_MISTAKES = frozenset({"invalid_request", "not_found", "conflict"})


class BreakerState(StrEnum):
    """Whether calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRules:
    """When one breaker opens and for how long.

    Args:
        window: Outcomes that are looked at, the last so many.
        outcomes_min: Fewer than these decide nothing.
        bad_ratio: Share of failures and slow calls from which it opens, above 0 to 1.
        slow_s: A call that took longer counts as bad.
        open_s: How long it stays open the first time; doubled each time in a row.
        open_s_max: Longest time open.
        jitter: Share by which the time open varies either way, 0 to below 1.
        probe_s_max: A probe without an outcome is given up after this; then another may go.
    """

    window: int = 20
    outcomes_min: int = 5
    bad_ratio: float = 0.5
    slow_s: float = 5.0
    open_s: float = 1.0
    open_s_max: float = 30.0
    jitter: float = 0.2
    probe_s_max: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """The right to make one call.

    Args:
        breaker: The breaker's name.
        generation: Of the breaker when the call was let through.
        is_probe: Whether this call decides alone if the breaker closes.
    """

    breaker: str
    generation: int
    is_probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No call now.

    Args:
        breaker: The breaker's name.
        retry_after_s: Seconds after which a call may pass.
    """

    breaker: str
    retry_after_s: float


def outcome_of(error_code: str | None) -> Outcome:
    """Return what an answer says about the dependency.

    Args:
        error_code: Code of the error that was answered; None for a success.
    """
    if error_code is None:
        return "success"
    return "ignored" if error_code in CALLERS_MISTAKES else "failure"


class Breaker:
    """One dependency's breaker.

    Args:
        name: Of the dependency.
        rules: When it opens.
        seed: Of the jitter, so that a run can be repeated.
    """

    def __init__(self, name: str, rules: BreakerRules, *, seed: int = 0) -> None:
        self.name = name
        self.rules = rules
        self.state = BreakerState.CLOSED
        self.generation = 1
        self._seed = seed
        self._bad: deque[bool] = deque(maxlen=rules.window)
        self._trips = 0
        self._open_until_s = 0.0
        self._probe_until_s: float | None = None

    @property
    def counted(self) -> tuple[int, int]:
        """Return how many outcomes are in the window, and how many of them were bad."""
        return len(self._bad), sum(self._bad)

    def acquire(self, now_s: float) -> Permit | Refusal:
        """Ask to make a call; half-open, exactly one may.

        Args:
            now_s: Monotonic seconds.
        """
        if self.state is BreakerState.OPEN:
            if now_s < self._open_until_s:
                return Refusal(breaker=self.name, retry_after_s=self._open_until_s - now_s)
            self._turn(BreakerState.HALF_OPEN)
        if self.state is BreakerState.CLOSED:
            return Permit(breaker=self.name, generation=self.generation)
        if self._probe_until_s is not None:
            if now_s < self._probe_until_s:
                return Refusal(breaker=self.name, retry_after_s=self._probe_until_s - now_s)
            # The probe was lost; should it still report, it belongs to an older generation.
            self.generation += 1
        self._probe_until_s = now_s + self.rules.probe_s_max
        return Permit(breaker=self.name, generation=self.generation, is_probe=True)

    def record(self, permit: Permit, outcome: Outcome, duration_s: float, now_s: float) -> bool:
        """Bring a permit back; return whether it counted.

        Args:
            permit: From `acquire`, of this or an earlier incarnation of the breaker.
            outcome: See `outcome_of`; "ignored" only gives a probe's place back.
            duration_s: How long the call took.
            now_s: Monotonic seconds.
        """
        if permit.generation != self.generation or self.state is BreakerState.OPEN:
            return False
        is_bad = outcome == "failure" or duration_s > self.rules.slow_s
        if self.state is BreakerState.HALF_OPEN:
            if not permit.is_probe or self._probe_until_s is None:
                return False
            self._end_probe(outcome, is_bad=is_bad, now_s=now_s)
            return outcome != "ignored"
        if outcome == "ignored":
            return False
        self._bad.append(is_bad)
        count, bad = self.counted
        if count >= self.rules.outcomes_min and bad >= self.rules.bad_ratio * count:
            self._open(now_s)
        return True

    def reset(self) -> None:
        """Close it by hand and forget what was counted."""
        self._trips = 0
        self._turn(BreakerState.CLOSED)

    def retry_after_s(self, now_s: float) -> float:
        """Return the seconds until a call may pass; 0 when one may."""
        until_s = {
            BreakerState.CLOSED: None,
            BreakerState.OPEN: self._open_until_s,
            BreakerState.HALF_OPEN: self._probe_until_s,
        }[self.state]
        return 0.0 if until_s is None else max(until_s - now_s, 0.0)

    def to_row(self) -> dict[str, Any]:
        """Return the whole state as plain values, for a table."""
        return {
            "state": self.state.value,
            "generation": self.generation,
            "bad": [int(bad) for bad in self._bad],
            "trips": self._trips,
            "open_until_s": self._open_until_s,
            "probe_until_s": self._probe_until_s,
        }

    def restore(self, row: dict[str, Any], now_s: float) -> None:
        """Go on from a state that `to_row` returned, maybe before a reboot.

        The monotonic clock starts anew then: no waiting time is ever longer than the rules allow.
        """
        self.state = BreakerState(row["state"])
        self.generation = int(row["generation"])
        self._bad = deque(map(bool, row["bad"]), maxlen=self.rules.window)
        self._trips = int(row["trips"])
        self._open_until_s = min(float(row["open_until_s"]), now_s + self.rules.open_s_max)
        probe_until_s = row["probe_until_s"]
        self._probe_until_s = (
            None if probe_until_s is None else min(probe_until_s, now_s + self.rules.probe_s_max)
        )

    def _end_probe(self, outcome: Outcome, *, is_bad: bool, now_s: float) -> None:
        if outcome == "ignored":
            self._probe_until_s = None
        elif is_bad:
            self._open(now_s)
        else:
            self._trips = 0
            self._turn(BreakerState.CLOSED)

    def _open(self, now_s: float) -> None:
        self._trips += 1
        self._turn(BreakerState.OPEN)
        # Seeded by generation, not drawn from a stream: a restored breaker goes on alike.
        draw = random.Random(f"{self._seed}:{self.name}:{self.generation}")
        factor = draw.uniform(1.0 - self.rules.jitter, 1.0 + self.rules.jitter)
        doublings = min(self._trips - 1, 30)
        open_s = min(self.rules.open_s * 2.0**doublings * factor, self.rules.open_s_max)
        self._open_until_s = now_s + open_s

    def _turn(self, state: BreakerState) -> None:
        self.state = state
        self.generation += 1
        self._bad.clear()
        self._probe_until_s = None
