"""How a supervisor works towards what it wants: stop from the right, start from the left; pure.

An event says which children are wanted and whose process must go first. `_settle` then stops and
starts as far as the strategy lets it now. Nothing waits in here, so that a stop is heard between
any two steps, also in a loop of restarts.
"""

from __future__ import annotations

from typing import Any

from mimo.config import limits
from mimo.config.errors import MimoError, ShuttingDown
from mimo.supervision import effects as do
from mimo.supervision.children import Cause, Child, Children, ChildState
from mimo.supervision.effects import Effect, Timer, TimerKind
from mimo.supervision.intensity import RestartBudget
from mimo.supervision.messages import SHUTDOWN, ExitReason
from mimo.supervision.ordering import startable, stops_together
from mimo.supervision.specs import ChildSpec, RestartStrategy, SupervisorFlags, check_specs


def start_limit_s(spec: ChildSpec) -> float:
    """Return how long the child may take to start: a supervisor has its children's time as well."""
    return spec.start_timeout_s + sum(start_limit_s(child) for child in spec.children)


class Machine:
    """The children of one supervisor and the steps that change them; the rules are `Policy`'s.

    Args:
        flags: How the supervisor restarts.
        specs: The children to begin with, in start order.

    Raises:
        StartError: The flags and specs can't work together.
    """

    def __init__(self, flags: SupervisorFlags, specs: tuple[ChildSpec, ...]) -> None:
        check_specs(flags, specs)
        self.flags = flags
        self.children = Children()
        self.is_booted = False
        self.leaving: ExitReason | None = None
        self._has_left = False
        self._budget = RestartBudget(flags.intensity, flags.period_s)
        self._effects: list[Effect] = []
        for spec in specs:
            self.children.add(self._record(spec))

    # -- Working towards what is wanted --------------------------------------------------------
    def _settle(self, now_s: float) -> list[Effect]:
        """Stop and start what may be stopped and started now; return all effects of this event."""
        if self.leaving is not None:
            for child in self.children:
                self._give_away(child, now_s)
        self._ask_stops(now_s)
        if self.leaving is not None:
            self._leave_when_alone()
        else:
            for child in startable(list(self.children), self.flags):
                self._spawn(child, now_s)
            self._note_boot()
        effects, self._effects = self._effects, []
        return effects

    def _give_away(self, child: Child, now_s: float) -> None:
        child.wanted = False
        if child.state in (ChildState.STARTING, ChildState.RUNNING):
            child.must_stop = True
        elif not child.has_process:
            self._enter(child, ChildState.DOWN, now_s)
        stopping = ShuttingDown(f"expected {child.name} to start, got its supervisor's end")
        self._answer_starts(child, stopping)

    def _ask_stops(self, now_s: float) -> None:
        """Ask the rightmost child that must go, and only then the next one to its left."""
        together = stops_together(self.flags)
        is_one_stopping = any(child.state is ChildState.STOPPING for child in self.children)
        for child in reversed(self.children):
            if is_one_stopping and not together:
                break
            if child.must_stop:
                child.must_stop = False
                is_one_stopping = True
                self._enter(child, ChildState.STOPPING, now_s)
                self._ask_stop(child)

    def _ask_stop(self, child: Child) -> None:
        limit_s = child.spec.shutdown_s
        if limit_s == 0:
            self._kill(child)
            return
        self._do(do.AskStop(child.name, child.incarnation))
        if limit_s is not None:
            timer = Timer(TimerKind.KILL, child.name, child.incarnation)
            self._do(do.SetTimer(timer, limit_s))

    def _spawn(self, child: Child, now_s: float) -> None:
        child.incarnation = child.next_incarnation(now_s)
        child.has_started = child.ignored = False
        child.failure, child.failure_code = None, 0
        self._enter(child, ChildState.STARTING, now_s)
        self._do(do.SpawnChild(child.name, child.incarnation))
        timer = Timer(TimerKind.START, child.name, child.incarnation)
        self._do(do.SetTimer(timer, start_limit_s(child.spec)))

    def _start_timed_out(self, child: Child) -> None:
        if child.has_process and not child.has_started:
            child.failure = f"no answer to Start within {start_limit_s(child.spec):g} s"
            self._kill(child)

    def _leave_timed_out(self, child: Child) -> None:
        if child.state is ChildState.STOPPING:
            reason = f"still there {child.spec.shutdown_s:g} s after Stop"
            self._report("supervision.child_killed", child, reason, "stop")
        is_asked = child.state is ChildState.STOPPING
        if child.has_process and (is_asked or child.ignored or child.failure):
            self._kill(child)

    def _note_boot(self) -> None:
        pending = (child.cause is Cause.BOOT and child.is_missing for child in self.children)
        if not self.is_booted and not any(pending):
            self.is_booted = True
            self._do(do.Booted())

    def _leave_when_alone(self) -> None:
        if self._has_left or any(child.has_process for child in self.children):
            return
        self._has_left = True
        reason = self.leaving or SHUTDOWN
        if reason.kind == "start_failed":
            self._do(do.BootFailed(reason.detail, reason.exit_code))
        else:
            self._do(do.Leave(reason))

    # -- Small steps -----------------------------------------------------------------------------
    def _record(self, spec: ChildSpec) -> Child:
        budget = RestartBudget(self.flags.intensity, self.flags.period_s)
        child = Child(spec=spec, budget=budget)
        if spec.on_demand:
            child.wanted, child.state = False, ChildState.RESTING
        return child

    def _is_isolated(self, child: Child) -> bool:
        is_group = child.spec.type == "supervisor" and not child.spec.critical
        return self.flags.parks_groups and is_group

    def _enter(self, child: Child, state: ChildState, now_s: float) -> None:
        if child.state is not state:
            child.state, child.since_s = state, now_s

    def _want(self, child: Child, cause: Cause, now_s: float) -> None:
        child.wanted, child.cause = True, cause
        self._enter(child, ChildState.DOWN, now_s)

    def _rest(self, child: Child, now_s: float) -> None:
        child.wanted = False
        self._enter(child, ChildState.RESTING, now_s)
        self._do(do.PublishResting(child.name))

    def _leave(self, reason: ExitReason) -> None:
        if self.leaving is None:
            self.leaving = reason

    def _kill(self, child: Child) -> None:
        self._do(do.KillChild(child.name, child.incarnation))

    def _expect_death(self, child: Child) -> None:
        timer = Timer(TimerKind.KILL, child.name, child.incarnation)
        self._do(do.SetTimer(timer, limits.LEAVING_S_MAX))

    def _forget_if_gone(self, child: Child) -> None:
        """Forget the spec of what is never started again. Source: OTP supervisor:del_child/2."""
        is_dynamic = self.flags.strategy is RestartStrategy.DYNAMIC
        if child.state is ChildState.RESTING:
            return
        if not child.wanted and not child.has_process and (child.is_temporary or is_dynamic):
            self.children.forget(child)

    def _answer_starts(self, child: Child, error: MimoError | None = None) -> None:
        for token in child.start_tokens:
            is_bad = error is not None
            self._do(do.Answer(token, error) if is_bad else do.AnswerRow(token, child.name))
        child.start_tokens.clear()

    def _refuse_when_leaving(self) -> None:
        if self.leaving is not None:
            raise ShuttingDown("expected a running supervisor, got one that is shutting down")

    def _refuse(self, token: Any, error: MimoError) -> list[Effect]:
        return [do.Answer(token, error)]

    def _report(
        self, event: str, child: Child, reason: str, context: str, *, is_error: bool = True
    ) -> None:
        self._do(do.Report(event, child.name, reason, context, is_error))

    def _report_exit(
        self,
        event: str,
        child: Child,
        reason: ExitReason,
        context: str,
        *,
        is_error: bool = True,
    ) -> None:
        text = f"{reason.kind}: {reason.detail}" if reason.detail else reason.kind
        self._report(event, child, text, context, is_error=is_error)

    def _do(self, effect: Effect) -> None:
        self._effects.append(effect)
