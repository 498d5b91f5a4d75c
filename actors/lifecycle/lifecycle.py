"""The actor of the lifecycle: runs the sleep cycle when nobody calls, and what it is asked for.

All it knows stands in the database: a successor begins where it stopped, and a run that died with
it is marked as interrupted. One run at a time; reads go beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from mimo.actors.lifecycle import messages as lm
from mimo.actors.lifecycle import reports, sleep
from mimo.actors.lifecycle import session_messages as sm
from mimo.actors.lifecycle import sessions as session_answers
from mimo.actors.lifecycle.consolidation import consolidation, worthy
from mimo.actors.lifecycle.forgetting import forgetting, lowest, preview
from mimo.actors.lifecycle.work import WRITER, Ask, Stage, Work, new_key
from mimo.actors.operations import Result
from mimo.actors.storage.messages import Commit
from mimo.config import limits, logs
from mimo.config.errors import Busy, MimoError, Unavailable, all_error_types
from mimo.config.settings import Settings
from mimo.storage import database, lifecycle
from mimo.storage.lifecycle import day_of
from mimo.storage.lifecycle_edits import EndRun, InterruptRuns, MarkActive, PutState
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure

Done = Callable[[Any], None]

#: Under which name it is remembered that the cycle is paused.
PAUSED = "paused"
#: What `consolidate` and a busy day run: notes must not expire before they are looked at.
CONSOLIDATE: sleep.Stages = (("consolidation", consolidation),)
#: How often notes are looked at while somebody calls, in seconds.
NOTES_LOOK_S = 300.0
#: Actors that a stage asks only if they serve.
OPTIONAL = ("memory/embedder", "memory/working_memory", "memory/llm")


class _Wake:
    """Timer payload: it may have been quiet for long enough."""


class _LookAtNotes:
    """Timer payload: notes may be worth keeping that expire before it is quiet."""


class _Continue:
    """Timer payload: the next slice of a task."""

    def __init__(self, task: _Task) -> None:
        self.task = task


class _Task:
    """A generator that is being driven, and who waits for what it returns."""

    def __init__(self, work: Work, stage: Stage, done: Done, *, is_run: bool) -> None:
        self.work, self.stage, self.done, self.is_run = work, stage, done, is_run


class Lifecycle(GenServer):
    """Sleep when it is quiet; see the module."""

    def init(self, args: dict[str, Any]) -> None:
        """Open the database for reading; a run that died with a predecessor is ended."""
        self._settings: Settings = args["settings"]
        self._db = database.open_reader(self._settings.paths.database)
        self._log = logs.get_logger(self.name)
        self._waiting: deque[_Task] = deque()
        self._running: _Task | None = None
        self._used_s: float | None = None
        self._slept_s = float("-inf")
        self._is_due = False
        self._day = -1
        self._wake_timer: int | None = None
        self._notes_timer: int | None = None
        self.follow(WRITER, *OPTIONAL)
        self._commit(InterruptRuns(key=new_key("interrupt")))

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer at once, or when the run that was asked for has ended."""
        match request:
            case lm.DecayCheck():
                self._read(call, self._decay_check(request))
            case lm.ForgettingPreview():
                self._read(call, preview(self._work("asked"), request.limit))
            case lm.Forget():
                self._ask_run(call, "forget", (("forgetting", forgetting),))
            case lm.Consolidate():
                self._ask_run(call, "consolidate", CONSOLIDATE)
            case lm.Sleep(action="run"):
                self._ask_run(call, "sleep", sleep.STAGES)
            case lm.Sleep():
                self._pause(call, is_paused=request.action == "pause")
            case sm.Briefing() | sm.ListSessions() | sm.ShowSession() | sm.Curate():
                self._read(call, session_answers.answer(self._work("asked"), request))
            case lm.SleepReport():
                return Result(data=reports.sleep_report(self._db, request, self._status()))
            case lm.BeforeExit():
                self._run_before_exit(call)
            case _:
                return super().handle_call(request, call)
        return NO_REPLY

    def handle_cast(self, request: Any) -> None:
        """Note that somebody called."""
        if isinstance(request, lm.Used):
            self._note_used()
        else:
            super().handle_cast(request)

    def handle_info(self, info: Any) -> None:
        """Go on with a task, or see whether it is quiet."""
        match info:
            case _Continue():
                self._advance(info.task, None)
            case _Wake():
                self._wake_timer = None
                self._sleep_if_quiet()
            case _LookAtNotes():
                self._notes_timer = None
                self._look_at_notes()

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Close the connection."""
        self._db.close()

    def statistics_extra(self) -> dict[str, Any]:
        """Add what it does."""
        return self._status()

    # -- When it sleeps ------------------------------------------------------------------------
    def _note_used(self) -> None:
        self._used_s = self.clock.monotonic_s()
        self._is_due = True
        if self._running is not None and self._running.work.cause == "idle":
            self._running.work.is_wanted = False
        now_s = self.clock.wall_s()
        if day_of(now_s) != self._day:
            self._day = day_of(now_s)
            self._commit(MarkActive(at_s=now_s, key=new_key("day")))
        if self._notes_timer is None and self._settings.lifecycle.enabled:
            self._notes_timer = self.after(NOTES_LOOK_S, _LookAtNotes())
        self._plan_wake()

    def _look_at_notes(self) -> None:
        """Store what is worth it, if anything is; a day without such notes leaves no rows."""

        def looked(value: Any) -> None:
            if not isinstance(value, m.Failure) and value["worthy"] and self._running is None:
                self._begin_run("use", "consolidate", CONSOLIDATE, lambda _: None)

        if not lifecycle.state(self._db, PAUSED):
            work = self._work("use")
            self._advance(_Task(work, worthy(work), looked, is_run=False), None)

    def _plan_wake(self) -> None:
        kept = self._settings.lifecycle
        if not kept.enabled or not self._is_due or self._wake_timer is not None:
            return
        quiet_s = (self._used_s or 0.0) + kept.idle_after_s
        due_s = max(quiet_s, self._slept_s + kept.min_gap_s)
        self._wake_timer = self.after(max(due_s - self.clock.monotonic_s(), 0.0), _Wake())

    def _sleep_if_quiet(self) -> None:
        kept = self._settings.lifecycle
        now_s = self.clock.monotonic_s()
        if lifecycle.state(self._db, PAUSED) or not self._is_due:
            return
        if now_s < (self._used_s or 0.0) + kept.idle_after_s or self._running is not None:
            self._plan_wake()
            return
        self._is_due = False
        self._begin_run("idle", "sleep", sleep.STAGES, lambda _: None)

    def _run_before_exit(self, call: m.Call) -> None:
        """Run the cycle if it is due; reply when nothing runs any more."""
        is_due = self._is_due and self._settings.lifecycle.enabled
        if not is_due or lifecycle.state(self._db, PAUSED):
            self.reply(call, True)
            return
        self._is_due = False
        self._begin_run("exit", "sleep", sleep.STAGES, lambda _: self.reply(call, True))

    def _pause(self, call: m.Call, *, is_paused: bool) -> None:
        def done(value: Any) -> None:
            self._is_due = self._is_due or not is_paused
            if not is_paused:
                self._plan_wake()
            is_failure = isinstance(value, m.Failure)
            shown = {
                "paused": is_paused,
                "run_id": 0,
                "state": "paused" if is_paused else "resumed",
            }
            self.reply(call, value if is_failure else Result(data={**shown, "stages": []}))

        value = "1" if is_paused else ""
        self._commit(PutState(name=PAUSED, value=value, key=new_key("pause")), done)

    # -- Driving -------------------------------------------------------------------------------
    def _work(self, cause: str) -> Work:
        return Work(
            db=self._db,
            clock=self.clock,
            settings=self._settings,
            cause=cause,
            is_up=frozenset(name for name in OPTIONAL if self.is_up(name)),
        )

    def _read(self, call: m.Call, stage: Stage) -> None:
        """Drive a task that changes nothing, beside whatever runs."""
        self._advance(_Task(self._work("asked"), stage, self._answers(call), is_run=False), None)

    def _ask_run(self, call: m.Call, kind: str, stages: sleep.Stages) -> None:
        if len(self._waiting) >= limits.LIFECYCLE_WAITING_MAX:
            raise Busy(
                f"expected at most {limits.LIFECYCLE_WAITING_MAX} runs to wait, got one more;"
                " see sleep_report, then ask again",
                retry_after_s=5.0,
            )
        self._begin_run("asked", kind, stages, self._answers(call))

    def _begin_run(self, cause: str, kind: str, stages: sleep.Stages, done: Done) -> None:
        work = self._work(cause)
        task = _Task(work, sleep.run(work, kind, stages), done, is_run=True)
        if self._running is None:
            self._running = task
            self._advance(task, None)
        else:
            self._waiting.append(task)

    def _answers(self, call: m.Call) -> Done:
        def done(value: Any) -> None:
            self.reply(call, value if isinstance(value, m.Failure) else Result(data=value))

        return done

    def _advance(self, task: _Task, value: Any) -> None:
        """Give a task its answer and do what it asks for next."""
        try:
            if isinstance(value, m.Failure):
                step = task.stage.throw(_error_of(value))
            else:
                step = task.stage.send(value)
        except StopIteration as end:
            self._ended(task, end.value)
        except MimoError as error:
            self._ended(task, failure(error))
        else:
            self._do(task, step)

    def _do(self, task: _Task, step: Ask | None) -> None:
        if step is None:
            self.after(0.0, _Continue(task))
        elif step.is_cast:
            self.cast(step.target, step.request)
            self.after(0.0, _Continue(task))
        else:
            self.call(
                step.target,
                step.request,
                lambda value: self._advance(task, value),
                timeout_s=step.timeout_s,
            )

    def _ended(self, task: _Task, value: Any) -> None:
        if task.is_run:
            self._running = None
            self._slept_s = self.clock.monotonic_s()
            self._report(task, value)
        task.done(value)
        if task.is_run and self._waiting:
            self._running = self._waiting.popleft()
            self._advance(self._running, None)
        self._plan_wake()

    def _report(self, task: _Task, value: Any) -> None:
        if isinstance(value, m.Failure):
            self._log.warning("lifecycle.stage_failed", detail=value.message)
            if task.work.run_id:
                end = EndRun(run_id=task.work.run_id, state="failed", key=new_key("end"))
                self._commit(end)
        else:
            self._is_due = self._is_due or value["state"] == "interrupted"
            self._log.info("lifecycle.ran", detail=reports.sentence(value))

    # -- Answering -----------------------------------------------------------------------------
    def _decay_check(self, request: lm.DecayCheck) -> Stage:
        work = self._work("asked")
        if request.memory_id:
            return reports.decay_of(work, request.memory_id)
        return lowest(work, request.limit, request.project)

    def _status(self) -> dict[str, Any]:
        return {
            "running": self._running is not None,
            "due": self._is_due,
            "paused": bool(lifecycle.state(self._db, PAUSED)),
            "enabled": self._settings.lifecycle.enabled,
        }

    def _commit(self, command: Any, then: Done | None = None) -> None:
        self.call(WRITER, Commit(command=command), then or (lambda _: None))


def _error_of(value: m.Failure) -> MimoError:
    kind = all_error_types().get(value.code, Unavailable)
    return kind(value.message, retry_after_s=value.retry_after_s)
