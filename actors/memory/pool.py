"""The candidates of one search: the best by words, the best by meaning, and their neighbours."""

from __future__ import annotations

import dataclasses
import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mimo.actors.memory import query as questions
from mimo.actors.memory.lexicon import Lexicon, Words, Worth
from mimo.actors.memory.query import Query
from mimo.actors.memory.ranking import Candidate
from mimo.storage import search
from mimo.storage.records import Filters
from mimo.storage.search import Beside, Card, Link
from mimo.storage.vectors import Floats, VectorMatrix

#: Candidates by words, by words when there are no vectors, and by meaning: twice as many found no
#: more on LoCoMo.
BY_WORDS, BY_WORDS_ALONE, BY_MEANING = 50, 100, 50
#: The best of both kinds bring their neighbours with them.
WITH_NEIGHBOURS = 15
#: Rows of the index that one search may score: commoner words are left to the ranking.
POSTINGS_MAX = 12_000
#: Filters whose memories are remembered while nothing is written.
_FILTERS_KEPT: Final = 4
#: What stands beside a candidate needn't pass the filters, but must not have been deleted.
_BESIDE: Final = Filters(include_archived=True, include_superseded=True)
_NOWHERE: Final = Beside(0, 0, 0, 0)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What ranking works on.

    Args:
        candidates: By id: those that may be returned and those beside them.
        ids: Those that may be returned.
        word_weights: What each word of the question tells, in the order of `Candidate.words`.
        bm25: Scores of those found by words.
    """

    candidates: Mapping[int, Candidate]
    ids: tuple[int, ...]
    word_weights: tuple[float, ...]
    bm25: Mapping[int, float]


class Gatherer:
    """Gathers candidates over one connection.

    Args:
        lexicon: The store's words.
        matrix: The store's vectors; None to search by words only.
    """

    def __init__(self, lexicon: Lexicon, matrix: VectorMatrix | None) -> None:
        self._lexicon = lexicon
        self._matrix = matrix
        self._allowed: OrderedDict[Filters, tuple[int, NDArray[np.int64]]] = OrderedDict()

    def gather(  # noqa: PLR0913
        self,
        link: Link,
        asked: Query,
        *,
        version: int,
        names: frozenset[str],
        vector: Floats | None,
        filters: Filters,
        limit: int,
        by_words: bool = True,
    ) -> Pool:
        """Return the candidates for a question.

        Args:
            link: The connection, inside one read transaction.
            asked: The question.
            version: The database's `data_version`.
            names: Its words that are speakers' names.
            vector: Its unit vector; None to search by words only.
            filters: What may be returned.
            limit: How many will be; at least as many of each kind are gathered.
            by_words: Whether memories are looked for by words.
        """
        if not by_words and vector is not None:
            pool = self._by_meaning(link, asked, version, vector, filters, limit)
            if pool is not None:
                return pool
        worth = self._lexicon.worth(asked.words)
        bm25: dict[int, float] = {}
        if by_words:
            wanted = max(BY_WORDS_ALONE if vector is None else BY_WORDS, limit)
            bm25 = dict(search.keyword(link, _terms(asked, worth), filters, wanted))
        near: dict[int, Card] = {}
        cosines: dict[int, float] = {}
        if vector is not None:
            near, cosines = self._near(link, version, vector, filters, max(BY_MEANING, limit))
        phrases = _quoted(link, asked, filters)
        found = itertools.chain(bm25, *phrases.values())
        cards = near | self._cards(link, (one for one in found if one not in near), filters)
        beside = _beside(link, cards)
        if by_words:
            self._bring(link, cards, beside, _promise(bm25, cosines), filters)
        ids = tuple(cards)
        around = {place for found in beside.values() for place in found if place} - cards.keys()
        cards |= self._cards(link, around, _BESIDE)
        cosines |= self._others(link, vector, cards, cosines)
        counted = [one for one in worth if one.word not in names and one.stem] or worth
        bits = [(one.stem, 1 << place) for place, one in enumerate(counted)]
        said = self._lexicon.said(cards.values())
        return Pool(
            candidates={
                one.id: Candidate(
                    id=one.id,
                    words=_mask(bits, said[one.id].words),
                    cosine=cosines.get(one.id) if one.has_vector else None,
                    session=one.session,
                    beside=beside.get(one.id, _NOWHERE)[1:],
                    is_named=_is_named(one.speaker, names),
                    is_question=said[one.id].is_question,
                    answers=(asked.asks_when and said[one.id].tells_time)
                    or (asked.asks_amount and said[one.id].tells_amount),
                    phrases=_share(one.id, phrases),
                )
                for one in cards.values()
            },
            ids=ids,
            word_weights=tuple(one.information for one in counted),
            bm25=bm25,
        )

    # -- Parts ------------------------------------------------------------------------------
    def _by_meaning(  # noqa: PLR0913, PLR0917
        self,
        link: Link,
        asked: Query,
        version: int,
        vector: Floats,
        filters: Filters,
        limit: int,
    ) -> Pool | None:
        """Return the candidates where cosines and phrases alone decide; None where they can't.

        Words stand in for a vector that is missing, so all of the others' words are needed then.
        """
        cards, cosines = self._near(link, version, vector, filters, max(BY_MEANING, limit))
        phrases = _quoted(link, asked, filters)
        found = itertools.chain(*phrases.values())
        cards |= self._cards(link, (one for one in found if one not in cards), filters)
        cosines |= self._others(link, vector, cards, cosines)
        if not all(one.has_vector and one.id in cosines for one in cards.values()):
            return None
        return Pool(
            candidates={
                one: Candidate(id=one, words=0, cosine=cosines[one], phrases=_share(one, phrases))
                for one in cards
            },
            ids=tuple(cards),
            word_weights=(),
            bm25={},
        )

    def _bring(
        self,
        link: Link,
        cards: dict[int, Card],
        beside: dict[int, Beside],
        promise: Callable[[int], float],
        filters: Filters,
    ) -> None:
        """Add the neighbours of the most promising, and theirs.

        An answer often shares no word with its question, but stands beside one that does.
        """
        best = sorted(beside, key=promise, reverse=True)[:WITH_NEIGHBOURS]
        next_to = {place for one in best for place in (beside[one].before, beside[one].after)}
        brought = self._cards(link, next_to - cards.keys() - {0}, filters)
        cards |= brought
        beside |= _beside(link, brought)

    def _others(
        self,
        link: Link,
        vector: Floats | None,
        cards: Mapping[int, Card],
        cosines: Mapping[int, float],
    ) -> dict[int, float]:
        """Return the cosines of those candidates that weren't found by meaning."""
        missing = [one.id for one in cards.values() if one.has_vector and one.id not in cosines]
        if vector is None or self._matrix is None or not missing:
            return {}
        return self._matrix.cosines(link, vector, missing)

    def _near(
        self, link: Link, version: int, vector: Floats, filters: Filters, wanted: int
    ) -> tuple[dict[int, Card], dict[int, float]]:
        """Return the nearest memories that pass the filters, and their cosines."""
        matrix = self._matrix
        if matrix is None:
            return {}, {}
        if filters != Filters():
            allowed = self._passing(link, version, filters)
            found = dict(matrix.nearest(link, vector, wanted, allowed))
            return self._cards(link, found, filters), found
        # Nearly all pass: look until there are enough, since some may have been deleted.
        looked_at = wanted
        while True:
            found = dict(matrix.nearest(link, vector, looked_at))
            live = self._cards(link, found, filters)
            if len(live) >= wanted // 2 or looked_at >= len(matrix):
                return live, {one: found[one] for one in found if one in live}
            looked_at *= 4

    def _passing(self, link: Link, version: int, filters: Filters) -> NDArray[np.int64]:
        known = self._allowed.get(filters)
        if known is None or known[0] != version:
            known = (version, np.array(search.allowed(link, filters), dtype=np.int64))
            self._allowed[filters] = known
            if len(self._allowed) > _FILTERS_KEPT:
                self._allowed.popitem(last=False)
        return known[1]

    def _cards(self, link: Link, ids: Iterable[int], filters: Filters) -> dict[int, Card]:
        wanted = list(dict.fromkeys(ids))
        model_id = self._matrix.model_id if self._matrix is not None else ""
        return search.cards(link, wanted, filters, model_id) if wanted else {}


