"""A task and the queue as values; what never changes stands in `Spec`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal

from mimo.storage.tasks import is_ended

Json = Any
#: How the end of a task's call is told: by its answer, or by asking again how the run, or the
#: session of a command, stands that it has begun.
Ending = Literal["answer", "run", "session"]

#: Statuses in which something may still happen.
OPEN: Final = ("asking", "waiting", "queued", "running", "needs_review")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a task does; it never changes, so what was approved is what runs.

    Args:
        name: How others of the same `queue` call it; "" if they can't.
        tool: Of the call.
        operation: Of the call.
        arguments: Of the call.
        is_template: Whether `{{ tasks.NAME.result.x }}` in them is filled from what it needs.
        needs: Name -> id of the tasks that must succeed first.
        reads: Whether the call changes nothing.
        idempotent: Whether it may be repeated when nobody knows if it happened.
        asks: What a person must agree to before the call; "" nothing.
        ending: How its end is told.
        attempts: How often it is tried.
        timeout_s: Seconds for one try.
        begins_s: Not before, wall seconds UTC.
        ends_s: Too late from here on, wall seconds UTC; None without a bound.
    """

    name: str = ""
    tool: str
    operation: str
    arguments: Json
    is_template: bool = True
    needs: Mapping[str, str] = field(default_factory=dict)
    reads: bool = False
    idempotent: bool = False
    asks: str = ""
    ending: Ending = "answer"
    attempts: int = 1
    timeout_s: float = 60.0
    begins_s: float = 0.0
    ends_s: float | None = None

    @property
    def label(self) -> str:
        """Return `tool.operation`."""
        return f"{self.tool}.{self.operation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it stands.

    Args:
        task_id: Its name.
        kind: In one word, for people.
        description: What it is for.
        priority: 0 to 9, the higher the sooner.
        created_s: When it was queued, wall seconds UTC.
        source: Who queued it.
        spec: What it does.
        status: One of `OPEN` or of `mimo.storage.tasks.ENDED`.
        attempt: Tries that have cost one, from 1 with the first.
        round: Of its key; a try under the same key has its effect once.
        put_off: Tries that were refused because something was busy, or looks at its run.
        deaths: Tries that ended with whoever had made them.
        due_s: While queued: not before; while running: when the try, or the wait, is over.
        began_s: When the first try under this key began.
        is_sent: While running: whether a call is on its way.
        is_unsure: Whether a try under this key may have had its effect.
        is_paused: Whether it isn't to be started.
        is_cancelled: Whether it ends when its call does.
        is_approved: Whether a person agreed to its call.
        permit: Of its tool's breaker: generation, and whether it is the probe.
        question: What it asks, while asking or in review.
        is_overdue: Whether its command was ended since it took too long.
        host: The node on which its present try began.
        handle: Id of the run, or pid of the session, that it waits for.
        result: Of its success.
        error: Of its failure or last try: code, message.
        seen: Key of the last decision that it has taken.
        lines: Lines of its journal so far.
    """

    task_id: str
    kind: str
    description: str
    priority: int
    created_s: float
    source: str
    spec: Spec
    status: str = "waiting"
    attempt: int = 0
    round: int = 1
    put_off: int = 0
    deaths: int = 0
    due_s: float = 0.0
    began_s: float = 0.0
    is_sent: bool = False
    is_unsure: bool = False
    is_paused: bool = False
    is_cancelled: bool = False
    is_approved: bool = False
    is_overdue: bool = False
    host: str = ""
    permit: tuple[int, bool] | None = None
    question: str = ""
    handle: str = ""
    result: Json = None
    error: Mapping[str, str] | None = None
    seen: str = ""
    lines: int = 0

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more happens to it."""
        return is_ended(self.status)

    @property
    def key(self) -> str:
        """Return the idempotency key of its present try."""
        return f"task:{self.task_id}:{self.round}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """All tasks that are open, and those that they need.

    Args:
        tasks: By id, oldest first.
        is_paused: Whether none is to be started.
        breakers: State of each tool's breaker, see `supervision.breaker.Breaker.to_row`.
        revision: How often it was saved.
    """

    tasks: Mapping[str, Task] = field(default_factory=dict)
    is_paused: bool = False
    breakers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    revision: int = 0

    @property
    def open_count(self) -> int:
        """Return how many tasks haven't ended."""
        return sum(not task.has_ended for task in self.tasks.values())


_IN_COLUMNS = ("task_id", "kind", "description", "priority", "created_s", "source", "spec")


def spec_json(spec: Spec) -> str:
    """Return a specification as it is stored."""
    return json.dumps(asdict(spec), ensure_ascii=False, separators=(",", ":"))


def state_json(task: Task) -> str:
    """Return what changes of a task as it is stored."""
    shown = {
        name: value
        for name, value in asdict(replace(task, spec=_NO_SPEC)).items()
        if name not in _IN_COLUMNS
    }
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def state_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `state_json` stored as fields of a `Task`."""
    permit = found.get("permit")
    return {**found, "permit": None if permit is None else (int(permit[0]), bool(permit[1]))}


def queue_json(queue: Queue) -> str:
    """Return the queue as a whole as it is stored."""
    return json.dumps({"is_paused": queue.is_paused, "breakers": dict(queue.breakers)})


_NO_SPEC = Spec(tool="", operation="", arguments=None)
