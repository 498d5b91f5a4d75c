"""Derives what follows, a turn at a time, and has it written; others wait for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from mimo.actors.knowledge.inference import Inference
from mimo.actors.knowledge.upkeep import Upkeep
from mimo.actors.knowledge.view import View
from mimo.config import limits
from mimo.config.clock import Clock
from mimo.config.errors import Conflict, InvalidRequest, MimoError
from mimo.storage import knowledge_derived
from mimo.storage.commands import Edit
from mimo.storage.knowledge_upkeep import DropDerived, PutDerived
from mimo.supervision import messages as m

#: Facts settled before other calls get their turn; some 20 ms.
STEPS_A_TURN: Final = 2_000
#: What follows is let go of after this long without a question, in seconds.
RELEASE_AFTER_S: Final = 120.0
#: Facts or rules may change this often while what follows is being written.
ATTEMPTS_MAX: Final = 20

#: Why something can't be derived or kept.
Problem = MimoError | m.Failure
Then = Callable[[Problem | None], None]


class Host(Protocol):
    """What it needs of the graph's process."""

    @property
    def clock(self) -> Clock:
        """The process's clock."""

    def view(self, read: Callable[[View], Any]) -> Any:
        """Return what `read` makes of one snapshot."""

    def commit(self, edit: Edit, then: Callable[[Any], None]) -> None:
        """Have an edit written once."""

    def later(self, step: Callable[[], None], delay_s: float = 0.0) -> None:
        """Let other calls have their turn, then run `step`."""


@dataclass(slots=True)
class _Job:
    """What follows in one project is being brought up to date.

    Args:
        keeps: Whether it is to be written.
        waiting: Who waits for it.
        attempts: How often it began anew.
    """

    keeps: bool
    waiting: list[Then] = field(default_factory=list)
    attempts: int = 0


class Deriving:
    """All that is being derived in one process.

    Args:
        host: The process.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._upkeep = Upkeep()
        self._jobs: dict[str, _Job] = {}
        self._asked_s = 0.0
        self._is_release_planned = False

    def statistics(self) -> dict[str, int]:
        """Return how many graphs are in memory and how many are under way."""
        return {"graphs": len(self._upkeep), "deriving": len(self._jobs)}

    def inference(self, project: str) -> Inference:
        """Return what follows in a project that was derived just now."""
        return self._upkeep.inference(project)

    def when_fresh(self, project: str, then: Then) -> None:
        """Run `then` once what is kept as derived is all that follows."""
        try:
            state = self._host.view(lambda view: knowledge_derived.state(view.link, project))
        except MimoError as error:
            then(error)
            return
        if not state.materialised or state.is_fresh(self._host.clock.wall_s()):
            then(None)
        else:
            self.derive(project, then, keeps=True)

    def derive(self, project: str, then: Then, *, keeps: bool) -> None:
        """Run `then` once everything that follows is known, and if wanted kept."""
        self._asked_s = self._host.clock.monotonic_s()
        if not self._is_release_planned:
            self._is_release_planned = True
            self._host.later(self._release, RELEASE_AFTER_S)
        job = self._jobs.get(project)
        if job is None:
            job = self._jobs[project] = _Job(keeps)
            job.waiting.append(then)
            self._begin(project)
        else:
            # What is under way may have begun before the change that this one waits for.
            job.waiting.append(
                lambda problem: then(problem) if problem else self._again(project, then, keeps)
            )

    def _again(self, project: str, then: Then, keeps: bool) -> None:  # noqa: FBT001
        if keeps:
            state = self._host.view(lambda view: knowledge_derived.state(view.link, project))
            if state.materialised and state.is_fresh(self._host.clock.wall_s()):
                then(None)
                return
        self.derive(project, then, keeps=keeps)

    def _begin(self, project: str) -> None:
        try:
            self._host.view(lambda view: self._upkeep.read(view.link, project, view.now_s))
        except MimoError as error:
            self._end(project, error)
            return
        self._host.later(lambda: self._go_on(project))

    def _go_on(self, project: str) -> None:
        if not self._upkeep.run(project, STEPS_A_TURN):
            self._host.later(lambda: self._go_on(project))
        elif self._jobs[project].keeps:
            self._write(project)
        else:
            self._end(project, None)

    def _write(self, project: str) -> None:
        if self._upkeep.inference(project).is_full:
            error = InvalidRequest(
                f"expected at most {limits.DERIVED_FACTS_MAX} facts to follow, got more; remove a"
                " rule, or leave them to be derived on demand"
            )
            self._host.commit(
                DropDerived(project=project), lambda _value: self._end(project, error)
            )
            return
        try:
            writes = self._host.view(lambda view: self._upkeep.writes(view.link, project))
        except MimoError as error:
            self._end(project, error)
            return
        self._write_next(project, writes)

    def _write_next(self, project: str, writes: list[PutDerived]) -> None:
        def written(value: Any) -> None:
            if not isinstance(value, m.Failure):
                if writes[1:]:
                    self._write_next(project, writes[1:])
                else:
                    self._end(project, None)
                return
            self._upkeep.doubt(project)
            job = self._jobs[project]
            job.attempts += 1
            if value.code == Conflict.code and job.attempts < ATTEMPTS_MAX:
                self._begin(project)
            else:
                self._end(project, value)

        self._host.commit(writes[0], written)

    def _end(self, project: str, problem: Problem | None) -> None:
        for then in self._jobs.pop(project).waiting:
            then(problem)

    def _release(self) -> None:
        left_s = RELEASE_AFTER_S - (self._host.clock.monotonic_s() - self._asked_s)
        if left_s > 0 or self._jobs:
            self._host.later(self._release, max(left_s, 1.0))
        else:
            self._is_release_planned = False
            self._upkeep.release()
