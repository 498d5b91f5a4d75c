"""The `autonomous` tool as data: tasks that run by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from mimo.actors.operations import CallContext, Operation, Tool
from mimo.actors.tasks import messages
from mimo.actors.tasks.parameters import ORDER, QUEUED, SAID, STATUS, TASK, result, take
from mimo.actors.tasks.queueing import TASKS, kind_of
from mimo.config.errors import InvalidRequest

Arguments = Mapping[str, Any]

#: Rows and lines shown unless told otherwise.
SHOWN = 20


def _order(given: Mapping[str, Any]) -> messages.TaskOrder:
    fields = dict(given)
    for name in ("plan", "depends_on"):
        if name in fields:
            fields[name] = tuple(fields[name])
    for name in ("name", "description", "command", "query", "call", "procedure"):
        if name in fields:
            fields[name] = fields[name].strip()
    order = messages.TaskOrder(**fields)
    kind_of(order)
    if order.call and not all(order.call.partition(".")):
        raise InvalidRequest(
            f"expected 'call' such as memory.store, got {order.call[:80]!a}; see tools/list"
        )
    return order


def _queue(arguments: Arguments, context: CallContext) -> messages.QueueTasks:
    given = dict(arguments)
    kind, tasks = given.pop("type", None), given.pop("tasks", None)
    if tasks is not None and given:
        raise InvalidRequest(
            f"expected 'tasks' or the fields of one task, got both: {', '.join(given)[:200]}"
        )
    orders = tuple(map(_order, tasks if tasks is not None else [given]))
    if kind is not None and tasks is None and kind_of(orders[0]) != kind:
        raise InvalidRequest(
            f"expected what a {kind} takes, got a {kind_of(orders[0])}; leave 'type' out"
        )
    return messages.QueueTasks(orders=orders, key=context.key, client=context.client)


def _status(_arguments: Arguments, _context: CallContext) -> messages.QueueStatus:
    return messages.QueueStatus()


def _show(arguments: Arguments, _context: CallContext) -> messages.ShowTask:
    return messages.ShowTask(task_id=arguments["task_id"], lines=arguments.get("limit", SHOWN))


def _list(arguments: Arguments, _context: CallContext) -> messages.ListTasks:
    return messages.ListTasks(
        status=arguments.get("status", ""), limit=arguments.get("limit", SHOWN)
    )


def _pause(arguments: Arguments, _context: CallContext) -> messages.PauseTasks:
    return messages.PauseTasks(is_paused=True, task_id=arguments.get("task_id", ""))


def _resume(arguments: Arguments, _context: CallContext) -> messages.PauseTasks:
    return messages.PauseTasks(is_paused=False, task_id=arguments.get("task_id", ""))


def _cancel(arguments: Arguments, _context: CallContext) -> messages.CancelTask:
    return messages.CancelTask(task_id=arguments["task_id"], note=arguments.get("note", ""))


def _clear(arguments: Arguments, _context: CallContext) -> messages.ClearTasks:
    return messages.ClearTasks(note=arguments.get("note", ""))


def _reset(arguments: Arguments, _context: CallContext) -> messages.ResetBreaker:
    return messages.ResetBreaker(tool=arguments.get("tool", ""))


def _check(arguments: Arguments, _context: CallContext) -> messages.CheckSafety:
    names = ("command", "path", "description", "call")
    found = {name: arguments.get(name, "").strip() for name in names}
    if not any(found.values()):
        raise InvalidRequest(f"expected one of {', '.join(names)}, got none")
    return messages.CheckSafety(**found)


def _questions(arguments: Arguments, _context: CallContext) -> messages.ListQuestions:
    return messages.ListQuestions(
        is_all=arguments.get("answered", False), limit=arguments.get("limit", SHOWN)
    )


_Decision = Literal["approve", "deny", "repeat", "done", "failed"]


def _decision(arguments: Arguments, context: CallContext, decision: _Decision) -> Any:
    return messages.DecideTask(
        task_id=arguments["task_id"],
        decision=decision,
        note=arguments.get("note", ""),
        by=context.client,
        key=context.key,
        is_confirmed=context.approved,
    )


def _approve(arguments: Arguments, context: CallContext) -> Any:
    return _decision(arguments, context, "approve")


def _deny(arguments: Arguments, context: CallContext) -> Any:
    return _decision(arguments, context, "deny")


def _resolve(arguments: Arguments, context: CallContext) -> Any:
    return _decision(arguments, context, arguments["decision"])


OPERATIONS = (
    Operation(
        name="queue",
        reach="delegates",
        summary="Have a task run later, after crashes too; or many.",
        parameters={**take("type", "tasks"), **ORDER},
        result=QUEUED,
        effect="destructive",
        worker=TASKS,
        build=_queue,
        example={"description": "look up cats", "query": "cats"},
    ),
    Operation(
        name="status",
        summary="Count tasks and show breakers.",
        parameters={},
        result=STATUS,
        effect="read",
        idempotent=True,
        worker=TASKS,
        build=_status,
        example={},
    ),
    Operation(
        name="list_queue",
        summary="Show open tasks, newest first.",
        parameters=take("status", "limit"),
        result=result(("count", "tasks", "message")),
        effect="read",
        idempotent=True,
        worker=TASKS,
        build=_list,
        example={"status": "all"},
    ),
    Operation(
        name="task_status",
        summary="Show one task, its journal and result.",
        parameters=take("task_id", "limit"),
        required=("task_id",),
        result=TASK,
        effect="read",
        idempotent=True,
        worker=TASKS,
        build=_show,
        example={"task_id": "3f2a9c0d1e4b5a68"},
    ),
    Operation(
        name="pause",
        summary="Start no task any more, or not this one.",
        parameters=take("task_id"),
        result=SAID,
        effect="write",
        idempotent=True,
        worker=TASKS,
        build=_pause,
        example={},
    ),
    Operation(
        name="resume",
        summary="Start tasks again, or this one.",
        parameters=take("task_id"),
        result=SAID,
        effect="write",
        idempotent=True,
        worker=TASKS,
        build=_resume,
        example={},
    ),
    Operation(
        name="cancel",
        summary="End a task and what it began.",
        parameters=take("task_id", "note"),
        required=("task_id",),
        result=TASK,
        effect="write",
        idempotent=True,
        worker=TASKS,
        build=_cancel,
        example={"task_id": "3f2a9c0d1e4b5a68"},
    ),
    Operation(
        name="clear_queue",
        summary="Cancel all tasks that haven't begun.",
        parameters=take("note"),
        result=result(("status", "cleared", "message")),
        effect="write",
        idempotent=True,
        worker=TASKS,
        build=_clear,
        example={},
    ),
    Operation(
        name="reset_circuit",
        summary="Call failing tools again at once.",
        parameters=take("tool"),
        result=result(("status", "message")),
        effect="write",
        idempotent=True,
        worker=TASKS,
        build=_reset,
        example={},
    ),
    Operation(
        name="check_safety",
        summary="Say if a task would run, ask or be refused.",
        parameters=take("command", "path", "description", "call"),
        result=result(("safe", "verdict", "reasons", "message")),
        effect="read",
        idempotent=True,
        worker=TASKS,
        build=_check,
        example={"call": "memory.search"},
    ),
    Operation(
        name="list_approvals",
        summary="Show what tasks ask your user.",
        parameters=take("answered", "limit"),
        result=result(("approvals", "count")),
        effect="read",
        idempotent=True,
        worker=TASKS,
        build=_questions,
        example={},
    ),
    Operation(
        name="approve",
        summary="Have your user asked, and let the task run.",
        parameters=take("task_id", "note"),
        required=("task_id",),
        result=TASK,
        effect="destructive",
        worker=TASKS,
        build=_approve,
        example={"task_id": "3f2a9c0d1e4b5a68"},
    ),
    Operation(
        name="deny",
        summary="Say no to what a task asks.",
        parameters=take("task_id", "note"),
        required=("task_id",),
        result=TASK,
        effect="write",
        idempotent=True,
        worker=TASKS,
        build=_deny,
        example={"task_id": "3f2a9c0d1e4b5a68"},
    ),
    Operation(
        name="resolve",
        summary="Say what became of a task in needs_review.",
        parameters=take("task_id", "decision", "note"),
        required=("task_id", "decision"),
        result=TASK,
        effect="destructive",
        worker=TASKS,
        build=_resolve,
        example={"task_id": "3f2a9c0d1e4b5a68", "decision": "done"},
    ),
)

AUTONOMOUS = Tool(
    name="autonomous",
    title="Autonomous",
    description=(
        "A durable queue of tasks that run without you: commands, searches, any operation, plans."
        " Dependencies, priorities, retries, deadlines; what is destructive asks your user first."
    ),
    operations=OPERATIONS,
)
