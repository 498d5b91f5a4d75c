"""The scheduler: `step(queue, events, rules, now_s)` -> the queue afterwards.

Pure. What has happened is saved before what it wants is done, so whoever takes over repeats what
was on its way under the same key, or asks a person where it must not be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mimo.actors.tasks import judging, scheduling
from mimo.actors.tasks.events import (
    Added,
    Answered,
    Cancel,
    Decide,
    Event,
    Outcome,
    Pause,
    Reset,
    Resumed,
    Tick,
)
from mimo.actors.tasks.task import Queue, Task
from mimo.actors.tasks.turn import Rules, Turn
from mimo.config import limits
from mimo.config.errors import Busy, NotAvailable, NotFound


def step(queue: Queue, event: Event, rules: Rules, now_s: float) -> Outcome:
    """Return what an event makes of the queue.

    Args:
        queue: Before; it isn't changed.
        event: What happened.
        rules: How the queue is worked off.
        now_s: Wall seconds UTC.

    Raises:
        NotFound: The event names a task that isn't open.
        NotAvailable: A decision came that nobody waits for.
        Busy: Too many tasks are open.
    """
    turn = Turn(queue, rules, now_s)
    take(turn, event)
    scheduling.settle(turn)
    return turn.outcome()


def take(turn: Turn, event: Event) -> None:
    """Let an event happen; it is refused before it changes anything."""
    _TAKE[type(event)](turn, event)


def _nothing(turn: Turn, event: Tick) -> None:
    """Let time pass: `scheduling.settle` sees what it changes."""


def _resume(turn: Turn, _event: Resumed) -> None:
    for task in list(turn.tasks.values()):
        if task.status == "running" and (task.is_sent or judging.is_gone(turn, task)):
            judging.interrupted(turn, task)


def _reset(turn: Turn, event: Reset) -> None:
    for name in turn.breaker_names():
        if event.tool in ("", name):
            breaker = turn.breaker(name)
            breaker.reset()
            turn.keep(breaker)


def _add(turn: Turn, event: Added) -> None:
    if any(task.task_id in turn.tasks for task in event.tasks):
        return
    known = {task.task_id for task in (*event.known, *event.tasks)} | set(turn.tasks)
    if any(one not in known for task in event.tasks for one in task.spec.needs.values()):
        raise Busy(
            "expected what the tasks need to stay, but it has ended just now", retry_after_s=0.1
        )
    count = sum(not task.has_ended for task in turn.tasks.values()) + len(event.tasks)
    if count > limits.TASKS_OPEN_MAX:
        raise Busy(
            f"expected at most {limits.TASKS_OPEN_MAX} open tasks, got {count};"
            " wait for some to end, or cancel them",
            retry_after_s=5.0,
        )
    for task in event.known:
        turn.tasks.setdefault(task.task_id, task)
    for task in event.tasks:
        turn.add(task)
        if task.spec.asks and not _has_holes(task):
            turn.ask(turn.tasks[task.task_id], "asking", task.spec.asks)


def _has_holes(task: Task) -> bool:
    """Tell whether what is done is known only when the task begins."""
    return task.spec.is_template and "{{" in str(task.spec.arguments)


def _answer(turn: Turn, event: Answered) -> None:
    task = turn.tasks.get(event.task_id)
    if task is None or task.status != "running" or not task.is_sent:
        return
    if event.key.startswith(task.key):
        judging.answered(turn, task, event)


def _pause(turn: Turn, event: Pause) -> None:
    if not event.task_id:
        turn.is_paused = event.is_paused
        return
    task = _open(turn, event.task_id)
    if task.is_paused != event.is_paused:
        word = "paused" if event.is_paused else "resumes"
        turn.put(task, word, is_paused=event.is_paused)


def _cancel(turn: Turn, event: Cancel) -> None:
    if not event.is_clearing:
        for task in [_open(turn, task_id) for task_id in event.task_ids]:
            scheduling.cancel(turn, task, event.note)
        return
    for task_id in event.task_ids:
        found = turn.tasks.get(task_id)
        if found is not None and found.status in ("asking", "waiting", "queued"):
            scheduling.cancel(turn, found, event.note)


def _decide(turn: Turn, event: Decide) -> None:
    task = _open(turn, event.task_id)
    if event.key and event.key == task.seen:
        return
    note = {"by": event.by, "note": event.note[:500]}
    if task.status == "asking":
        turn.decide(task, "approved" if event.approved else "denied", event.by, event.note)
        if event.approved:
            turn.put(
                task,
                "approved",
                note,
                status="waiting",
                is_approved=True,
                question="",
                seen=event.key,
            )
        else:
            error = {"code": "denied", "message": event.note[:500] or "denied by the user"}
            turn.put(
                task,
                "denied",
                note,
                status="cancelled",
                error=error,
                question="",
                seen=event.key,
            )
    elif task.status == "needs_review":
        turn.decide(task, "approved" if event.approved else "denied", event.by, event.note)
        _reviewed(turn, turn.put(task, "reviewed", note, question="", seen=event.key), event)
    else:
        raise NotAvailable(
            f"expected a task that asks, got {event.task_id}, which is {task.status};"
            " see list_approvals"
        )


def _reviewed(turn: Turn, task: Task, event: Decide) -> None:
    """Go on with a task whose last call only a person could find out about."""
    if not event.approved:
        judging.fail(turn, task, "rejected", event.note or "rejected in review")
    elif event.resolution == "done":
        turn.put(task, "succeeded", status="succeeded", result={}, error=None)
    else:
        turn.put(
            task,
            "repeats",
            status="waiting",
            round=task.round + 1,
            attempt=0,
            put_off=0,
            is_unsure=False,
            handle="",
        )


def _open(turn: Turn, task_id: str) -> Task:
    task = turn.tasks.get(task_id)
    if task is None or task.has_ended:
        raise NotFound(f"expected the id of an open task, got {task_id!r}; see list_queue")
    return task


_TAKE: Mapping[type[Any], Callable[[Turn, Any], None]] = {
    Added: _add,
    Tick: _nothing,
    Resumed: _resume,
    Answered: _answer,
    Pause: _pause,
    Cancel: _cancel,
    Reset: _reset,
    Decide: _decide,
}
