"""The actor that runs procedures: a thin shell around `runner` and the tables.

What is open goes on when this process starts, whoever began it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from mimo.actors.bridge.messages import CallTool
from mimo.actors.catalogue import offer_of, offered
from mimo.actors.operations import Result
from mimo.actors.procedures import library, messages, plan_requests, presentation
from mimo.actors.procedures.definition import Procedure
from mimo.actors.procedures.dry_run import DryRun
from mimo.actors.procedures.events import Cancel, Decide, Event, Invoke, Signal
from mimo.actors.procedures.facts import facts_of
from mimo.actors.procedures.library import Library
from mimo.actors.procedures.planning import Planner
from mimo.actors.procedures.runner import Live, Runner
from mimo.actors.procedures.state import from_json
from mimo.actors.procedures.turn import thread_name
from mimo.actors.storage.messages import Commit
from mimo.config import limits, logs
from mimo.config.errors import (
    ApprovalRequired,
    Conflict,
    InvalidRequest,
    MimoError,
    NotAvailable,
)
from mimo.config.settings import Settings
from mimo.storage import database, procedure_reads
from mimo.storage.commands import Edit
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure

BRIDGE = "bridge/mcp_bridge"
WRITER = "storage/writer"
#: How long a step may wait for the writer, in seconds.
SAVE_S = 30.0
#: Lines of a journal in answers to other requests than for the status.
LINES_BRIEF = 5
#: Longest sleep of the timer, in seconds: the wall clock may jump.
SLEEP_S_MAX = 60.0


class _Tick:
    """Timer payload: a run may have something to do."""


@dataclass(slots=True)
class _Later:
    """Timer payload: do this now."""

    do: Callable[[], None]


@dataclass(slots=True)
class _Patience:
    """Timer payload: this caller waits no longer."""

    run_id: str
    call: m.Call


class Procedures(GenServer):
    """Run, resume, and tell about procedures; a `World` for its runner."""

    #: Runs and the ledger remember keys, also over a restart.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Open the database for reading and take over what is open."""
        settings: Settings = args["settings"]
        self._log = logs.get_logger(self.name)
        self._db = database.open_reader(settings.paths.database)
        tools = offered(offer_of(settings.tools))
        self._catalogue = facts_of(tools)
        self._library = Library(self._db, self._catalogue)
        summaries = {
            (tool.name, one.name): one.summary for tool in tools for one in tool.operations
        }
        planner = Planner(self._library, self._catalogue, summaries)
        self._plans = plan_requests.PlanRequests(self, planner, self._library, self._db)
        self._runner = Runner(self, self.name)
        self._problems: dict[str, str] = {}
        self._waiting: dict[str, list[m.Call]] = {}
        self._timer: int | None = None
        self._timer_due_s = 0.0
        self.follow(BRIDGE, WRITER)
        for run in procedure_reads.open_runs(self._db):
            self._take_over(run)
        self._runner.tick()
        self._plan()

    def handle_call(self, request: Any, call: m.Call) -> Any:  # noqa: C901, PLR0911, PLR0912  a table
        """Answer a request about procedures and their runs."""
        match request:
            case messages.RunProcedure():
                return self._run(request, call)
            case messages.ProcedureStatus():
                return self._shown(request.run_id, request.lines, whole=True)
            case messages.CancelProcedure():
                return self._give(request.run_id, Cancel(note=request.note, key=request.key), call)
            case messages.SignalProcedure():
                signal = Signal(name=request.event, payload=request.payload, key=request.key)
                return self._give(request.run_id, signal, call)
            case messages.DecideProcedure():
                self._refuse_unconfirmed(request)
                return self._give(request.run_id, _decision(request), call)
            case messages.ListProcedures():
                return Result(data=self._library.listed(request.name))
            case messages.ShowProcedure():
                return Result(data=self._library.shown(request.name, request.version))
            case messages.Register():
                return self._register(request, call)
            case messages.Validate():
                return Result(data=self._library.validated(request.definition))
            case messages.DryRun():
                return self._dry_run(request)
            case messages.Deactivate():
                self._commit_for(call, library.deactivation(request))
                return NO_REPLY
            case messages.ListRuns():
                return self._listed(request)
            case _ if isinstance(request, plan_requests.REQUESTS):
                return self._plans.handle(request, call)
            case _:
                return super().handle_call(request, call)

    def handle_info(self, info: Any) -> None:
        """Let time pass."""
        match info:
            case _Tick():
                self._timer = None
                self._runner.tick()
            case _Later():
                info.do()
            case _Patience():
                waiting = self._waiting.get(info.run_id, [])
                if info.call in waiting:
                    waiting.remove(info.call)
                    self._answer(info.call, info.run_id)
        self._plan()

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Close the connection; runs go on in the next process."""
        self._db.close()

    def may_rest(self) -> bool:
        """Tell whether no run is open, and nobody waits for one."""
        return not self._runner.runs and not any(self._waiting.values())

    def statistics_extra(self) -> dict[str, Any]:
        """Add what is open."""
        return {"open_runs": len(self._runner.runs), "unreadable_runs": len(self._problems)}

    # -- The world of the runner -----------------------------------------------------------------
    def now_s(self) -> float:
        """Return wall seconds UTC."""
        return self.clock.wall_s()

    def save(self, command: Edit, then: Callable[[Any], None]) -> None:
        """Commit durably; `then` gets the reply or a `Failure`."""
        self._ask(WRITER, Commit(command=command), then, SAVE_S)

    def invoke(self, live: Live, wanted: Invoke, then: Callable[[Any], None]) -> None:
        """Make a tool call; `then` gets a `Result` or a `Failure`."""
        request = CallTool(
            tool=wanted.tool,
            operation=wanted.operation,
            arguments=wanted.arguments,
            key=wanted.key,
            client=f"procedure:{live.procedure.name}",
            connection=self.name,
            request_id=live.run.run_id,
            timeout_s=wanted.timeout_s,
            approved=wanted.is_approved,
        )
        # The bridge ends it in time; a little later than that, it is the bridge that is late.
        self._ask(BRIDGE, request, then, wanted.timeout_s + 1.0, key=wanted.key)

    def later(self, delay_s: float, do: Callable[[], None]) -> None:
        """Do something after a while."""
        self.after(delay_s, _Later(do))

    def ended(self, live: Live) -> None:
        """Answer those who wait for the end."""
        self._log.info(
            "procedures.ended",
            procedure=live.procedure.name,
            run=live.run.run_id,
            outcome=live.run.status,
        )
        for call in self._waiting.pop(live.run.run_id, []):
            self._answer(call, live.run.run_id)

    def lost(self, live: Live, why: m.Failure) -> None:
        """Leave a run to whoever saved it since, and those who wait for it to their next look."""
        self._log.warning("procedures.lost", run=live.run.run_id, reason=why.message)
        for call in self._waiting.pop(live.run.run_id, []):
            self._answer(call, live.run.run_id)

    def _ask(
        self,
        target: str,
        request: Any,
        then: Callable[[Any], None],
        timeout_s: float,
        key: str | None = None,
    ) -> None:
        """Call, let `then` have the value, and plan the next tick."""

        def got(value: Any) -> None:
            then(value)
            self._plan()

        try:
            self.call(target, request, got, timeout_s=timeout_s, key=key)
        except MimoError as error:
            refused = failure(error)
            self.later(0.0, lambda: got(refused))

    # -- Runs ------------------------------------------------------------------------------------
    def _take_over(self, run: procedure_reads.Run) -> None:
        """Go on with a run that an earlier process began."""
        try:
            procedure = self._library.by_id(run.procedure_id)
        except InvalidRequest as error:
            self._problems[run.run_id] = error.message
            self._log.error("procedures.unreadable", run=run.run_id, reason=error.message)
            return
        live = Live(procedure, from_json(run.state), run.revision, run.source)
        self._log.info("procedures.resumed", procedure=run.name, run=run.run_id)
        self._runner.resume(live)

    def _run(self, request: messages.RunProcedure, call: m.Call) -> Any:
        procedure, row = self._library.to_run(request.name, request.version)
        context = library.completed(procedure, request.context)
        self.begin(call, procedure, row, context, request.wait_s, request.key, request.client)
        return NO_REPLY

    def begin(  # noqa: PLR0913, PLR0917  what a run is made of
        self,
        call: m.Call,
        procedure: Procedure,
        row: int,
        context: dict[str, Any],
        wait_s: float,
        key: str,
        client: str,
    ) -> None:
        """Start a run, and answer at its end or that of the caller's patience."""
        run_id = hashlib.blake2b(key.encode(), digest_size=8).hexdigest()

        def started(value: Live | m.Failure | None) -> None:
            if isinstance(value, m.Failure):
                self.reply(call, value)
            else:
                self._await_end(call, run_id, wait_s)

        self._runner.start(procedure, row, run_id, context, client, started)

    def _refuse_unconfirmed(self, request: messages.DecideProcedure) -> None:
        """Refuse to pass on an approval of a call that its tool wants a person to agree to.

        Raises:
            ApprovalRequired: Nobody was asked.
        """
        live = self._runner.runs.get(request.run_id)
        if live is None or not request.approved or request.is_confirmed:
            return
        for thread in live.run.threads.values():
            name = thread_name(thread.graph, thread.state)
            is_meant = request.at in ("", name)
            if is_meant and thread.act is not None and thread.act.asks:
                raise ApprovalRequired(thread.question)

    def _await_end(self, call: m.Call, run_id: str, wait_s: float) -> None:
        """Answer at the end of the run or of the caller's patience, whichever comes first."""
        crowd = sum(len(calls) for calls in self._waiting.values())
        live = self._runner.runs.get(run_id)
        if live is None or live.run.has_ended or not wait_s or crowd >= limits.RUNS_AWAITED_MAX:
            self._answer(call, run_id)
            return
        self._waiting.setdefault(run_id, []).append(call)
        self.after(wait_s, _Patience(run_id, call))

    def _give(self, run_id: str, event: Event, call: m.Call) -> Any:
        live = self._runner.runs.get(run_id)
        if live is None:
            run = procedure_reads.run(self._db, run_id)
            if run_id in self._problems:
                raise NotAvailable(
                    f"expected a run that can go on, got {run_id}: {self._problems[run_id]}"
                )
            if run.finished_at_s is not None and isinstance(event, Cancel):
                return self._shown(run_id)
            raise Conflict(f"expected an open run, got {run_id}, which has {run.status}")

        def done(value: Live | m.Failure) -> None:
            if isinstance(value, m.Failure):
                self.reply(call, value)
            else:
                self._answer(call, run_id)

        self._runner.give(live, event, done)
        self._plan()
        return NO_REPLY

    def _answer(self, call: m.Call, run_id: str) -> None:
        try:
            self.reply(call, self._shown(run_id))
        except MimoError as error:
            self.reply(call, failure(error))

    def _shown(self, run_id: str, lines: int = LINES_BRIEF, *, whole: bool = False) -> Result:
        run = procedure_reads.run(self._db, run_id)
        steps = procedure_reads.steps(self._db, run.row, last=lines)
        problem = self._problems.get(run_id, "")
        is_whole = whole or run.finished_at_s is not None
        shown = presentation.run_json(run, steps, problem, whole=is_whole)
        return Result(data=shown | self._plans.steps_json(run))

    def _listed(self, request: messages.ListRuns) -> Result:
        found = procedure_reads.runs(
            self._db, name=request.name, status=request.status, limit=request.limit
        )
        rows = [presentation.run_row(run) for run in found]
        return Result(data={"runs": rows, "count": len(rows)})

    # -- Definitions -----------------------------------------------------------------------------
    def _register(self, request: messages.Register, call: m.Call) -> Any:
        command, shown = self._library.registration(request)
        self._commit_for(call, command, shown)
        return NO_REPLY

    def _commit_for(self, call: m.Call, command: Edit, more: dict[str, Any] | None = None) -> None:
        """Commit for a caller and answer with what came of it."""

        def done(value: Any) -> None:
            is_failure = isinstance(value, m.Failure)
            self.reply(call, value if is_failure else Result(data={**(more or {}), **value}))

        self.save(command, done)

    def _dry_run(self, request: messages.DryRun) -> Result:
        if request.definition is not None:
            procedure = self._library.parsed(request.definition)
        else:
            procedure = self._library.any(request.name, request.version)
        context = library.completed(procedure, request.context)
        walk = DryRun(procedure, self._catalogue, request.answers)
        run = walk.walk(context, self.now_s())
        return Result(data=presentation.dry_json(run, walk.lines, walk.assumed))

    def _plan(self) -> None:
        """Have one timer, for the nearest moment at which time changes something."""
        due_s = self._runner.next_due_s()
        if due_s is None:
            return
        delay_s = min(max(due_s - self.now_s(), 0.0), SLEEP_S_MAX)
        wanted_s = self.clock.monotonic_s() + delay_s
        if self._timer is not None and self._timer_due_s <= wanted_s:
            return
        if self._timer is not None:
            self.cancel(self._timer)
        self._timer_due_s = wanted_s
        self._timer = self.after(delay_s, _Tick())


def _decision(request: messages.DecideProcedure) -> Decide:
    return Decide(
        approved=request.approved,
        at=request.at,
        resolution="done" if request.resolution == "done" else "repeat",
        note=request.note,
        by=request.client,
        key=request.key,
    )