def _beside(link: Link, cards: Mapping[int, Card]) -> dict[int, Beside]:
    in_sessions = [one.id for one in cards.values() if one.session is not None]
    return search.beside(link, in_sessions) if in_sessions else {}


def _terms(asked: Query, worth: list[Worth]) -> list[str]:
    """Return what the index is asked for: the rarest words within the budget, and pairs of them."""
    kept: set[str] = set()
    postings = 0
    for one in sorted(worth, key=lambda one: one.memories):
        postings += one.memories
        if postings > POSTINGS_MAX and len(kept) > 1:
            break
        kept.add(one.word)
    words = [one.word for one in worth if one.word in kept]
    pairs = [pair for pair in asked.pairs if kept.issuperset(pair.split())]
    return [*words, *pairs]


def _promise(bm25: Mapping[int, float], cosines: Mapping[int, float]) -> Callable[[int], float]:
    """Return a rough measure of a candidate, before anything of it is read."""
    most = max(bm25.values(), default=0.0) or 1.0
    return lambda one: bm25.get(one, 0.0) / most + 2 * cosines.get(one, 0.0)


def _mask(bits: list[tuple[str, int]], words: Words) -> int:
    """Return which of the question's words are among these: bit n for word n."""
    mask = 0
    for stem, bit in bits:
        if stem in words:
            mask |= bit
    return mask


def _quoted(link: Link, asked: Query, filters: Filters) -> dict[str, dict[int, float]]:
    """Return by phrase, of those put in quotation marks, the memories that hold it."""
    return {
        phrase: dict(search.keyword(link, [phrase], filters, limit=BY_WORDS_ALONE))
        for phrase in asked.phrases
    }


def _share(memory_id: int, phrases: Mapping[str, Mapping[int, float]]) -> float:
    """Return the share of the quoted phrases that a memory has."""
    if not phrases:
        return 0.0
    return sum(memory_id in found for found in phrases.values()) / len(phrases)


def _is_named(speaker: str, names: frozenset[str]) -> bool:
    return bool(names and speaker) and not names.isdisjoint(questions.words_of(speaker))
