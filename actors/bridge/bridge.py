"""The bridge's actor side: admit a call, route it, see it answered, count it.

A call stays here until it is answered. When its worker dies it goes to the successor under the same
idempotency key, so a client sees a slower answer and never a killed worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from mimo.actors.bridge.admission import Admission
from mimo.actors.bridge.gateway import (
    Cancellation,
    Connections,
    Departure,
    Gateway,
    Submission,
)
from mimo.actors.bridge.hindsight import BRIEFING_S, Hindsight, remember
from mimo.actors.bridge.leaving import LIFECYCLE, TASKS, IdleCheck, Leaving
from mimo.actors.bridge.messages import CallProgress, CallTool
from mimo.actors.bridge.outcomes import outcome_of
from mimo.actors.bridge.recording import Left, Noted, Recorder, noted_of
from mimo.actors.lifecycle.messages import Used
from mimo.actors.operations import CallContext, Operation, Result, Tool
from mimo.actors.pools import recall_names
from mimo.actors.resilience.messages import (
    BreakerChanged,
    CallRow,
    LevelChanged,
    RecordCalls,
    SubscribeLevel,
)
from mimo.config import logs
from mimo.config.errors import MimoError, Unavailable
from mimo.config.settings import Settings
from mimo.storage.records import Interaction
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, failure

#: How long calls are collected before they are counted elsewhere, in seconds.
RECORDS_FLUSH_S = 1.0
#: Between two batches of the record while more is left, in seconds.
NOTES_PAUSE_S = 0.02
#: Most call records kept while telemetry is down; the oldest go first.
RECORDS_MAX = 10_000
TELEMETRY = "resilience/telemetry"
WRITER = "storage/writer"
SERVICES = "resilience/services"
#: How often the lifecycle is told that somebody calls, in seconds.
USED_EACH_S = 5.0
#: Ends of a group after which it is parked, and no restart is on its way.
PARKING = frozenset({"gave_up", "start_failed"})


class _FlushRecords:
    """Timer payload: hand the collected records to telemetry."""


class _FlushNotes:
    """Timer payload: hand the noted calls to the writer."""


@dataclass(slots=True)
class _Open:
    """One call in flight."""

    submission: Submission
    worker: str
    call_id: int
    began_s: float


class McpBridge(Leaving):
    """Route tool calls; the subclass in `mimo.interfaces` speaks the protocols.

    A subclass implements `serve`, `stop_serving`, `checked` and `changed`.
    """

    #: Answers go to clients, not to actors.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Open the door and start serving; ready when the socket listens."""
        self.settings: Settings = args["settings"]
        self.gateway = Gateway()
        self._log = logs.get_logger(self.name)
        self._admission = Admission(self.settings.limits)
        self._open: dict[int, _Open] = {}
        self._records: list[CallRow] = []
        self._hindsight = Hindsight(self.settings)
        self._recorder = Recorder(WRITER, self._heard)
        self._pools = {"memory/recall": recall_names(self.settings)}
        self._parked: set[str] = set()
        self._breaker_state = self._admission.database_state
        self._told_used_s = float("-inf")
        self._served = 0
        self._failed = 0
        self.watch_fd(self.gateway.fileno(), self._drain)
        self.follow(TELEMETRY, WRITER, TASKS, *self._pools["memory/recall"])
        self.monitor(SERVICES, "memory")
        self._hindsight.read(self.clock.wall_s())
        self.serve()
        self.plan_idle_exit()

    def calls_in_flight(self) -> int:
        """Return how many calls haven't been answered."""
        return len(self._open)

    def serve(self) -> None:
        """Start the thread that speaks the protocols; return when it listens.

        Raises:
            StartError: The socket or port can't be had.
        """
        raise NotImplementedError

    def stop_serving(self) -> None:
        """Stop taking calls, let the open ones end for a moment, close the sockets."""
        raise NotImplementedError

    def checked(self, request: CallTool) -> tuple[Tool, Operation, dict[str, Any]]:
        """Return what another actor's call means, checked as a client's call is.

        Raises:
            InvalidRequest: There is no such operation, or its arguments don't fit.
        """
        raise NotImplementedError

    def changed(self, operation: Operation, result: Result) -> None:
        """Tell clients that another actor's call changed something."""
        raise NotImplementedError

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Make a tool call for another actor."""
        if not isinstance(request, CallTool):
            return super().handle_call(request, call)
        tool, operation, arguments = self.checked(request)
        context = CallContext(
            client=request.client,
            connection=request.connection,
            request_id=request.request_id,
            key=request.key,
            approved=request.approved,
        )
        message = operation.build(arguments, context)

        def done(value: Any) -> None:
            if isinstance(value, Result) and operation.effect != "read":
                self.changed(operation, value)
            self.reply(call, value)

        self._submit(
            self.gateway.submission(
                tool, operation, message, context, request.timeout_s, done, arguments
            )
        )
        return NO_REPLY

    def handle_cast(self, request: Any) -> None:
        """Publish what works now."""
        if isinstance(request, LevelChanged):
            report = request.report
            self.gateway.status = {"level": report.level, "reasons": list(report.reasons)}
        elif isinstance(request, CallProgress):
            open_now = {each.submission.request_id for each in self._open.values()}
            if request.request_id in open_now:
                self.gateway.progress[request.request_id] = request.text
        else:
            super().handle_cast(request)

    def handle_info(self, info: Any) -> None:
        """Hand over records, follow parked groups, leave when nobody was here for long."""
        match info:
            case m.Up(name=name) if name == SERVICES:
                self.cast(SERVICES, SubscribeLevel(subscriber=self.name))
            case m.Up(name=name):
                self._parked.discard(name)
            case m.Down(name=name) if info.reason.kind in PARKING:
                self._parked.add(name)
            case _FlushRecords():
                self._flush_records()
            case _FlushNotes():
                self._flush_notes()
            case IdleCheck():
                self.check_idle(info)

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Stop serving in order; what was noted is handed over."""
        self.stop_serving()
        self._recorder.flush(self.cast)

    def statistics_extra(self) -> dict[str, Any]:
        """Add what the bridge has in hand."""
        return {
            "connections": self._connections,
            "in_flight": len(self._open),
            "served": self._served,
            "failed": self._failed,
            "breakers": self._admission.breakers(self.clock.monotonic_s()),
        }

    # -- The door ----------------------------------------------------------------------------
    def _drain(self) -> None:
        for item in self.gateway.drain():
            match item:
                case Submission():
                    self._brief(item)
                    self._submit(item)
                case Cancellation():
                    self._cancel(item.ticket)
                case Connections():
                    self.count_connections(item.count)
                case Departure():
                    self._hindsight.left(item.connection)
                    self._note(Left(item.connection))

    def _submit(self, submission: Submission) -> None:
        now_s = self.clock.monotonic_s()
        worker = self._least_loaded(submission.workers)
        try:
            self._refuse_parked(worker)
            self._admission.admit(submission, now_s)
        except MimoError as error:
            self._finish(_Open(submission, worker, 0, now_s), failure(error), is_admitted=False)
            return
        opened = _Open(submission, worker, 0, now_s)
        self._open[submission.ticket] = opened
        self._tell_used(now_s)
        try:
            opened.call_id = self.call(
                worker,
                submission.message,
                lambda value: self._answered(submission.ticket, value),
                timeout_s=submission.deadline_s,
                key=submission.idempotency_key or None,
                request_id=submission.request_id,
                retry=submission.resent,
            )
        except MimoError as error:
            self._answered(submission.ticket, failure(error))

    def _refuse_parked(self, worker: str) -> None:
        """Refuse at once what nobody will do soon.

        Raises:
            Unavailable: The worker's group gave up and is parked.
        """
        group = worker.partition("/")[0]
        if group in self._parked and not self.is_up(worker):
            raise Unavailable(
                f"expected {group} to serve, but it gave up after too many restarts and is tried"
                f" again at growing intervals; see `mimo logs`, or use `mimo restart {group}`",
                retry_after_s=30.0,
            )

    def _least_loaded(self, workers: tuple[str, ...]) -> str:
        """Return the worker with the fewest calls, of those that serve if any does."""
        named = [each for worker in workers for each in self._pools.get(worker, (worker,))]
        serving = [worker for worker in named if self.is_up(worker)] or named
        return min(serving, key=self.load)

    def _answered(self, ticket: int, value: Any) -> None:
        opened = self._open.pop(ticket, None)
        if opened is not None:
            self._finish(opened, value, is_admitted=True)

    def _finish(self, opened: _Open, value: Any, *, is_admitted: bool) -> None:
        submission = opened.submission
        self.gateway.progress.pop(submission.request_id, None)
        now_s = self.clock.monotonic_s()
        duration_s = now_s - opened.began_s
        code = value.code if isinstance(value, m.Failure) else ""
        if is_admitted:
            self._admission.done(submission, code, duration_s, now_s)
            self._report_breaker()
        self._served += 1
        self._failed += bool(code)
        self._log.info(
            "bridge.call",
            operation=submission.label,
            outcome=code or "ok",
            duration_ms=round(duration_s * 1000, 2),
            worker=opened.worker,
            request_id=submission.request_id,
        )
        self._record(CallRow(submission.label, opened.worker, code, duration_s))
        submission.done(self._hindsight.annotated(submission, value))
        if submission.arguments is not None:
            at_s = self.clock.wall_s() - duration_s
            self._note(noted_of(submission, value, outcome_of(value), duration_s, at_s))

    def _cancel(self, ticket: int) -> None:
        """Forget a call that nobody waits for; its write, if it has begun, still happens once."""
        opened = self._open.pop(ticket, None)
        if opened is None:
            return
        self.cancel_call(opened.call_id)
        self.gateway.progress.pop(opened.submission.request_id, None)
        now_s = self.clock.monotonic_s()
        self._admission.done(opened.submission, "cancelled", now_s - opened.began_s, now_s)

    def _report_breaker(self) -> None:
        """Let the degradation level follow the breaker before the writer."""
        state = self._admission.database_state
        if state != self._breaker_state:
            self._breaker_state = state
            event = {"open": "breaker.opened", "closed": "breaker.closed"}.get(state)
            self._log.warning(event or "breaker.half_open", breaker="database")
            self.cast(SERVICES, BreakerChanged(breaker="database", state=state))

    def _tell_used(self, now_s: float) -> None:
        """Let the lifecycle know that somebody calls, now and then."""
        is_due = now_s - self._told_used_s >= USED_EACH_S
        if is_due and self.cast(LIFECYCLE, Used()):
            self._told_used_s = now_s

    # -- Counting ------------------------------------------------------------------------------
    def _record(self, row: CallRow) -> None:
        if not self._records:
            self.after(RECORDS_FLUSH_S, _FlushRecords())
        self._records.append(row)
        del self._records[:-RECORDS_MAX]

    def _note(self, noted: Noted | Left) -> None:
        """Remember it for the record; what is made of it is made later."""
        if not len(self._recorder):
            self.after(RECORDS_FLUSH_S, _FlushNotes())
        self._recorder.note(noted)

    def _brief(self, submission: Submission) -> None:
        """Ask for the briefing of a client whose first call this is; no call waits for it."""
        wanted = self._hindsight.briefing_for(submission)
        if wanted is not None and self.is_up(LIFECYCLE):
            self.call(
                LIFECYCLE,
                wanted,
                lambda value: self._hindsight.briefed(submission.connection, value),
                timeout_s=BRIEFING_S,
                retry=False,
            )

    def _heard(self, noted: Noted, call: Interaction) -> None:
        """Remember what a recorded call taught."""
        lessons = self._hindsight.heard(noted, call, self.clock.monotonic_s())
        for number, memory in enumerate(lessons):
            key = f"auto:{call.request_id}:{number}"
            self.call(WRITER, remember(memory, key), lambda _: None, key=key)

    def _flush_notes(self) -> None:
        before = len(self._recorder)
        if self._recorder.flush(self.cast):
            is_moving = len(self._recorder) < before
            self.after(NOTES_PAUSE_S if is_moving else RECORDS_FLUSH_S, _FlushNotes())

    def _flush_records(self) -> None:
        if self._records and self.cast(TELEMETRY, RecordCalls(rows=tuple(self._records))):
            self._records.clear()
        elif self._records:
            self.after(RECORDS_FLUSH_S, _FlushRecords())
