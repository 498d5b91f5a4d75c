"""A world without processes, in which the effects of a supervisor's policy take no time.

Time stands still until `run_for` moves it. Children behave as `behave` says.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from mimo.config.clock import ManualClock
from mimo.supervision import effects as do
from mimo.supervision.children import Child
from mimo.supervision.effects import Effect
from mimo.supervision.messages import KILLED, NORMAL, SHUTDOWN, ExitReason
from mimo.supervision.policy import Policy
from mimo.supervision.specs import ChildSpec, SupervisorFlags

CRASHED = ExitReason(kind="crashed", detail="boom")
GAVE_UP = ExitReason(kind="gave_up")


def child(name: str, **fields: Any) -> ChildSpec:
    """Return the spec of a child of this world."""
    return ChildSpec(id=name, start="a.B", **fields)


def subtree(name: str, **fields: Any) -> ChildSpec:
    """Return the spec of a child supervisor of this world."""
    return child(name, type="supervisor", flags=SupervisorFlags(), **fields)


class World:
    """One supervisor and its children.

    Args:
        flags: The supervisor's.
        specs: Its children.
    """

    def __init__(self, flags: SupervisorFlags, *specs: ChildSpec) -> None:
        self.clock = ManualClock()
        self.policy = Policy(flags, specs)
        #: Every start and stop, in order: "+a", "-a" (asked), "!a" (killed).
        self.journal: list[str] = []
        self.alive: dict[str, int] = {}
        self.up: dict[str, int] = {}
        self.resting: set[str] = set()
        self.reports: list[do.Report] = []
        self.answers: dict[Any, Any] = {}
        #: When restarts were counted and allowed, in monotonic seconds.
        self.counted_s: list[float] = []
        self.is_booted = False
        self.boot_failure: str | None = None
        self.left: ExitReason | None = None
        self._starts: dict[str, list[str]] = {}
        self._stops: dict[str, ExitReason | None] = {}
        self._restarts: dict[Child, int] = {}
        self._agenda: list[tuple[float, int, Callable[[], list[Effect]]]] = []
        self._sequence = 0
        self.commands = 0

    # -- How children behave ----------------------------------------------------------------
    def behave(self, name: str, *starts: str) -> None:
        """Say how the next starts go: ok, ignore, fail, refuse, die or hang; the last one stays.

        To refuse is to fail for a reason that no further try can mend.
        """
        self._starts[name] = list(starts)

    def leaves_with(self, name: str, reason: ExitReason | None) -> None:
        """Say how a child answers `Stop`; None: it doesn't."""
        self._stops[name] = reason

    # -- What happens -----------------------------------------------------------------------
    def boot(self) -> World:
        """Start the supervisor."""
        self._carry_out(self.policy.boot(self.now_s))
        return self.run_for(0)

    def die(self, name: str, reason: ExitReason = KILLED) -> World:
        """Let a child end by itself."""
        self._exit(name, self.alive[name], reason)
        return self.run_for(0)

    def demand(self, name: str) -> World:
        """Let somebody call a child."""
        self._carry_out(self.policy.demanded(name, self.now_s))
        return self.run_for(0)

    def stop(self, reason: ExitReason = SHUTDOWN) -> World:
        """Ask the supervisor to leave."""
        self._carry_out(self.policy.stop(reason, self.now_s))
        return self.run_for(0)

    def command(self, event: Callable[..., list[Effect]], *args: Any, **named: Any) -> Any:
        """Run an administrator's request and return its answer; None while there is none."""
        self.commands += 1
        token = self.commands
        self._carry_out(event(*args, token, self.now_s, **named))
        self.run_for(0)
        return self.answers.get(token)

    def run_for(self, seconds: float) -> World:
        """Let time pass and everything happen that is due by then."""
        end_s = self.now_s + seconds
        while self._agenda and self._agenda[0][0] <= end_s:
            due_s, _, event = heapq.heappop(self._agenda)
            self.clock.advance(max(due_s - self.now_s, 0.0))
            self._carry_out(event())
        self.clock.advance(max(end_s - self.now_s, 0.0))
        return self

    # -- What is seen -----------------------------------------------------------------------
    @property
    def now_s(self) -> float:
        """Return the world's monotonic time."""
        return self.clock.monotonic_s()

    def take_journal(self) -> str:
        """Return what was started and stopped since the last time, as one line."""
        line, self.journal = " ".join(self.journal), []
        return line

    def states(self) -> dict[str, str]:
        """Return the state of every child."""
        return {one.name: one.state.value for one in self.policy.children}

    def counts(self) -> list[int]:
        """Return OTP's [specs, active, supervisors, workers]."""
        children = list(self.policy.children)
        supervisors = sum(one.spec.type == "supervisor" for one in children)
        active = sum(one.has_process for one in children)
        return [len(children), active, supervisors, len(children) - supervisors]

    def events(self, child_name: str = "") -> list[str]:
        """Return the names of the reports, without their folder."""
        return [
            report.event.removeprefix("supervision.")
            for report in self.reports
            if not child_name or report.child == child_name
        ]

    # -- Inside -----------------------------------------------------------------------------
    def _carry_out(self, effects: list[Effect]) -> None:
        for one in self.policy.children:
            new = one.restarts - self._restarts.get(one, 0)
            self.counted_s.extend([self.now_s] * new)
            self._restarts[one] = one.restarts
        for effect in effects:
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        assert self.left is None, f"expected nothing after the end, got {effect}"
        match effect:
            case do.SpawnChild(name=name, incarnation=incarnation):
                assert name not in self.alive, f"expected one process of {name}"
                self.alive[name] = incarnation
                self.journal.append(f"+{name}")
                self._start(name, incarnation)
            case do.AskStop(name=name, incarnation=incarnation):
                assert self.alive.get(name) == incarnation
                self.journal.append(f"-{name}")
                self._leave(name, incarnation, self._stops.get(name, SHUTDOWN))
            case do.KillChild(name=name, incarnation=incarnation):
                self.journal.append(f"!{name}")
                self._later(0, lambda: self._exited(name, incarnation, KILLED))
            case do.SetTimer(timer=timer, delay_s=delay_s):
                self._later(delay_s, lambda: self.policy.timer_fired(timer, self.now_s))
            case do.PublishUp(name=name, incarnation=incarnation):
                self.up[name] = incarnation
            case do.PublishResting(name=name):
                assert name not in self.alive
                self.resting.add(name)
            case do.PublishDown(name=name, incarnation=incarnation):
                assert self.up.pop(name) == incarnation
            case do.Report():
                self.reports.append(effect)
            case do.Answer(token=token, value=value):
                assert token not in self.answers, "expected one answer"
                self.answers[token] = value
            case do.AnswerRow(token=token, name=name):
                assert token not in self.answers, "expected one answer"
                self.answers[token] = self.states().get(name, "forgotten")
            case do.Booted():
                self.is_booted = True
            case do.BootFailed(detail=detail, exit_code=exit_code):
                self.boot_failure = detail
                self.left = ExitReason(kind="start_failed", exit_code=exit_code)
            case do.Leave(reason=reason):
                self.left = reason

    def _leave(self, name: str, incarnation: int, reason: ExitReason | None) -> None:
        if reason is not None:
            self._later(0, lambda: self._exited(name, incarnation, reason))

    def _start(self, name: str, incarnation: int) -> None:
        plan = self._starts.get(name, ["ok"])
        how = plan.pop(0) if len(plan) > 1 else plan[0]
        policy = self.policy
        match how:
            case "ok":
                self._later(0, lambda: policy.child_started(name, incarnation, self.now_s))
            case "ignore":
                self._later(0, lambda: policy.child_ignored(name, incarnation, self.now_s))
                self._later(0, lambda: self._exited(name, incarnation, NORMAL))
            case "fail":
                self._later(
                    0, lambda: policy.child_start_failed(name, incarnation, "no", self.now_s)
                )
                self._later(0, lambda: self._exited(name, incarnation, CRASHED))
            case "refuse":
                self._later(
                    0,
                    lambda: policy.child_start_failed(
                        name, incarnation, "never", self.now_s, exit_code=78
                    ),
                )
                self._later(0, lambda: self._exited(name, incarnation, CRASHED))
            case "die":
                self._later(0, lambda: self._exited(name, incarnation, KILLED))

    def _later(self, delay_s: float, event: Callable[[], list[Effect]]) -> None:
        self._sequence += 1
        heapq.heappush(self._agenda, (self.now_s + delay_s, self._sequence, event))

    def _exit(self, name: str, incarnation: int, reason: ExitReason) -> None:
        self._carry_out(self._exited(name, incarnation, reason))

    def _exited(self, name: str, incarnation: int, reason: ExitReason) -> list[Effect]:
        if self.alive.get(name) != incarnation:
            return []
        del self.alive[name]
        return self.policy.child_exited(name, incarnation, reason, self.now_s)
