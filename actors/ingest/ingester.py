"""The ingester: does one job after the other, in slices, and remembers how far each is.

Jobs stand in a table that a heir holds: a killed ingester's successor goes on behind the last
document that was counted. What was committed and not counted is found in the database and counted
as what it was.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from typing import Any

from mimo.actors.bridge.messages import CallProgress
from mimo.actors.ingest import messages as im
from mimo.actors.ingest.jobs import Job, job_of
from mimo.actors.ingest.places import Roots
from mimo.actors.ingest.presentation import documents_json
from mimo.actors.ingest.steps import Breath, Fetch, Steps
from mimo.actors.memory.model_cache import release_memory
from mimo.actors.operations import Result
from mimo.actors.storage.messages import Commit
from mimo.config import limits, logs
from mimo.config.errors import Busy, MimoError, NotFound, all_error_types
from mimo.config.settings import Settings
from mimo.storage import database, documents
from mimo.storage.commands import Edit
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, failure
from mimo.supervision.heir_protocol import TableSpec
from mimo.supervision.table import TableOwner

TABLE = TableSpec(name="ingest_jobs", rows_max=256, bytes_max=2_097_152, on_full="evict")
WRITER = "storage/writer"
BRIDGE = "bridge/mcp_bridge"
#: How long it works before it looks at its mailbox, in seconds.
SLICE_S = 0.1
#: How long a call waits for its job; below what the bridge's breaker calls slow, in seconds.
WAIT_S = 4.0
#: How long one commit may take, and how long to wait before it is tried again, in seconds.
COMMIT_S = 30.0
RETRY_S = 2.0
#: Jobs in a list, and notes and failures of each.
LISTED_MAX = 20
LISTED_NAMED_MAX = 2


class _Go:
    """Timer payload: go on with the work."""


class _Again:
    """Timer payload: send this edit again."""

    def __init__(self, edit: Edit) -> None:
        self.edit = edit


class _Waited:
    """Timer payload: somebody has waited long enough for this job."""

    def __init__(self, job_id: str, call: m.Call) -> None:
        self.job_id = job_id
        self.call = call


class Ingester(TableOwner):
    """Read documents into memories; see the module."""

    def init(self, args: dict[str, Any]) -> None:
        """Open the database for reading; nothing that reads documents is loaded before a job."""
        self._settings: Settings = args["settings"]
        self._log = logs.get_logger(self.name)
        self._db = database.open_reader(self._settings.paths.database)
        self._roots = Roots(allowed=self._settings.ingest.roots, refused=(self._settings.data_dir,))
        self._jobs: dict[str, Job] = {}
        self._texts: dict[str, str] = {}
        self._queue: deque[str] = deque()
        self._waiting: dict[str, list[m.Call]] = {}
        self._steps: Steps | None = None
        self._awaits = False
        self._working_on = ""
        self.follow(WRITER)
        super().init(args)

    def tables(self) -> tuple[TableSpec, ...]:
        """Return the one table: a row a job."""
        return (TABLE,)

    def table_ready(self) -> None:
        """Go on with what an earlier incarnation left."""
        for key, row, _ in self.table(TABLE.name).items():
            job = Job.of_row(row)
            self._jobs[key] = job
            if job.is_over:
                continue
            if job.state == "running":
                job.deaths += 1
            self._queue.append(key)
        if self._queue:
            self.after(0.0, _Go())

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer what `messages.py` says."""
        match request:
            case im.Ingest():
                return self._ingest(request, call)
            case im.IngestStatus():
                return self._status(request)
            case im.ListDocuments():
                return self._documents(request)
            case _:
                return super().handle_call(request, call)

    def handle_info(self, info: Any) -> None:
        """Go on, or answer who has waited long enough."""
        match info:
            case _Go():
                # Two requests at once ask for two; what a step waits for is not to be forestalled.
                if not self._awaits:
                    self._drive(None)
            case _Again():
                self._commit(info.edit)
            case _Waited():
                calls = self._waiting.get(info.job_id, [])
                if info.call in calls:
                    calls.remove(info.call)
                    self.reply(info.call, Result(data=self._jobs[info.job_id].shown()))
            case _:
                super().handle_info(info)

    def terminate(self, reason: m.ExitReason) -> None:
        """Close the connection and let go of the table."""
        self._db.close()
        super().terminate(reason)

    def may_rest(self) -> bool:
        """Tell whether no job is open; those that ended stand in the table."""
        return not self._queue and self._steps is None

    def statistics_extra(self) -> dict[str, Any]:
        """Add what is being done."""
        return {"queued": len(self._queue), "working_on": self._working_on}

    # -- Requests ----------------------------------------------------------------------------
    def _ingest(self, request: im.Ingest, call: m.Call) -> Any:
        job = job_of(request, self.clock.wall_s())
        known = self._jobs.get(job.id)
        if known is None:
            if len(self._queue) >= limits.INGEST_JOBS_MAX:
                raise Busy(
                    f"expected at most {limits.INGEST_JOBS_MAX} jobs that wait, got one more",
                    retry_after_s=5.0,
                )
            if request.kind == "url":
                from mimo.actors.web.guard import target_of

                target_of(request.place, self._settings.web.allow)
            self._jobs[job.id] = known = job
            if request.kind == "text":
                self._texts[job.id] = request.text
            self._save(job)
            self._queue.append(job.id)
            if self._steps is None:
                self.after(0.0, _Go())
        if known.is_over:
            return _answer(known)
        self._waiting.setdefault(known.id, []).append(call)
        self.after(WAIT_S, _Waited(known.id, call))
        return NO_REPLY

    def _status(self, request: im.IngestStatus) -> Result:
        if request.job_id:
            job = self._jobs.get(request.job_id)
            if job is None:
                raise NotFound(
                    f"expected the id of a job, got {request.job_id!r};"
                    " leave it out to see the jobs that are remembered"
                )
            return Result(data={"jobs": [job.shown()], "count": 1})
        found = sorted(self._jobs.values(), key=lambda each: each.began_s, reverse=True)
        shown = [job.shown(LISTED_NAMED_MAX) for job in found[:LISTED_MAX]]
        return Result(data={"jobs": shown, "count": len(found)})

    def _documents(self, request: im.ListDocuments) -> Result:
        found = documents.page(
            self._db,
            project=request.project,
            source=request.source,
            limit=request.limit + 1,
            before_id=int(request.cursor) if request.cursor.isdigit() else 0,
        )
        return Result(data=documents_json(found, request.limit))

    # -- Working -----------------------------------------------------------------------------
    def _drive(self, outcome: Any) -> None:
        """Take steps until one has to be waited for, or the slice is over."""
        self._awaits = False
        if self._steps is None and not self._begin():
            return
        assert self._steps is not None  # noqa: S101  for the type checker
        ends_s = self.clock.monotonic_s() + SLICE_S
        job = self._jobs[self._working_on]
        while True:
            try:
                step = self._steps.send(outcome)
            except StopIteration:
                self._end(job, "done")
                return
            except MimoError as error:
                job.error = (error.code, error.message)
                self._end(job, "failed")
                return
            outcome = None
            match step:
                case Breath(is_new=True):
                    self._save(job)
                case Fetch():
                    self._awaits = True
                    self._fetch(step.url)
                    return
                case Edit():
                    self._awaits = True
                    self._commit(step)
                    return
            if self.clock.monotonic_s() >= ends_s:
                self._save(job)
                self.after(0.0, _Go())
                return

    def _begin(self) -> bool:
        if not self._queue:
            return False
        self._working_on = self._queue.popleft()
        job = self._jobs[self._working_on]
        job.state = "running"
        self._save(job)
        text = self._texts.pop(job.id, "")
        from mimo.actors.ingest.working import Work

        self._steps = Work(job, text, self._db, self._roots).steps()
        return True

    def _commit(self, edit: Edit) -> None:
        self.call(
            WRITER,
            Commit(command=edit),
            lambda value: self._committed(edit, value),
            key=edit.key,
            timeout_s=COMMIT_S,
        )

    def _committed(self, edit: Edit, value: Any) -> None:
        """Hand the reply to the work; what may pass is tried again with the same key."""
        if isinstance(value, m.Failure) and _may_pass(value):
            self.after(value.retry_after_s or RETRY_S, _Again(edit))
            return
        self._drive(value)
        if self._steps is not None and self._working_on in self._jobs:
            self._save(self._jobs[self._working_on])

    def _end(self, job: Job, state: Any) -> None:
        job.state, job.ended_s = state, self.clock.wall_s()
        self._steps, self._working_on = None, ""
        self._save(job)
        if not self._queue:
            release_memory()
        self._log.info(
            "ingest.ended",
            job=job.id,
            outcome=job.error[0] or "ok",
            documents=job.documents_done,
            chunks=job.changes.created,
            duration_ms=round((job.ended_s - job.began_s) * 1_000),
        )
        for call in self._waiting.pop(job.id, []):
            self.reply(call, _answer(job))
        self._forget_old()
        if self._queue:
            self.after(0.0, _Go())

    def _save(self, job: Job) -> None:
        # A text isn't kept: whoever still waits for it sends it again.
        if job.request.kind != "text" or job.is_over:
            self.keep(TABLE.name, [(job.id, job.to_row())])
        if job.found and job.id in self._waiting:
            text = f"{job.documents_done} of {job.found} documents"
            self.cast(BRIDGE, CallProgress(request_id=job.request.request_id, text=text))

    def _forget_old(self) -> None:
        over = sorted(
            (job for job in self._jobs.values() if job.is_over), key=lambda job: job.ended_s
        )
        gone = [job.id for job in over[: -limits.INGEST_JOBS_KEPT_MAX]]
        for job_id in gone:
            del self._jobs[job_id]
        if gone:
            self.keep(TABLE.name, [], gone)

    # -- Downloads ---------------------------------------------------------------------------
    def _fetch(self, url: str) -> None:
        """Download in a thread, since it waits; the socket pair tells this one when it is over."""
        from mimo.actors.web.downloading import download

        inner, outer = socket.socketpair()
        box: list[Any] = []
        allow, clock = self._settings.web.allow, self.clock

        def run() -> None:
            try:
                box.append(download(url, allow, clock))
            except MimoError as error:
                box.append(error)
            finally:
                outer.close()

        def finish() -> None:
            self.unwatch_fd(inner.fileno())
            inner.close()
            self._drive(box[0] if box else MimoError(f"expected {url[:200]}, got a broken reader"))

        self.watch_fd(inner.fileno(), finish)
        threading.Thread(target=run, name="download", daemon=True).start()


def _answer(job: Job) -> Result | m.Failure:
    """Return what the asker gets for a job that is over."""
    if job.state == "failed":
        code, message = job.error
        kind = all_error_types().get(code, MimoError)
        return failure(kind(message))
    return Result(data=job.shown())


def _may_pass(trouble: m.Failure) -> bool:
    kind = all_error_types().get(trouble.code, MimoError)
    return kind.retry in {"after", "now"}
