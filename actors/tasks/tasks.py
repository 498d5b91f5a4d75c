"""The actor that works off the queue of tasks: a thin shell around `runner` and the tables.

What is open goes on when this process starts, whoever queued it. It leaves when nothing is open
that can go on without a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mimo.actors.bridge.messages import CallTool
from mimo.actors.catalogue import offer_of, offered
from mimo.actors.operations import Result
from mimo.actors.storage.messages import Commit
from mimo.actors.tasks import messages, policy, presentation, queueing, safety
from mimo.actors.tasks.events import (
    Abort,
    Added,
    Cancel,
    Change,
    Decide,
    Event,
    Invoke,
    Pause,
    Reset,
)
from mimo.actors.tasks.runner import Runner
from mimo.actors.tasks.scheduling import CHANGES_MAX
from mimo.actors.tasks.task import Queue, Task
from mimo.actors.tasks.turn import Rules
from mimo.config import logs
from mimo.config.errors import ApprovalRequired, MimoError, NotAvailable
from mimo.config.settings import Settings
from mimo.storage import database, procedure_reads, task_reads
from mimo.storage.commands import Edit
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure
from mimo.supervision.node import find_node
from mimo.supervision.process import CRASHED_EXIT_CODE

BRIDGE = "bridge/mcp_bridge"
WRITER = "storage/writer"
#: How long a step may wait for the writer, in seconds.
SAVE_S = 30.0
#: How long ending a run may take, in seconds.
ABORT_S = 10.0
#: Longest sleep of the timer, in seconds: the wall clock may jump.
SLEEP_S_MAX = 60.0


class _Tick:
    """Timer payload: a task may have something to do."""


@dataclass(slots=True)
class _Later:
    """Timer payload: do this now."""

    do: Callable[[], None]


class Tasks(GenServer):
    """Queue, run, resume, and tell about tasks; a `World` for its runner."""

    def init(self, args: dict[str, Any]) -> None:
        """Open the database for reading and take over what is open."""
        self._settings: Settings = args["settings"]
        self._log = logs.get_logger(self.name)
        self._db = database.open_reader(self._settings.paths.database)
        chosen = self._settings.tools
        tools = offered(offer_of(chosen))
        self._operations = {
            (tool.name, each.name): each for tool in tools for each in tool.operations
        }
        self._rules = Rules(concurrency=self._settings.tasks.concurrency, host=self._host())
        self._runner = Runner(self, self.name, self._rules, self._stored())
        self._timer: int | None = None
        self._timer_due_s = 0.0
        self.follow(BRIDGE, WRITER)
        if any(not task.has_ended for task in self._runner.queue.tasks.values()):
            self._log.info("tasks.resumed", count=self._runner.queue.open_count)
        self._runner.resume()
        self._runner.tick()
        self._plan()

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer a request about tasks."""
        handler = _HANDLERS.get(type(request))
        if handler is None:
            return super().handle_call(request, call)
        answer = handler(self, request, call)
        self._plan()
        return answer

    def handle_info(self, info: Any) -> None:
        """Let time pass."""
        match info:
            case _Tick():
                self._timer = None
                self._runner.tick()
            case _Later():
                info.do()
        self._plan()

    def may_rest(self) -> bool:
        """Tell whether nothing can go on without a person or a call."""
        return self._runner.is_idle and self._runner.next_due_s() is None

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Close the connection; tasks go on in the next process."""
        self._db.close()

    def statistics_extra(self) -> dict[str, Any]:
        """Add what is open."""
        return {
            "open_tasks": self._runner.queue.open_count,
            "is_busy": not self.may_rest(),
        }

    # -- The world of the runner -----------------------------------------------------------------
    def now_s(self) -> float:
        """Return wall seconds UTC."""
        return self.clock.wall_s()

    def save(self, command: Edit, then: Callable[[Any], None]) -> None:
        """Commit durably; `then` gets the reply or a `Failure`."""
        self._ask(WRITER, Commit(command=command), then, SAVE_S, command.key)

    def invoke(self, wanted: Invoke, then: Callable[[Any], None]) -> None:
        """Make a tool call; `then` gets a `Result` or a `Failure`."""
        request = self._tool_call(
            wanted.tool,
            wanted.operation,
            wanted.arguments,
            wanted.key,
            wanted.timeout_s,
            is_approved=wanted.is_approved,
        )
        # The bridge ends it in time; a little later than that, it is the bridge that is late.
        self._ask(BRIDGE, request, then, wanted.timeout_s + 1.0, wanted.key)

    def abort(self, wanted: Abort) -> None:
        """Cancel the run, or end the command; a call on its way ends by its time limit."""
        if not wanted.handle:
            return
        if wanted.ending == "session":
            tool, operation = "terminal", "force_kill" if wanted.by_force else "kill"
            arguments: dict[str, Any] = {"pid": int(wanted.handle)}
        else:
            tool, operation = queueing.ORCHESTRATE, "cancel_procedure"
            arguments = {"run_id": wanted.handle, "note": "its task was cancelled"}
        key = f"{wanted.key}:abort"
        request = self._tool_call(tool, operation, arguments, key, ABORT_S, is_approved=True)
        self._ask(BRIDGE, request, lambda _: None, ABORT_S + 1.0, key)

    def later(self, delay_s: float, do: Callable[[], None]) -> None:
        """Do something after a while."""
        self.after(delay_s, _Later(do))

    def changed(self, changes: tuple[Change, ...]) -> None:
        """Write into the log which tasks have ended."""
        for change in changes:
            if change.task.has_ended:
                self._log.info(
                    "tasks.ended",
                    task=change.task.task_id,
                    operation=change.task.spec.label,
                    outcome=change.task.status,
                )

    def lost(self, why: m.Failure) -> None:
        """Leave: another process runs the queue, or it must be read again."""
        self._log.warning("tasks.lost", reason=why.message)
        self.leave(m.ExitReason(kind="crashed", detail=why.message), CRASHED_EXIT_CODE)

    def _tool_call(  # noqa: PLR0913  what a call is made of
        self,
        tool: str,
        operation: str,
        arguments: dict[str, Any],
        key: str,
        timeout_s: float,
        *,
        is_approved: bool = False,
    ) -> CallTool:
        return CallTool(
            tool=tool,
            operation=operation,
            arguments=arguments,
            key=key,
            client="task",
            connection=self.name,
            request_id=key,
            timeout_s=timeout_s,
            approved=is_approved,
        )

    def _ask(
        self, target: str, request: Any, then: Callable[[Any], None], timeout_s: float, key: str
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

    # -- Requests --------------------------------------------------------------------------------
    def queue_tasks(self, request: messages.QueueTasks, call: m.Call) -> Any:
        """Queue, all or none; the same key is answered with what it queued before."""
        first = queueing.task_id(request.key, 0)
        try:
            known = task_reads.task(self._db, first)
        except MimoError:
            known = None
        if known is not None:
            ids = [queueing.task_id(request.key, number) for number in range(len(request.orders))]
            return self._queued(ids)
        tasks, needed = queueing.tasks_of(
            request,
            self._operations,
            policy.Asking(self._operations, self._settings, self._procedures),
            self._lookup,
            self.now_s(),
        )
        event = Added(tasks=tasks, known=needed)
        ids = [task.task_id for task in tasks]
        return self._give(event, call, lambda: self._queued(ids))

    def status(self, _request: messages.QueueStatus, _call: m.Call) -> Result:
        """Tell how the queue stands."""
        queue = self._runner.queue
        counts = task_reads.counts(self._db)
        return Result(data=presentation.status_json(queue, counts, self._rules, self.now_s()))

    def listed(self, request: messages.ListTasks, _call: m.Call) -> Result:
        """Show tasks."""
        found = task_reads.tasks(self._db, status=request.status, limit=request.limit)
        rows = [presentation.task_row(presentation.task_of(one)) for one in found]
        return Result(data={"count": len(rows), "tasks": rows, "message": f"{len(rows)} shown"})

    def shown(self, request: messages.ShowTask, _call: m.Call) -> Result:
        """Show one task."""
        return self._shown(request.task_id, request.lines)

    def pause(self, request: messages.PauseTasks, call: m.Call) -> Any:
        """Pause or resume the queue, or one task."""
        event = Pause(is_paused=request.is_paused, task_id=request.task_id)
        if request.task_id:
            return self._give(event, call, lambda: self._shown(request.task_id))
        said = "nothing is started; what runs goes on" if request.is_paused else "tasks are started"
        status = "paused" if request.is_paused else "active"
        return self._give(event, call, lambda: Result(data={"status": status, "message": said}))

    def cancel_task(self, request: messages.CancelTask, call: m.Call) -> Any:
        """End a task; one that has ended is shown."""
        stored = task_reads.task(self._db, request.task_id)
        if stored.finished_at_s is not None:
            return self._shown(request.task_id)
        event = Cancel(task_ids=(request.task_id,), note=request.note)
        return self._give(event, call, lambda: self._shown(request.task_id))

    def clear(self, request: messages.ClearTasks, call: m.Call) -> Any:
        """End what hasn't begun, those that need others first, in slices."""
        waiting = [
            task.task_id
            for task in reversed(list(self._runner.queue.tasks.values()))
            if task.status in {"asking", "waiting", "queued"}
        ]
        slices = [waiting[at : at + CHANGES_MAX] for at in range(0, len(waiting), CHANGES_MAX)]
        for ids in slices[:-1]:
            self._runner.give(Cancel(task_ids=tuple(ids), note=request.note, is_clearing=True))
        last = Cancel(task_ids=tuple(slices[-1] if slices else ()), is_clearing=True)
        said = {"status": "cleared", "cleared": len(waiting), "message": "what runs goes on"}
        return self._give(last, call, lambda: Result(data=said))

    def reset(self, request: messages.ResetBreaker, call: m.Call) -> Any:
        """Close breakers."""
        said = {"status": "reset", "message": "tools that failed are called again"}
        return self._give(Reset(tool=request.tool), call, lambda: Result(data=said))

    def check(self, request: messages.CheckSafety, _call: m.Call) -> Result:
        """Tell what would become of a task."""
        return Result(data=safety.checked(request, self._operations, self._settings))

    def questions(self, request: messages.ListQuestions, _call: m.Call) -> Result:
        """Show what waits for a person."""
        found = task_reads.questions(self._db, pending=not request.is_all, limit=request.limit)
        rows = [presentation.question_json(one) for one in found]
        return Result(data={"approvals": rows, "count": len(rows)})

    def decide(self, request: messages.DecideTask, call: m.Call) -> Any:
        """Pass a decision on; what lets something happen needs a person's word."""
        task = self._lookup(request.task_id)
        if request.key and request.key == task.seen:
            # Its first answer was lost.
            return self._shown(request.task_id)
        is_review = task.status == "needs_review"
        wanted = {"repeat", "done", "failed"} if is_review else {"approve", "deny"}
        if request.decision not in wanted and not (is_review and request.decision == "deny"):
            raise NotAvailable(
                f"expected {' or '.join(sorted(wanted))} for a task that is {task.status},"
                f" got {request.decision}"
            )
        if request.decision in {"approve", "repeat"} and not request.is_confirmed:
            raise ApprovalRequired(task.question or f"May {task.spec.label} be called?")
        event = Decide(
            task_id=request.task_id,
            approved=request.decision in {"approve", "repeat", "done"},
            resolution="done" if request.decision == "done" else "repeat",
            note=request.note,
            by=request.by,
            key=request.key,
        )
        return self._give(event, call, lambda: self._shown(request.task_id))

    def _give(self, event: Event, call: m.Call, answer: Callable[[], Result]) -> Any:
        def done(refused: m.Failure | None) -> None:
            try:
                self.reply(call, answer() if refused is None else refused)
            except MimoError as error:
                self.reply(call, failure(error))

        self._runner.give(event, done)
        return NO_REPLY

    def _host(self) -> str:
        """Return what names this node as long as it lives; "" for none."""
        card = find_node(self._settings.paths.run)
        return f"{card.watchdog_pid}:{card.started_at:.3f}" if card is not None else ""

    # -- Reading ---------------------------------------------------------------------------------
    def _stored(self) -> Queue:
        with self._db.snapshot():
            revision, state = task_reads.queue(self._db)
            found = [presentation.task_of(one) for one in task_reads.loaded(self._db)]
        return Queue(
            tasks={task.task_id: task for task in found},
            is_paused=bool(state.get("is_paused")),
            breakers=state.get("breakers", {}),
            revision=revision,
        )

    def _procedures(self) -> list[str]:
        return procedure_reads.active_names(self._db)

    def _lookup(self, task_id: str) -> Task:
        known = self._runner.queue.tasks.get(task_id)
        return known or presentation.task_of(task_reads.task(self._db, task_id))

    def _queued(self, ids: list[str]) -> Result:
        return Result(data=presentation.queued_json(map(self._lookup, ids)))

    def _shown(self, task_id: str, lines: int = 5) -> Result:
        stored = task_reads.task(self._db, task_id)
        found = task_reads.lines(self._db, stored.row, last=lines)
        return Result(data=presentation.task_json(stored, found))

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


_HANDLERS: dict[type[Any], Callable[[Tasks, Any, m.Call], Any]] = {
    messages.QueueTasks: Tasks.queue_tasks,
    messages.QueueStatus: Tasks.status,
    messages.ListTasks: Tasks.listed,
    messages.ShowTask: Tasks.shown,
    messages.PauseTasks: Tasks.pause,
    messages.CancelTask: Tasks.cancel_task,
    messages.ClearTasks: Tasks.clear,
    messages.ResetBreaker: Tasks.reset,
    messages.CheckSafety: Tasks.check,
    messages.ListQuestions: Tasks.questions,
    messages.DecideTask: Tasks.decide,
}
