"""What can happen to the queue, and what it then wants: the values around the scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mimo.actors.tasks.task import Queue, Task
from mimo.storage.tasks import Asked, Decided


@dataclass(frozen=True, slots=True)
class Added:
    """Tasks were queued.

    Args:
        tasks: New ones, those that are needed before those that need them.
        known: Ended ones that they need.
    """

    tasks: tuple[Task, ...]
    known: tuple[Task, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Whoever ran the queue has died; what was on its way may or may not have happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A call has ended.

    Args:
        task_id: Whose call.
        key: Of the call.
        data: Its result; None for a failure.
        code: Of the failure; "" for a success.
        message: Of the failure.
        retry_after_s: When the one who refused wants to be asked again.
    """

    task_id: str
    key: str
    data: Any = None
    code: str = ""
    message: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Start no task any more, or again; `task_id` "" is the whole queue."""

    is_paused: bool
    task_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Nobody wants these tasks any more.

    Args:
        task_ids: At most `scheduling.CHANGES_MAX`, those that are needed last.
        note: Why.
        is_clearing: Whether those that have begun, or have ended, are left alone.
    """

    task_ids: tuple[str, ...]
    note: str = ""
    is_clearing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """Close the breaker of a tool; "" is all."""

    tool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """A person has answered a question.

    Args:
        task_id: Which task asks.
        approved: Whether its call may be made; of a review: whether it may go on.
        resolution: Of a review that goes on: `repeat` the call, or it is `done` already.
        note: What was said.
        by: Who passed it on.
        key: Of the request; the same one counts once.
    """

    task_id: str
    approved: bool
    resolution: Literal["repeat", "done"] = "repeat"
    note: str = ""
    by: str = ""
    key: str = ""


Event = Added | Tick | Resumed | Answered | Pause | Cancel | Reset | Decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoke:
    """Make this tool call now that the state is durable.

    Args:
        task_id: Whose call.
        key: Idempotency key.
        tool: Of the call.
        operation: Of the call.
        arguments: Filled in.
        timeout_s: Seconds it may take.
        is_approved: Whether a person agreed to it.
    """

    task_id: str
    key: str
    tool: str
    operation: str
    arguments: Any
    timeout_s: float
    is_approved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """End what this task has begun elsewhere, as far as that can be done.

    Args:
        task_id: Whose.
        ending: What the handle is of, see `task.Ending`.
        handle: The run or session that it waits for; "" for a call that is on its way.
        key: Of that call.
        by_force: Whether asking wasn't enough.
    """

    task_id: str
    ending: str
    handle: str
    key: str
    by_force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one task in a turn.

    Args:
        task: As it is now.
        lines: New lines of its journal: number, what, detail.
        is_new: Whether it wasn't there before.
        asks: What a person is asked from now on.
        decided: How the open question was answered.
    """

    task: Task
    lines: tuple[tuple[int, str, Any], ...]
    is_new: bool
    asks: Asked | None
    decided: Decided | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What events led to.

    Args:
        queue: Afterwards.
        changes: What must be saved.
        calls: What is wanted done once that is durable.
        aborts: What is to be ended then.
        must_be_saved: Whether anything happened that a successor must know.
    """

    queue: Queue
    changes: tuple[Change, ...] = ()
    calls: tuple[Invoke, ...] = ()
    aborts: tuple[Abort, ...] = ()
    must_be_saved: bool = False
