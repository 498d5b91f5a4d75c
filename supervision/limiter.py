"""Two limits that refuse at once instead of queueing: a rate for each key, and calls in flight.

Pure: the caller passes monotonic seconds.

Source: GCRA (ITU-T I.371), and Netflix concurrency-limits, AIMDLimit; reliability.md 2.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal

#: Two moments that are nearer than this are one: it absorbs the rounding of a float of some years.
SAME_MOMENT_S = 1e-6

Kind = Literal["read", "write", "admin"]


class RateLimiter:
    """GCRA: one number a key, the moment at which its bucket would be full again.

    Args:
        rate_per_s: Requests a second that a key may make for ever, above 0.
        burst: Requests that a rested key may make at once, at least 1.
        keys_max: Most keys remembered; then the one that rested longest is forgotten, which makes
            it a rested one.
    """

    def __init__(self, *, rate_per_s: float, burst: int, keys_max: int = 1_024) -> None:
        self._interval_s = 1.0 / rate_per_s
        self._slack_s = (burst - 1) * self._interval_s
        self._keys_max = keys_max
        self._full_at_s: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._full_at_s)

    def acquire(self, key: str, now_s: float) -> float:
        """Take one request of `key` and return 0.0; or return the exact seconds to wait for one.

        A refused request takes nothing.
        """
        full_at_s = max(self._full_at_s.get(key, now_s), now_s)
        wait_s = full_at_s - self._slack_s - now_s
        if wait_s > SAME_MOMENT_S:
            return wait_s
        if key not in self._full_at_s and len(self._full_at_s) >= self._keys_max:
            rested = min(self._full_at_s, key=self._full_at_s.__getitem__)
            del self._full_at_s[rested]
        self._full_at_s[key] = full_at_s + self._interval_s
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A place among the calls in flight.

    Args:
        number: Unique to its limit.
        kind: What the call does.
        began_s: Monotonic seconds.
        is_extra: Whether it stands in the reserved place of operators.
    """

    number: int
    kind: Kind
    began_s: float
    is_extra: bool = False


class ConcurrencyLimit:
    """Calls in flight: the limit grows while calls succeed and shrinks when they time out.

    Writes have a guaranteed share that nothing else takes. Operators' calls have one place of
    their own beyond the limit, so that one passes under any load.

    Args:
        limit: Where it starts.
        limit_min: Smallest limit, at least 1.
        limit_max: Largest limit.
        writes_share: Share of the limit that only writes may use, 0 to below 1.
    """

    #: What a timeout leaves of the limit. Source: Netflix AIMDLimit, backoffRatio.
    BACKOFF = 0.9
    #: How much of the past stays in the smoothed duration, by call.
    SMOOTHING = 0.9

    def __init__(
        self,
        *,
        limit: int = 16,
        limit_min: int = 4,
        limit_max: int = 64,
        writes_share: float = 0.25,
    ) -> None:
        self._limit = float(limit)
        self._limit_min = limit_min
        self._limit_max = limit_max
        self._writes_share = writes_share
        self._next_number = 1
        self._open: dict[int, Ticket] = {}
        self._mean_s = 0.05

    @property
    def limit(self) -> int:
        """Return how many calls may be in flight, without the operators' place."""
        return int(self._limit)

    @property
    def in_flight(self) -> int:
        """Return how many calls are in flight, with the operators' place."""
        return len(self._open)

    def acquire(self, kind: Kind, now_s: float) -> Ticket | float:
        """Take a place; or return the estimated seconds until one is free (Little's law)."""
        is_extra = kind == "admin" and not any(open_.is_extra for open_ in self._open.values())
        in_use = [open_.kind for open_ in self._open.values() if not open_.is_extra]
        reserved = 0 if kind == "write" else ceil(self.limit * self._writes_share)
        others = len(in_use) - in_use.count("write")
        fits = is_extra or (
            len(in_use) < self.limit and (kind == "write" or others < self.limit - reserved)
        )
        if not fits:
            return max(self._mean_s / self.limit, 0.001)
        ticket = Ticket(number=self._next_number, kind=kind, began_s=now_s, is_extra=is_extra)
        self._next_number += 1
        self._open[ticket.number] = ticket
        return ticket

    def release(self, ticket: Ticket, now_s: float, *, timed_out: bool = False) -> None:
        """Give a place back; a second time is no error.

        Args:
            ticket: From `acquire`.
            now_s: Monotonic seconds.
            timed_out: Whether the call ran into its deadline.
        """
        in_flight = self.in_flight
        if self._open.pop(ticket.number, None) is None:
            return
        duration_s = max(now_s - ticket.began_s, 0.0)
        self._mean_s = self.SMOOTHING * self._mean_s + (1.0 - self.SMOOTHING) * duration_s
        if timed_out:
            self._limit *= self.BACKOFF
        elif in_flight * 2 >= self._limit:
            self._limit += 1.0
        self._limit = min(max(self._limit, self._limit_min), self._limit_max)
