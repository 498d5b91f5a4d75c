"""Search: candidates by words and by meaning, ranked together, returned as plain values.

One engine serves one process, over a read-only connection of its own. A memory is found by its
words as soon as its store was acknowledged, and by its meaning as soon as it has a vector.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mimo.actors.memory import query as questions
from mimo.actors.memory import ranking, second_look
from mimo.actors.memory.coverage import Coverage
from mimo.actors.memory.embedding import Embedder
from mimo.actors.memory.lexicon import Lexicon
from mimo.actors.memory.messages import Search
from mimo.actors.memory.past import PastSearch
from mimo.actors.memory.pool import Gatherer, Pool
from mimo.actors.memory.presentation import iso_time, memory_json
from mimo.actors.memory.query import Query
from mimo.actors.memory.ranking import Ranked
from mimo.actors.memory.use import UseTerms
from mimo.actors.operations import Result
from mimo.config.clock import Clock
from mimo.config.errors import InvalidRequest, NotAvailable
from mimo.storage import pages, search
from mimo.storage.commands import Finding
from mimo.storage.connection import Database
from mimo.storage.search import Link
from mimo.storage.vector_file import index_path
from mimo.storage.vectors import Floats, VectorMatrix

#: How a search may look for memories.
MODES: Final = ("hybrid", "keyword", "meaning")
#: Most repetitions that make way for others.
REPEATED_MAX: Final = 20
#: By meaning alone, the cosine decides, and what was put in quotation marks.
_MEANING_WEIGHTS: Final[Mapping[str, float]] = {"meaning": 1.0, "phrase": 0.2}
#: By words alone, all terms but the meaning.
_KEYWORD_WEIGHTS: Final[Mapping[str, float]] = {
    name: weight
    for name, weight in ranking.WEIGHTS.items()
    if name not in ("meaning", "meaning_before")
}


class RecallEngine:
    """Searches one database.

    Args:
        db: Open for reading in this process.
        embedder: Makes the questions' vectors; None to search by words only.
        clock: For the time a search takes.
    """

    def __init__(self, db: Database, embedder: Embedder | None, clock: Clock) -> None:
        self._db = db
        self._embedder = embedder
        self._clock = clock
        self._lexicon = Lexicon(db.connection)
        self._matrix = _matrix(db, embedder) if embedder is not None else None
        self._coverage = Coverage(db, embedder.model_id, clock) if embedder is not None else None
        self._gatherer = Gatherer(self._lexicon, self._matrix)
        self.past = PastSearch(db.path, clock)
        self._use = UseTerms(clock)
        self._searches = 0
        self._search_s = 0.0

    def search(self, request: Search) -> Result:
        """Return the memories that fit best, best first.

        The result's `mode` is the one that was used: without a vector it is `keyword`, and
        `degraded` says why.

        Raises:
            InvalidRequest: The mode is unknown.
            MimoError: The database can't be read; see `storage.faults`.
        """
        if request.mode not in MODES:
            raise InvalidRequest(f"expected mode {', '.join(MODES)}, got {request.mode!r}")
        started_s = self._clock.monotonic_s()
        asked = questions.analyse(request.query)
        version = self._db.data_version()
        names = questions.names_in(asked, self._names(version))
        vector, degraded = self._vector(asked, names, request.mode)
        if request.filters.as_of_s is not None:
            if request.cursor:
                raise InvalidRequest("expected no cursor with 'as_of', got one; raise 'limit'")
            found = self.past.search(request, asked, vector, self._matrix, _context)
            return Result(data=found.data, degraded=(*degraded, *found.degraded))
        mode = request.mode if vector is not None else "keyword"
        with self._db.snapshot() as link:
            if vector is not None and self._matrix is not None:
                self._matrix.refresh(link)
            pool = self._gatherer.gather(
                link,
                asked,
                version=version,
                names=names,
                vector=vector,
                filters=request.filters,
                limit=request.limit,
                by_words=mode != "meaning",
            )
            ranked = self._use.added(link, version, _ranked(pool, mode))
            shown, cursor = self._page(link, request, pool, ranked)
        self._searches += 1
        self._search_s += self._clock.monotonic_s() - started_s
        data = {"memories": shown, "count": len(shown), "mode": mode, "next_cursor": cursor}
        return Result(data=data, degraded=degraded)

    def prepare(self, requests: Sequence[Search]) -> None:
        """Embed the questions of searches that came together in one run.

        What can't be embedded is left to each search, which says what its answer lacks.
        """
        wanted = [one for one in requests if one.mode in MODES and one.mode != "keyword"]
        if self._embedder is None or len(wanted) < 2:
            return
        known = self._names(self._db.data_version())
        texts = [
            questions.without(asked.text, questions.names_in(asked, known))
            for asked in (questions.analyse(one.query) for one in wanted)
        ]
        with contextlib.suppress(NotAvailable):
            self._embedder.prepare_queries(texts)

    def second_look(self, memory_id: int) -> list[Finding]:
        """Return how a memory stands to older ones that are near in meaning; see `second_look`.

        Raises:
            MimoError: The database can't be read; see `storage.faults`.
        """
        if self._matrix is None:
            return []
        with self._db.snapshot() as link:
            self._matrix.refresh(link)
            return second_look.look(link, self._matrix, memory_id)

    def statistics(self) -> dict[str, Any]:
        """Return what the engine holds and did, as plain values."""
        matrix, embedder = self._matrix, self._embedder
        return {
            "model": embedder.model_id if embedder is not None else "",
            "vectors": len(matrix) if matrix is not None else 0,
            "vectors_bytes": matrix.bytes_held if matrix is not None else 0,
            "vectors_mapped": matrix.mapped if matrix is not None else 0,
            "exact": matrix.is_exact if matrix is not None else False,
            "searches": self._searches,
            "search_ms_mean": round(1000 * self._search_s / max(self._searches, 1), 3),
        }

    # -- Parts ------------------------------------------------------------------------------
    def _names(self, version: int) -> list[str]:
        """Return the known speakers; a transaction is worth its two statements only to read."""
        if self._lexicon.has_names_of(version):
            return self._lexicon.names(version)
        with self._db.snapshot():
            return self._lexicon.names(version)

    def _vector(
        self, asked: Query, names: frozenset[str], mode: str
    ) -> tuple[Floats | None, tuple[str, ...]]:
        """Return the question's vector, or None and what the answer lacks for it."""
        if mode == "keyword":
            return None, ()
        if self._embedder is None:
            return None, ("embedding: off, searched by words only",)
        try:
            vector = self._embedder.embed_query(questions.without(asked.text, names))
        except NotAvailable as error:
            return None, (f"embedding: {error.message}; searched by words only",)
        return vector, self._coverage.lacking() if self._coverage is not None else ()

    def _page(
        self, link: Link, request: Search, pool: Pool, ranked: list[Ranked]
    ) -> tuple[list[dict[str, Any]], str]:
        """Return the best after the page before as plain values, and the next page's cursor.

        What was gathered is the same for all pages, so their scores are too; a cursor leads to the
        end of it.
        """
        mark = pages.stamp(request.filters, f"search {request.mode} {request.query}")
        if request.cursor:
            place = pages.decoded(request.cursor, mark)
            ranked = [one for one in ranked if (one.score, one.id) < (place.key, place.id)]
        hits, shown = self._shown(link, request, pool, ranked)
        if not hits:
            return [], ""
        last = min(hits, key=lambda one: (one.score, one.id))
        if ranked[-1].id == last.id:
            return shown, ""
        return shown, pages.encoded(pages.Place(key=last.score, id=last.id), mark)

    def _shown(
        self, link: Link, request: Search, pool: Pool, ranked: list[Ranked]
    ) -> tuple[list[Ranked], list[dict[str, Any]]]:
        """Return the best, and as plain values with what stands around them if that was asked."""
        best = ranked[: request.limit + REPEATED_MAX]
        memories = search.loaded(link, [one.id for one in best[: request.limit]])
        words = {memory_id: self._lexicon.stems(one.content) for memory_id, one in memories.items()}
        hits = ranking.distinct(best[: request.limit], words, request.limit)
        if len(hits) < min(len(best), request.limit):
            # Repetitions are rare: those that would take their places are read only then.
            others = search.loaded(link, [one.id for one in best[request.limit :]])
            memories |= others
            words |= {each: self._lexicon.stems(one.content) for each, one in others.items()}
            hits = ranking.diverse(best, words, request.limit)
        shown = []
        for hit in hits:
            item = memory_json(
                memories[hit.id],
                detailed=request.detailed,
                score=hit.score,
                explanation=_explanation(hit, pool) if request.explain else None,
            )
            if request.context:
                item["context"] = _context(link, hit.id, request.context)
            shown.append(item)
        return hits, shown


