"""What a supervisor decides: OTP's rules as a state machine; pure.

Every public method is one event. It changes the state and returns the effects that the actor shall
carry out, in order.

With `parks_groups`, a child supervisor that isn't critical is *isolated*: its death disturbs no
sibling, its restarts have a budget of their own, and when that or the group's own budget is used up
it is parked and tried again now and then, instead of bringing the supervisor down.

Source: OTP supervisor.erl; parking is ours, see design section 4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mimo.config.errors import Conflict, MimoError, StartError, Unavailable
from mimo.supervision import effects as do
from mimo.supervision.children import Cause, Child, ChildState
from mimo.supervision.effects import Effect, Timer, TimerKind
from mimo.supervision.machine import Machine
from mimo.supervision.messages import SHUTDOWN, ExitReason
from mimo.supervision.specs import AutoShutdown, ChildSpec, RestartStrategy, check_specs

_WITHOUT_PROCESS = (ChildState.DOWN, ChildState.PARKED, ChildState.RESTING)


class Policy(Machine):
    """The rules of one supervisor, event by event."""

    # -- Events: the children's lives ----------------------------------------------------------
    def boot(self, now_s: float) -> list[Effect]:
        """Start all children from left to right, each after the one before has started."""
        for child in self.children:
            if child.state is ChildState.RESTING:
                child.since_s = now_s
                self._do(do.PublishResting(child.name))
        return self._settle(now_s)

    def child_started(self, name: str, incarnation: int, now_s: float) -> list[Effect]:
        """Note the answer `Started`; one that comes too late or from a stale process is nothing."""
        child = self.children.find(name, incarnation)
        if child is not None and child.state is ChildState.STARTING and child.failure is None:
            child.has_started = True
            self._enter(child, ChildState.RUNNING, now_s)
            self._do(do.PublishUp(name, incarnation))
            again = child.cause in (Cause.RESTART, Cause.CASCADE)
            event = "supervision.child_restarted" if again else "supervision.child_started"
            self._report(event, child, "", child.cause, is_error=False)
            self._answer_starts(child)
        return self._settle(now_s)

    def child_ignored(self, name: str, incarnation: int, now_s: float) -> list[Effect]:
        """Note the answer `Ignored`: the process leaves, the child stays down."""
        child = self.children.find(name, incarnation)
        if child is not None and child.state is ChildState.STARTING:
            child.ignored = True
            self._expect_death(child)
        return self._settle(now_s)

    def child_start_failed(
        self, name: str, incarnation: int, detail: str, now_s: float, *, exit_code: int = 0
    ) -> list[Effect]:
        """Note the answer `StartFailed`: what follows is decided once the process is gone."""
        child = self.children.find(name, incarnation)
        if child is not None and child.state is ChildState.STARTING:
            child.failure, child.failure_code = detail, exit_code
            self._expect_death(child)
        return self._settle(now_s)

    def child_exited(
        self, name: str, incarnation: int, reason: ExitReason, now_s: float
    ) -> list[Effect]:
        """Note the proof that a process is gone; a second proof and a stale one are nothing."""
        child = self.children.find(name, incarnation)
        if child is None or not child.has_process:
            return []
        before, is_asked = child.state, child.is_leaving or self.leaving is not None
        if before is ChildState.STARTING and not child.ignored and not is_asked:
            detail = child.failure or f"{reason.kind} {reason.detail}".strip()
            reason = ExitReason(kind="start_failed", detail=detail, exit_code=child.failure_code)
        child.last_exit = reason
        child.must_stop = False
        ran_s = now_s - child.since_s
        self._enter(child, ChildState.DOWN, now_s)
        if child.has_started:
            self._do(do.PublishDown(name, incarnation, reason))
        if is_asked:
            self._stopped(child, reason)
        elif before is ChildState.RUNNING:
            self._ended(child, reason, ran_s, now_s)
        elif child.ignored:
            self._ignored(child)
        else:
            self._start_failed(child, reason, now_s)
        return self._settle(now_s)

    def demanded(self, name: str, now_s: float) -> list[Effect]:
        """Start a child that rests, since somebody calls it; all others are left alone."""
        if self.children.knows(name):
            child = self.children.get(name)
            if child.state is ChildState.RESTING and self.leaving is None:
                self._want(child, Cause.DEMAND, now_s)
        return self._settle(now_s)

    def timer_fired(self, timer: Timer, now_s: float) -> list[Effect]:
        """Act on a timer that `SetTimer` asked for, unless it is stale."""
        child = self.children.find(timer.name, timer.incarnation)
        if child is not None:
            match timer.kind:
                case TimerKind.START:
                    self._start_timed_out(child)
                case TimerKind.KILL:
                    self._leave_timed_out(child)
                case TimerKind.RETRY:
                    if child.state is ChildState.RESTARTING:
                        self._restart(child, now_s)
                case TimerKind.UNPARK:
                    self._unpark(child, now_s)
        return self._settle(now_s)

    # -- Events: the administrator -------------------------------------------------------------
    def stop(self, reason: ExitReason, now_s: float) -> list[Effect]:
        """Stop all children from right to left, then leave; a second reason is not taken."""
        self._leave(reason)
        return self._settle(now_s)

    def start_child(self, spec: ChildSpec, token: Any, now_s: float) -> list[Effect]:
        """Add a child and start it. Source: OTP start_child/2."""
        try:
            self._refuse_when_leaving()
            if self.children.knows(spec.id):
                state = self.children.get(spec.id).state
                raise Conflict(f"expected a new child id, got {spec.id!r}, which is {state}")
            check_specs(self.flags, (*(child.spec for child in self.children), spec))
        except MimoError as error:
            return self._refuse(token, error)
        child = self._record(spec)
        child.wanted, child.cause = True, Cause.ADD
        self._enter(child, ChildState.DOWN, now_s)
        child.start_tokens.append(token)
        self.children.add(child)
        return self._settle(now_s)

    def restart_child(
        self, name: str, token: Any, now_s: float, *, force: bool = False
    ) -> list[Effect]:
        """Start a child that is down; with `force` also one that isn't.

        Source: OTP restart_child/2.
        """
        try:
            self._refuse_when_leaving()
            child = self.children.get(name)
            is_idle = child.state in _WITHOUT_PROCESS and not child.wanted
            if not is_idle and not force:
                raise Conflict(f"expected {name!r} to be down, got {child.state}; use force")
        except MimoError as error:
            return self._refuse(token, error)
        child.start_tokens.append(token)
        if child.has_process:
            child.must_stop = child.state is not ChildState.STOPPING
            child.wanted, child.cause = True, Cause.COMMAND
        else:
            self._want(child, Cause.COMMAND, now_s)
        return self._settle(now_s)

    def terminate_child(self, name: str, token: Any, now_s: float) -> list[Effect]:
        """Stop a child and leave it down. Source: OTP terminate_child/2."""
        try:
            self._refuse_when_leaving()
            child = self.children.get(name)
        except MimoError as error:
            return self._refuse(token, error)
        child.wanted = False
        if child.has_process:
            child.stop_tokens.append(token)
            child.must_stop = child.state is not ChildState.STOPPING
        else:
            self._enter(child, ChildState.DOWN, now_s)
            child.stop_tokens.append(token)
            self._note_stopped(child)
        return self._settle(now_s)

    def delete_child(self, name: str, token: Any, now_s: float) -> list[Effect]:
        """Forget a child that is down. Source: OTP delete_child/2."""
        try:
            self._refuse_when_leaving()
            child = self.children.get(name)
            if child.state not in _WITHOUT_PROCESS or child.wanted:
                raise Conflict(f"expected {name!r} to be down, got {child.state}; stop it first")
        except MimoError as error:
            return self._refuse(token, error)
        self.children.forget(child)
        self._do(do.Answer(token, True))
        return self._settle(now_s)

    # -- What follows an end -------------------------------------------------------------------
    def _ended(self, child: Child, reason: ExitReason, ran_s: float, now_s: float) -> None:
        """Decide after a running child ended by itself. Source: OTP supervisor:do_restart/3."""
        if child.spec.rest_after_s is not None and reason.kind == "normal":
            self._report_exit("supervision.child_exited", child, reason, "running", is_error=False)
            self._rest(child, now_s)
            return
        restarts = child.is_restarted_after(reason)
        well = not restarts and reason.is_normal
        self._report_exit("supervision.child_exited", child, reason, "running", is_error=not well)
        if ran_s >= child.parked_s:
            child.parkings = 0
        if not restarts:
            child.wanted = False
            self._forget_if_gone(child)
            self._shut_down_after(child)
        elif self._is_isolated(child) and reason.kind == "gave_up":
            self._park(child, reason, now_s)
        else:
            self._restart(child, now_s)

    def _stopped(self, child: Child, reason: ExitReason) -> None:
        """Note that a child is down because it was to be."""
        well = child.ended_well(reason)
        self._report_exit("supervision.child_exited", child, reason, "stop", is_error=not well)
        self._note_stopped(child)

    def _note_stopped(self, child: Child) -> None:
        for token in child.stop_tokens:
            self._do(do.Answer(token, True))
        child.stop_tokens.clear()
        if not child.wanted:
            stopped = Unavailable(f"expected {child.name} to start, got a command to stop it")
            self._answer_starts(child, stopped)
        self._forget_if_gone(child)

    def _ignored(self, child: Child) -> None:
        self._report("supervision.child_ignored", child, "", child.cause, is_error=False)
        child.wanted = False
        self._answer_starts(child)
        self._forget_if_gone(child)

    def _start_failed(self, child: Child, reason: ExitReason, now_s: float) -> None:
        """Decide after a process ended before it had started."""
        self._report_exit("supervision.child_start_failed", child, reason, child.cause)
        if child.cause is Cause.BOOT and not self._is_isolated(child):
            # A last word is the operator's to read: one sentence, without the way that it came.
            where = "" if reason.exit_code else f"{child.name}: "
            self._leave(replace(reason, kind="start_failed", detail=f"{where}{reason.detail}"))
        elif child.cause is Cause.UNPARK or (child.parkings and child.cause is Cause.COMMAND):
            self._park(child, reason, now_s)
        elif child.cause is Cause.DEMAND:
            # The next call tries again; its siblings shall not pay for it.
            self._rest(child, now_s)
        elif child.cause in (Cause.ADD, Cause.COMMAND):
            child.wanted = False
            if child.cause is Cause.ADD:
                self.children.forget(child)
        else:
            child.cause = Cause.RESTART
            self._enter(child, ChildState.RESTARTING, now_s)
            self._do(do.SetTimer(Timer(TimerKind.RETRY, child.name, child.incarnation), 0.0))
        self._answer_starts(
            child, StartError(f"expected {child.name} to start, got: {reason.detail}")
        )

    def _restart(self, child: Child, now_s: float) -> None:
        """Count a restart and want it, with those whom the strategy takes along; or give up.

        Source: OTP supervisor:restart/2. A failed attempt comes here again and counts again.
        """
        budget = child.budget if self._is_isolated(child) else self._budget
        if budget.add(now_s):
            child.restarts += 1
            self._want(child, Cause.RESTART, now_s)
            for victim in self._victims(child):
                self._take_along(victim, now_s)
            return
        reason = child.last_exit or SHUTDOWN
        if self._is_isolated(child):
            self._park(child, reason, now_s)
            return
        child.wanted = False
        self._enter(child, ChildState.DOWN, now_s)
        detail = (
            f"{child.name} needed more than {self.flags.intensity} restarts "
            f"in {self.flags.period_s:g} s; last {reason.kind} {reason.detail}".rstrip()
        )
        self._report("supervision.gave_up", child, detail, "restart")
        self._leave(ExitReason(kind="gave_up", detail=detail))

    def _victims(self, child: Child) -> list[Child]:
        """Return whom the strategy restarts together with `child`."""
        if self._is_isolated(child):
            return []
        match self.flags.strategy:
            case RestartStrategy.ONE_FOR_ALL:
                return self.children.others(child)
            case RestartStrategy.REST_FOR_ONE:
                return self.children.after(child)
            case _:
                return []

    def _take_along(self, victim: Child, now_s: float) -> None:
        """Stop a sibling and want it again; a temporary one is only stopped.

        Also one that was down is started, as in OTP.
        """
        if victim.state is ChildState.RESTING or (victim.wanted and victim.incarnation == 0):
            return
        victim.must_stop = victim.state in (ChildState.STARTING, ChildState.RUNNING)
        victim.wanted, victim.cause = not victim.is_temporary, Cause.CASCADE
        if not victim.has_process:
            self._enter(victim, ChildState.DOWN, now_s)

    def _shut_down_after(self, child: Child) -> None:
        """End the supervisor if this child's own end asks for it.

        Source: OTP supervisor:do_auto_shutdown/2.
        """
        mode = self.flags.auto_shutdown
        if not child.spec.significant or mode is AutoShutdown.NEVER:
            return
        others = (one for one in self.children.others(child) if one.spec.significant)
        is_last = all(one.state is ChildState.DOWN for one in others)
        if mode is AutoShutdown.ANY_SIGNIFICANT or is_last:
            detail = f"the significant child {child.name} ended"
            self._leave(ExitReason(kind="shutdown", detail=detail))

    def _park(self, child: Child, reason: ExitReason, now_s: float) -> None:
        child.wanted = False
        child.parkings += 1
        child.parked_s = child.park_delay_s()
        child.budget.reset()
        self._enter(child, ChildState.PARKED, now_s)
        detail = f"tried again in {child.parked_s:g} s; {reason.kind} {reason.detail}".rstrip()
        self._report("supervision.group_parked", child, detail, "restart")
        timer = Timer(TimerKind.UNPARK, child.name, child.incarnation)
        self._do(do.SetTimer(timer, child.parked_s))

    def _unpark(self, child: Child, now_s: float) -> None:
        if child.state is ChildState.PARKED:
            self._report("supervision.group_retried", child, "", "restart", is_error=False)
            self._want(child, Cause.UNPARK, now_s)
