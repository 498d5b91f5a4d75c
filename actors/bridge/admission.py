"""Who may call now: a rate and a number of calls in flight for each client, a breaker for writes.

Pure: the caller passes monotonic seconds.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from mimo.actors.bridge.gateway import Submission
from mimo.config.errors import BreakerOpen, Busy
from mimo.config.settings import Limits
from mimo.supervision.breaker import Breaker, BreakerRules, Outcome, Permit, Refusal
from mimo.supervision.limiter import ConcurrencyLimit, Kind, RateLimiter, Ticket

#: Most clients whose limits are remembered.
CLIENTS_MAX = 1_024
#: Codes that say that the database, and not the caller or a limit, is in trouble.
TROUBLE = frozenset({"deadline_exceeded", "storage_failed", "crashed", "restarting", "internal"})

#: Effects that have a rate of their own, for each tool; in the database deletion is undone.
RISKY = frozenset({"destructive", "open-world"})
#: Groups of the workers whose writes go into the database.
_WRITERS = ("storage/", "memory/", "knowledge/")


@dataclass(frozen=True, slots=True)
class _Admitted:
    """What a call in flight holds."""

    connection: str
    place: Ticket
    permit: Permit | None


class Admission:
    """Admit calls and learn from their outcomes.

    Args:
        limits: Rate, burst and concurrency of one client.
        seed: Of the breaker's jitter.
    """

    def __init__(self, limits: Limits, seed: int = 0) -> None:
        self._limits = limits
        self._rates = RateLimiter(
            rate_per_s=limits.rate_per_s, burst=limits.burst, keys_max=CLIENTS_MAX
        )
        self._tool_rates = RateLimiter(
            rate_per_s=limits.risky_rate_per_s, burst=limits.risky_burst, keys_max=CLIENTS_MAX
        )
        self._places: OrderedDict[str, ConcurrencyLimit] = OrderedDict()
        self._breaker = Breaker("database", BreakerRules(), seed=seed)
        self._admitted: dict[int, _Admitted] = {}

    def admit(self, submission: Submission, now_s: float) -> None:
        """Take what the call needs, or raise and take nothing but a share of the rate.

        Raises:
            Busy: The client is past its rate or has too many calls in flight.
            BreakerOpen: Writing is in trouble; reads go on.
        """
        client = submission.connection
        wait_s = self._rates.acquire(client, now_s)
        if wait_s:
            raise Busy(
                f"expected at most {self._limits.rate_per_s:g} calls a second,"
                f" got more; wait {wait_s:.2f} s",
                retry_after_s=wait_s,
            )
        self._refuse_haste(submission, now_s)
        place = self._limit_of(client).acquire(_kind(submission), now_s)
        if not isinstance(place, Ticket):
            raise Busy(
                f"expected at most {self._limits.concurrency} calls in flight, a quarter of them"
                " kept for writes, got one more; wait for an answer",
                retry_after_s=place,
            )
        permit = None
        if _writes(submission):
            verdict = self._breaker.acquire(now_s)
            if isinstance(verdict, Refusal):
                self._limit_of(client).release(place, now_s)
                raise BreakerOpen(
                    "expected writes to work, but the last ones failed or took very long;"
                    f" reads go on; try again in {verdict.retry_after_s:.1f} s",
                    retry_after_s=verdict.retry_after_s,
                )
            permit = verdict
        self._admitted[submission.ticket] = _Admitted(client, place, permit)

    def _refuse_haste(self, submission: Submission, now_s: float) -> None:
        """Keep a client from destroying, running or fetching much at once, tool by tool."""
        if submission.effect not in RISKY or submission.workers[0].startswith(_WRITERS):
            return
        tool = submission.label.partition(".")[0]
        wait_s = self._tool_rates.acquire(f"{submission.connection} {tool}", now_s)
        if wait_s:
            raise Busy(
                f"expected at most {self._limits.risky_rate_per_s:g} calls a second of {tool} that"
                f" reach outside or destroy, got more; wait {wait_s:.2f} s",
                retry_after_s=wait_s,
            )

    def done(self, submission: Submission, code: str, duration_s: float, now_s: float) -> None:
        """Give back what the call held, and learn from its outcome.

        Args:
            submission: The call that was admitted.
            code: Code of the error it got; "" for a success.
            duration_s: How long it took.
            now_s: Monotonic seconds.
        """
        held = self._admitted.pop(submission.ticket, None)
        if held is None:
            return
        timed_out = code == "deadline_exceeded"
        self._limit_of(held.connection).release(held.place, now_s, timed_out=timed_out)
        if held.permit is not None:
            outcome: Outcome = "ignored" if code else "success"
            if code in TROUBLE:
                outcome = "failure"
            self._breaker.record(held.permit, outcome, duration_s, now_s)

    @property
    def database_state(self) -> str:
        """Return closed, open or half_open: whether writes pass."""
        return self._breaker.state.value

    def breakers(self, now_s: float) -> dict[str, Any]:
        """Return the breaker's state by name."""
        count, bad = self._breaker.counted
        return {
            self._breaker.name: {
                "state": self._breaker.state.value,
                "outcomes": count,
                "bad": bad,
                "retry_after_s": round(self._breaker.retry_after_s(now_s), 3),
            }
        }

    def _limit_of(self, client: str) -> ConcurrencyLimit:
        limit = self._places.get(client)
        if limit is None:
            most = self._limits.concurrency
            limit = ConcurrencyLimit(limit=most, limit_min=min(8, most), limit_max=most)
            self._places[client] = limit
            if len(self._places) > CLIENTS_MAX:
                self._places.popitem(last=False)
        return limit


def _writes(submission: Submission) -> bool:
    """Tell whether the database is what it is about: a browser's crash says nothing of that."""
    return submission.effect != "read" and submission.workers[0].startswith(_WRITERS)


def _kind(submission: Submission) -> Kind:
    return "read" if submission.effect == "read" else "write"
