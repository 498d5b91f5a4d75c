"""Recall: answers questions about memories from a read-only connection of its own.

Several of these run side by side; each sees a memory the moment its store was acknowledged.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from mimo.actors.memory import messages as mm
from mimo.actors.memory import time_filter
from mimo.actors.memory.contradictions import report
from mimo.actors.memory.embedding import make_embedder
from mimo.actors.memory.engine import RecallEngine
from mimo.actors.memory.operations_exchange import cursor_of
from mimo.actors.memory.presentation import is_valid_at, one_json, page_json, stats_json
from mimo.actors.memory.second_look import SecondLook
from mimo.actors.memory.synthesizer import Synthesizer
from mimo.actors.memory.versions import history_of
from mimo.actors.operations import Result
from mimo.actors.storage.messages import Commit
from mimo.config.settings import Settings
from mimo.storage import checkpoints, database, exchange, memories, pages
from mimo.storage.contradictions import LinkFindings
from mimo.storage.records import Filters
from mimo.storage.sessions_learning import evidence_of
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer

#: How long accesses are collected before they are written, in seconds: statistics, not memories.
ACCESS_FLUSH_S = 5.0
WRITER = "storage/writer"
#: Pause before each second look, in seconds: searches go first.
SECOND_LOOK_S = 0.1
LLM = "memory/llm"
#: What a call of the language model may take beyond its own deadline, in seconds.
LLM_MARGIN_S = 2.0
#: Threads that embed one question: measured 2.6 ms with two, 3.5 ms with one.
QUERY_THREADS = 2


class _LookAgain:
    """Timer payload: a memory waits for its second look."""


class _FlushAccess:
    """Timer payload: write down what was returned."""


class _ReleaseModel:
    """Timer payload: nobody searched by meaning for a while."""


class Recall(GenServer):
    """Search, get and list; see the module."""

    #: Reading twice does no harm.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Open the database for reading; the model is loaded at the first search by meaning."""
        self._settings: Settings = args["settings"]
        self._db = database.open_reader(self._settings.paths.database)
        self._embedder = make_embedder(self._settings, QUERY_THREADS)
        self._engine = RecallEngine(self._db, self._embedder, self.clock)
        self._accessed: set[int] = set()
        self._searched_s = 0.0
        self._release_timer: int | None = None
        self._second_look = SecondLook()
        self._synthesizer = Synthesizer(self._db)
        self.follow(WRITER)

    def handle_batch(self, calls: list[m.Call]) -> None:
        """Embed the questions of all searches at once, then answer one by one."""
        self._engine.prepare(
            [call.request for call in calls if isinstance(call.request, mm.Search)]
        )
        super().handle_batch(calls)

    def handle_call(self, request: Any, call: m.Call) -> Any:  # noqa: PLR0911  a table
        """Answer from the database as it is now."""
        match request:
            case mm.Search():
                return self._search(request)
            case mm.Synthesize():
                return self._synthesize(request, call)
            case mm.GetMemory():
                return self._get(request)
            case mm.MemoryHistory():
                return history_of(self._db, request)
            case mm.Contradictions():
                return report(self._db, request)
            case mm.ListMemories():
                return self._list(request)
            case mm.MemoryStats():
                return self._stats(request)
            case mm.ExportPage():
                return self._export(request)
            case mm.MemoryHealth():
                return self._health()
            case _:
                return super().handle_call(request, call)

    def handle_cast(self, request: Any) -> None:
        """Note which memories want a second look."""
        if isinstance(request, mm.LookAgain):
            if not len(self._second_look):
                self.after(SECOND_LOOK_S, _LookAgain())
            self._second_look.note(request.memory_ids)
        else:
            super().handle_cast(request)

    def handle_info(self, info: Any) -> None:
        """Write down accesses; look again; give the model's memory back."""
        match info:
            case _LookAgain():
                self._look_again()
            case _FlushAccess():
                if self._accessed and self.cast(
                    WRITER, mm.RecordAccess(memory_ids=tuple(sorted(self._accessed)))
                ):
                    self._accessed.clear()
            case _ReleaseModel():
                self._release_timer = None
                idle_s = self.clock.monotonic_s() - self._searched_s
                left_s = self._settings.embedding.idle_release_s - idle_s
                if left_s > 0:
                    self._release_timer = self.after(left_s, info)
                elif self._embedder is not None:
                    self._embedder.release()

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Close the connections."""
        self._engine.past.close()
        self._db.close()

    def statistics_extra(self) -> dict[str, Any]:
        """Add what the engine holds."""
        return self._engine.statistics()

    def _search(self, request: mm.Search) -> Result:
        filters, time = self._timed(request.filters)
        result = self._engine.search(dataclasses.replace(request, filters=filters))
        result.data.update(time)
        if request.detailed or request.explain:
            self._add_usefulness(result.data["memories"])
        self._count_access([int(hit["memory_id"]) for hit in result.data["memories"]])
        self._searched_s = self.clock.monotonic_s()
        if self._release_timer is None:
            self._release_timer = self.after(
                self._settings.embedding.idle_release_s, _ReleaseModel()
            )
        return result

    def _synthesize(self, request: mm.Synthesize, call: m.Call) -> Any:
        """Answer from what is found; ask a language model first if the user has one."""
        found = self._search(request.search)
        draft = self._synthesizer.draft(
            request.search.query, found, limit=request.limit, chars_max=request.chars_max
        )
        if draft.ask is None or not self._settings.llm.providers:
            return self._synthesizer.extracted(draft)

        def finish(value: Any) -> None:
            if isinstance(value, m.Failure):
                self.reply(call, self._synthesizer.extracted(draft, f"llm: {value.message}"))
            else:
                self.reply(call, self._synthesizer.generated(draft, value))

        self.call(LLM, draft.ask, finish, timeout_s=draft.ask.deadline_s + LLM_MARGIN_S)
        return NO_REPLY

    def _look_again(self) -> None:
        """Look at one memory and link it with what was found."""
        memory_id = self._second_look.next()
        if findings := self._engine.second_look(memory_id):
            command = LinkFindings(
                memory_id=memory_id, findings=tuple(finding[:4] for finding in findings)
            )
            self.cast(WRITER, Commit(command=command))
        if len(self._second_look):
            self.after(SECOND_LOOK_S, _LookAgain())

    def _at(self, as_of_s: float | None) -> database.Database:
        """Return the connection that shows this instant; None is now."""
        return self._db if as_of_s is None else self._engine.past.at(as_of_s)

    def _get(self, request: mm.GetMemory) -> Result:
        found = memories.get(self._at(request.as_of_s), request.memory_id)
        self._count_access([found.id])
        shown = one_json(found)
        self._add_usefulness([shown["memory"]])
        if request.valid_at_s is not None:
            shown["valid"] = is_valid_at(found, request.valid_at_s)
        return Result(data=shown)

    def _add_usefulness(self, shown: list[dict[str, Any]]) -> None:
        """Add how useful each was, where use or feedback told."""
        ids = [int(one["memory_id"]) for one in shown]
        with self._db.snapshot() as link:
            evidence = evidence_of(link, ids, self.clock.wall_s())
        for one in shown:
            known = evidence.get(int(one["memory_id"]))
            if known is not None:
                one["usefulness"] = round(known.usefulness, 4)

    def _timed(self, filters: Filters) -> tuple[Filters, dict[str, Any]]:
        """Return the filters with their time expression read, and how it was, for the answer."""
        if not filters.when:
            return filters, {}
        found, shown = time_filter.resolved(filters, self.clock.wall_s(), self._find)
        return found, {"time": shown}

    def _find(self, phrase: str, filters: Filters, limit: int) -> list[dict[str, Any]]:
        found = self._engine.search(mm.Search(query=phrase, filters=filters, limit=limit))
        return list(found.data["memories"])

    def _stats(self, request: mm.MemoryStats) -> Result:
        filters, time = self._timed(request.filters)
        found = memories.stats(self._at(filters.as_of_s), filters)
        return Result(data={**stats_json(found), **time})

    def _list(self, request: mm.ListMemories) -> Result:
        filters, time = self._timed(request.filters)
        page, cursor = pages.list_page(
            self._at(filters.as_of_s),
            filters,
            request.order,
            request.limit,
            request.cursor,
        )
        data = page_json(page, next_cursor=cursor, detailed=request.detailed)
        return Result(data={**data, **time})

    def _export(self, request: mm.ExportPage) -> Result:
        records, place = exchange.page(
            self._db, after=request.after, limit=request.limit, project=request.project
        )
        data = {"records": records, "count": len(records), "next_cursor": cursor_of(place)}
        return Result(data=data)

    def _health(self) -> Result:
        """Tell what a real read finds, and how far the vectors are behind."""
        counts = memories.stats(self._db, Filters())
        moved = self._db.watch.changed()
        checks = {
            "database": moved or "ok",
            "sqlite": database.SQLITE_VERSION,
            "memories": counts["count"],
            "with_vector": counts["with_vector"],
            "wal_bytes": checkpoints.wal_bytes(self._db),
            "recall": self._engine.statistics(),
        }
        return Result(data={"ok": moved is None, "checks": checks})

    def _count_access(self, ids: list[int]) -> None:
        """Only what was returned to a user counts as accessed."""
        if ids and not self._accessed:
            self.after(ACCESS_FLUSH_S, _FlushAccess())
        self._accessed.update(ids)
