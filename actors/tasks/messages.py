"""What the queue of tasks can be asked; replies are `mimo.actors.operations.Result`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOrder:
    """One task as a client asks for it: one of command, query, call, plan and procedure, or none.

    Args:
        name: How others of the same request call it.
        description: What it is for.
        command: Command line.
        query: To search memories for.
        call: `tool.operation`.
        arguments: Of the call, or the context of the procedure.
        plan: Steps, see `orchestrate` execute_plan.
        procedure: Name of a procedure.
        depends_on: Names of this request, or ids of tasks.
        priority: 0 to 9.
        attempts: How often it is tried; 0 for what fits.
        timeout_s: Seconds for one try; 0 for what fits.
        delay_s: Not before so many seconds.
        deadline_s: Too late after so many seconds; 0 without a bound.
        idempotent: Whether it may be repeated; None for what the call says.
    """

    name: str = ""
    description: str = ""
    command: str = ""
    query: str = ""
    call: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    plan: tuple[Any, ...] = ()
    procedure: str = ""
    depends_on: tuple[str, ...] = ()
    priority: int = 5
    attempts: int = 0
    timeout_s: float = 0.0
    delay_s: float = 0.0
    deadline_s: float = 0.0
    idempotent: bool | None = None

    @property
    def is_described_only(self) -> bool:
        """Tell whether nothing says how it is to be done."""
        return not (self.command or self.query or self.call or self.plan or self.procedure)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTasks:
    """Queue tasks, all or none.

    Args:
        orders: What they are.
        key: Idempotency key: the same one queues the same tasks once.
        client: Who asks.
    """

    orders: tuple[TaskOrder, ...]
    key: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """Tell how the queue as a whole stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTasks:
    """Show tasks, newest first.

    Args:
        status: Only of this status; "" is all that are open, `all` is all there are.
        limit: 1 to `limits.PAGE_MAX`.
    """

    status: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowTask:
    """Show one task with its call, its journal of at most `lines`, and its result."""

    task_id: str
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseTasks:
    """Start no task any more, or again; `task_id` "" is the whole queue."""

    is_paused: bool
    task_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTask:
    """End a task; what it has begun is ended as far as that can be done."""

    task_id: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearTasks:
    """End all tasks that haven't begun."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetBreaker:
    """Let tools be called again that were left alone; `tool` "" is all."""

    tool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSafety:
    """Tell what would become of a task: allowed, asked about, or refused, and why."""

    command: str
    path: str
    description: str
    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuestions:
    """Show what waits for a person; with `is_all` also what was answered, newest first."""

    is_all: bool
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideTask:
    """Answer what a task asks.

    Args:
        task_id: Which task.
        decision: Of a question: approve or deny; of a review: repeat, done or failed.
        note: What was said.
        by: Who passes it on.
        key: Idempotency key.
        is_confirmed: Whether a person has agreed to what is about to happen.
    """

    task_id: str
    decision: Literal["approve", "deny", "repeat", "done", "failed"]
    note: str
    by: str
    key: str
    is_confirmed: bool
