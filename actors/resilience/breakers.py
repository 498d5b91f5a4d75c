"""The circuit breakers of all dependencies; they outlive this process in its table."""

from __future__ import annotations

from typing import Any

from mimo.actors.resilience import messages as r
from mimo.config import logs
from mimo.config.errors import BreakerOpen, NotFound
from mimo.supervision import messages as m
from mimo.supervision.breaker import Breaker, BreakerRules, BreakerState, Permit, Refusal
from mimo.supervision.heir_protocol import TableSpec
from mimo.supervision.table import TableOwner

SERVICES = "resilience/services"
TABLE = TableSpec(name="breakers", rows_max=64, bytes_max=65_536)
#: Rules by dependency; what is slow differs.
RULES = {
    "database": BreakerRules(slow_s=2.0),
    "embedding": BreakerRules(slow_s=10.0),
    "llm": BreakerRules(slow_s=30.0, probe_s_max=60.0),
    "web": BreakerRules(slow_s=15.0),
}
_EVENTS = {
    BreakerState.OPEN: "breaker.opened",
    BreakerState.HALF_OPEN: "breaker.half_open",
    BreakerState.CLOSED: "breaker.closed",
}


class Breakers(TableOwner):
    """Give permits, learn from outcomes; each change is in the table before it is answered."""

    def init(self, args: dict[str, Any]) -> None:
        """Follow the services, which have to know of each change."""
        self._breakers: dict[str, Breaker] = {}
        super().init(args)
        self.monitor(SERVICES)

    def tables(self) -> tuple[TableSpec, ...]:
        """Return the one table: a row a breaker."""
        return (TABLE,)

    def table_ready(self) -> None:
        """Go on from the states that the table has."""
        now_s = self.clock.monotonic_s()
        self._log = logs.get_logger(self.name)
        self._breakers |= {name: Breaker(name, rules) for name, rules in RULES.items()}
        for name, row, _ in self.table(TABLE.name).items():
            if name in self._breakers:
                self._breakers[name].restore(row, now_s)

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer what `messages.py` says."""
        match request:
            case r.Acquire():
                return self._acquire(request.breaker)
            case r.Record():
                return self._record(request)
            case r.ListBreakers():
                return tuple(self._status(breaker) for breaker in self._breakers.values())
            case r.ResetBreaker():
                return self._reset(request.breaker)
            case _:
                return super().handle_call(request, call)

    def handle_cast(self, request: Any) -> None:
        """Take an outcome that nobody wants an answer to."""
        if isinstance(request, r.Record) and request.permit.breaker in self._breakers:
            self._record(request)
        else:
            super().handle_cast(request)

    def handle_info(self, info: Any) -> None:
        """Tell services that are up (again) what they may have missed."""
        super().handle_info(info)
        if isinstance(info, m.Up) and info.name == SERVICES:
            for breaker in self._breakers.values():
                self._tell(breaker)

    def statistics_extra(self) -> dict[str, Any]:
        """Return the breakers by name, as `mimo breakers` shows them."""
        shown = {}
        for breaker in self._breakers.values():
            status = self._status(breaker)
            shown[status.name] = {
                "state": status.state,
                "outcomes": status.outcomes,
                "bad": status.bad,
                "retry_after_s": round(status.retry_after_s, 3),
            }
        return {"breakers": shown}

    def _acquire(self, name: str) -> Permit:
        breaker = self._named(name)
        before = breaker.generation, breaker.state
        answer = breaker.acquire(self.clock.monotonic_s())
        if isinstance(answer, Refusal):
            raise BreakerOpen(
                f"expected {name} to work, got failures; wait {answer.retry_after_s:.1f} s",
                retry_after_s=answer.retry_after_s,
            )
        if answer.is_probe or before != (breaker.generation, breaker.state):
            self._keep(breaker, before[1])
        return answer

    def _record(self, request: r.Record) -> bool:
        breaker = self._named(request.permit.breaker)
        before = breaker.to_row()
        state = breaker.state
        now_s = self.clock.monotonic_s()
        counted = breaker.record(request.permit, request.outcome, request.duration_s, now_s)
        if breaker.to_row() != before:
            self._keep(breaker, state)
        return counted

    def _reset(self, name: str) -> r.BreakerStatus:
        breaker = self._named(name)
        state = breaker.state
        breaker.reset()
        self._keep(breaker, state)
        self._log.warning("breaker.reset", breaker=name, was=state.value)
        return self._status(breaker)

    def _keep(self, breaker: Breaker, was: BreakerState) -> None:
        """Put the breaker into the table; tell a change of state."""
        self.keep(TABLE.name, [(breaker.name, breaker.to_row())])
        if breaker.state is not was:
            wait_s = breaker.retry_after_s(self.clock.monotonic_s())
            self._log.warning(_EVENTS[breaker.state], breaker=breaker.name, retry_after_s=wait_s)
            self._tell(breaker)

    def _tell(self, breaker: Breaker) -> None:
        self.cast(SERVICES, r.BreakerChanged(breaker=breaker.name, state=breaker.state.value))

    def _named(self, name: str) -> Breaker:
        if name not in self._breakers:
            known = ", ".join(self._breakers)
            raise NotFound(f"expected a breaker ({known}), got {name!r}; give one of these")
        return self._breakers[name]

    def _status(self, breaker: Breaker) -> r.BreakerStatus:
        outcomes, bad = breaker.counted
        return r.BreakerStatus(
            name=breaker.name,
            state=breaker.state.value,
            generation=breaker.generation,
            outcomes=outcomes,
            bad=bad,
            retry_after_s=breaker.retry_after_s(self.clock.monotonic_s()),
        )
