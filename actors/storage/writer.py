"""The writer: the one process that writes to the database.

Calls that come together are committed together: one BEGIN, a savepoint a command, one COMMIT and
one fsync, and only then the answers. A failed input or output ends the process, since after a
failed fsync the same connection must not be trusted; its successor reopens and verifies.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, ClassVar

from mimo.actors.memory import messages as mm
from mimo.actors.memory.building import without_secrets
from mimo.actors.memory.novelty import NoveltyJudge
from mimo.actors.memory.presentation import (
    deleted_json,
    one_json,
    stored_json,
    stored_many_json,
)
from mimo.actors.operations import Result
from mimo.actors.resilience.messages import ReportFact
from mimo.actors.storage.messages import Commit, WriterReport, WriterStatus
from mimo.config import faultpoints, limits, logs
from mimo.config.errors import Busy, Corrupt, DiskFull, MimoError, StorageFailed
from mimo.config.settings import Settings
from mimo.storage import batches, checkpoints, database, ledger
from mimo.supervision import messages as m
from mimo.supervision.gen_server import GenServer, failure

_JUDGE = NoveltyJudge()

SERVICES = "resilience/services"
#: What may leave memories that want a vector.
_MAY_EMBED = (mm.Remember, mm.UpdateMemory, Commit)


class _Checkpoint:
    """Timer payload: no write came for a while."""


class Writer(GenServer):
    """Commit what comes, in groups; see the module."""

    #: The database's ledger remembers keys, also over a restart.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Open the database, migrating it if need be."""
        self._settings: Settings = args["settings"]
        self._db = database.open_writer(
            self._settings.paths.database,
            durability=self._settings.durability,
            busy_timeout_s=self._settings.storage.busy_timeout_s,
            check=not self._is_checked(),
        )
        self._note_checked()
        self._log = logs.get_logger(self.name)
        for notice in self._db.notices:
            self._log.warning("storage.opened", detail=notice)
        self._writes = 0
        self._commits = 0
        self._refusing: MimoError | None = None
        self.follow(SERVICES, "memory/embedder")
        self._checkpoint_timer: int | None = None

    def handle_batch(self, calls: list[m.Call]) -> None:
        """Commit all writes of this turn as one group, then answer."""
        writes: list[tuple[m.Call, batches.Command]] = []
        for call in calls:
            command = _command(call.request)
            if command is None:
                self.handle_one(call)
            else:
                writes.append((call, command))
        if writes:
            outcomes = self._commit([command for _, command in writes])
            faultpoints.reach("writer.after_commit", self.name)
            for (call, _), outcome in zip(writes, outcomes, strict=True):
                self.reply(call, _answer(call.request, outcome))
            if any(isinstance(call.request, _MAY_EMBED) for call, _ in writes):
                self.cast("memory/embedder", mm.Embed())

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer what needs no commit."""
        if isinstance(request, WriterStatus):
            return WriterReport(
                writes=self._writes,
                commits=self._commits,
                wal_bytes=checkpoints.wal_bytes(self._db),
                refusing=self._refusing.message if self._refusing else "",
                refusing_code=self._refusing.code if self._refusing else "",
                sqlite_version=database.SQLITE_VERSION,
            )
        return super().handle_call(request, call)

    def handle_cast(self, request: Any) -> None:
        """Commit what wants no answer."""
        command = _command(request)
        if command is None:
            super().handle_cast(request)
        else:
            self._commit([command])

    def handle_info(self, info: Any) -> None:
        """Merge the log into the database when no write came for a while."""
        if isinstance(info, _Checkpoint):
            self._checkpoint_timer = None
            self._tend()

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Merge the log and close, so that the next start is quick."""
        self._db.close()

    def statistics_extra(self) -> dict[str, Any]:
        """Add what was written."""
        return {"writes": self._writes, "commits": self._commits}

    def _is_checked(self) -> bool:
        """Tell whether a writer of this node has read all pages; a kill can't harm them."""
        with contextlib.suppress(OSError):
            return self._checked_mark().read_text() == _mark_of_node(self._settings.paths.lock)
        return False

    def _note_checked(self) -> None:
        with contextlib.suppress(OSError):
            self._checked_mark().write_text(_mark_of_node(self._settings.paths.lock))

    def _checked_mark(self) -> Path:
        return self._settings.paths.run / "checked"

    def _commit(self, commands: list[batches.Command]) -> list[Any]:
        """Return an outcome a command; raises where this process must not go on."""
        if isinstance(self._refusing, Corrupt):
            return [self._refusing] * len(commands)
        try:
            faultpoints.reach("writer.before_commit", self.name)
            began_s = self.clock.monotonic_s()
            outcomes = batches.apply(self._db, commands, now_s=self.clock.wall_s(), judge=_JUDGE)
            took_s = self.clock.monotonic_s() - began_s
        except (DiskFull, Corrupt) as error:
            self._refuse(error)
            return [error] * len(commands)
        except StorageFailed as error:
            self._log.error("storage.failed", detail=error.message)
            # The successor must read all pages: something below SQLite is wrong.
            self._checked_mark().unlink(missing_ok=True)
            raise
        except MimoError as error:
            return [error] * len(commands)
        self._serve_again()
        if took_s > limits.COMMIT_SLOW_S:
            self._log.warning("storage.slow", duration_ms=round(took_s * 1_000))
        self._writes += len(commands)
        self._commits += 1
        self._plan_checkpoint()
        return outcomes

    def _refuse(self, error: MimoError) -> None:
        is_full = isinstance(error, DiskFull)
        if self._refusing is None:
            event = "storage.disk_full" if is_full else "storage.corrupt"
            self._log.error(event, detail=error.message)
            self._report(error, is_so=True)
        self._refusing = error

    def _serve_again(self) -> None:
        if self._refusing is not None:
            self._log.info("storage.writing_again")
            self._report(self._refusing, is_so=False)
            self._refusing = None

    def _report(self, error: MimoError, *, is_so: bool) -> None:
        fact = "disk_full" if isinstance(error, DiskFull) else "writer_read_only"
        self.cast(SERVICES, ReportFact(fact=fact, is_so=is_so, detail=error.message))

    def _tend(self) -> None:
        """Use the quiet: forget old keys, empty the log."""
        self._checkpoint("truncate")
        with contextlib.suppress(Busy, DiskFull):
            ledger.prune(self._db, now_s=self.clock.wall_s())

    def _checkpoint(self, mode: checkpoints.Mode) -> None:
        """Merge the log; what is committed stands in it safely, so failing is no harm yet."""
        try:
            checkpoints.checkpoint(self._db, mode)
        except (Busy, DiskFull) as error:
            self._log.warning("storage.checkpoint_failed", reason=error.code, detail=error.message)

    def _plan_checkpoint(self) -> None:
        if checkpoints.wal_bytes(self._db) >= self._settings.storage.checkpoint_bytes:
            self._checkpoint("passive")
        if self._checkpoint_timer is not None:
            self.cancel(self._checkpoint_timer)
        self._checkpoint_timer = self.after(self._settings.storage.checkpoint_idle_s, _Checkpoint())


