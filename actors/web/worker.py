"""The web worker: a queue of jobs, each in a child process that it can kill.

It holds nothing that would be missed: when it dies its children die with it, and its callers' calls
are sent again to its successor.
"""

from __future__ import annotations

import functools
from collections import deque
from dataclasses import dataclass
from typing import Any

from mimo.actors.llm.messages import Complete, Completion
from mimo.actors.operations import Result
from mimo.actors.web import children, judging
from mimo.actors.web import messages as wm
from mimo.config import limits, logs
from mimo.config.errors import Busy, DeadlineExceeded, MimoError
from mimo.config.settings import Settings
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure

LLM = "memory/llm"
#: What a picture is asked about, unless the caller says.
_DESCRIBE = "Describe what this picture shows: its subject, its text word for word, its layout."
_VISION_S = 40.0


@dataclass(slots=True, eq=False)
class _Job:
    """A call and the child that works on it."""

    call: m.Call
    request: wm.Job
    began_s: float = 0.0
    child: children.Child | None = None
    timer: int = 0


class _Late:
    """Timer payload: this job has had its time."""

    def __init__(self, job: _Job) -> None:
        self.job = job


class Web(GenServer):
    """Answer what `messages.py` says; see the module."""

    def init(self, args: dict[str, Any]) -> None:
        """Take the settings; nothing is loaded before a job."""
        self._settings: Settings = args["settings"]
        self._log = logs.get_logger(self.name)
        self._queue: deque[_Job] = deque()
        self._active: list[_Job] = []
        self._counts = {"answered": 0, "failed": 0, "late": 0}

    def may_rest(self) -> bool:
        """Tell whether nothing is under way."""
        return not self._active and not self._queue

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Refuse what may not be done, else put it into the queue."""
        if not isinstance(request, wm.Job):
            return super().handle_call(request, call)
        judging.check(request, self._settings.web)
        if call.attempt > 1 and isinstance(request, wm.Fetch | wm.Browse):
            judging.refuse_again(request)
        if len(self._queue) >= limits.WEB_WAITING_MAX:
            raise Busy(
                f"expected at most {limits.WEB_WAITING_MAX} requests that wait, got one more",
                retry_after_s=5.0,
            )
        self._queue.append(_Job(call, request))
        self._start_waiting()
        return NO_REPLY

    def handle_info(self, info: Any) -> None:
        """Kill a job that is late."""
        if isinstance(info, _Late):
            self._counts["late"] += 1
            allowed_s = _allowed_s(info.job.request)
            error = DeadlineExceeded(
                f"expected an answer within {allowed_s:g} s, got none; the job was ended"
            )
            self._end(info.job, failure(error))
        else:
            super().handle_info(info)

    def terminate(self, reason: m.ExitReason) -> None:
        """End all children."""
        for job in self._active:
            if job.child is not None:
                job.child.end()
        super().terminate(reason)

    def statistics_extra(self) -> dict[str, Any]:
        """Add what is under way, and what came of the rest."""
        return {**self._counts, "active": len(self._active), "waiting": len(self._queue)}

    # -- Jobs --------------------------------------------------------------------------------
    def _start_waiting(self) -> None:
        """Begin the next jobs, as far as there is room for their kind."""
        for job in list(self._queue):
            if len(self._active) >= limits.WEB_AT_ONCE_MAX:
                return
            browsers = sum(judging.needs_browser(each.request) for each in self._active)
            if judging.needs_browser(job.request) and browsers >= limits.WEB_BROWSERS_MAX:
                continue
            self._queue.remove(job)
            self._start(job)

    def _start(self, job: _Job) -> None:
        # Loaded once, at the first job, so that no fork has to do it again.
        from mimo.actors.web import working

        work = functools.partial(working.done, job.request, self._settings)
        job.began_s = self.clock.monotonic_s()
        child = job.child = children.start(work)
        self._active.append(job)
        job.timer = self.after(_allowed_s(job.request), _Late(job))
        self.watch_fd(child.link.fileno(), lambda: self._heard(job))

    def _heard(self, job: _Job) -> None:
        child = job.child
        if child is None or not child.receive():
            return
        try:
            answer = child.answer()
        except MimoError as error:
            self._end(job, failure(error))
            return
        if isinstance(job.request, wm.LookAt):
            self._look(job, job.request, answer)
        else:
            self._end(
                job,
                Result(
                    data=answer["data"],
                    degraded=tuple(answer.get("degraded", ())),
                    untrusted=answer.get("untrusted", ""),
                    attachments=tuple((kind, raw) for kind, raw in answer.get("attachments", ())),
                ),
            )

    def _look(self, job: _Job, request: wm.LookAt, answer: children.Answer) -> None:
        """Ask the language model about the picture that the child has read."""
        self._leave(job)
        question = Complete(
            system="",
            prompt=request.prompt or _DESCRIBE,
            image=answer["image"],
            max_tokens=request.max_tokens,
            purpose="vision",
            deadline_s=_VISION_S,
        )

        def answered(value: Any) -> None:
            if isinstance(value, Completion):
                data = {
                    "text": value.text,
                    "model": f"{value.provider}:{value.model}",
                    "bytes": answer["bytes"],
                    "type": answer["type"],
                }
                value = Result(data=data, untrusted=answer["source"])
            self._end(job, value)

        self.call(LLM, question, answered, timeout_s=_VISION_S + 5.0)

    def _leave(self, job: _Job) -> None:
        """Let go of a job's child."""
        if job.child is not None:
            self.cancel(job.timer)
            self.unwatch_fd(job.child.link.fileno())
            job.child.end()
            job.child = None

    def _end(self, job: _Job, value: Any) -> None:
        self._leave(job)
        if job in self._active:
            self._active.remove(job)
        is_failure = isinstance(value, m.Failure)
        self._counts["failed" if is_failure else "answered"] += 1
        self._log.info(
            "web.ended",
            operation=type(job.request).__name__,
            outcome=value.code if is_failure else "ok",
            duration_ms=round((self.clock.monotonic_s() - job.began_s) * 1_000),
            request_id=job.call.request_id,
        )
        self.reply(job.call, value)
        self._start_waiting()


def _allowed_s(request: wm.Job) -> float:
    is_long = judging.needs_browser(request)
    return limits.WEB_BROWSER_JOB_S_MAX if is_long else limits.WEB_JOB_S_MAX
