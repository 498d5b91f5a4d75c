"""The degradation level: what works now, computed from breakers and from what parts report."""

from __future__ import annotations

from typing import Any

from mimo.actors.resilience import messages as r
from mimo.actors.resilience.levels import FACTS, level_of
from mimo.config import logs
from mimo.config.errors import InvalidRequest
from mimo.supervision import messages as m
from mimo.supervision.heir_protocol import TableSpec
from mimo.supervision.table import TableOwner

BREAKERS = "resilience/breakers"
TABLE = TableSpec(name="services", rows_max=256, bytes_max=65_536)


class Services(TableOwner):
    """Know the level and tell those who subscribed; facts and subscribers are in its table."""

    def init(self, args: dict[str, Any]) -> None:
        """Follow the breakers: what they say while this process is down is asked for later."""
        self._breakers: dict[str, str] = {}
        self._facts: dict[str, str] = {}
        self._subscribers: set[str] = set()
        self._report = r.LevelReport(level="full", reasons=(), since_s=self.clock.wall_s())
        super().init(args)
        self.monitor(BREAKERS)

    def tables(self) -> tuple[TableSpec, ...]:
        """Return the one table: rows `fact/<name>` and `subscriber/<name>`."""
        return (TABLE,)

    def table_ready(self) -> None:
        """Read facts and subscribers."""
        for key, value, _ in self.table(TABLE.name).items():
            kind, _, name = key.partition("/")
            if kind == "subscriber":
                self._subscribers.add(name)
                self.monitor(name)
            elif name in FACTS:
                self._facts[name] = value
        self._judge()

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer what `messages.py` says."""
        match request:
            case r.GetLevel():
                return self._report
            case r.ReportFact() if request.fact not in FACTS:
                known = ", ".join(FACTS)
                raise InvalidRequest(f"expected a fact ({known}), got {request.fact!r}")
            case r.ReportFact() | r.SubscribeLevel():
                self.handle_cast(request)
                return True
            case _:
                return super().handle_call(request, call)

    def handle_cast(self, request: Any) -> None:
        """Take facts, states of breakers and subscriptions."""
        match request:
            case r.ReportFact() if request.fact in FACTS:
                self._note(request)
            case r.BreakerChanged():
                self._breakers[request.breaker] = request.state
                self._judge()
            case r.SubscribeLevel():
                self._enrol(request)
            case _:
                super().handle_cast(request)

    def handle_info(self, info: Any) -> None:
        """Ask the breakers when they are up (again), and tell a subscriber that is."""
        super().handle_info(info)
        match info:
            case m.Up(name=name) if name == BREAKERS:
                self.call(BREAKERS, r.ListBreakers(), self._breakers_listed)
            case m.Up(name=name) if name in self._subscribers:
                self.cast(name, r.LevelChanged(report=self._report))

    def _breakers_listed(self, answer: Any) -> None:
        if not isinstance(answer, m.Failure):
            self._breakers |= {status.name: status.state for status in answer}
            self._judge()

    def _note(self, report: r.ReportFact) -> None:
        key = f"fact/{report.fact}"
        if report.is_so:
            if self._facts.get(report.fact) != report.detail:
                self.keep(TABLE.name, [(key, report.detail)])
                self._facts[report.fact] = report.detail
        elif report.fact in self._facts:
            self.keep(TABLE.name, [], [key])
            del self._facts[report.fact]
        self._judge()

    def _enrol(self, request: r.SubscribeLevel) -> None:
        name, key = request.subscriber, f"subscriber/{request.subscriber}"
        if not request.is_wanted:
            self.keep(TABLE.name, [], [key])
            self._subscribers.discard(name)
            return
        if name not in self._subscribers:
            self.keep(TABLE.name, [(key, True)])
            self._subscribers.add(name)
        self.monitor(name)
        self.cast(name, r.LevelChanged(report=self._report))

    def _judge(self) -> None:
        """Compute the level; tell everybody when it or its reasons changed."""
        level, reasons = level_of(self._breakers, self._facts)
        before = self._report
        if (level, reasons) == (before.level, before.reasons):
            return
        since_s = before.since_s if level == before.level else self.clock.wall_s()
        self._report = r.LevelReport(level=level.value, reasons=reasons, since_s=since_s)
        logs.get_logger(self.name).warning(
            "services.level", level=level.value, was=before.level, reasons=reasons
        )
        for name in self._subscribers:
            self.cast(name, r.LevelChanged(report=self._report))
