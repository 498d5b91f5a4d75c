"""Runs that are open, each taken through its events one by one: step, save, then act.

It knows no actor and no database: who runs it passes a `World`. Nothing is done in the world before
the step that wants it is durable, and nobody is answered before that.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from mimo.actors.operations import Result
from mimo.actors.procedures.definition import Procedure
from mimo.actors.procedures.events import Answered, Begin, Event, Invoke, Outcome, Resume, Tick
from mimo.actors.procedures.machine import new_run, step
from mimo.actors.procedures.state import RunState, next_due_s, to_json
from mimo.config import faultpoints
from mimo.config.errors import MimoError
from mimo.storage.commands import Edit
from mimo.storage.procedures import SaveRun, StartRun, StepRow
from mimo.supervision.messages import Failure

#: How long a step that could not be saved waits for the next try, in seconds.
SAVE_AGAIN_S = 0.5

#: Gets the run as it is now, or why the event was refused.
Then = Callable[["Live | Failure"], None]


class World(Protocol):
    """What a runner needs from its process."""

    def now_s(self) -> float:
        """Return wall seconds UTC."""

    def save(self, command: Edit, then: Callable[[Any], None]) -> None:
        """Commit durably; `then` gets the reply or a `Failure`."""

    def invoke(self, live: Live, wanted: Invoke, then: Callable[[Any], None]) -> None:
        """Make a tool call; `then` gets a `Result` or a `Failure`."""

    def later(self, delay_s: float, do: Callable[[], None]) -> None:
        """Do something after a while."""

    def ended(self, live: Live) -> None:
        """Learn that a run has ended."""

    def lost(self, live: Live, failure: Failure) -> None:
        """Learn that another process runs this run."""


@dataclass(slots=True)
class Live:
    """One open run.

    Args:
        procedure: What is run.
        run: Its state, as it is stored.
        revision: How often it was saved.
        source: Who started it.
        queue: Events that wait for their turn.
        is_saving: Whether a step is being saved.
    """

    procedure: Procedure
    run: RunState
    revision: int
    source: str
    queue: deque[tuple[Event, Then | None]] = field(default_factory=deque)
    is_saving: bool = False


class Runner:
    """Take runs through their events.

    Args:
        world: Its process.
        name: For fault points.
    """

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self.runs: dict[str, Live] = {}

    def start(  # noqa: PLR0913, PLR0917  what a run is made of
        self,
        procedure: Procedure,
        procedure_id: int,
        run_id: str,
        context: dict[str, Any],
        source: str,
        then: Callable[[Live | Failure | None], None],
    ) -> None:
        """Make a run and enter its first state; `then` gets None where the run was there before."""
        now_s = self._world.now_s()
        outcome = step(procedure, new_run(procedure, run_id, context, now_s), Begin(), now_s)
        live = Live(procedure, outcome.state, 1, source)
        command = StartRun(
            run_id=run_id,
            procedure_id=procedure_id,
            status=outcome.state.status,
            state=to_json(outcome.state),
            steps=_rows(outcome),
            source=source,
        )

        def saved(value: Any) -> None:
            if isinstance(value, Failure):
                then(value)
            elif not value["created"]:
                then(self.runs.get(run_id))
            else:
                faultpoints.reach("procedures.after_save", self._name)
                self.runs[run_id] = live
                then(live)
                self._go_on(live, outcome)

        faultpoints.reach("procedures.before_save", self._name)
        self._world.save(command, saved)

    def resume(self, live: Live) -> None:
        """Take over a run that another process began."""
        self.runs[live.run.run_id] = live
        self.give(live, Resume())

    def give(self, live: Live, event: Event, then: Then | None = None) -> None:
        """Let an event happen to a run; `then` is called once it is durable."""
        live.queue.append((event, then))
        self._work(live)

    def tick(self) -> None:
        """Let time pass for the runs for which it changes something."""
        now_s = self._world.now_s()
        for live in list(self.runs.values()):
            due_s = next_due_s(live.run)
            if due_s is not None and due_s <= now_s and not live.queue and not live.is_saving:
                self.give(live, Tick())

    def next_due_s(self) -> float | None:
        """Return the nearest moment at which `tick` changes something, wall seconds UTC."""
        moments = (next_due_s(live.run) for live in self.runs.values() if not live.is_saving)
        return min((moment for moment in moments if moment is not None), default=None)

    # -- One step --------------------------------------------------------------------------------
    def _work(self, live: Live) -> None:
        while live.queue and not live.is_saving:
            event, then = live.queue.popleft()
            try:
                outcome = step(live.procedure, live.run, event, self._world.now_s())
            except MimoError as error:
                _tell(then, Failure(code=error.code, message=error.message))
                continue
            if outcome.must_be_saved:
                live.is_saving = True
                self._save(live, outcome, then)
            else:
                live.run = outcome.state
                self._invoke(live, outcome)
                _tell(then, live)

    def _save(self, live: Live, outcome: Outcome, then: Then | None) -> None:
        command = SaveRun(
            run_id=live.run.run_id,
            revision=live.revision + 1,
            status=outcome.state.status,
            state=to_json(outcome.state),
            steps=_rows(outcome),
        )
        faultpoints.reach("procedures.before_save", self._name)
        self._world.save(command, lambda value: self._saved(live, outcome, then, value))

    def _saved(self, live: Live, outcome: Outcome, then: Then | None, value: Any) -> None:
        if isinstance(value, Failure) and value.code in ("conflict", "not_found"):
            self._lose(live, then, value)
            return
        if isinstance(value, Failure):
            self._world.later(SAVE_AGAIN_S, lambda: self._save(live, outcome, then))
            return
        faultpoints.reach("procedures.after_save", self._name)
        live.revision += 1
        live.run = outcome.state
        live.is_saving = False
        _tell(then, live)
        self._go_on(live, outcome)

    def _go_on(self, live: Live, outcome: Outcome) -> None:
        """Make the calls of a step that is durable, and take the next event."""
        self._invoke(live, outcome)
        if live.run.has_ended:
            self.runs.pop(live.run.run_id, None)
            self._world.ended(live)
        self._work(live)

    def _invoke(self, live: Live, outcome: Outcome) -> None:
        for wanted in outcome.calls:
            self._world.invoke(live, wanted, partial(self._answered, live, wanted.key))

    def _answered(self, live: Live, key: str, value: Any) -> None:
        faultpoints.reach("procedures.after_effect", self._name)
        if isinstance(value, Result):
            self.give(live, Answered(key=key, data=value.data))
        else:
            self.give(
                live,
                Answered(
                    key=key,
                    code=value.code,
                    message=value.message,
                    retry_after_s=value.retry_after_s,
                ),
            )

    def _lose(self, live: Live, then: Then | None, value: Failure) -> None:
        """Let go of a run that another process has saved since."""
        self.runs.pop(live.run.run_id, None)
        waiting = [then, *(after for _, after in live.queue)]
        live.queue.clear()
        self._world.lost(live, value)
        for each in waiting:
            _tell(each, value)


def _tell(then: Then | None, value: Live | Failure) -> None:
    if then is not None:
        then(value)


def _rows(outcome: Outcome) -> tuple[StepRow, ...]:
    return tuple(
        (line.number, line.state, line.what, json.dumps(line.detail, ensure_ascii=False))
        for line in outcome.lines
    )
