"""What follows from how the queue stands and what time it is: which tasks end, wait, begin.

Pure. It is derived again at each turn, a bounded number of changes at a time, so that it makes no
difference where a crash cut it off.
"""

from __future__ import annotations

from collections.abc import Iterator

from mimo.actors.procedures import templates
from mimo.actors.procedures.acting import GRACE_S
from mimo.actors.tasks import judging
from mimo.actors.tasks.events import Answered, Invoke
from mimo.actors.tasks.task import Queue, Task
from mimo.actors.tasks.turn import Rules, Turn
from mimo.supervision.breaker import Breaker, Permit

#: Most tasks that change in one turn: what changed travels as one message.
CHANGES_MAX = 25
#: How a run, and the session of a command, is looked at.
LOOK = {"run": ("orchestrate", "procedure_status"), "session": ("terminal", "read_output")}
LOOK_TIMEOUT_S = 10.0
#: Shortest time that a call gets, in seconds.
CALL_S_MIN = 1.0


def settle(turn: Turn) -> None:
    """Let happen what follows, up to `CHANGES_MAX`; `next_due_s` is now while more is left."""
    for task_id in list(turn.tasks):
        if turn.changed >= CHANGES_MAX:
            return
        _settle_one(turn, turn.tasks[task_id])
    for task in _by_urgency(turn):
        if turn.changed >= CHANGES_MAX or _busy(turn) >= turn.rules.concurrency:
            return
        _start(turn, task)


def next_due_s(queue: Queue, rules: Rules, now_s: float) -> float | None:
    """Return the nearest moment at which time alone changes something, wall seconds UTC."""
    turn = Turn(queue, rules, now_s)
    is_full = _busy(turn) >= rules.concurrency
    moments: list[float] = []
    for task in queue.tasks.values():
        if task.has_ended:
            continue
        if task.spec.ends_s is not None and not task.is_cancelled and task.status != "running":
            moments.append(task.spec.ends_s)
        if task.status == "running":
            moments.append(task.due_s)
        elif task.status == "waiting" and _follows(turn, task):
            moments.append(now_s)
        elif task.status == "queued" and not (task.is_paused or queue.is_paused or is_full):
            wait_s = turn.breaker(task.spec.tool).retry_after_s(now_s)
            moments.append(max(task.due_s, task.spec.begins_s, now_s + wait_s))
    return min(moments, default=None)


def _settle_one(turn: Turn, task: Task) -> None:
    """Do what the clock and other tasks want of one task."""
    if task.has_ended:
        return
    is_late = task.spec.ends_s is not None and task.spec.ends_s <= turn.now_s
    if task.status == "running":
        _tick_running(turn, task, is_late=is_late)
    elif is_late and task.status != "needs_review":
        _expire(turn, task)
    elif task.status == "waiting":
        match _follows(turn, task):
            case "queued":
                turn.put(task, "ready", status="queued", due_s=turn.now_s)
            case "skipped":
                skip(turn, task)
            case _:
                pass
    elif task.status == "asking" and _follows(turn, task) == "skipped":
        skip(turn, task)


def _tick_running(turn: Turn, task: Task, *, is_late: bool) -> None:
    if is_late and task.handle and not task.is_cancelled:
        cancel_running(turn, task, "the deadline has passed")
    elif _is_overdue(turn, task):
        overdue = turn.put(task, "overdue", is_overdue=True)
        turn.aborts.append(judging.abort_of(overdue))
    elif task.due_s > turn.now_s:
        return
    elif task.is_sent:
        late = Answered(
            task_id=task.task_id,
            key=task.key,
            code="deadline_exceeded",
            message="expected an answer in time, got none",
        )
        judging.answered(turn, task, late)
    else:
        _look(turn, task)


def _is_overdue(turn: Turn, task: Task) -> bool:
    """Tell whether a command has run longer than its task allows."""
    return (
        task.spec.ending == "session"
        and task.handle != ""
        and not (task.is_overdue or task.is_cancelled)
        and turn.now_s >= task.began_s + task.spec.timeout_s
    )


def _follows(turn: Turn, task: Task) -> str:
    """Return what the tasks that this one needs make of it: queued, skipped, or "" to wait."""
    found = [turn.tasks.get(needed) for needed in task.spec.needs.values()]
    if any(one is None or (one.has_ended and one.status != "succeeded") for one in found):
        return "skipped"
    return "queued" if all(one is not None and one.has_ended for one in found) else ""


def skip(turn: Turn, task: Task) -> None:
    """End a task whose need has ended badly."""
    bad = next(
        needed
        for needed in task.spec.needs.values()
        if (one := turn.tasks.get(needed)) is None or (one.has_ended and one.status != "succeeded")
    )
    _end_unstarted(turn, task, "skipped", "skipped", f"{bad}, which it needs, did not succeed")


