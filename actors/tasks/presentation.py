"""Tasks and questions as plain JSON values: the one shape in which every operation returns them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mimo.actors.memory.presentation import iso_time
from mimo.actors.tasks.task import Queue, Spec, Task, state_of
from mimo.actors.tasks.turn import Rules, Turn
from mimo.storage.task_reads import Question, StoredTask, TaskLine


def task_of(stored: StoredTask) -> Task:
    """Return a task out of its row."""
    return Task(
        task_id=stored.task_id,
        kind=stored.kind,
        description=stored.description,
        priority=stored.priority,
        created_s=stored.created_at_s,
        source=stored.source,
        spec=Spec(**stored.spec),
        **state_of(stored.state),
    )


def task_row(task: Task) -> dict[str, Any]:
    """Return a task as a row of a list."""
    shown: dict[str, Any] = {
        "id": task.task_id,
        "type": task.kind,
        "description": task.description,
        "status": task.status,
        "priority": task.priority,
        "call": task.spec.label,
        "created_at": iso_time(task.created_s),
        "attempts": task.attempt,
    }
    more = {
        "name": task.spec.name,
        "needs": list(task.spec.needs.values()),
        "asks": task.question,
        "error": dict(task.error) if task.error else None,
        "paused": task.is_paused,
        "run_id": task.handle,
        "due_at": iso_time(task.due_s) if task.status == "queued" else "",
        "deadline_at": iso_time(task.spec.ends_s),
    }
    return shown | {name: value for name, value in more.items() if value}


def task_json(stored: StoredTask, lines: Iterable[TaskLine]) -> dict[str, Any]:
    """Return a task with its call, its journal and its result."""
    task = task_of(stored)
    shown = task_row(task) | {
        "task_id": task.task_id,
        "arguments": task.spec.arguments,
        "source": task.source,
        "idempotent": task.spec.idempotent,
        "attempts_max": task.spec.attempts,
        "journal": [
            {"at": iso_time(one.at_s), "number": one.number, "what": one.what}
            | ({} if one.detail is None else {"detail": one.detail})
            for one in lines
        ],
    }
    if stored.finished_at_s is not None:
        shown["finished_at"] = iso_time(stored.finished_at_s)
    if task.result is not None:
        shown["result"] = task.result if isinstance(task.result, dict) else {"value": task.result}
    return shown


def queued_json(tasks: Iterable[Task]) -> dict[str, Any]:
    """Return what was queued."""
    rows = [task_row(task) for task in tasks]
    asking = [row["id"] for row in rows if row["status"] == "asking"]
    message = f"{len(rows)} queued"
    if asking:
        message += (
            f"; {len(asking)} ask first: let your user decide by 'mimo approvals',"
            " or use approve once they have agreed"
        )
    first = rows[0]
    return {
        "status": first["status"],
        "task_id": first["id"],
        "type": first["type"],
        "description": first["description"],
        "tasks": rows,
        "message": message,
    }


def status_json(
    queue: Queue, counts: Mapping[str, int], rules: Rules, now_s: float
) -> dict[str, Any]:
    """Return how the queue as a whole stands; counts are of the tasks that are still kept."""
    breakers = breakers_json(queue, rules, now_s)
    is_open = any(each["state"] != "closed" for each in breakers.values())
    asking, review = counts.get("asking", 0), counts.get("needs_review", 0)
    said = [
        f"{sum(counts.get(each, 0) for each in ('waiting', 'queued'))} wait",
        f"{counts.get('running', 0)} run",
    ]
    if asking or review:
        said.append(f"{asking + review} need your user, see list_approvals")
    if queue.is_paused:
        said.append("paused: nothing is started")
    return {
        "status": "paused" if queue.is_paused else "active",
        "paused": queue.is_paused,
        "queued_tasks": counts.get("queued", 0) + counts.get("waiting", 0),
        "running_tasks": counts.get("running", 0),
        "completed_tasks": counts.get("succeeded", 0),
        "failed_tasks": counts.get("failed", 0),
        "asking_tasks": asking,
        "needs_review_tasks": review,
        "counts": dict(counts),
        "concurrency": rules.concurrency,
        "circuit_breaker": {"state": "open" if is_open else "closed", "details": breakers},
        "message": ", ".join(said),
    }


def breakers_json(queue: Queue, rules: Rules, now_s: float) -> dict[str, Any]:
    """Return the breakers that have counted something, by tool."""
    turn = Turn(queue, rules, now_s)
    found = {}
    for name in turn.breaker_names():
        breaker = turn.breaker(name)
        count, bad = breaker.counted
        found[name] = {
            "state": breaker.state.value,
            "outcomes": count,
            "bad": bad,
            "retry_after_s": round(breaker.retry_after_s(now_s), 1),
        }
    return found


def question_json(question: Question) -> dict[str, Any]:
    """Return a question, and its answer if there is one."""
    shown = {
        "task_id": question.task_id,
        "kind": question.kind,
        "description": question.description,
        "question": question.question,
        "asked_at": iso_time(question.asked_at_s),
    }
    more = {
        "decision": question.decision,
        "decided_at": iso_time(question.decided_at_s),
        "decided_by": question.decided_by,
        "note": question.note,
    }
    return shown | {name: value for name, value in more.items() if value}
