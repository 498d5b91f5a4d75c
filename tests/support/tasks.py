"""Random graphs of tasks, and a world in which whoever runs them dies at any moment.

The world's calls write into a table of a real database under their idempotency key, so an effect
that happens twice is seen.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Literal

from mimo.actors.operations import Result
from mimo.actors.tasks.events import Abort, Added, Change, Decide, Invoke
from mimo.actors.tasks.presentation import task_of
from mimo.actors.tasks.runner import Runner
from mimo.actors.tasks.task import Queue, Spec, Task
from mimo.actors.tasks.turn import Rules
from mimo.config.clock import ManualClock
from mimo.config.errors import MimoError
from mimo.storage import batches, task_reads
from mimo.storage.commands import Edit
from mimo.storage.database import Database
from mimo.supervision.messages import Failure
from tests.support.procedures import CountUp, Killed

RULES = Rules()


def new_task(number: int, now_s: float = 1_000.0, **more: Any) -> Task:
    """Return a task that counts up; `more` are fields of its `Spec`, or `priority`."""
    priority = more.pop("priority", 5)
    task_id = more.pop("task_id", f"t{number}")
    fields: dict[str, Any] = {
        "tool": "counter",
        "operation": "add",
        "arguments": {"name": task_id},
        "idempotent": True,
        "attempts": 50,
    }
    return Task(
        task_id=task_id,
        kind="tool",
        description=f"task {number}",
        priority=priority,
        created_s=now_s,
        source="test",
        spec=Spec(**fields | more),
    )


def random_tasks(chance: random.Random, label: str, now_s: float) -> tuple[Task, ...]:
    """Return a random graph: some tasks fail, some must not be repeated, some ask first."""
    tasks: list[Task] = []
    for number in range(chance.randint(3, 10)):
        chosen = chance.sample(tasks, k=min(len(tasks), chance.randint(0, 2)))
        name = f"{label}-{number}"
        more: dict[str, Any] = {
            "needs": {task.task_id.replace("-", "_"): task.task_id for task in chosen},
            "idempotent": chance.random() < 0.7,
            "priority": chance.randint(0, 9),
            "asks": "May it?" if chance.random() < 0.1 else "",
        }
        if chance.random() < 0.1:
            more["operation"] = "fail"
        elif chosen and chosen[0].spec.idempotent and chance.random() < 0.5:
            # What a person says is done already has no result that could be passed on.
            before = chosen[0].task_id
            hole = f"{{{{ tasks.{before.replace('-', '_')}.result.name }}}}"
            more["arguments"] = {"name": name, "after": hole}
        tasks.append(new_task(number, now_s, task_id=name, **more))
    return tuple(tasks)


class SimulatedWorld:
    """Does what a runner wants, one thing after the other, until it is killed.

    Args:
        db: The writer's connection.
        clock: Moved when nothing else is to be done.
        chance: Decides on order and trouble.
        killed_at: At which moment the runner dies; 0 never.
        trouble: How likely a call fails in passing.
    """

    def __init__(
        self,
        db: Database,
        clock: ManualClock,
        chance: random.Random,
        *,
        killed_at: int = 0,
        trouble: float = 0.0,
    ) -> None:
        self.db = db
        self.clock = clock
        self.chance = chance
        self.moments = 0
        self.begun: list[str] = []
        self._killed_at = killed_at
        self._trouble = trouble
        self._todo: list[Callable[[], None]] = []
        self._timers: list[tuple[float, Callable[[], None]]] = []

    # -- What a runner needs ---------------------------------------------------------------------
    def now_s(self) -> float:
        return self.clock.wall_s()

    def save(self, command: Edit, then: Callable[[Any], None]) -> None:
        def do() -> None:
            self._moment()
            value = self.commit(command)
            self._moment()
            then(value)

        self._todo.append(do)

    def invoke(self, wanted: Invoke, then: Callable[[Any], None]) -> None:
        def do() -> None:
            self._moment()
            value = self._answer(wanted)
            self._moment()
            then(value)

        self._todo.append(do)

    def abort(self, wanted: Abort) -> None:
        pass

    def later(self, delay_s: float, do: Callable[[], None]) -> None:
        self._timers.append((self.now_s() + delay_s, do))

    def changed(self, changes: tuple[Change, ...]) -> None:
        pass

    def lost(self, why: Failure) -> None:
        raise AssertionError(why.message)

    # -- What a test does --------------------------------------------------------------------------
    def commit(self, command: Edit) -> Any:
        """Commit and return the reply or the failure."""
        (value,) = batches.apply(self.db, [command], now_s=self.now_s())
        if isinstance(value, MimoError):
            return Failure(code=value.code, message=value.message)
        return value

    def run_until_quiet(self, runner: Runner) -> None:
        """Do all there is, moving the clock, until nothing is left to happen by itself."""
        while True:
            if self._todo:
                self._todo.pop(self.chance.randrange(len(self._todo)))()
                continue
            self._decide(runner)
            if self._todo:
                continue
            moments = [at_s for at_s, _ in self._timers]
            due_s = runner.next_due_s()
            moments += [] if due_s is None else [due_s]
            if not moments:
                return
            self.clock.advance(max(min(moments) - self.now_s(), 0.0))
            ready = [do for at_s, do in self._timers if at_s <= self.now_s()]
            self._timers = [one for one in self._timers if one[0] > self.now_s()]
            for do in ready:
                do()
            runner.tick()

    def _decide(self, runner: Runner) -> None:
        """Be the person who is asked, and who looks before he answers."""
        for task in list(runner.queue.tasks.values()):
            if task.status == "asking":
                runner.give(Decide(task_id=task.task_id, approved=True))
                return
            if task.status == "needs_review":
                done = effects_of(self.db, task.task_id)
                resolution: Literal["repeat", "done"] = "done" if done else "repeat"
                decision = Decide(task_id=task.task_id, approved=True, resolution=resolution)
                runner.give(decision)
                return

    def _moment(self) -> None:
        self.moments += 1
        if self.moments == self._killed_at:
            raise Killed

    def _answer(self, wanted: Invoke) -> Any:
        self.begun.append(wanted.task_id)
        if wanted.operation == "fail":
            return Failure(code="conflict", message="as planned")
        trouble = self.chance.random() < self._trouble and self.chance.choice(
            ("busy", "lost call", "lost answer")
        )
        if trouble == "busy":
            return Failure(code="busy", message="full", retry_after_s=0.5)
        if trouble == "lost call":
            return Failure(code="deadline_exceeded", message="no answer")
        value = self.commit(CountUp(key=wanted.key, name=wanted.arguments["name"], amount=1))
        if trouble == "lost answer":
            return Failure(code="deadline_exceeded", message="no answer")
        return Result(data=value)


def effects_of(db: Database, task_id: str) -> int:
    """Return how often a task had its effect."""
    found = db.value("SELECT count(*) FROM effects WHERE name = ?", (task_id,))
    return int(str(found))


def stored_queue(db: Database) -> Queue:
    """Return the queue as whoever takes over reads it."""
    revision, state = task_reads.queue(db)
    tasks = {one.task_id: task_of(one) for one in task_reads.loaded(db)}
    return Queue(
        tasks=tasks,
        is_paused=bool(state.get("is_paused")),
        breakers=state.get("breakers", {}),
        revision=revision,
    )


def run_to_its_end(
    db: Database, tasks: tuple[Task, ...], *, kills: Iterator[int], trouble: float = 0.0
) -> tuple[int, int]:
    """Run, die at each of these moments of successive processes.

    Returns:
        The moments of the last process, and how many died.
    """
    clock, chance = ManualClock(wall_s=tasks[0].created_s), random.Random(tasks[0].task_id)
    died = 0
    while True:
        world = SimulatedWorld(db, clock, chance, killed_at=next(kills, 0), trouble=trouble)
        runner = Runner(world, "tasks", RULES, stored_queue(db))
        try:
            # The client asks again until it is answered; the same tasks are queued once.
            if not db.value("SELECT count(*) FROM tasks WHERE task_id = ?", (tasks[0].task_id,)):
                runner.give(Added(tasks=tasks))
            else:
                runner.resume()
                runner.tick()
            world.run_until_quiet(runner)
        except Killed:
            died += 1
            continue
        return world.moments, died


def wrong_ends(db: Database, tasks: tuple[Task, ...]) -> list[str]:
    """Return what is wrong: a task that was lost, doubled, or begun before what it needs."""
    wrong = []
    ends = {task.task_id: task_reads.task(db, task.task_id) for task in tasks}
    rows = db.rows("SELECT name, min(rowid), count(DISTINCT key) FROM effects GROUP BY name")
    first = {name: number for name, number, _ in rows}
    doubled = Counter({name: count for name, _, count in rows})
    for task in tasks:
        stored = ends[task.task_id]
        bad = [one for one in task.spec.needs.values() if ends[one].status != "succeeded"]
        expected = "skipped" if bad else "failed" if task.spec.operation == "fail" else "succeeded"
        if stored.status != expected:
            wrong.append(f"{task.task_id}: expected {expected}, got {stored.status}")
        if doubled[task.task_id] != (expected == "succeeded"):
            wrong.append(f"{task.task_id} had its effect {doubled[task.task_id]} times")
        wrong += [
            f"{task.task_id} was begun before {needed}"
            for needed in task.spec.needs.values()
            if expected == "succeeded" and first[needed] > first.get(task.task_id, 0)
        ]
        lines = task_reads.lines(db, stored.row, last=10_000)
        if [line.number for line in lines] != list(range(1, len(lines) + 1)):
            wrong.append(f"{task.task_id}: the journal has gaps")
    return wrong