def _mark_of_node(lock: Path) -> str:
    """Return what tells this node from any before it: its lock is written once, at its start.

    Raises:
        OSError: There is no lock, so no node.
    """
    return f"{lock.read_text()} {lock.stat().st_mtime_ns}"


def _command(request: Any) -> batches.Command | None:  # noqa: PLR0911  a table
    """Return the write that a request asks for, or None when it asks for none."""
    match request:
        case mm.Remember():
            # A second time for what others made; of what was scrubbed nothing changes.
            memories = tuple(without_secrets(memory) for memory in request.memories)
            return batches.StoreMemories(
                memories=memories,
                supersedes=request.supersedes,
                on_similar=request.on_similar,
                key=request.key,
            )
        case mm.UpdateMemory():
            return batches.Update(
                memory_id=request.memory_id,
                patch=request.patch,
                reason=request.reason,
                key=request.key,
            )
        case mm.DeleteMemory():
            return batches.Delete(memory_id=request.memory_id, key=request.key)
        case mm.RestoreMemory():
            return batches.Restore(memory_id=request.memory_id, key=request.key)
        case mm.PutVectors():
            return batches.PutVectors(model_id=request.model_id, vectors=request.vectors)
        case mm.RecordAccess():
            return batches.TouchAccess(ids=request.memory_ids)
        case Commit():
            return request.command
        case batches.RecordInteractions():
            return request
        case _:
            return None


def _answer(request: Any, outcome: Any) -> Any:  # noqa: PLR0911  a table
    """Return what the asker gets for an outcome."""
    if isinstance(outcome, MimoError):
        return failure(outcome)
    match request:
        case mm.Remember(many=True):
            return Result(data=stored_many_json(outcome, request.memories))
        case mm.Remember():
            return Result(data=stored_json(outcome[0], request.memories[0]))
        case mm.DeleteMemory():
            return Result(data=deleted_json(outcome))
        case mm.UpdateMemory() | mm.RestoreMemory():
            return Result(data=one_json(outcome))
        case Commit(as_result=True):
            return Result(data=outcome)
        case _:
            return outcome