def cancel(turn: Turn, task: Task, note: str) -> None:
    """End a task that nobody wants; one whose call is on its way ends with that."""
    if task.status == "running":
        cancel_running(turn, task, note or "cancelled on request")
    else:
        _end_unstarted(turn, task, "cancelled", "cancelled", note or "cancelled on request")


def cancel_running(turn: Turn, task: Task, note: str) -> None:
    """Have what a task has begun ended, and the task with it."""
    if not task.is_cancelled:
        ending = turn.put(task, "cancelling", note[:500], is_cancelled=True)
        turn.aborts.append(judging.abort_of(ending))


def _expire(turn: Turn, task: Task) -> None:
    _end_unstarted(turn, task, "expired", "deadline_exceeded", "expected an end by its deadline")


def _end_unstarted(turn: Turn, task: Task, status: str, code: str, message: str) -> None:
    if task.status in ("asking", "needs_review"):
        turn.decide(task, "withdrawn")
    error = {"code": code, "message": message[:500]}
    turn.put(task, status, error, status=status, error=error, question="")


# -- Beginning -------------------------------------------------------------------------------------
def _busy(turn: Turn) -> int:
    """Return how many calls are on their way; whoever only waits for a run takes no place."""
    return sum(
        task.status == "running" and not task.handle
        for task in turn.tasks.values()
        if not task.has_ended
    )


def _by_urgency(turn: Turn) -> Iterator[Task]:
    """Yield the tasks that may begin, the most urgent first, at one urgency the oldest."""
    if turn.is_paused:
        return
    ready = [
        task
        for task in turn.tasks.values()
        if task.status == "queued"
        and not task.is_paused
        and max(task.due_s, task.spec.begins_s) <= turn.now_s
    ]
    order = {task_id: number for number, task_id in enumerate(turn.tasks)}
    ready.sort(key=lambda task: (-urgency(task, turn.rules, turn.now_s), order[task.task_id]))
    yield from ready


def urgency(task: Task, rules: Rules, now_s: float) -> float:
    """Return how urgent a task is: its priority, and one more for each `aging_s` that it waits."""
    return task.priority + max(now_s - task.created_s, 0.0) / rules.aging_s


def _start(turn: Turn, task: Task) -> None:
    """Begin a try, unless the tool's breaker is open, a value is missing or a person must agree."""
    breaker = turn.breaker(task.spec.tool)
    if breaker.retry_after_s(turn.now_s):
        return
    try:
        arguments = task.spec.arguments
        if task.spec.is_template:
            arguments = templates.render(arguments, scope_of(turn, task))
    except templates.TemplateError as error:
        judging.fail(turn, task, "template", str(error))
        return
    if task.spec.asks and not task.is_approved:
        turn.ask(task, "asking", task.spec.asks)
        return
    permit = _permit(turn, breaker)
    if permit is None:
        return
    is_repeat = task.is_unsure or task.put_off > 0
    timeout_s = _timeout_s(turn, task)
    started = turn.put(
        task,
        "started",
        {"try": task.attempt + 1},
        status="running",
        attempt=task.attempt + 1,
        began_s=task.began_s if is_repeat and task.began_s else turn.now_s,
        due_s=turn.now_s + timeout_s + GRACE_S,
        is_sent=True,
        host=turn.rules.host,
        permit=(permit.generation, permit.is_probe),
    )
    turn.calls.append(
        Invoke(
            task_id=task.task_id,
            key=started.key,
            tool=task.spec.tool,
            operation=task.spec.operation,
            arguments=arguments,
            timeout_s=timeout_s,
            is_approved=task.is_approved,
        )
    )


def _permit(turn: Turn, breaker: Breaker) -> Permit | None:
    found = breaker.acquire(turn.now_s)
    turn.keep(breaker)
    return found if isinstance(found, Permit) else None


def _timeout_s(turn: Turn, task: Task) -> float:
    if task.spec.ends_s is None:
        return task.spec.timeout_s
    return max(min(task.spec.timeout_s, task.spec.ends_s - turn.now_s), CALL_S_MIN)


def scope_of(turn: Turn, task: Task) -> dict[str, object]:
    """Return what a task's arguments are filled from: results of what it needs, by name and id."""
    found: dict[str, object] = {}
    for name, task_id in task.spec.needs.items():
        result = {"result": turn.tasks[task_id].result}
        found[name] = found[task_id] = result
    return {"tasks": found}


def _look(turn: Turn, task: Task) -> None:
    """Ask how it stands what a task waits for."""
    tool, operation = LOOK[task.spec.ending]
    arguments = {"run_id": task.handle, "limit": 1}
    if task.spec.ending == "session":
        arguments = {"pid": int(task.handle), "offset": 0, "timeout_s": 0.1}
    turn.note(task, is_sent=True, due_s=turn.now_s + LOOK_TIMEOUT_S + GRACE_S)
    turn.calls.append(
        Invoke(
            task_id=task.task_id,
            key=f"{task.key}:look:{task.put_off}",
            tool=tool,
            operation=operation,
            arguments=arguments,
            timeout_s=LOOK_TIMEOUT_S,
        )
    )
