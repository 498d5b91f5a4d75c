"""What is read about tasks: the queue, open tasks and what they need, journals, questions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from mimo.config.errors import NotFound
from mimo.storage.connection import Database, Row

_TASK: Final = """
    SELECT t.task_id, t.kind, t.description, t.status, t.priority, t.created_at, t.updated_at,
        t.finished_at, t.source, t.spec, t.state, t.id
    FROM tasks t
"""
_OPEN_AND_NEEDED: Final = """
    WHERE t.finished_at IS NULL OR t.id IN (
        SELECT n.needs FROM task_needs n JOIN tasks o ON o.id = n.task WHERE o.finished_at IS NULL
    )
    ORDER BY t.id
"""
_QUESTION: Final = """
    SELECT t.task_id, a.kind, t.description, a.question, a.asked_at, a.decision, a.decided_at,
        a.decided_by, a.note
    FROM approvals a JOIN tasks t ON t.id = a.task
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTask:
    """A task as it is stored.

    Args:
        task_id: Its name.
        kind: In one word.
        description: What it is for.
        status: Of the task.
        priority: The higher the sooner.
        created_at_s: Wall seconds UTC.
        updated_at_s: Wall seconds UTC.
        finished_at_s: Wall seconds UTC; None while it is open.
        source: Who queued it.
        spec: JSON values.
        state: JSON values.
        row: Its row.
    """

    task_id: str
    kind: str
    description: str
    status: str
    priority: int
    created_at_s: float
    updated_at_s: float
    finished_at_s: float | None
    source: str
    spec: Any
    state: Any
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """A line of a task's journal."""

    number: int
    at_s: float
    what: str
    detail: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that a person was asked about a task.

    Args:
        task_id: Of the task.
        kind: `approval`, or `review` of a call whose outcome nobody knows.
        description: What the task is for.
        question: The text.
        asked_at_s: Wall seconds UTC.
        decision: approved, denied, withdrawn; "" while none came.
        decided_at_s: Wall seconds UTC; None while no answer came.
        decided_by: Who passed the answer on.
        note: What was said.
    """

    task_id: str
    kind: str
    description: str
    question: str
    asked_at_s: float
    decision: str
    decided_at_s: float | None
    decided_by: str
    note: str


def queue(db: Database) -> tuple[int, dict[str, Any]]:
    """Return the queue's revision and its state."""
    found = db.one("SELECT revision, state FROM task_queue")
    if found is None:
        raise NotFound("expected the queue of tasks in the database, got none; restore a backup")
    return found[0], json.loads(found[1])


def loaded(db: Database) -> list[StoredTask]:
    """Return the tasks that are open, and those that they need, oldest first."""
    return [_task(row) for row in db.rows(_TASK + _OPEN_AND_NEEDED)]


def task(db: Database, task_id: str) -> StoredTask:
    """Return a task.

    Raises:
        NotFound: There is none.
    """
    found = db.one(f"{_TASK} WHERE t.task_id = ?", (task_id,))
    if found is None:
        raise NotFound(f"expected the id of a task, got {task_id!r}; see list_queue")
    return _task(found)


def tasks(db: Database, *, status: str = "", limit: int = 20) -> list[StoredTask]:
    """Return tasks, newest first; `status` "" is all that are open, `all` is all there are."""
    order = " ORDER BY t.id DESC LIMIT ?"
    if status == "all":
        return [_task(row) for row in db.rows(_TASK + order, (limit,))]
    if not status:
        sql = f"{_TASK} WHERE t.finished_at IS NULL{order}"
        return [_task(row) for row in db.rows(sql, (limit,))]
    return [_task(row) for row in db.rows(f"{_TASK} WHERE t.status = ?{order}", (status, limit))]


def counts(db: Database) -> dict[str, int]:
    """Return how many tasks there are by status."""
    return dict(db.rows("SELECT status, count(*) FROM tasks GROUP BY status"))


def lines(db: Database, row: int, *, last: int = 100) -> list[TaskLine]:
    """Return the last lines of a task's journal, oldest first."""
    found = db.rows(
        "SELECT number, at, what, detail FROM task_steps WHERE task = ?"
        " ORDER BY number DESC LIMIT ?",
        (row, last),
    )
    return [
        TaskLine(number=number, at_s=at, what=what, detail=json.loads(detail))
        for number, at, what, detail in reversed(found)
    ]


def questions(db: Database, *, pending: bool = True, limit: int = 20) -> list[Question]:
    """Return questions: those without an answer, oldest first, or all, newest first."""
    where = " WHERE a.decision = '' ORDER BY a.id" if pending else " ORDER BY a.id DESC"
    return [Question(**_named(row)) for row in db.rows(f"{_QUESTION}{where} LIMIT ?", (limit,))]


def _named(row: Row) -> dict[str, Any]:
    names = (
        *("task_id", "kind", "description", "question", "asked_at_s", "decision"),
        *("decided_at_s", "decided_by", "note"),
    )
    return dict(zip(names, row, strict=True))


def _task(row: Row) -> StoredTask:
    return StoredTask(
        task_id=row[0],
        kind=row[1],
        description=row[2],
        status=row[3],
        priority=row[4],
        created_at_s=row[5],
        updated_at_s=row[6],
        finished_at_s=row[7],
        source=row[8],
        spec=json.loads(row[9]),
        state=json.loads(row[10]),
        row=row[11],
    )
