"""The knowledge graph as a process: answers from a connection of its own, writes by the writer.

It owns nothing: facts stand in the database, what follows is made anew when it is needed. A write
that was committed before a death is found again in the ledger, so that its successor answers it and
doesn't do it twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from mimo.actors.knowledge import figures, proofs, queries, walks
from mimo.actors.knowledge import messages as km
from mimo.actors.knowledge.gathering import Gathering
from mimo.actors.knowledge.inferred import inferred_json
from mimo.actors.knowledge.learning import edit_of
from mimo.actors.knowledge.presentation import sentence
from mimo.actors.knowledge.upkeep import Upkeep
from mimo.actors.knowledge.view import View
from mimo.actors.operations import Result
from mimo.actors.storage.messages import Commit
from mimo.config import limits
from mimo.config.errors import Conflict, InvalidRequest, MimoError
from mimo.config.settings import Settings
from mimo.storage import database, knowledge, knowledge_derived
from mimo.storage.commands import Edit
from mimo.storage.knowledge_upkeep import DropDerived, PutDerived
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure

WRITER: Final = "storage/writer"
#: Facts settled before other calls get their turn; some 20 ms.
STEPS_A_TURN: Final = 2_000
#: What follows is let go of after this long without a question, in seconds.
RELEASE_AFTER_S: Final = 120.0
#: Facts or rules may change this often while what follows is being written.
ATTEMPTS_MAX: Final = 20

Then = Callable[[MimoError | m.Failure | None], None]
_READS: Final[dict[type, Callable[[View, Any], dict[str, Any]]]] = {
    km.QueryFacts: queries.query,
    km.WalkFrom: walks.surroundings,
    km.FindPath: walks.path,
    km.Explore: walks.explore,
    km.GraphStats: figures.stats,
    km.ListRules: figures.rules,
    km.Prove: proofs.prove,
}


@dataclass(slots=True)
class _Slice:
    """Timer payload: go on deriving."""

    project: str


@dataclass(slots=True)
class _Turn:
    """Timer payload: the next step of something long."""

    step: Callable[[], None]


class _Release:
    """Timer payload: nobody asked for what follows for a while."""


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


class KnowledgeGraph(GenServer):
    """Answer everything about facts; see the module."""

    #: The database's ledger remembers keys, also over a restart.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Open the database for reading; nothing else is loaded before it is asked for."""
        self._settings: Settings = args["settings"]
        self._db = database.open_reader(self._settings.paths.database)
        self._upkeep = Upkeep(args.get("derived_max", limits.DERIVED_FACTS_MAX))
        self._jobs: dict[str, _Job] = {}
        self._asked_s = 0.0
        self._release_timer: int | None = None
        self.follow(WRITER)

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Start on a request; most answers come once other processes have done their part."""
        read = _READS.get(type(request))
        if read is not None:
            self._when_fresh(request.project, lambda problem: self._answer(call, read, problem))
            return NO_REPLY
        match request:
            case km.Change():
                self._change(call, request.project, request.edit)
            case km.TeachFacts() | km.LinkMemory():
                self._learn(call, request)
            case km.LinkPath() | km.SyncDependencies():
                Gathering(self, call, request, self._settings).start()
            case km.Infer():
                self._infer(call, request)
            case _:
                return super().handle_call(request, call)
        return NO_REPLY

    def handle_info(self, info: Any) -> None:
        """Go on deriving, or let go of what nobody asks for."""
        match info:
            case _Slice():
                self._go_on(info.project)
            case _Turn():
                info.step()
            case _Release():
                self._release()

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Close the connection."""
        self._db.close()

    def statistics_extra(self) -> dict[str, Any]:
        """Add which graphs are held in memory."""
        return {"graphs": len(self._upkeep), "deriving": len(self._jobs)}

    # -- Reading -----------------------------------------------------------------------------
    def view(self, read: Callable[[View], Any]) -> Any:
        """Return what `read` makes of one snapshot.

        Raises:
            MimoError: What it raised; see also `storage.faults`.
        """
        with self._db.snapshot() as link:
            return read(View(link, self.clock.wall_s()))

    def _answer(
        self,
        call: m.Call,
        read: Callable[[View, Any], dict[str, Any]],
        problem: MimoError | m.Failure | None,
    ) -> None:
        """Answer a read; what could not be derived only makes the answer smaller."""
        value: Any
        try:
            data = self.view(lambda view: read(view, call.request))
            degraded = () if problem is None else (f"inference: {problem.code}",)
            value = Result(data=data, degraded=degraded)
        except MimoError as error:
            value = failure(error)
        self.reply(call, value)

    def later(self, step: Callable[[], None]) -> None:
        """Let other calls have their turn, then run `step`."""
        self.after(0.0, _Turn(step))

    # -- Writing -----------------------------------------------------------------------------
    def commit(self, edit: Edit, then: Callable[[Any], None]) -> None:
        """Have an edit written once, and give `then` its reply or a `Failure`."""
        try:
            known = self._known(edit.key)
        except MimoError as error:
            then(failure(error))
            return
        if known is not None:
            then(known)
            return

        def committed(value: Any) -> None:
            # An earlier incarnation's write may have come first, with what it read then.
            if isinstance(value, m.Failure) and value.code == Conflict.code and edit.key:
                value = self._known(edit.key) or value
            then(value)

        try:
            self.call(WRITER, Commit(command=edit), committed)
        except MimoError as error:
            then(failure(error))

    def finish(self, call: m.Call, project: str, reply: dict[str, Any]) -> None:
        """Bring what follows up to date after a write, then answer with its reply."""
        self._when_fresh(project, lambda problem: self._finished(call, reply, problem))

    def _finished(
        self, call: m.Call, reply: dict[str, Any], problem: MimoError | m.Failure | None
    ) -> None:
        value: Any
        try:
            degraded = () if problem is None else (f"inference: {problem.code}",)
            value = Result(data=self.view(lambda view: _told(view, reply)), degraded=degraded)
        except MimoError as error:
            value = failure(error)
        self.reply(call, value)

    def _known(self, key: str) -> Any:
        if not key:
            return None
        return self.view(lambda view: knowledge.reply_of(view.link, key))

    def _change(self, call: m.Call, project: str, edit: Edit) -> None:
        def committed(value: Any) -> None:
            if isinstance(value, m.Failure):
                self.reply(call, value)
            else:
                self.finish(call, project, value)

        self.commit(edit, committed)

    def _learn(self, call: m.Call, request: km.TeachFacts | km.LinkMemory) -> None:
        """Read facts out of what was given and write them."""
        edit, told = self.view(lambda view: edit_of(view, request))

        def committed(value: Any) -> None:
            if isinstance(value, m.Failure):
                self.reply(call, value)
            else:
                self.finish(call, request.project, value | told)

        self.commit(edit, committed)

    # -- Deriving ----------------------------------------------------------------------------
    def _when_fresh(self, project: str, then: Then) -> None:
        """Run `then` once what is kept as derived is all that follows."""
        try:
            state = self.view(lambda view: knowledge_derived.state(view.link, project))
        except MimoError as error:
            then(error)
            return
        if not state.materialised or state.is_fresh(self.clock.wall_s()):
            then(None)
        else:
            self._derive(project, then, keeps=True)

    def _derive(self, project: str, then: Then, *, keeps: bool) -> None:
        self._asked_s = self.clock.monotonic_s()
        if self._release_timer is None:
            self._release_timer = self.after(RELEASE_AFTER_S, _Release())
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
            state = self.view(lambda view: knowledge_derived.state(view.link, project))
            if state.materialised and state.is_fresh(self.clock.wall_s()):
                then(None)
                return
        self._derive(project, then, keeps=keeps)

    def _begin(self, project: str) -> None:
        try:
            self.view(lambda view: self._upkeep.read(view.link, project, view.now_s))
        except MimoError as error:
            self._end(project, error)
            return
        self.after(0.0, _Slice(project))

    def _go_on(self, project: str) -> None:
        if not self._upkeep.run(project, STEPS_A_TURN):
            self.after(0.0, _Slice(project))
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
            self.commit(DropDerived(project=project), lambda _value: self._end(project, error))
            return
        try:
            writes = self.view(lambda view: self._upkeep.writes(view.link, project))
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

        self.commit(writes[0], written)

    def _end(self, project: str, problem: MimoError | m.Failure | None) -> None:
        for then in self._jobs.pop(project).waiting:
            then(problem)

    def _infer(self, call: m.Call, request: km.Infer) -> None:
        if request.mode == "drop":
            self._change(call, request.project, DropDerived(project=request.project))
            return

        def derived(problem: MimoError | m.Failure | None) -> None:
            if problem is not None:
                failed = failure(problem) if isinstance(problem, MimoError) else problem
                self.reply(call, failed)
                return
            inference = self._upkeep.inference(request.project)
            try:
                data = self.view(lambda view: inferred_json(view, request, inference))
                self.reply(call, Result(data=data))
            except MimoError as error:
                self.reply(call, failure(error))

        self._derive(request.project, derived, keeps=request.mode == "keep")

    def _release(self) -> None:
        self._release_timer = None
        left_s = RELEASE_AFTER_S - (self.clock.monotonic_s() - self._asked_s)
        if left_s > 0 or self._jobs:
            self._release_timer = self.after(max(left_s, 1.0), _Release())
        else:
            self._upkeep.release()


def _told(view: View, reply: dict[str, Any]) -> dict[str, Any]:
    """Return a write's reply with what followed before and doesn't now, in words."""
    if "withdrawn" not in reply:
        return reply
    gone = [tuple(each[1:]) for each in reply["withdrawn"]]
    there = knowledge_derived.still_there(view.link, gone)
    lost = [fact for fact in dict.fromkeys(gone) if fact not in there]
    names = view.names(lost)
    shown = [sentence(fact, names) for fact in lost[: limits.FACTS_SHOWN_MAX]]
    return reply | {"withdrawn": shown, "withdrawn_count": len(lost)}
