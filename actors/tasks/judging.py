"""What the answer to a task's call means: success, another try, failure, a question to a person.

A failure is definite when nothing can have happened or the call itself says how it ended, and
unsure when something may have happened: then only what may be repeated under its key is repeated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mimo.actors.procedures.acting import CROWDED, KEY_KEPT_S, PERMANENT, PUT_OFF_MAX, delay_s
from mimo.actors.procedures.state import ENDED as RUN_ENDED
from mimo.actors.tasks.events import Abort, Answered
from mimo.actors.tasks.task import Task
from mimo.actors.tasks.turn import Turn
from mimo.config import limits
from mimo.supervision.breaker import Outcome, Permit

#: What asks a person before it acts.
ASKS = "approval_required"
#: How soon a run is looked at again: doubling from the first to the most, in seconds.
LOOK_S_MIN = 1.0
LOOK_S_MAX = 30.0
SESSION_LOOK_S_MAX = 5.0
#: A task whose calls died so often with their sender may be what kills it.
DEATHS_MAX = 10
#: Most characters of an error that are kept.
MESSAGE_CHARS_MAX = 500


def answered(turn: Turn, task: Task, answer: Answered) -> None:
    """Take the answer to the call that a running task has made."""
    if answer.code:
        _failed(turn, task, answer)
    elif task.spec.ending == "run":
        _looked(turn, task, answer.data)
    elif task.spec.ending == "session":
        _read(turn, task, answer)
    else:
        succeed(turn, task, answer.data)


def interrupted(turn: Turn, task: Task) -> None:
    """Decide on a call that was on its way when its sender died."""
    if task.handle and not is_gone(turn, task):
        turn.note(task, is_sent=False, due_s=turn.now_s)
    elif task.is_cancelled:
        _cancelled(turn, task, {"code": "unknown", "message": "its outcome isn't known"})
    elif task.deaths >= DEATHS_MAX:
        question = f"{task.spec.label} was interrupted {task.deaths + 1} times: try it again?"
        turn.ask(task, "needs_review", question, permit=None, deaths=0)
    elif may_repeat(task, turn.now_s) or _is_kept(turn, task):
        turn.put(
            task,
            "resumed",
            handle="",
            status="queued",
            deaths=task.deaths + 1,
            is_sent=False,
            permit=None,
            is_unsure=not task.spec.reads,
            attempt=task.attempt - 1,
            due_s=turn.now_s,
        )
    else:
        question = f"{task.spec.label} was interrupted: did it happen?"
        turn.ask(task, "needs_review", question, permit=None, handle="")


def is_gone(turn: Turn, task: Task) -> bool:
    """Tell whether what a task has begun ended with the node on which it began."""
    return task.spec.ending == "session" and task.host != turn.rules.host


def _is_kept(turn: Turn, task: Task) -> bool:
    """Tell whether asking for a command's session again finds the one that may have begun."""
    return task.spec.ending == "session" and task.host == turn.rules.host != ""


def may_repeat(task: Task, now_s: float) -> bool:
    """Tell whether a call whose outcome nobody knows may be made again under its key."""
    return task.spec.reads or (task.spec.idempotent and now_s - task.began_s < KEY_KEPT_S)


def succeed(turn: Turn, task: Task, data: Any) -> None:
    """End a task well."""
    _report(turn, task, "success")
    result = _kept(data)
    if task.is_cancelled:
        _cancelled(turn, task, {"code": "cancelled", "message": "it had happened"}, result)
        return
    turn.put(
        task,
        "succeeded",
        status="succeeded",
        result=result,
        error=None,
        is_sent=False,
        permit=None,
    )


def fail(turn: Turn, task: Task, code: str, message: str, result: Any = None) -> None:
    """End a task badly."""
    error = {"code": code, "message": message[:MESSAGE_CHARS_MAX]}
    turn.put(
        task,
        "failed",
        error,
        status="failed",
        error=error,
        result=_kept(result),
        is_sent=False,
        permit=None,
    )


