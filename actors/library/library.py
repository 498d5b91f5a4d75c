"""The actor for packages and checkers: each job in processes of its own.

It alone writes the cache. When it dies its jobs die with it, and its callers' calls are sent again.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections import deque
from dataclasses import dataclass
from typing import Any, ClassVar

from mimo.actors.library import diagnosing
from mimo.actors.library import messages as lm
from mimo.actors.library.cache import Cache
from mimo.actors.library.looking import Look, work
from mimo.actors.operations import Result
from mimo.actors.terminal import child as terminal
from mimo.actors.web import children
from mimo.actors.workspace.places import workspace
from mimo.config import limits, logs
from mimo.config.errors import Busy, DeadlineExceeded, MimoError
from mimo.config.settings import Settings
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure

#: A checker isn't begun with less time left than this, in seconds.
_CHECKER_S_MIN = 1.0


@dataclass(slots=True, eq=False)
class _Job:
    """A call, and what works on it."""

    call: m.Call
    child: children.Child | None = None
    timer: int = 0


class _Late:
    """Timer payload: this lookup has had its time."""

    def __init__(self, job: _Job) -> None:
        self.job = job


class Library(GenServer):
    """Answer what `messages.py` says; see the module."""

    #: A repeated question may have another answer.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Take the settings; nothing is loaded before a job."""
        self._settings: Settings = args["settings"]
        self._roots = workspace(self._settings)
        self._cache = Cache(self._settings.paths.libraries)
        self._environ = terminal.environment(os.environ)
        self._log = logs.get_logger(self.name)
        self._queue: deque[_Job] = deque()
        self._active: list[_Job] = []
        self._checkers = terminal.Children(self)
        self._counts = {"lookups": 0, "from_registry": 0, "failed": 0, "checkers_run": 0}

    def may_rest(self) -> bool:
        """Tell whether nothing is under way."""
        return not self._queue and not self._active

    def statistics_extra(self) -> dict[str, Any]:
        """Add what was done."""
        return {**self._counts, "active": len(self._active), "waiting": len(self._queue)}

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Put a job into the queue; a question to the user comes before that."""
        if isinstance(request, lm.CountLibraries):
            return Result(data=self._cache.counts() | {"since_start": dict(self._counts)})
        if not isinstance(request, lm.Lookup | lm.Diagnose):
            return super().handle_call(request, call)
        if len(self._queue) >= limits.LIBRARY_WAITING_MAX:
            raise Busy(
                f"expected at most {limits.LIBRARY_WAITING_MAX} jobs that wait, got one more",
                retry_after_s=5.0,
            )
        if isinstance(request, lm.Diagnose):
            # Raises what must be asked or corrected first.
            self._prepared(request)
        self._queue.append(_Job(call))
        self._start_waiting()
        return NO_REPLY

    def handle_info(self, info: Any) -> None:
        """Kill a lookup that is late; let go of a checker that should have ended."""
        if isinstance(info, terminal.Overdue):
            info.give_up()
        elif isinstance(info, _Late):
            told = f"expected an answer within {limits.LIBRARY_JOB_S:g} s, got none"
            self._end(info.job, failure(DeadlineExceeded(told)))
        else:
            super().handle_info(info)

    def terminate(self, reason: m.ExitReason) -> None:
        """End all children; checkers end with the connection to their keepers."""
        for job in self._active:
            if job.child is not None:
                job.child.end()
        super().terminate(reason)

    def _prepared(self, request: lm.Diagnose) -> diagnosing.Round:
        setting = self._settings.library.checkers
        return diagnosing.prepared(request, self._roots, self._environ, setting)

    def _start_waiting(self) -> None:
        while self._queue and len(self._active) < limits.LIBRARY_AT_ONCE_MAX:
            job = self._queue.popleft()
            self._active.append(job)
            if isinstance(job.call.request, lm.Diagnose):
                self._diagnose(job, job.call.request)
            else:
                self._look_up(job, job.call.request)

    def _end(self, job: _Job, value: Any) -> None:
        """Answer, and begin the next job."""
        if job not in self._active:
            return
        if job.child is not None:
            self.unwatch_fd(job.child.link.fileno())
            self.cancel(job.timer)
            job.child.end()
        self._active.remove(job)
        self._counts["failed"] += not isinstance(value, Result)
        self.reply(job.call, value)
        self._start_waiting()

    # -- Packages ----------------------------------------------------------------------------
    def _look_up(self, job: _Job, request: lm.Lookup) -> None:
        look = Look(settings=self._settings, roots=self._roots, cache=self._cache, clock=self.clock)
        self._counts["lookups"] += 1
        child = job.child = children.start(functools.partial(work, request, look))
        job.timer = self.after(limits.LIBRARY_JOB_S, _Late(job))
        self.watch_fd(child.link.fileno(), lambda: self._heard(job, child))

    def _heard(self, job: _Job, child: children.Child) -> None:
        if not child.receive():
            return
        try:
            answer = child.answer()
        except MimoError as error:
            self._end(job, failure(error))
            return
        degraded = list(answer["degraded"])
        try:
            for key, value in answer["keep"]:
                self._cache.keep(key, value, self.clock.wall_s())
                self._counts["from_registry"] += 1
        except OSError as error:
            # The answer is none the worse.
            degraded.append(f"cache: {error.strerror or 'not written'}")
        self._end(
            job,
            Result(data=answer["data"], degraded=tuple(degraded), untrusted=answer["untrusted"]),
        )

    # -- Checkers ----------------------------------------------------------------------------
    def _diagnose(self, job: _Job, request: lm.Diagnose) -> None:
        try:
            found = self._prepared(request)
        except MimoError as error:
            self._end(job, failure(error))
            return
        self._next_checker(job, found, self.clock.monotonic_s() + limits.CHECKERS_S)

    def _next_checker(self, job: _Job, found: diagnosing.Round, ends_s: float) -> None:
        """Run one checker after the other, so that they don't fight for the machine."""
        if not found.steps:
            self._end(job, Result(data=found.told(), untrusted=f"checkers in {found.project}"))
            return
        step = found.steps.pop(0)
        left_s = ends_s - self.clock.monotonic_s()
        if left_s < _CHECKER_S_MIN:
            found.late(step)
            self._next_checker(job, found, ends_s)
            return
        self._counts["checkers_run"] += 1

        def ended(end: terminal.Ended) -> None:
            found.add(step, end)
            self._next_checker(job, found, ends_s)

        self._checkers.start(dataclasses.replace(step.command, timeout_s=left_s), ended)
