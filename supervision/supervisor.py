"""A supervisor's process: it carries out what its policy decides, and tells it what happened.

Single-threaded, without a database; it never waits. The root supervisor also holds the registry of
names and sends the heartbeat that the node's watchdog expects.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from mimo.config import limits, logs
from mimo.config.errors import (
    InvalidRequest,
    MimoError,
    Restarting,
    StartError,
    Unavailable,
)
from mimo.supervision import effects as do
from mimo.supervision import messages as m
from mimo.supervision import runtime
from mimo.supervision.effects import Effect, Timer
from mimo.supervision.gen_server import NO_REPLY, failure
from mimo.supervision.heartbeat import Heartbeat
from mimo.supervision.naming import Naming, NamingMessage
from mimo.supervision.policy import Policy
from mimo.supervision.rows import Rows, row, row_of_registered
from mimo.supervision.specs import ChildSpec, SupervisorFlags
from mimo.supervision.watching import Look, Watching

#: Exit code of a supervisor that gave up. Source: sysexits.h EX_SOFTWARE.
GAVE_UP_EXIT_CODE = 70


@dataclass(frozen=True, slots=True)
class _Beat:
    """Timer payload: show the node's watchdog that the root lives."""


class Supervisor(Watching, Naming):
    """One supervisor of the tree; its `Start.spec` has the flags and the children."""

    def __init__(self) -> None:
        super().__init__()
        self._policy = Policy(SupervisorFlags(), ())
        self._queue: deque[Effect] = deque()
        self._is_acting = False
        self._rows = Rows(self._ask)
        self._heartbeat: Heartbeat | None = None

    # -- Life --------------------------------------------------------------------------------
    def init(self, args: dict[str, Any]) -> None:
        """Start the children; report `Started` when all of them serve."""
        spec = self.spec
        if not isinstance(spec, ChildSpec) or spec.flags is None:
            raise StartError(f"expected a spec with flags for {self.name}, got {spec!r}")
        self._policy = Policy(spec.flags, spec.children)
        self.defer_start()
        if self.registry is None:
            self.hold_registry()
            self._heartbeat = Heartbeat.from_args(args)
            self._beat()
        self.plan_look()
        self._act(self._policy.boot(self.clock.monotonic_s()))

    def started(self) -> None:
        """Report that this supervisor and its children serve; the root also registers itself."""
        super().started()
        if self.is_root:
            self.publish_up(
                m.Up(
                    name=self.name,
                    address=self.myAddress,
                    incarnation=self.incarnation,
                    pid=os.getpid(),
                    supervisor=None,
                )
            )

    def stop(self, reason: m.ExitReason = m.NORMAL) -> None:
        """Stop the children from right to left, then leave."""
        self._act(self._policy.stop(reason, self.clock.monotonic_s()))

    def child_died(self, name: str, incarnation: int, reason: m.ExitReason) -> None:
        """Tell the policy of a proven death."""
        self.unwatch_child(name)
        self._rows.forget(name)
        now_s = self.clock.monotonic_s()
        self._act(self._policy.child_exited(name, incarnation, reason, now_s))

    # -- What comes in -----------------------------------------------------------------------
    def handle_message(self, message: Any, sender: m.Address) -> bool:  # noqa: C901  a table
        """Handle what children, registry users and Thespian send."""
        now_s = self.clock.monotonic_s()
        match message:
            case m.Started(name=name, incarnation=incarnation):
                if child := self.process(name, incarnation):
                    child.address = sender
                    self._act(self._policy.child_started(name, incarnation, now_s))
            case m.Ignored(name=name, incarnation=incarnation):
                self._act(self._policy.child_ignored(name, incarnation, now_s))
            case m.StartFailed(name=name, incarnation=incarnation, detail=detail):
                code = message.exit_code
                self._act(
                    self._policy.child_start_failed(
                        name, incarnation, detail, now_s, exit_code=code
                    )
                )
            case m.Exiting():
                self.heard_exiting(message)
            case m.Pong():
                self.heard_pong(message)
            case m.Suspect(name=name, incarnation=incarnation):
                self.suspect(name, incarnation)
            case runtime.ChildActorExited():
                self.look_for_deaths()
            case m.Wake(name=name):
                self._act(self._policy.demanded(name, now_s))
            case _ if isinstance(message, NamingMessage):
                self.handle_naming(message, sender)
            case _:
                return False
        return True

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer an administrator."""
        match request:
            case m.WhichChildren():
                self._answer_rows(call)
            case m.CountChildren():
                return self._counts()
            case m.Whereis(name=name):
                return self._whereis(name)
            case m.AllRegistered():
                return self.names().all()
            case m.StartChild() | m.TerminateChild() | m.RestartChild() | m.DeleteChild():
                self._command(request, call)
            case _:
                return super().handle_call(request, call)
        return NO_REPLY

    def handle_info(self, info: Any) -> None:
        """Handle a timer."""
        match info:
            case Timer():
                self._act(self._policy.timer_fired(info, self.clock.monotonic_s()))
            case Look():
                self.look()
                if self.is_root:
                    self.names().prune(self.clock.monotonic_s())
            case _Beat():
                self._beat()
            case _:
                self.handle_offspring_timer(info)

    def statistics_extra(self) -> dict[str, Any]:
        """Return the number of children and of restarts."""
        children = list(self._policy.children)
        restarts = sum(child.restarts for child in children)
        return {"children": len(children), "restarts": restarts}

    def _beat(self) -> None:
        """Send the heartbeat, and while awake for it look for stopped groups."""
        if self._heartbeat is not None:
            self._heartbeat.beat()
            self.glance()
            self.after(limits.HEARTBEAT_S, _Beat())

    # -- Acting ------------------------------------------------------------------------------
    def _act(self, effects: list[Effect]) -> None:
        """Carry out effects in order; those that follow from one of them come last."""
        self._queue.extend(effects)
        if self._is_acting:
            return
        self._is_acting = True
        while self._queue:
            self._carry_out(self._queue.popleft())
        self._is_acting = False

    def _carry_out(self, effect: Effect) -> None:  # noqa: C901, PLR0912  a table
        match effect:
            case do.SpawnChild(name=name, incarnation=incarnation):
                self._spawn_child(name, incarnation)
            case do.AskStop(name=name, incarnation=incarnation):
                self._ask_stop(name, incarnation)
            case do.KillChild(name=name, incarnation=incarnation):
                self.kill(name, incarnation)
            case do.SetTimer(timer=timer, delay_s=delay_s):
                self.after(delay_s, timer)
            case do.PublishUp(name=name, incarnation=incarnation):
                self._publish_up(name, incarnation)
            case do.PublishDown(name=name, incarnation=incarnation, reason=reason):
                self.publish_down(m.Down(name=name, incarnation=incarnation, reason=reason))
            case do.PublishResting(name=name):
                self.publish_resting(name)
            case do.Report():
                self._report(effect)
            case do.Answer(token=call, value=value):
                self.reply(call, failure(value) if isinstance(value, MimoError) else value)
            case do.AnswerRow(token=call, name=name):
                self.reply(call, self._row(name))
            case do.Booted():
                self.started()
            case do.BootFailed(detail=detail, exit_code=exit_code):
                self.fail_start(detail, exit_code)
            case do.Leave(reason=reason):
                self.terminate(reason)
                self.leave(reason, GAVE_UP_EXIT_CODE if reason.kind == "gave_up" else 0)

    def _spawn_child(self, name: str, incarnation: int) -> None:
        spec = self._policy.children.get(name).spec
        try:
            self.spawn(spec, incarnation, self.registry_address)
        except StartError as error:
            reason = m.ExitReason(kind="start_failed", detail=error.message)
            self.child_died(name, incarnation, reason)

    def _ask_stop(self, name: str, incarnation: int) -> None:
        process = self.process(name, incarnation)
        if process is None:
            return
        self.post(process.address, m.Stop(incarnation=incarnation))
        if self._policy.children.get(name).spec.shutdown_s is None:
            # Nothing else bounds its end: a frozen one would hold up the whole stop.
            self.suspect(name, incarnation)
        else:
            self.unwatch_child(name)

    def _publish_up(self, name: str, incarnation: int) -> None:
        process = self.process(name, incarnation)
        if process is None:
            return
        self.watch_child(name, incarnation, self._policy.children.get(name).spec.busy_max_s)
        self.publish_up(
            m.Up(
                name=name,
                address=process.address,
                incarnation=incarnation,
                pid=process.pid,
                supervisor=self.myAddress,
            )
        )

    def _report(self, report: do.Report) -> None:
        log = logs.get_logger(self.name)
        write = log.error if report.is_error else log.info
        write(
            report.event,
            supervisor=self.name,
            child=report.child,
            reason=report.reason,
            context=report.context,
        )

    # -- Administration ----------------------------------------------------------------------
    def _command(
        self,
        request: m.StartChild | m.TerminateChild | m.RestartChild | m.DeleteChild,
        call: m.Call,
    ) -> None:
        now_s = self.clock.monotonic_s()
        match request:
            case m.StartChild(spec=ChildSpec() as spec):
                self._log_command(call, spec.id)
                self._act(self._policy.start_child(spec, call, now_s))
            case m.StartChild(spec=spec):
                raise InvalidRequest(f"expected a child spec, got {type(spec).__name__}")
            case m.TerminateChild(name=name):
                self._log_command(call, name)
                self._act(self._policy.terminate_child(name, call, now_s))
            case m.RestartChild(name=name, force=force):
                self._log_command(call, name)
                self._act(self._policy.restart_child(name, call, now_s, force=force))
            case m.DeleteChild(name=name):
                self._log_command(call, name)
                self._act(self._policy.delete_child(name, call, now_s))

    def _whereis(self, name: str) -> m.Up:
        """Return where `name` serves; tell a restart from a group that won't be back soon."""
        try:
            return self.names().whereis(name)
        except Restarting:
            self.handle_naming(m.Demand(name=name), self.myAddress)
            for child in self._policy.children:
                is_below = name == child.name or name.startswith(f"{child.name}/")
                if is_below and not child.wanted:
                    raise Unavailable(
                        f"expected {name} to be up, got {child.name} {child.state}; start it with "
                        f"'mimo restart {child.name}'"
                    ) from None
            raise

    def _log_command(self, call: m.Call, name: str) -> None:
        logs.get_logger(self.name).info(
            "supervision.command",
            supervisor=self.name,
            child=name,
            reason=type(call.request).__name__,
            context="running",
            request_id=call.request_id,
        )

    def _counts(self) -> dict[str, int]:
        """Return OTP's four numbers. Source: OTP supervisor:count_children/1."""
        children = list(self._policy.children)
        supervisors = sum(child.spec.type == "supervisor" for child in children)
        return {
            "specs": len(children),
            "active": sum(child.has_process for child in children),
            "supervisors": supervisors,
            "workers": len(children) - supervisors,
        }

    # -- Rows --------------------------------------------------------------------------------
    def _row(self, name: str) -> m.ChildStatus | None:
        """Return the child's row; None when it was forgotten, as a temporary one that ignored."""
        if not self._policy.children.knows(name):
            return None
        process = self.process(name)
        return row(self._policy.children.get(name), process.pid if process else 0)

    def _answer_rows(self, call: m.Call) -> None:
        rows = tuple(found for child in self._policy.children if (found := self._row(child.name)))
        groups = [one.name for one in rows if one.type == "supervisor" and self.is_up(one.name)]
        for name in groups:
            self._remember_registered(name)
        left_s = call.deadline_s - self.clock.monotonic_s()
        self._rows.gather(rows, groups, left_s, partial(self.reply, call))

    def _remember_registered(self, name: str) -> None:
        process = self.process(name)
        if self.is_root and process is not None:
            below = self.names().below(process.address)
            self._rows.remember(name, tuple(row_of_registered(up) for up in below))

    def _ask(self, name: str, request: Any, then: Callable[[Any], None], timeout_s: float) -> None:
        self.call(name, request, then, timeout_s=timeout_s, retry=False)
