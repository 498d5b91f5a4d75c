"""Search in the store as it was: the words and the validity of then, not of now.

It ranks by cosine and BM25 alone. What was reworded since has no vector any more and is found by
its words; the answer says how many those are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from mimo.actors.memory.messages import Search
from mimo.actors.memory.presentation import memory_json
from mimo.actors.memory.query import Query
from mimo.actors.operations import Result
from mimo.config.clock import Clock
from mimo.storage import history, search
from mimo.storage.connection import Database
from mimo.storage.search import Link
from mimo.storage.vectors import Floats, VectorMatrix

#: Shares of a score: the cosine, and BM25 as a part of the best one.
MEANING_SHARE: Final = 0.6
#: Candidates of each kind, at least.
CANDIDATES_MIN: Final = 100
#: Rows of the index that one search may score; commoner words are left out while others remain.
POSTINGS_MAX: Final = 12_000

Surroundings = Callable[[Link, int, int], list[dict[str, Any]]]


class PastSearch:
    """Searches one database at an instant.

    Args:
        path: The database.
        clock: Measures read transactions.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._past = history.Past(path, clock)

    def at(self, as_of_s: float) -> Database:
        """Return a connection on which every read shows this instant, wall seconds UTC."""
        return self._past.at(as_of_s)

    def close(self) -> None:
        """Close the connection."""
        self._past.close()

    def search(
        self,
        request: Search,
        asked: Query,
        vector: Floats | None,
        matrix: VectorMatrix | None,
        surroundings: Surroundings,
    ) -> Result:
        """Return the memories of then that fit best, best first.

        Args:
            request: With `filters.as_of_s` set.
            asked: Its question.
            vector: The question's unit vector; None to search by words only.
            matrix: The present vectors.
            surroundings: Makes the neighbours of a hit.

        Raises:
            MimoError: See `storage.faults`.
        """
        as_of_s = request.filters.as_of_s
        assert as_of_s is not None  # noqa: S101  the caller looked
        mode = request.mode if vector is not None and matrix is not None else "keyword"
        wanted = max(CANDIDATES_MIN, request.limit)
        degraded: tuple[str, ...] = ()
        with self.at(as_of_s).snapshot() as link:
            bm25: dict[int, float] = {}
            if mode != "meaning":
                terms = _terms(link, asked)
                bm25 = dict(history.keyword(link, terms, request.filters, as_of_s, wanted))
            cosines: dict[int, float] = {}
            if mode != "keyword" and matrix is not None and vector is not None:
                matrix.refresh(link)
                ids, without = history.embedded(link, request.filters, matrix.model_id)
                near = matrix.nearest(link, vector, wanted, np.array(ids, dtype=np.int64))
                known = matrix.cosines(link, vector, sorted(bm25.keys() & set(ids)))
                cosines = {**known, **dict(near)}
                if without:
                    degraded = (f"embedding: {without} past versions searched by words only",)
            scores = _scores(bm25, cosines)
            best = sorted(scores, key=lambda one: (-scores[one], one))[: request.limit]
            memories = search.loaded(link, best)
            shown = []
            for one in best:
                explanation = {
                    "bm25": round(bm25.get(one, 0.0), 4),
                    "cosine": round(cosines[one], 4) if one in cosines else None,
                }
                item = memory_json(
                    memories[one],
                    detailed=request.detailed,
                    score=scores[one],
                    explanation=explanation if request.explain else None,
                )
                if request.context:
                    item["context"] = surroundings(link, one, request.context)
                shown.append(item)
        return Result(
            data={"memories": shown, "count": len(shown), "mode": mode}, degraded=degraded
        )


def _scores(bm25: Mapping[int, float], cosines: Mapping[int, float]) -> dict[int, float]:
    """Return the score of each candidate; what one kind of search didn't find gets nothing of it.

    Source: ours.
    """
    most = max(bm25.values(), default=0.0) or 1.0
    return {
        one: MEANING_SHARE * max(cosines.get(one, 0.0), 0.0)
        + (1 - MEANING_SHARE) * bm25.get(one, 0.0) / most
        for one in bm25.keys() | cosines.keys()
    }


def _terms(link: Link, asked: Query) -> tuple[str, ...]:
    """Return what the index is asked for: the rarest words within the budget, and the phrases."""
    counted = sorted((search.document_count(link, word), word) for word in asked.words)
    kept: list[str] = []
    postings = 0
    for count, word in counted:
        postings += count
        if postings > POSTINGS_MAX and kept:
            break
        kept.append(word)
    return (*kept, *asked.phrases)