def _matrix(db: Database, embedder: Embedder) -> VectorMatrix:
    index = (index_path(db.path), db.identity.uuid)
    return VectorMatrix(embedder.model_id, embedder.dim, file=index)


def _ranked(pool: Pool, mode: str) -> list[Ranked]:
    weights = {"meaning": _MEANING_WEIGHTS, "keyword": _KEYWORD_WEIGHTS}.get(mode, ranking.WEIGHTS)
    return ranking.rank(pool.candidates, pool.ids, pool.word_weights, weights)


def _context(link: Link, memory_id: int, count: int) -> list[dict[str, Any]]:
    """Return the neighbours of a hit as plain values, in order; `offset` is negative before it."""
    before, after = search.around(link, memory_id, count)
    places = [*zip(range(-len(before), 0), before, strict=True), *enumerate(after, start=1)]
    memories = search.loaded(link, [place for _, place in places])
    return [
        {
            "memory_id": place,
            "offset": offset,
            "speaker": memories[place].speaker,
            "content": memories[place].content,
            "occurred_at": iso_time(memories[place].occurred_at_s),
        }
        for offset, place in places
    ]


def _explanation(hit: Ranked, pool: Pool) -> dict[str, Any]:
    """Return the shares that add up to the score, and the two measures behind them."""
    cosine = pool.candidates[hit.id].cosine
    return {
        "terms": {name: round(share, 4) for name, share in hit.terms.items()},
        "bm25": round(pool.bm25.get(hit.id, 0.0), 4),
        "cosine": round(cosine, 4) if cosine is not None else None,
    }
