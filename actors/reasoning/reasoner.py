"""The actor that keeps sessions of reasoning: looks up what a recipe needs, keeps what it makes.

Calls about one session are done one after the other, in the order in which they came.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from mimo.actors.cognition import verifying
from mimo.actors.cognition.messages import Verify
from mimo.actors.knowledge.messages import QueryFacts
from mimo.actors.memory.operations import MEMORY
from mimo.actors.operations import CallContext, Result
from mimo.actors.pools import recall_names
from mimo.actors.reasoning.asking import PAST, TAG, Answer, Ask, Found, Needs, Recipe
from mimo.actors.reasoning.evidence import hits_of
from mimo.actors.reasoning.guiding import session_id_of
from mimo.actors.reasoning.handlers import HANDLERS
from mimo.actors.reasoning.keeping import TABLE, Keeper
from mimo.actors.reasoning.messages import Reason
from mimo.actors.storage.messages import Commit
from mimo.config import limits
from mimo.config.errors import Conflict, InvalidRequest, MimoError
from mimo.config.settings import Settings
from mimo.storage import database, reasoning
from mimo.storage.reasoning import SaveSession
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, failure
from mimo.supervision.heir_protocol import TableSpec
from mimo.supervision.table import TableOwner

WRITER = "storage/writer"
GRAPH = "knowledge/graph"
#: How long what is looked up may take, in seconds; the answer says what is missing then.
LOOK_S = 8.0
#: How long a model may take to answer a question from memories, in seconds.
ANSWER_S = 25.0
#: How long a save may take, and after which time a failed one is tried again, in seconds.
SAVE_S = 10.0
SAVE_AGAIN_S = 1.0
#: Facts of the knowledge graph that are looked at.
FACTS = 10


class _SaveAgain:
    """Timer payload: the writer refused; try again."""


class Reasoner(TableOwner):
    """Serve `reason` and what `cognitive` looks up. A session's row is in the table first."""

    #: A session keeps its last answers itself, over the death of this process.
    remembers_replies: ClassVar[bool] = True

    def init(self, args: dict[str, Any]) -> None:
        """Open the database for reading; ready once the table is there."""
        settings: Settings = args["settings"]
        self._db = database.open_reader(settings.paths.database)
        self._recalls = recall_names(settings)
        self._queues: dict[str, deque[m.Call]] = {}
        self._saving: set[str] = set()
        self._is_waiting = False
        self._keeper: Keeper | None = None
        super().init(args)

    def tables(self) -> tuple[TableSpec, ...]:
        """Return the table of what isn't on disk yet."""
        return (TABLE,)

    def table_ready(self) -> None:
        """Take over what an earlier process didn't get to disk."""
        self._keeper = Keeper(self._db, self.table(TABLE.name))
        self.follow(WRITER, GRAPH, *self._recalls)
        self._save_all()

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Begin an operation; it is answered when all it needs is there."""
        if isinstance(request, Verify):
            return Result(data=verifying.answer(request.operation, request.arguments))
        if not isinstance(request, Reason):
            return super().handle_call(request, call)
        recipe = HANDLERS.get(request.operation)
        if recipe is None:
            raise InvalidRequest(f"expected an operation of reason, got {request.operation!r}")
        session_id = str(request.arguments.get("session_id", "")).strip()
        if not session_id and recipe.begins:
            session_id = session_id_of(request.key)
        waiting = self._queues.get(session_id)
        if not session_id:
            self._begin(recipe, request, call, session_id)
        elif waiting is not None:
            waiting.append(call)
        else:
            self._queues[session_id] = deque()
            self._run(call, session_id)
        return NO_REPLY

    def handle_info(self, info: Any) -> None:
        """Save again what the writer refused."""
        if isinstance(info, _SaveAgain):
            self._is_waiting = False
            self._save_all()
        else:
            super().handle_info(info)

    def terminate(self, reason: m.ExitReason) -> None:
        """Close the database; what isn't saved is in the table."""
        super().terminate(reason)
        self._db.close()

    def may_rest(self) -> bool:
        """Tell whether nothing waits: neither calls nor saves."""
        return not self._queues and (self._keeper is None or not self._keeper.unsaved)

    def statistics_extra(self) -> dict[str, Any]:
        """Add what isn't on disk yet."""
        return {"unsaved_sessions": len(self.keeper.unsaved)}

    @property
    def keeper(self) -> Keeper:
        """Return where sessions are kept."""
        if self._keeper is None:
            raise InvalidRequest("expected a table, got none yet; ask again")
        return self._keeper

    # -- One call after the other ------------------------------------------------------------
    def _run(self, call: m.Call, session_id: str) -> None:
        request: Reason = call.request
        self._begin(HANDLERS[request.operation], request, call, session_id)

    def _end(self, call: m.Call, session_id: str, value: Any) -> None:
        """Answer, and go on with the next call about this session."""
        self.reply(call, value)
        queue = self._queues.get(session_id)
        if queue:
            self._run(queue.popleft(), session_id)
        elif queue is not None:
            del self._queues[session_id]

    def _begin(self, recipe: Recipe, request: Reason, call: m.Call, session_id: str) -> None:
        try:
            known = self._answered_before(recipe, request, session_id)
            if known is not None:
                self._end(call, session_id, Result(data=known))
                return
            needs = recipe.needs(self._ask(recipe, request, session_id))
            wanted = self._questions(needs, request)
        except MimoError as error:
            self._end(call, session_id, failure(error))
            return
        found = Found()

        def finish() -> None:
            self._finish(recipe, request, call, session_id, found)

        self._gather(wanted, found, finish)

    def _finish(
        self, recipe: Recipe, request: Reason, call: m.Call, session_id: str, found: Found
    ) -> None:
        try:
            ask = self._ask(recipe, request, session_id)
            mine = ask.session.copy() if ask.session is not None else None
            answer = recipe.answer(dataclasses.replace(ask, session=mine), found)
            self._keep(answer, request.key)
        except MimoError as error:
            self._end(call, session_id, failure(error))
            return
        self._end(call, session_id, Result(data=answer.data, degraded=tuple(found.lacking)))
        self._save_all()

    def _answered_before(
        self, recipe: Recipe, request: Reason, session_id: str
    ) -> dict[str, Any] | None:
        """Return what this very call was answered by a process that died since."""
        if not session_id:
            return None
        is_new = recipe.begins and not request.arguments.get("session_id")
        session = self.keeper.find(session_id) if is_new else self.keeper.get(session_id)
        known = session.replies.get(request.key) if session is not None else None
        if is_new and session is not None and known is None:
            raise Conflict(f"expected a new session, got {session_id}, which goes on already")
        return known

    def _ask(self, recipe: Recipe, request: Reason, session_id: str) -> Ask:
        session = self.keeper.find(session_id) if session_id else None
        return Ask(
            operation=request.operation,
            arguments=request.arguments,
            key=request.key,
            client=request.client,
            now_s=self.clock.wall_s(),
            session=session,
            stats=self._statistics() if recipe.counts else {},
        )

    def _statistics(self) -> dict[str, Any]:
        return {
            "counts": reasoning.counts(self._db),
            "totals": reasoning.totals(self._db),
            "newest": reasoning.newest(self._db, 5),
            "topics": reasoning.topics(self._db, limits.PAGE_MAX, unsure_only=True),
            "topic_counts": reasoning.topic_counts(self._db),
        }

    # -- Looking up ------------------------------------------------------------------------------
    def _questions(self, needs: Needs, request: Reason) -> list[tuple[str, str, Any, float]]:
        """Return what is to be asked: name of the answer, who, what, and how long it may take."""
        least = min(self._recalls, key=self.load)
        wanted: list[tuple[str, str, Any, float]] = [
            (f"hits:{name}", self._recalls[place % len(self._recalls)], search, LOOK_S)
            for place, (name, search) in enumerate(needs.searches.items())
        ]
        if needs.facts:
            text = needs.facts[: limits.QUERY_CHARS_MAX]
            facts = QueryFacts(project=needs.project, text=text, limit=FACTS)
            wanted.append(("facts", GRAPH, facts, LOOK_S))
        if needs.conflicts is not None:
            wanted.append(("conflicts", least, needs.conflicts, LOOK_S))
        if needs.answer is not None:
            wanted.append(("answer", least, needs.answer, ANSWER_S))
        if needs.memory is not None:
            wanted.append(("memory", WRITER, _remembering(needs.memory, request), SAVE_S))
        return wanted

    def _gather(
        self,
        wanted: list[tuple[str, str, Any, float]],
        found: Found,
        finish: Callable[[], None],
    ) -> None:
        """Ask all at once; `finish` runs when all have answered, in time or not."""
        if not wanted:
            finish()
            return
        left = {name for name, *_ in wanted}

        def got(name: str, value: Any) -> None:
            _note(found, name, value)
            left.discard(name)
            if not left:
                finish()

        for name, target, request, timeout_s in wanted:
            key = getattr(request, "key", None) or None
            try:
                self.call(
                    target,
                    request,
                    lambda value, name=name: got(name, value),  # type: ignore[misc]
                    timeout_s=timeout_s,
                    key=key,
                )
            except MimoError as error:
                got(name, failure(error))

    # -- Keeping ---------------------------------------------------------------------------------
    def _keep(self, answer: Answer, key: str) -> None:
        if answer.topic is not None:
            self.cast(WRITER, Commit(command=answer.topic))
        if answer.session is not None:
            answer.session.keep_reply(key, answer.data)
            self.keeper.put(answer.session)

    def _save_all(self) -> None:
        for session_id in self.keeper.unsaved:
            self._save(session_id)

    def _save(self, session_id: str) -> None:
        if session_id in self._saving or self._is_waiting:
            return
        command = self.keeper.saving(session_id)
        self._saving.add(session_id)
        try:
            self.call(
                WRITER,
                Commit(command=command),
                lambda value: self._saved(command, value),
                timeout_s=SAVE_S,
            )
        except MimoError as error:
            self._saved(command, failure(error))

    def _saved(self, command: SaveSession, value: Any) -> None:
        self._saving.discard(command.session_id)
        if isinstance(value, m.Failure):
            if not self._is_waiting:
                self._is_waiting = True
                self.after(SAVE_AGAIN_S, _SaveAgain())
            return
        self.keeper.saved(command)
        if command.session_id in self.keeper.unsaved:
            self._save(command.session_id)