def _looked(turn: Turn, task: Task, data: Mapping[str, Any]) -> None:
    """Take how a run stands; look again while it is open."""
    status = str(data.get("status", ""))
    if status == "succeeded":
        succeed(turn, task, data.get("result"))
    elif status == "escalated":
        _report(turn, task, "ignored")
        why = str(data.get("reason", "an assistant must decide how to do it"))
        turn.ask(task, "needs_review", f"{task.description}: {why}", permit=None)
    elif status in RUN_ENDED and task.is_cancelled:
        _cancelled(turn, task, {"code": "cancelled", "message": f"its run has {status}"})
    elif status in RUN_ENDED:
        error = data.get("error") or {}
        _ended_badly(turn, task, str(error.get("code", status)), str(error.get("message", status)))
    else:
        _look_later(turn, task, str(data.get("run_id", "")))


def _read(turn: Turn, task: Task, answer: Answered) -> None:
    """Take how a command stands; look again while it runs."""
    data = answer.data
    status = str(data.get("status", ""))
    code = data.get("exit_code")
    if status == "running":
        _look_later(turn, task, str(data.get("pid", "")), SESSION_LOOK_S_MAX)
        if task.is_cancelled or task.is_overdue:
            turn.aborts.append(abort_of(turn.tasks[task.task_id], by_force=True))
    elif status == "exited" and code == 0 and not task.is_overdue:
        succeed(turn, task, data)
    elif status in {"lost", ""}:
        lost = Answered(
            task_id=task.task_id,
            key=answer.key,
            code="lost",
            message="the command's keeper is gone; how it ended isn't known",
        )
        _unsure(turn, turn.note(task, handle=""), lost)
    elif task.is_overdue:
        why = f"expected an end within {task.spec.timeout_s:g} s; the command was ended"
        _ended_badly(turn, task, "timeout", why, data)
    else:
        said = f"exit code {code}" if status == "exited" else status
        _ended_badly(turn, task, "exit_code", f"the command ended with {said}", data)


def abort_of(task: Task, *, by_force: bool = False) -> Abort:
    """Return the wish to end what a task has begun."""
    return Abort(
        task_id=task.task_id,
        ending=task.spec.ending,
        handle=task.handle,
        key=f"{task.key}:{task.put_off}",
        by_force=by_force,
    )


def _look_later(turn: Turn, task: Task, handle: str, most_s: float = LOOK_S_MAX) -> None:
    """Wait for what was begun; only the first time is something that a successor must know."""
    later_s = min(LOOK_S_MIN * 2.0 ** min(task.put_off, 10), most_s)
    waiting = turn.note(task, put_off=task.put_off + 1, is_sent=False, due_s=turn.now_s + later_s)
    if not task.handle:
        named = turn.put(waiting, "waits", {"for": handle}, handle=handle)
        if task.is_cancelled:
            turn.aborts.append(abort_of(named))


def _failed(turn: Turn, task: Task, answer: Answered) -> None:
    code, is_look = answer.code, bool(task.handle)
    if is_look and code == "not_found" and task.spec.ending == "session":
        _unsure(turn, turn.note(task, handle=""), answer)
    elif is_look and code not in PERMANENT:
        turn.note(task, is_sent=False, due_s=turn.now_s + LOOK_S_MAX)
    elif code == ASKS and not task.is_approved:
        _report(turn, task, "ignored")
        turn.ask(task, "asking", answer.message, permit=None, attempt=task.attempt - 1)
    elif code in PERMANENT or code == ASKS:
        _report(turn, task, "ignored" if code != "not_available" else "failure")
        if task.is_cancelled:
            _cancelled(turn, task, _told(answer))
        else:
            fail(turn, task, code, answer.message)
    elif code in CROWDED:
        _crowded(turn, task, answer)
    else:
        _unsure(turn, task, answer)


