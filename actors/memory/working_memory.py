"""Working memory: notes that last minutes or hours, outlive this process, and then are gone."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from dataclasses import dataclass
from typing import Any

from mimo.actors.lifecycle import messages as lifecycle
from mimo.actors.memory import messages as memory
from mimo.actors.memory.presentation import iso_time
from mimo.actors.operations import Result
from mimo.config import limits
from mimo.config.errors import Busy, InvalidRequest, StorageError
from mimo.supervision import messages as m
from mimo.supervision.heir_protocol import TableSpec
from mimo.supervision.table import TableOwner

#: At its limit it forgets the note that was held for longest, as a short-term memory does.
TABLE = TableSpec(
    name="working_memory",
    rows_max=limits.NOTES_MAX,
    bytes_max=limits.NOTES_BYTES_MAX,
    on_full="evict",
)
#: Bytes of notes in one answer; the rest of a message is for what surrounds them.
ANSWER_BYTES_MAX = limits.MESSAGE_BYTES_MAX // 2
#: When expired notes that could not be removed are tried again, in seconds.
EXPIRE_AGAIN_S = 5.0


class _Expire:
    """Timer payload: the nearest expiry has come."""


@dataclass(frozen=True, slots=True)
class _Note:
    """One note as it is kept in memory beside the table.

    Args:
        id: Number of the change that made it, so it rises and is never reused.
        expires_at_s: Monotonic seconds.
        project: Where it belongs if it is stored for good.
        importance: 0 to 1, as its author said.
        reads: How often it was returned.
    """

    id: int
    content: str
    session_id: str
    held_at_s: float
    expires_at_s: float
    project: str = ""
    importance: float = 0.5
    reads: int = 0

    def to_row(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "content": self.content,
            "session_id": self.session_id,
            "held_at_s": self.held_at_s,
            "project": self.project,
            "importance": self.importance,
            "reads": self.reads,
        }


class WorkingMemory(TableOwner):
    """Hold notes by their idempotency key: the same key again changes nothing."""

    def init(self, args: dict[str, Any]) -> None:
        """Start without notes until the table is there."""
        self._notes: dict[str, _Note] = {}
        self._timer: int | None = None
        self._timer_due_s = 0.0
        self._evicted = 0
        super().init(args)

    def tables(self) -> tuple[TableSpec, ...]:
        """Return the one table: a row a note."""
        return (TABLE,)

    def table_ready(self) -> None:
        """Read the notes that an earlier incarnation held."""
        for key, row, expires_at_s in self.table(TABLE.name).items():
            self._notes[key] = _Note(**row, expires_at_s=expires_at_s or 0.0)
        self._plan_expiry()

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer `Hold` and `Held`, and whoever stores notes for good."""
        match request:
            case memory.Hold():
                return self._hold(request)
            case memory.Held():
                return self._held(request)
            case lifecycle.Notes():
                return self._all_notes(request.limit)
            case lifecycle.Release():
                return self._release(request.keys)
            case _:
                return super().handle_call(request, call)

    def handle_info(self, info: Any) -> None:
        """Remove what has expired."""
        if isinstance(info, _Expire):
            self._timer = None
            self._expire()
        else:
            super().handle_info(info)

    def statistics_extra(self) -> dict[str, Any]:
        """Return how many notes it holds, and how many it gave up to make room."""
        return {"notes": len(self._notes), "evicted": self._evicted}

    def _hold(self, request: memory.Hold) -> Result:
        _check(request)
        key = request.key or uuid.uuid4().hex
        note = self._notes.get(key)
        now_s = self.clock.monotonic_s()
        if note is None or note.expires_at_s <= now_s:
            note = _Note(
                id=self.table(TABLE.name).seq + 1,
                content=request.content,
                session_id=request.session_id,
                held_at_s=self.clock.wall_s(),
                expires_at_s=now_s + request.ttl_s,
                project=request.project,
                importance=request.importance,
            )
            evicted = self.table(TABLE.name).put(key, note.to_row(), note.expires_at_s)
            for gone in evicted:
                self._notes.pop(gone, None)
            self._evicted += len(evicted)
            self._notes[key] = note
            self._plan_expiry()
        redacted = {"redacted": list(request.redacted)} if request.redacted else {}
        return Result(data={"note": self._shown(note), **redacted})

    def _held(self, request: memory.Held) -> Result:
        now_s = self.clock.monotonic_s()
        found = [
            note
            for note in self._notes.values()
            if request.session_id in ("", note.session_id) and note.expires_at_s > now_s
        ]
        found.sort(key=lambda note: note.id, reverse=True)
        shown = [self._shown(note) for note in _fitting(found[: request.limit])]
        self._count_reads({int(one["note_id"]) for one in shown})
        return Result(data={"notes": shown, "count": len(shown), "total": len(found)})

    def _all_notes(self, most: int) -> tuple[lifecycle.Note, ...]:
        """Return what is held, the next to expire first; a note says how often it was read."""
        found = sorted(self._notes.items(), key=lambda item: item[1].expires_at_s)
        fitting = {note.id for note in _fitting([note for _, note in found[:most]])}
        return tuple(
            lifecycle.Note(
                key=key,
                content=note.content,
                session_id=note.session_id,
                project=note.project,
                importance=note.importance,
                reads=note.reads,
                held_at_s=note.held_at_s,
            )
            for key, note in found
            if note.id in fitting
        )

    def _release(self, keys: tuple[str, ...]) -> int:
        """Remove notes; the same keys again remove nothing."""
        there = [key for key in keys if key in self._notes]
        self.table(TABLE.name).write((), there)
        for key in there:
            del self._notes[key]
        self._plan_expiry()
        return len(there)

    def _count_reads(self, ids: set[int]) -> None:
        """Count notes as read; where the table has no room the count is only kept here."""
        read = [
            (key, dataclasses.replace(note, reads=note.reads + 1))
            for key, note in self._notes.items()
            if note.id in ids
        ]
        self._notes.update(read)
        with contextlib.suppress(StorageError, Busy):
            self.table(TABLE.name).write(
                [(key, note.to_row(), note.expires_at_s) for key, note in read]
            )

    def _shown(self, note: _Note) -> dict[str, Any]:
        left_s = note.expires_at_s - self.clock.monotonic_s()
        return {
            "note_id": note.id,
            "content": note.content,
            "session_id": note.session_id,
            "held_at": iso_time(note.held_at_s),
            "expires_at": iso_time(self.clock.wall_s() + left_s),
        }

    def _expire(self) -> None:
        try:
            gone = self.table(TABLE.name).delete_expired()
        except (StorageError, Busy):
            # No note is shown beyond its time; only their room is freed later.
            self._timer = self.after(EXPIRE_AGAIN_S, _Expire())
            return
        for key in gone:
            self._notes.pop(key, None)
        self._plan_expiry()

    def _plan_expiry(self) -> None:
        """Have one timer, for the nearest expiry; none while there are no notes."""
        due_s = self.table(TABLE.name).next_expiry_s()
        if self._timer is not None and due_s is not None and self._timer_due_s <= due_s:
            return
        if self._timer is not None:
            self.cancel(self._timer)
            self._timer = None
        if due_s is not None:
            self._timer_due_s = due_s
            self._timer = self.after(max(due_s - self.clock.monotonic_s(), 0.0), _Expire())


def _fitting(notes: list[_Note]) -> list[_Note]:
    """Return the first notes that fit into one message; at least one if there is any."""
    fitting: list[_Note] = []
    room = ANSWER_BYTES_MAX
    for note in notes:
        room -= len(note.content.encode())
        if room < 0 and fitting:
            break
        fitting.append(note)
    return fitting


def _check(request: memory.Hold) -> None:
    size = len(request.content.encode("utf-8", "surrogatepass"))
    if not 1 <= size <= limits.MEMORY_BYTES_MAX:
        raise InvalidRequest(
            f"expected 1 to {limits.MEMORY_BYTES_MAX} bytes of text, got {size}; shorten the note"
        )
    if not limits.NOTE_TTL_S_MIN <= request.ttl_s <= limits.NOTE_TTL_S_MAX:
        raise InvalidRequest(
            f"expected ttl_s from {limits.NOTE_TTL_S_MIN} to {limits.NOTE_TTL_S_MAX}, "
            f"got {request.ttl_s}; store what should last as a memory"
        )
