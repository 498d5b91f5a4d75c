"""The knowledge graph as a process: answers from a connection of its own, writes by the writer.

It owns nothing: facts stand in the database, what follows is made anew when it is needed. A write
that was committed before a death is found again in the ledger, so that its successor answers it and
doesn't do it twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from mimo.actors.knowledge import figures, proofs, queries, walks
from mimo.actors.knowledge import messages as km
from mimo.actors.knowledge.asking import DEADLINE_S, facts_in, question
from mimo.actors.knowledge.deriving import Deriving, Problem
from mimo.actors.knowledge.extraction import Extracted, extract
from mimo.actors.knowledge.gathering import Gathering
from mimo.actors.knowledge.inferred import inferred_json
from mimo.actors.knowledge.learning import linking, teaching
from mimo.actors.knowledge.presentation import sentence
from mimo.actors.knowledge.view import View
from mimo.actors.llm.messages import Completion
from mimo.actors.operations import Result
from mimo.actors.storage.messages import Commit
from mimo.config import limits
from mimo.config.errors import Conflict, MimoError
from mimo.config.settings import Settings
from mimo.storage import database, knowledge, knowledge_derived
from mimo.storage.commands import Edit
from mimo.storage.knowledge_records import NewFact
from mimo.storage.knowledge_upkeep import DropDerived
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure

WRITER: Final = "storage/writer"
LLM: Final = "memory/llm"
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
class _Turn:
    """Timer payload: the next step of something long."""

    step: Callable[[], None]


class KnowledgeGraph(GenServer):
    """Answer everything about facts; see the module."""

    #: The database's ledger remembers keys, also over a restart.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Open the database for reading; nothing else is loaded before it is asked for."""
        self._settings: Settings = args["settings"]
        self._db = database.open_reader(self._settings.paths.database)
        self._deriving = Deriving(self)
        self.follow(WRITER)

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Start on a request; most answers come once other processes have done their part."""
        read = _READS.get(type(request))
        if read is not None:
            self._deriving.when_fresh(
                request.project, lambda problem: self._answer(call, read, problem)
            )
            return NO_REPLY
        match request:
            case km.Change():
                self._change(call, request.project, request.edit)
            case km.TeachFacts():
                self._teach(call, request)
            case km.LinkMemory():
                edit, told = self.view(lambda view: linking(view, request))
                self._learn(call, request.project, edit, told)
            case km.LinkPath() | km.SyncDependencies():
                Gathering(self, call, request, self._settings).start()
            case km.Infer():
                self._infer(call, request)
            case _:
                return super().handle_call(request, call)
        return NO_REPLY

    def handle_info(self, info: Any) -> None:
        """Go on with something long."""
        if isinstance(info, _Turn):
            info.step()

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Close the connection."""
        self._db.close()

    def statistics_extra(self) -> dict[str, Any]:
        """Add which graphs are held in memory."""
        return self._deriving.statistics()

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
        problem: Problem | None,
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

    def later(self, step: Callable[[], None], delay_s: float = 0.0) -> None:
        """Let other calls have their turn, then run `step`."""
        self.after(delay_s, _Turn(step))

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

    def finish(
        self,
        call: m.Call,
        project: str,
        reply: dict[str, Any],
        degraded: tuple[str, ...] = (),
    ) -> None:
        """Bring what follows up to date after a write, then answer with its reply."""

        def fresh(problem: Problem | None) -> None:
            missing = () if problem is None else (f"inference: {problem.code}",)
            self._finished(call, reply, degraded + missing)

        self._deriving.when_fresh(project, fresh)

    def _finished(self, call: m.Call, reply: dict[str, Any], degraded: tuple[str, ...]) -> None:
        value: Any
        try:
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

    def _teach(self, call: m.Call, request: km.TeachFacts) -> None:
        """Read facts out of the text by rules, ask a model about the rest, write them."""
        read = extract(request.text, request.confidence)
        wants_model = bool(read.unread) and bool(self._settings.llm.providers)
        if not wants_model or self._known(request.key) is not None:
            self._write_taught(call, request, read, (), ())
            return

        def asked(value: Any) -> None:
            if isinstance(value, Completion):
                facts = facts_in(value.text, request.text, request.confidence)
                self._write_taught(call, request, read, facts, ())
            else:
                self._write_taught(call, request, read, (), (f"llm: {value.code}",))

        try:
            timeout_s = DEADLINE_S + limits.CALL_TIMEOUT_S / 2
            self.call(LLM, question(read.unread), asked, timeout_s=timeout_s, retry=False)
        except MimoError as error:
            asked(failure(error))

    def _write_taught(
        self,
        call: m.Call,
        request: km.TeachFacts,
        read: Extracted,
        asked: tuple[NewFact, ...],
        degraded: tuple[str, ...],
    ) -> None:
        try:
            edit, told = teaching(request, read, asked)
        except MimoError as error:
            # What was written before a death is told, however the text reads now.
            known = self._known(request.key)
            if known is None:
                self.reply(call, failure(error))
            else:
                self.finish(call, request.project, known)
            return
        self._learn(call, request.project, edit, told, degraded)

    def _learn(
        self,
        call: m.Call,
        project: str,
        edit: Edit,
        told: dict[str, Any],
        degraded: tuple[str, ...] = (),
    ) -> None:
        """Write facts that were read out of something; the answer also says what was read."""

        def committed(value: Any) -> None:
            if isinstance(value, m.Failure):
                self.reply(call, value)
            else:
                self.finish(call, project, value | told, degraded)

        self.commit(edit, committed)

    # -- Deriving ----------------------------------------------------------------------------
    def _infer(self, call: m.Call, request: km.Infer) -> None:
        if request.mode == "drop":
            self._change(call, request.project, DropDerived(project=request.project))
            return

        def derived(problem: Problem | None) -> None:
            if problem is not None:
                failed = failure(problem) if isinstance(problem, MimoError) else problem
                self.reply(call, failed)
                return
            inference = self._deriving.inference(request.project)
            try:
                data = self.view(lambda view: inferred_json(view, request, inference))
                self.reply(call, Result(data=data))
            except MimoError as error:
                self.reply(call, failure(error))

        self._deriving.derive(request.project, derived, keeps=request.mode == "keep")


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