def _crowded(turn: Turn, task: Task, answer: Answered) -> None:
    """Wait where a limit was met; that costs no try."""
    _report(turn, task, "ignored")
    if task.is_cancelled:
        _cancelled(turn, task, _told(answer))
    elif task.put_off >= PUT_OFF_MAX:
        fail(turn, task, answer.code, answer.message)
    else:
        put_off = task.put_off + 1
        wait_s = max(delay_s(turn.rules.retry, put_off, task.key), answer.retry_after_s or 0.0)
        turn.put(
            task,
            "put_off",
            _told(answer),
            status="queued",
            put_off=put_off,
            attempt=task.attempt - 1,
            is_sent=False,
            permit=None,
            due_s=turn.now_s + wait_s,
        )


def _unsure(turn: Turn, task: Task, answer: Answered) -> None:
    """Decide on a try that may have had its effect."""
    _report(turn, task, "failure")
    if task.is_cancelled:
        _cancelled(turn, task, _told(answer) | {"code": "unknown"})
    elif not may_repeat(task, turn.now_s):
        question = f"{task.spec.label} ended with {answer.code}: did it happen?"
        error = _told(answer)
        turn.ask(task, "needs_review", question, permit=None, is_unsure=True, error=error)
    elif task.attempt < task.spec.attempts:
        _again(turn, task, _told(answer), is_unsure=not task.spec.reads)
    else:
        fail(turn, task, answer.code, answer.message)


def _ended_badly(turn: Turn, task: Task, code: str, message: str, data: Any = None) -> None:
    """Take a failure that the call itself reports: another try is another call."""
    _report(turn, task, "failure")
    told = {"code": code, "message": message[:MESSAGE_CHARS_MAX]}
    if task.is_cancelled:
        _cancelled(turn, task, told, _kept(data))
    elif task.attempt < task.spec.attempts:
        _again(
            turn,
            task,
            told,
            round=task.round + 1,
            handle="",
            put_off=0,
            is_unsure=False,
            is_overdue=False,
        )
    else:
        fail(turn, task, code, message, data)


def _again(turn: Turn, task: Task, told: Mapping[str, str], **fields: Any) -> None:
    wait_s = delay_s(turn.rules.retry, task.attempt, f"{task.task_id}:{task.attempt}")
    turn.put(
        task,
        "retry",
        {**told, "try": task.attempt},
        status="queued",
        error=dict(told),
        is_sent=False,
        permit=None,
        due_s=turn.now_s + wait_s,
        **fields,
    )


def _cancelled(turn: Turn, task: Task, error: Mapping[str, str], result: Any = None) -> None:
    """End a task that was cancelled while its call was on its way."""
    is_late = task.spec.ends_s is not None and task.spec.ends_s <= turn.now_s
    status = "expired" if is_late else "cancelled"
    turn.put(
        task,
        status,
        dict(error),
        status=status,
        error=dict(error),
        result=result,
        is_sent=False,
        permit=None,
    )


def _report(turn: Turn, task: Task, outcome: Outcome) -> None:
    """Tell the tool's breaker how a try ended."""
    if task.permit is None:
        return
    breaker = turn.breaker(task.spec.tool)
    generation, is_probe = task.permit
    permit = Permit(breaker=breaker.name, generation=generation, is_probe=is_probe)
    breaker.record(permit, outcome, 0.0, turn.now_s)
    turn.keep(breaker)


def _told(answer: Answered) -> dict[str, str]:
    return {"code": answer.code, "message": answer.message[:MESSAGE_CHARS_MAX]}


def _kept(data: Any) -> Any:
    """Return a result as it is kept: whole if it is small, else its beginning as text."""
    text = json.dumps(data, ensure_ascii=False)
    if len(text.encode("utf-8", "surrogatepass")) <= limits.TASK_RESULT_BYTES_MAX:
        return data
    return {"truncated": True, "text": text[: limits.TASK_RESULT_BYTES_MAX // 4]}
