"""The queue taken through its events: step, save, then act.

It knows no actor and no database: who runs it passes a `World`. Nothing is done in the world before
the step that wants it is durable, and nobody is answered before that.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from mimo.actors.operations import Result
from mimo.actors.tasks.events import Abort, Answered, Change, Event, Invoke, Outcome, Resumed, Tick
from mimo.actors.tasks.machine import step
from mimo.actors.tasks.scheduling import next_due_s
from mimo.actors.tasks.task import Queue, queue_json, spec_json, state_json
from mimo.actors.tasks.turn import Rules
from mimo.config import faultpoints
from mimo.config.errors import MimoError
from mimo.storage.commands import Edit
from mimo.storage.tasks import NewTask, SaveTasks, TaskChange
from mimo.supervision.messages import Failure

#: How long a step that could not be saved waits for the next try, in seconds.
SAVE_AGAIN_S = 0.5

#: Gets None once the event is durable, or why it was refused.
Then = Callable[[Failure | None], None]


class World(Protocol):
    """What a runner needs from its process."""

    def now_s(self) -> float:
        """Return wall seconds UTC."""

    def save(self, command: Edit, then: Callable[[Any], None]) -> None:
        """Commit durably; `then` gets the reply or a `Failure`."""

    def invoke(self, wanted: Invoke, then: Callable[[Any], None]) -> None:
        """Make a tool call; `then` gets a `Result` or a `Failure`."""

    def abort(self, wanted: Abort) -> None:
        """End what a task has begun elsewhere, as far as that can be done."""

    def later(self, delay_s: float, do: Callable[[], None]) -> None:
        """Do something after a while."""

    def changed(self, changes: tuple[Change, ...]) -> None:
        """Learn what has become durable."""

    def lost(self, failure: Failure) -> None:
        """Learn that another process runs the queue."""


class Runner:
    """Take the queue through its events.

    Args:
        world: Its process.
        name: For fault points.
        rules: How the queue is worked off.
        queue: As it is stored.
    """

    def __init__(self, world: World, name: str, rules: Rules, queue: Queue) -> None:
        self._world = world
        self._name = name
        self._rules = rules
        self.queue = queue
        self._events: deque[tuple[Event, Then | None]] = deque()
        self._is_saving = False

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is being saved or waits for its turn."""
        return not self._is_saving and not self._events

    def resume(self) -> None:
        """Take over what another process began."""
        self.give(Resumed())

    def give(self, event: Event, then: Then | None = None) -> None:
        """Let an event happen; `then` is called once it is durable."""
        self._events.append((event, then))
        self._work()

    def tick(self) -> None:
        """Let time pass, if it changes something."""
        due_s = self.next_due_s()
        if due_s is not None and due_s <= self._world.now_s():
            self.give(Tick())

    def next_due_s(self) -> float | None:
        """Return the nearest moment at which `tick` changes something, wall seconds UTC."""
        if not self.is_idle:
            return None
        return next_due_s(self.queue, self._rules, self._world.now_s())

    def _work(self) -> None:
        while self._events and not self._is_saving:
            event, then = self._events.popleft()
            try:
                outcome = step(self.queue, event, self._rules, self._world.now_s())
            except MimoError as error:
                refused = Failure(
                    code=error.code, message=error.message, retry_after_s=error.retry_after_s
                )
                _tell(then, refused)
                continue
            if outcome.must_be_saved:
                self._is_saving = True
                self._save(outcome, then)
            else:
                self.queue = outcome.queue
                self._act(outcome)
                _tell(then, None)

    def _save(self, outcome: Outcome, then: Then | None) -> None:
        revision = self.queue.revision + 1
        command = SaveTasks(
            revision=revision,
            queue=queue_json(outcome.queue),
            changes=tuple(map(_row, outcome.changes)),
            key=f"tasks:{revision}",
        )
        faultpoints.reach("tasks.before_save", self._name)
        self._world.save(command, lambda value: self._saved(outcome, then, value))

    def _saved(self, outcome: Outcome, then: Then | None, value: Any) -> None:
        if isinstance(value, Failure) and value.code in ("conflict", "not_found"):
            self._world.lost(value)
            return
        if isinstance(value, Failure):
            self._world.later(SAVE_AGAIN_S, lambda: self._save(outcome, then))
            return
        faultpoints.reach("tasks.after_save", self._name)
        self.queue = replace(outcome.queue, revision=self.queue.revision + 1)
        self._is_saving = False
        _tell(then, None)
        self._world.changed(outcome.changes)
        self._act(outcome)
        self._work()
        # What a turn had no room for follows at once.
        self.tick()

    def _act(self, outcome: Outcome) -> None:
        for wanted in outcome.calls:
            self._world.invoke(wanted, partial(self._answered, wanted))
        for aborted in outcome.aborts:
            self._world.abort(aborted)

    def _answered(self, wanted: Invoke, value: Any) -> None:
        faultpoints.reach("tasks.after_effect", self._name)
        if isinstance(value, Result):
            answer = Answered(task_id=wanted.task_id, key=wanted.key, data=value.data)
        else:
            answer = Answered(
                task_id=wanted.task_id,
                key=wanted.key,
                code=value.code,
                message=value.message,
                retry_after_s=value.retry_after_s,
            )
        self.give(answer)


def _tell(then: Then | None, value: Failure | None) -> None:
    if then is not None:
        then(value)


def _row(change: Change) -> TaskChange:
    task = change.task
    new = None
    if change.is_new:
        new = NewTask(
            kind=task.kind,
            description=task.description,
            priority=task.priority,
            needs=tuple(dict.fromkeys(task.spec.needs.values())),
            source=task.source,
            spec=spec_json(task.spec),
        )
    return TaskChange(
        task_id=task.task_id,
        status=task.status,
        state=state_json(task),
        lines=tuple(
            (number, what, json.dumps(detail, ensure_ascii=False))
            for number, what, detail in change.lines
        ),
        new=new,
        asks=change.asks,
        decided=change.decided,
    )
