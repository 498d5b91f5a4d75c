"""What is written about tasks: the queue, each task's state and journal, and what was asked.

The queue is saved under a revision that rises by one, so a process that was taken for dead can't
write over its successor; with its idempotency key, saving the same revision again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import apsw

from mimo.config import limits
from mimo.config.errors import Busy, Conflict, NotFound
from mimo.storage.commands import Edit, Transaction

#: Statuses in which nothing more happens to a task.
ENDED: Final = ("succeeded", "failed", "cancelled", "skipped", "expired")

_INSERT: Final = """
    INSERT INTO tasks (task_id, kind, description, status, priority, created_at, updated_at,
        finished_at, source, spec, state)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10)
"""
_PRUNE: Final = """
    DELETE FROM tasks WHERE id IN (
        SELECT t.id FROM tasks t WHERE t.finished_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM task_needs n JOIN tasks o ON o.id = n.task
            WHERE n.needs = t.id AND o.finished_at IS NULL
        )
        ORDER BY t.finished_at DESC, t.id DESC LIMIT 20 OFFSET ?
    )
"""


class NewTask(NamedTuple):
    """What never changes of a task.

    Args:
        kind: In one word, for people.
        description: What it is for.
        priority: The higher the sooner.
        needs: Ids of the tasks that must succeed first.
        source: Who queued it.
        spec: As JSON.
    """

    kind: str
    description: str
    priority: int
    needs: tuple[str, ...]
    source: str
    spec: str


class Asked(NamedTuple):
    """A question to a person: its kind, `approval` or `review`, and its text."""

    kind: str
    question: str


class Decided(NamedTuple):
    """An answer: approved, denied or withdrawn; by whom, and what he said."""

    decision: str
    by: str
    note: str


class TaskChange(NamedTuple):
    """What a task has become.

    Args:
        task_id: Of the task.
        status: Now.
        state: As JSON.
        lines: New lines of its journal: number, what, detail as JSON.
        new: What it is, where it is new.
        asks: What a person is asked from now on.
        decided: How the open question was answered.
    """

    task_id: str
    status: str
    state: str
    lines: tuple[tuple[int, str, str], ...]
    new: NewTask | None = None
    asks: Asked | None = None
    decided: Decided | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveTasks(Edit):
    """Keep what the queue and some of its tasks have become, all or nothing.

    Args:
        revision: Of what is saved; one more than what is stored.
        queue: State of the queue as a whole, as JSON.
        changes: What tasks have become.
    """

    revision: int
    queue: str
    changes: tuple[TaskChange, ...]

    def apply(self, transaction: Transaction) -> dict[str, Any]:
        """Write it, and forget the oldest ended tasks beyond the limit.

        Raises:
            Conflict: Somebody else has saved the queue since.
            Busy: Too many tasks are open.
            NotFound: A task that changed, or is needed, isn't there.
        """
        link, now_s = transaction.link, transaction.now_s
        link.execute(
            "UPDATE task_queue SET revision = ?1, state = ?2 WHERE revision = ?1 - 1",
            (self.revision, self.queue),
        )
        if not link.changes():
            raise Conflict(
                f"expected the queue of tasks at revision {self.revision - 1}, got another;"
                " another process runs it"
            )
        for change in self.changes:
            row = _insert(link, change, now_s) if change.new else _update(link, change, now_s)
            link.executemany(
                "INSERT INTO task_steps (task, number, at, what, detail) VALUES (?, ?, ?, ?, ?)",
                [(row, number, now_s, what, detail) for number, what, detail in change.lines],
            )
            _keep_questions(link, row, change, now_s)
        if any(change.new for change in self.changes):
            _refuse_too_many(link)
            link.execute(_PRUNE, (limits.TASKS_KEPT_MAX,))
        return {"revision": self.revision}


def is_ended(status: str) -> bool:
    """Tell whether nothing more happens to a task of this status."""
    return status in ENDED


def _insert(link: apsw.Connection, change: TaskChange, now_s: float) -> int:
    new = change.new
    assert new is not None  # noqa: S101  for the type checker
    ended_s = now_s if is_ended(change.status) else None
    link.execute(
        _INSERT,
        (
            *(change.task_id, new.kind, new.description, change.status, new.priority, now_s),
            *(ended_s, new.source, new.spec, change.state),
        ),
    )
    row = link.last_insert_rowid()
    for needed in new.needs:
        link.execute(
            "INSERT INTO task_needs (task, needs) VALUES (?, ?)", (row, _row_of(link, needed))
        )
    return row


def _update(link: apsw.Connection, change: TaskChange, now_s: float) -> int:
    row = _row_of(link, change.task_id)
    ended_s = now_s if is_ended(change.status) else None
    link.execute(
        "UPDATE tasks SET status = ?, state = ?, updated_at = ?, finished_at = ? WHERE id = ?",
        (change.status, change.state, now_s, ended_s, row),
    )
    return row


def _row_of(link: apsw.Connection, task_id: str) -> int:
    found = link.execute("SELECT id FROM tasks WHERE task_id = ?", (task_id,)).fetchall()
    if not found:
        raise NotFound(f"expected the task {task_id!r}, got none; see list_queue")
    return int(str(found[0][0]))


def _keep_questions(link: apsw.Connection, row: int, change: TaskChange, now_s: float) -> None:
    """Answer the question that was open, then ask the next one."""
    if change.decided is not None:
        link.execute(
            "UPDATE approvals SET decision = ?, decided_at = ?, decided_by = ?, note = ?"
            " WHERE task = ? AND decision = ''",
            (change.decided.decision, now_s, change.decided.by, change.decided.note, row),
        )
    if change.asks is not None:
        link.execute(
            "INSERT INTO approvals (task, kind, question, asked_at, decision, decided_by, note)"
            " VALUES (?, ?, ?, ?, '', '', '')",
            (row, *change.asks, now_s),
        )


def _refuse_too_many(link: apsw.Connection) -> None:
    sql = "SELECT count(*) FROM tasks WHERE finished_at IS NULL"
    count = int(str(link.execute(sql).fetchall()[0][0]))
    if count > limits.TASKS_OPEN_MAX:
        raise Busy(
            f"expected at most {limits.TASKS_OPEN_MAX} open tasks, got {count};"
            " wait for some to end, or cancel them",
            retry_after_s=5.0,
        )