def _remembering(arguments: Any, request: Reason) -> Any:
    """Return the message that stores a memory, through the same door as memory's own `store`."""
    store = MEMORY.operation("store")
    if store is None:
        raise InvalidRequest("expected memory to have an operation store, got none")
    told = hashlib.blake2b(f"{request.key} {arguments}".encode(), digest_size=12).hexdigest()
    context = CallContext(
        client=request.client, connection="reasoning", request_id="", key=f"reason:{told}"
    )
    return store.build(arguments, context)


def _note(found: Found, name: str, value: Any) -> None:
    """Put an answer where the recipe looks for it, or say what is lacking."""
    if isinstance(value, m.Failure):
        what = "memory" if name.startswith("hits:") else name
        text = f"{what}: {value.message}"
        if text not in found.lacking:
            found.lacking.append(text)
        return
    data = value.data if isinstance(value, Result) else {}
    if isinstance(value, Result):
        found.lacking += [each for each in value.degraded if each not in found.lacking]
    match name.partition(":"):
        case ("hits", _, search):
            # What was reasoned before is no evidence for what is reasoned now.
            found.hits[search] = [
                hit for hit in hits_of(data["memories"]) if search == PAST or TAG not in hit.tags
            ]
        case ("facts", *_):
            found.facts = list(data.get("facts", ()))
        case ("conflicts", *_):
            found.conflicts = [
                (pair["newer"]["memory_id"], pair["older"]["memory_id"]) for pair in data["pairs"]
            ]
        case ("answer", *_):
            found.answer = data
        case ("memory", *_):
            found.memory_id = int(data["memory_id"])
