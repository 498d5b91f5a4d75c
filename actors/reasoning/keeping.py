"""Where sessions are kept: what isn't on disk yet in a shared table, all the rest in the database.

A change is in the table before it is answered, so nothing that was answered depends on this
process; a row leaves the table when the writer has it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final, Protocol

from mimo.actors.reasoning.session import Session, head_of, restored, saving, step_row
from mimo.config import limits
from mimo.config.errors import NotFound
from mimo.storage import reasoning
from mimo.storage.connection import Database
from mimo.storage.reasoning import SaveSession, StepRow
from mimo.supervision.heir_protocol import TableSpec

TABLE: Final = TableSpec(
    name="reasoning",
    rows_max=limits.REASONING_ROWS_MAX,
    bytes_max=limits.REASONING_BYTES_MAX,
)
#: Characters of steps in one command to the writer; the rest of a message is for the head.
SAVE_CHARS_MAX: Final = 40_000
#: Characters of a head from which the answers that it keeps are given up.
HEAD_CHARS_MAX: Final = 100_000


class Rows(Protocol):
    """What is needed of a shared table; see `storage.table_file`."""

    def items(self) -> list[tuple[str, Any, float | None]]:
        """Return all rows: key, value, expiry."""

    def write(
        self, puts: Sequence[tuple[str, Any, float | None]], deletes: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """Make all changes or none."""

    def delete(self, *keys: str) -> None:
        """Remove rows."""


class Keeper:
    """Hold sessions, in front of the database.

    Args:
        db: Open for reading.
        table: Where changes stand until they are saved.
    """

    def __init__(self, db: Database, table: Rows) -> None:
        self._db = db
        self._table = table
        self._held: dict[str, Session] = {}
        self._unsaved: dict[str, set[int]] = {}
        for session_id, head, rows in _left_in(table):
            self._take_over(session_id, head, rows)

    def find(self, session_id: str) -> Session | None:
        """Return a session, or None. Change a copy of it only."""
        found = self._held.pop(session_id, None)
        if found is None:
            stored = reasoning.session(self._db, session_id)
            if stored is None:
                return None
            found = restored(*stored)
        self._held[session_id] = found
        self._make_room()
        return found

    def get(self, session_id: str) -> Session:
        """Return a session. Change a copy of it only.

        Raises:
            NotFound: There is none.
        """
        found = self.find(session_id)
        if found is None:
            raise NotFound(
                f"expected a session of reasoning, got {session_id!r}; begin one with guided,"
                " amplify_start, plan or sequential"
            )
        return found

    def put(self, session: Session) -> None:
        """Keep a changed session in the table: nobody's death loses it from here on.

        Raises:
            MimoError: The table has no room, since the writer takes nothing.
        """
        known = self._held.get(session.id)
        before = known.steps if known is not None else []
        session.revision += 1
        changed = [
            step
            for step in session.steps
            if step.number > len(before) or step != before[step.number - 1]
        ]
        for step in changed:
            step.revision = session.revision
        head = head_of(session)
        if len(head) > HEAD_CHARS_MAX:
            session.replies.clear()
            head = head_of(session)
        puts: list[tuple[str, Any, float | None]] = [(_head_key(session.id), head, None)]
        puts += [
            (_step_key(session.id, each.number), list(step_row(each)), None) for each in changed
        ]
        self._table.write(puts)
        self._held.pop(session.id, None)
        self._held[session.id] = session
        self._unsaved.setdefault(session.id, set()).update(step.number for step in changed)

    @property
    def unsaved(self) -> tuple[str, ...]:
        """Return the sessions that the writer hasn't got as they are."""
        return tuple(self._unsaved)

    def saving(self, session_id: str) -> SaveSession:
        """Return the command that saves a session; of very many new steps only the first."""
        session = self._held[session_id]
        rows: list[StepRow] = []
        room = SAVE_CHARS_MAX
        for number in sorted(self._unsaved[session_id]):
            row = step_row(session.steps[number - 1])
            room -= len(row.content) + len(row.detail)
            if rows and room < 0:
                break
            rows.append(row)
        return dataclasses.replace(saving(session), steps=tuple(rows))

    def saved(self, command: SaveSession) -> None:
        """Let go of what the writer has."""
        session = self._held[command.session_id]
        left = self._unsaved[session.id]
        there = [
            row.number
            for row in command.steps
            if session.steps[row.number - 1].revision == row.revision
        ]
        left.difference_update(there)
        gone = [_step_key(session.id, number) for number in there]
        if not left and command.revision == session.revision:
            gone.append(_head_key(session.id))
            del self._unsaved[session.id]
        self._table.delete(*gone)
        self._make_room()

    def _take_over(self, session_id: str, head: str, left: dict[int, StepRow]) -> None:
        """Hold a session as it was when its last process died."""
        stored = reasoning.session(self._db, session_id)
        rows = {row.number: row for row in stored[1]} if stored else {}
        self._held[session_id] = restored(head, list((rows | left).values()))
        self._unsaved[session_id] = set(left)

    def _make_room(self) -> None:
        """Forget the sessions used longest ago, as far as the database has them."""
        for session_id in list(self._held)[: -limits.REASONING_SESSIONS_HELD_MAX]:
            if session_id not in self._unsaved:
                del self._held[session_id]


def _head_key(session_id: str) -> str:
    return f"h:{session_id}"


def _step_key(session_id: str, number: int) -> str:
    return f"s:{session_id}:{number}"


def _left_in(table: Rows) -> list[tuple[str, str, dict[int, StepRow]]]:
    """Return the sessions of a table: id, head and steps by number."""
    heads: dict[str, str] = {}
    steps: dict[str, dict[int, StepRow]] = {}
    for key, value, _ in table.items():
        kind, session_id, *number = key.split(":")
        if kind == "h":
            heads[session_id] = value
        else:
            steps.setdefault(session_id, {})[int(number[0])] = StepRow(*value)
    return [(session_id, head, steps.get(session_id, {})) for session_id, head in heads.items()]
