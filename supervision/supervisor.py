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
from mimo.config.errors import InvalidRequest, MimoError, StartError
from mimo.supervision import effects as do
from mimo.supervision import messages as m
from mimo.supervision import platform, runtime, watchdog
from mimo.supervision.effects import Effect, Timer
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure
from mimo.supervision.heartbeat import Heartbeat
from mimo.supervision.offspring import Offspring
from mimo.supervision.policy import Policy
from mimo.supervision.registry import Notice, Registry
from mimo.supervision.rows import Rows, row, row_of_registered
from mimo.supervision.specs import ChildSpec, SupervisorFlags

#: Exit code of a supervisor that gave up. Source: sysexits.h EX_SOFTWARE.
GAVE_UP_EXIT_CODE = 70


@dataclass(frozen=True, slots=True)
class _Look:
    """Timer payload: look for frozen children."""


@dataclass(frozen=True, slots=True)
class _Beat:
    """Timer payload: show the node's watchdog that the root lives."""


class Supervisor(Offspring, GenServer):
    """One supervisor of the tree; its `Start.spec` has the flags and the children."""

    def __init__(self) -> None:
        super().__init__()
        self._policy = Policy(SupervisorFlags(), ())
        self._watchdog = watchdog.Watchdog()
        self._look_timer: int | None = None
        self._queue: deque[Effect] = deque()
        self._is_acting = False
        self._rows = Rows(self._ask)
        #: Held by the root only.
        self._names: Registry | None = None
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
            self._names = Registry()
            self._heartbeat = Heartbeat.from_args(args)
            self._beat()
        self._plan_look()
        self._act(self._policy.boot(self.clock.monotonic_s()))

    def started(self) -> None:
        """Report that this supervisor and its children serve; the root also registers itself."""
        super().started()
        if self._names is not None:
            self._register(self.name, self.myAddress, self.incarnation, os.getpid(), None)

    def stop(self, reason: m.ExitReason = m.NORMAL) -> None:
        """Stop the children from right to left, then leave."""
        self._act(self._policy.stop(reason, self.clock.monotonic_s()))

    def child_died(self, name: str, incarnation: int, reason: m.ExitReason) -> None:
        """Tell the policy of a proven death."""
        self._watchdog.forget(name)
        self._rows.forget(name)
        now_s = self.clock.monotonic_s()
        self._act(self._policy.child_exited(name, incarnation, reason, now_s))

    # -- What comes in -----------------------------------------------------------------------
    def handle_message(self, message: Any, sender: m.Address) -> bool:
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
                self._act(self._policy.child_start_failed(name, incarnation, detail, now_s))
            case m.Exiting():
                self.heard_exiting(message)
            case m.Pong(name=name, incarnation=incarnation, nonce=nonce):
                self._watchdog.pong(name, incarnation, nonce)
            case m.Suspect(name=name, incarnation=incarnation):
                self._suspect(name, incarnation)
            case runtime.ChildActorExited():
                self.look_for_deaths()
            case m.Register() | m.Unregister() | m.Subscribe():
                self._handle_registry(message, sender, now_s)
            case _:
                return False
        return True

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer an administrator."""
        now_s = self.clock.monotonic_s()
        match request:
            case m.WhichChildren():
                self._answer_rows(call, now_s)
            case m.CountChildren():
                return self._counts()
            case m.Whereis(name=name):
                return self._registry().whereis(name)
            case m.AllRegistered():
                return self._registry().all()
            case m.StartChild(spec=spec):
                self._command(request, spec.id)
                self._act(self._policy.start_child(spec, call, now_s))
            case m.TerminateChild(name=name):
                self._command(request, name)
                self._act(self._policy.terminate_child(name, call, now_s))
            case m.RestartChild(name=name, force=force):
                self._command(request, name)
                self._act(self._policy.restart_child(name, call, now_s, force=force))
            case m.DeleteChild(name=name):
                self._command(request, name)
                self._act(self._policy.delete_child(name, call, now_s))
            case _:
                return super().handle_call(request, call)
        return NO_REPLY

    def handle_info(self, info: Any) -> None:
        """Handle a timer."""
        match info:
            case Timer():
                self._act(self._policy.timer_fired(info, self.clock.monotonic_s()))
            case _Look():
                self._look()
            case _Beat():
                self._beat()
            case _:
                self.handle_offspring_timer(info)

    def statistics_extra(self) -> dict[str, Any]:
        """Return the number of children and of restarts."""
        children = list(self._policy.children)
        restarts = sum(child.restarts for child in children)
        return {"children": len(children), "restarts": restarts}

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

    def _carry_out(self, effect: Effect) -> None:  # noqa: C901  a table
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
            case do.PublishDown():
                self._publish_down(effect)
            case do.Report():
                self._report(effect)
            case do.Answer(token=call, value=value):
                self.reply(call, failure(value) if isinstance(value, MimoError) else value)
            case do.AnswerRow(token=call, name=name):
                self.reply(call, self._row(name))
            case do.Booted():
                self.started()
            case do.BootFailed(detail=detail):
                self.fail_start(detail)
            case do.Leave(reason=reason):
                self.terminate(reason)
                self.leave(reason, GAVE_UP_EXIT_CODE if reason.kind == "gave_up" else 0)

    def _spawn_child(self, name: str, incarnation: int) -> None:
        child = self._policy.children.get(name)
        registry = self.myAddress if self.registry is None else self.registry
        try:
            self.spawn(child.spec, incarnation, registry)
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
            self._suspect(name, incarnation)
        else:
            self._watchdog.forget(name)

    def _publish_up(self, name: str, incarnation: int) -> None:
        process = self.process(name, incarnation)
        if process is None:
            return
        spec = self._policy.children.get(name).spec
        self._watchdog.watch(name, incarnation, process.pid, spec.busy_max_s)
        self._register(name, process.address, incarnation, process.pid, self.myAddress)

    def _register(
        self, name: str, address: m.Address, incarnation: int, pid: int, supervisor: m.Address
    ) -> None:
        entry = m.Register(
            name=name, address=address, incarnation=incarnation, pid=pid, supervisor=supervisor
        )
        if self._names is None:
            self.post(self.registry, entry)
        else:
            self._tell(self._names.register(entry, self.clock.monotonic_s()))
        self.dispatch(
            m.Up(
                name=name, address=address, incarnation=incarnation, pid=pid, supervisor=supervisor
            ),
            self.myAddress,
        )

    def _publish_down(self, down: do.PublishDown) -> None:
        entry = m.Unregister(name=down.name, incarnation=down.incarnation, reason=down.reason)
        if self._names is None:
            self.post(self.registry, entry)
        else:
            self._tell(self._names.unregister(entry, self.clock.monotonic_s()))
        self.dispatch(
            m.Down(name=down.name, incarnation=down.incarnation, reason=down.reason),
            self.myAddress,
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

    def _command(self, request: Any, name: str) -> None:
        log = logs.get_logger(self.name)
        what = type(request).__name__
        log.info("supervision.command", supervisor=self.name, child=name, reason=what, context="")

    # -- Frozen children ---------------------------------------------------------------------
    def _suspect(self, name: str, incarnation: int) -> None:
        verdicts = self._watchdog.suspect(name, incarnation, platform.process_state)
        self._judge(verdicts)
        self._plan_look()

    def _look(self) -> None:
        self._look_timer = None
        now_s = self.clock.monotonic_s()
        if self._names is not None:
            self._names.prune(now_s)
        self._judge(self._watchdog.tick(now_s, platform.process_state))
        self._plan_look()

    def _plan_look(self) -> None:
        if self._look_timer is not None:
            self.cancel(self._look_timer)
        delay_s = self._watchdog.expect_tick(self.clock.monotonic_s())
        self._look_timer = self.after(delay_s, _Look())

    def _judge(self, verdicts: list[watchdog.Verdict]) -> None:
        for verdict in verdicts:
            match verdict:
                case watchdog.SendPing(name=name, nonce=nonce):
                    if process := self.process(name):
                        self.post(process.address, m.Ping(nonce=nonce))
                case watchdog.Frozen():
                    self._kill_frozen(verdict)
                case watchdog.Slept(late_s=late_s):
                    log = logs.get_logger(self.name)
                    log.warning(
                        "supervision.slept",
                        supervisor=self.name,
                        child="",
                        reason=f"{late_s:.2f} s late",
                        context="running",
                    )

    def _kill_frozen(self, frozen: watchdog.Frozen) -> None:
        detail = f"silent for {frozen.silent_s:.2f} s in state {frozen.state}"
        self._report(do.Report("supervision.child_frozen", frozen.name, detail, "running"))
        self.kill(frozen.name, frozen.incarnation, m.ExitReason(kind="frozen", detail=detail))

    # -- The root's own ----------------------------------------------------------------------
    def _beat(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.beat()
            self.after(limits.HEARTBEAT_S, _Beat())

    def _handle_registry(
        self, message: m.Register | m.Unregister | m.Subscribe, sender: m.Address, now_s: float
    ) -> None:
        if self._names is None:
            self.log_unknown(message)
            return
        match message:
            case m.Register():
                self._tell(self._names.register(message, now_s))
            case m.Unregister():
                self._tell(self._names.unregister(message, now_s))
            case m.Subscribe(names=names, lease_s=lease_s):
                for up in self._names.subscribe(sender, names, lease_s, now_s):
                    self.post(sender, up)

    def _tell(self, notices: list[Notice]) -> None:
        for address, fact in notices:
            self.post(address, fact)

    def _registry(self) -> Registry:
        if self._names is None:
            raise InvalidRequest(f"expected the root supervisor to be asked, got {self.name}")
        return self._names

    # -- Rows --------------------------------------------------------------------------------
    def _row(self, name: str) -> m.ChildStatus | None:
        """Return the child's row; None when it was forgotten, as a temporary one that ignored."""
        if not self._policy.children.knows(name):
            return None
        process = self.process(name)
        return row(self._policy.children.get(name), process.pid if process else 0)

    def _answer_rows(self, call: m.Call, now_s: float) -> None:
        rows = tuple(found for child in self._policy.children if (found := self._row(child.name)))
        supervisors = [
            one.name for one in rows if one.type == "supervisor" and self.is_up(one.name)
        ]
        for name in supervisors:
            self._remember_registered(name)
        self._rows.gather(rows, supervisors, call.deadline_s - now_s, partial(self.reply, call))

    def _remember_registered(self, name: str) -> None:
        process = self.process(name)
        if self._names is not None and process is not None:
            below = self._names.below(process.address)
            self._rows.remember(name, tuple(row_of_registered(up) for up in below))

    def _ask(self, name: str, request: Any, then: Callable[[Any], None], timeout_s: float) -> None:
        self.call(name, request, then, timeout_s=timeout_s, retry=False)

    def _subscribe(self, names: tuple[str, ...]) -> None:
        """Ask nobody: a supervisor calls only its own children, whose `Up` it makes itself."""

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
