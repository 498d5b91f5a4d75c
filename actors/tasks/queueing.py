"""From what a client orders to tasks: what each calls, what it needs, what must be asked first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mimo.actors.operations import Operation
from mimo.actors.procedures import templates
from mimo.actors.tasks import policy
from mimo.actors.tasks.messages import QueueTasks, TaskOrder
from mimo.actors.tasks.task import Ending, Spec, Task
from mimo.config import limits
from mimo.config.errors import InvalidRequest, NotAvailable

#: Operations by tool and name.
Operations = Mapping[tuple[str, str], Operation]
#: Returns a task by its id, or raises `NotFound`.
Lookup = Callable[[str], Task]

#: The actor that runs tasks; what it does itself is no task.
TASKS = ("tools/tasks",)
ORCHESTRATE = "orchestrate"
#: Operations of `orchestrate` that begin a run.
STARTS_RUN = ("run_procedure", "execute_plan", "execute", "smart_execute")
#: How often an idempotent task is tried, unless its order says otherwise.
ATTEMPTS = 3
#: How long a command may take, unless its order says otherwise, in seconds.
COMMAND_S = 300.0
#: How long a call may take beyond what it takes itself, in seconds.
CALL_S = 60.0


def tasks_of(
    request: QueueTasks,
    operations: Operations,
    asking: policy.Asking,
    lookup: Lookup,
    now_s: float,
) -> tuple[tuple[Task, ...], tuple[Task, ...]]:
    """Return the new tasks, those that are needed first, and the ended ones that they need.

    Args:
        request: What is ordered.
        operations: That are offered.
        asking: Tells what a person must agree to.
        lookup: Of tasks that were queued before.
        now_s: Wall seconds UTC.

    Raises:
        InvalidRequest: An order is no task, or they need each other in a circle.
        NotAvailable: An order needs a tool that isn't offered.
        NotFound: A task that is needed isn't there.
    """
    orders = in_order(request.orders)
    ids = {order.name: task_id(request.key, index) for index, order in enumerate(orders)}
    known: dict[str, Task] = {}
    tasks = []
    for index, order in enumerate(orders):
        needs = {}
        for needed in order.depends_on:
            if needed in ids:
                needs[needed] = ids[needed]
            else:
                found = known[needed] = lookup(needed)
                refuse_failed(found)
                needs[needed] = found.task_id
        spec = spec_of(order, operations, asking, needs, now_s)
        tasks.append(
            Task(
                task_id=task_id(request.key, index),
                kind=kind_of(order),
                description=order.description or spec.label,
                priority=order.priority,
                created_s=now_s,
                source=request.client,
                spec=spec,
            )
        )
    _refuse_size(tasks)
    return tuple(tasks), tuple(task for task in known.values() if task.has_ended)


def task_id(key: str, index: int) -> str:
    """Return the id of the task at this place of a request."""
    return hashlib.blake2b(f"{key}\0{index}".encode(), digest_size=8).hexdigest()


def in_order(orders: Sequence[TaskOrder]) -> list[TaskOrder]:
    """Return the orders, those that are needed first; otherwise as they came.

    Raises:
        InvalidRequest: A name comes twice, or they need each other in a circle.

    Source: Kahn, 1962.
    """
    names = [order.name for order in orders if order.name]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidRequest(f"expected each name once, got {twice!r} twice; rename one")
    left, placed, done = list(orders), [], set[str]()
    while left:
        ready = [
            order
            for order in left
            if all(name in done or name not in names for name in order.depends_on)
        ]
        if not ready:
            circle = ", ".join(order.name for order in left)
            raise InvalidRequest(
                f"expected tasks that don't need each other in a circle, got {circle[:200]}"
            )
        placed += ready
        done |= {order.name for order in ready}
        left = [order for order in left if order not in ready]
    return placed


def kind_of(order: TaskOrder) -> str:
    """Return what a task does, in one word.

    Raises:
        InvalidRequest: It says two things, or none.
    """
    said = {
        "command": order.command,
        "memory_search": order.query,
        "tool": order.call,
        "plan": order.plan,
        "procedure": order.procedure,
    }
    given = [kind for kind, value in said.items() if value]
    if len(given) > 1 or (not given and not order.description):
        raise InvalidRequest(
            "expected one of 'command', 'query', 'call', 'plan' and 'procedure', or a"
            f" 'description' alone, got {' and '.join(given) or 'none'}"
        )
    return given[0] if given else "general"


def refuse_failed(task: Task) -> None:
    """Refuse to wait for what can't succeed any more.

    Raises:
        InvalidRequest: The task has ended, and not well.
    """
    if task.has_ended and task.status != "succeeded":
        raise InvalidRequest(
            f"expected to depend on a task that may succeed, got {task.task_id}, which is"
            f" {task.status}; queue it again first"
        )


def spec_of(
    order: TaskOrder,
    operations: Operations,
    asking: policy.Asking,
    needs: Mapping[str, str],
    now_s: float,
) -> Spec:
    """Return what the order comes to.

    Raises:
        InvalidRequest: It doesn't fit the operation that it calls.
        NotAvailable: That operation isn't offered.
    """
    tool, name, arguments = _call_of(order)
    operation = _offered(operations, tool, name)
    _refuse_misfit(operation, tool, arguments)
    is_run = tool == ORCHESTRATE and name in STARTS_RUN
    is_template = not is_run or bool(order.procedure)
    if is_template:
        wrong = next(templates.problems(arguments, frozenset({"tasks"})), None)
        if wrong is not None:
            raise InvalidRequest(f"arguments: {wrong}")
    ending: Ending = "run" if is_run else "session" if order.command else "answer"
    reads = operation.effect == "read" and not order.command
    # The key of a call names its run, so repeating it begins no other.
    repeatable = is_run or operation.idempotent or reads
    idempotent = repeatable if order.idempotent is None else order.idempotent
    return Spec(
        name=order.name,
        tool=tool,
        operation=name,
        arguments=arguments,
        is_template=is_template,
        needs=dict(needs),
        reads=reads,
        idempotent=idempotent,
        asks=asking.question(order, tool, operation, arguments),
        ending=ending,
        attempts=order.attempts or (ATTEMPTS if idempotent and not is_run else 1),
        timeout_s=order.timeout_s or (COMMAND_S if order.command else CALL_S),
        begins_s=now_s + order.delay_s if order.delay_s else 0.0,
        ends_s=now_s + order.deadline_s if order.deadline_s else None,
    )


def _call_of(order: TaskOrder) -> tuple[str, str, dict[str, Any]]:
    """Return the tool, the operation and the arguments that an order stands for."""
    match kind_of(order):
        case "command":
            return "terminal", "start_process", {"command": order.command, **order.arguments}
        case "memory_search":
            return "memory", "search", {"query": order.query, **order.arguments}
        case "plan":
            return ORCHESTRATE, "execute_plan", {"plan": list(order.plan), "wait_s": 0}
        case "procedure":
            context = {"context": dict(order.arguments)} if order.arguments else {}
            return ORCHESTRATE, "run_procedure", {"name": order.procedure, "wait_s": 0, **context}
        case "general":
            return ORCHESTRATE, "execute", {"description": order.description, "wait_s": 0}
        case _:
            tool, _, name = order.call.partition(".")
            return tool, name, dict(order.arguments)


def _offered(operations: Operations, tool: str, name: str) -> Operation:
    found = operations.get((tool, name))
    if found is None:
        known = ", ".join(f"{one}.{two}" for one, two in operations if one == tool)
        tools = ", ".join(sorted({one for one, _ in operations}))
        raise NotAvailable(
            f"expected an operation that is offered, got {f'{tool}.{name}'[:120]};"
            f" {'known are ' + known if known else 'the tools are ' + tools}"[:600]
        )
    if found.worker == TASKS:
        raise InvalidRequest("expected a task that does something, got one about tasks")
    if found.unavailable:
        raise NotAvailable(found.unavailable)
    return found


def _refuse_misfit(operation: Operation, tool: str, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that the call could never take; their values are checked when it begins.

    Raises:
        InvalidRequest: One is unknown, or one is missing.
    """
    unknown = sorted(set(arguments) - set(operation.parameters))
    missing = sorted(set(operation.required) - set(arguments))
    label = f"{tool}.{operation.name}"
    if unknown:
        known = ", ".join(operation.parameters) or "none"
        raise InvalidRequest(f"expected arguments of {label} among {known}, got {unknown[0]!r}")
    if missing:
        raise InvalidRequest(f"expected the argument {missing[0]!r} of {label}, got none")


def _refuse_size(tasks: Sequence[Task]) -> None:
    sizes = [
        len(json.dumps(task.spec.arguments, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        for task in tasks
    ]
    if max(sizes) > limits.TASK_BYTES_MAX or sum(sizes) > limits.TASKS_BYTES_MAX:
        raise InvalidRequest(
            f"expected at most {limits.TASK_BYTES_MAX} bytes of arguments for a task and"
            f" {limits.TASKS_BYTES_MAX} for all of a request, got {max(sizes)} and {sum(sizes)}"
        )
