"""One turn of the scheduler: the queue as it changes, and what that leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mimo.actors.procedures.definition import Retry
from mimo.actors.tasks.events import Abort, Change, Invoke, Outcome
from mimo.actors.tasks.task import Queue, Task
from mimo.config import limits
from mimo.storage.tasks import Asked, Decided
from mimo.supervision.breaker import Breaker, BreakerRules

_RETRY = Retry(first_s=1.0, factor=2.0, most_s=300.0)
_BREAKER = BreakerRules(
    window=3,
    outcomes_min=3,
    bad_ratio=1.0,
    slow_s=float("inf"),
    open_s=30.0,
    open_s_max=600.0,
    probe_s_max=limits.TASK_TIMEOUT_S_MAX,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the queue is worked off.

    Args:
        concurrency: Most calls on their way at once.
        retry: Waits between tries; the number of tries is the task's.
        breaker: When a tool that fails is left alone. Source: the original, 3 failures and 30 s.
        host: The node, while it lives: what it has begun outside of its actors ends with it.
        aging_s: A task that has waited so long counts as one priority higher, so none starves.
    """

    concurrency: int = 3
    retry: Retry = _RETRY
    breaker: BreakerRules = _BREAKER
    host: str = ""
    aging_s: float = 600.0


@dataclass(slots=True)
class _Changes:
    is_new: bool
    lines: list[tuple[int, str, Any]] = field(default_factory=list)
    asks: Asked | None = None
    decided: Decided | None = None


class Turn:
    """What a turn works on.

    Args:
        queue: The queue before; it isn't changed.
        rules: How it is worked off.
        now_s: Wall seconds UTC.
    """

    def __init__(self, queue: Queue, rules: Rules, now_s: float) -> None:
        self.rules = rules
        self.now_s = now_s
        self.tasks: dict[str, Task] = dict(queue.tasks)
        self.is_paused = queue.is_paused
        self.calls: list[Invoke] = []
        self.aborts: list[Abort] = []
        self._before = queue
        self._rows: dict[str, Mapping[str, Any]] = dict(queue.breakers)
        self._changes: dict[str, _Changes] = {}

    @property
    def changed(self) -> int:
        """Return how many tasks have changed so far."""
        return len(self._changes)

    def add(self, task: Task) -> None:
        """Take a new task."""
        self._changes[task.task_id] = _Changes(is_new=True)
        self.tasks[task.task_id] = task
        self.put(task, "queued", {"call": task.spec.label})

    def put(self, task: Task, what: str, detail: Any = None, **fields: Any) -> Task:
        """Change a task and write a line of its journal; return it as it is now."""
        lines = task.lines + 1
        changed = replace(task, lines=lines, **fields)
        self.tasks[task.task_id] = changed
        self._of(task).lines.append((lines, what, detail))
        return changed

    def note(self, task: Task, **fields: Any) -> Task:
        """Change what a successor needn't know; nothing is saved for that alone."""
        changed = self.tasks[task.task_id] = replace(task, **fields)
        return changed

    def ask(self, task: Task, status: str, question: str, **fields: Any) -> None:
        """Leave a task to a person."""
        text = question[:1_000]
        self.put(task, status, text, status=status, question=text, is_sent=False, **fields)
        kind = "review" if status == "needs_review" else "approval"
        self._of(task).asks = Asked(kind, text)

    def decide(self, task: Task, decision: str, by: str = "", note: str = "") -> None:
        """Note how the open question of a task was answered."""
        self._of(task).decided = Decided(decision, by, note[:500])

    def breaker(self, tool: str) -> Breaker:
        """Return the breaker of a tool; what was done to it must be kept by `keep`."""
        breaker = Breaker(tool, self.rules.breaker)
        if tool in self._rows:
            breaker.restore(dict(self._rows[tool]), self.now_s)
        return breaker

    def keep(self, breaker: Breaker) -> None:
        """Keep a breaker as it is now; one that knows nothing needn't be."""
        if breaker.state.value == "closed" and not breaker.counted[0]:
            self._rows.pop(breaker.name, None)
        else:
            self._rows[breaker.name] = breaker.to_row()

    def breaker_names(self) -> list[str]:
        """Return the tools whose breakers know something."""
        return list(self._rows)

    def outcome(self) -> Outcome:
        """Return what the turn has led to; ended tasks that nobody needs are let go."""
        needed = {
            one
            for task in self.tasks.values()
            if not task.has_ended
            for one in task.spec.needs.values()
        }
        kept = {
            task_id: task
            for task_id, task in self.tasks.items()
            if not task.has_ended or task_id in needed
        }
        queue = replace(
            self._before, tasks=kept, is_paused=self.is_paused, breakers=dict(self._rows)
        )
        changes = tuple(
            Change(
                task=self.tasks[task_id],
                lines=tuple(one.lines),
                is_new=one.is_new,
                asks=one.asks,
                decided=one.decided,
            )
            for task_id, one in self._changes.items()
        )
        return Outcome(
            queue=queue,
            changes=changes,
            calls=tuple(self.calls),
            aborts=tuple(self.aborts),
            must_be_saved=bool(changes)
            or self.is_paused != self._before.is_paused
            or dict(self._before.breakers) != self._rows,
        )

    def _of(self, task: Task) -> _Changes:
        return self._changes.setdefault(task.task_id, _Changes(is_new=False))
