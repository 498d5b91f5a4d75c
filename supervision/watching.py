"""The part of a supervisor that looks for frozen children and kills them."""

from __future__ import annotations

from dataclasses import dataclass

from mimo.config import logs
from mimo.supervision import messages as m
from mimo.supervision import platform
from mimo.supervision.offspring import Offspring
from mimo.supervision.watchdog import Frozen, SendPing, Slept, Verdict, Watchdog


@dataclass(frozen=True, slots=True)
class Look:
    """Timer payload: look for frozen children."""


class Watching(Offspring):
    """Pings children, fast while somebody waits for one of them, and carries out the verdicts."""

    def __init__(self) -> None:
        super().__init__()
        self._watchdog = Watchdog()
        self._look_timer: int | None = None

    def watch_child(self, name: str, incarnation: int, busy_max_s: float) -> None:
        """Watch a child that serves."""
        if child := self.process(name, incarnation):
            self._watchdog.watch(name, incarnation, child.pid, busy_max_s)

    def unwatch_child(self, name: str) -> None:
        """Stop watching a child."""
        self._watchdog.forget(name)

    def suspect(self, name: str, incarnation: int) -> None:
        """Look at a child now and often for a while."""
        self._judge(self._watchdog.suspect(name, incarnation, platform.process_state))
        self.plan_look()

    def glance(self) -> None:
        """Look whether any child is stopped; for a supervisor that is awake for something else."""
        self._judge(self._watchdog.glance(platform.process_state))
        self.plan_look()

    def heard_pong(self, pong: m.Pong) -> None:
        """Note that a child handles messages."""
        self._watchdog.pong(pong.name, pong.incarnation, pong.nonce)

    def look(self) -> None:
        """Judge all children; call it when the timer `Look` fires."""
        self._look_timer = None
        self._judge(self._watchdog.tick(self.clock.monotonic_s(), platform.process_state))
        self.plan_look()

    def plan_look(self) -> None:
        """Have a timer for the next look, if it has to be sooner than the one that runs."""
        delay_s = self._watchdog.plan(self.clock.monotonic_s())
        if delay_s is None:
            return
        if self._look_timer is not None:
            self.cancel(self._look_timer)
        self._look_timer = self.after(delay_s, Look())

    def _judge(self, verdicts: list[Verdict]) -> None:
        for verdict in verdicts:
            match verdict:
                case SendPing(name=name, nonce=nonce):
                    if child := self.process(name):
                        self.post(child.address, m.Ping(nonce=nonce))
                case Frozen():
                    self._kill_frozen(verdict)
                case Slept(late_s=late_s):
                    self._warn("supervision.slept", "", f"{late_s:.2f} s late")

    def _kill_frozen(self, frozen: Frozen) -> None:
        detail = f"silent for {frozen.silent_s:.2f} s in state {frozen.state}"
        self._warn("supervision.child_frozen", frozen.name, detail)
        self.kill(frozen.name, frozen.incarnation, m.ExitReason(kind="frozen", detail=detail))

    def _warn(self, event: str, child: str, reason: str) -> None:
        log = logs.get_logger(self.name)
        log.warning(event, supervisor=self.name, child=child, reason=reason, context="running")
