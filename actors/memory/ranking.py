"""From candidates to an order: a weighted sum of a few terms, each between 0 and 1.

Words are counted by what they tell: a question's rare word that stands in a memory counts more than
a common one. In a conversation the words asked for are spread over turns that follow one another,
so a memory is also judged together with the two before it and by the best place of its session.
Meaning is the cosine of the vectors. Nothing here knows SQL, a model or the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

#: Weight of each term, fitted leaving one conversation out: `tests/load/retrieval_quality.py`.
WEIGHTS: Final[Mapping[str, float]] = {
    "meaning": 7.4,
    "meaning_before": 1.2,
    "words_turn": 0.9,
    "words_thread": 3.5,
    "words_session": 3.2,
    "speaker": 1.3,
    "question": -1.3,
    "answer": 0.7,
    "kind": 1.8,
    "phrase": 3.0,
}
#: Two memories with this share of words in common, and the same numbers, say the same.
SAME_FROM = 0.9
#: Where a memory without a vector is placed between the candidates' cosines.
_UNKNOWN_LOW = 0.25


class Candidate(NamedTuple):
    """What is known about a memory that may be returned, or that stands beside one.

    Args:
        id: Its id.
        words: Which of the question's words it has: bit n for word n.
        cosine: Of its vector with the question's; None if it has none.
        session: Its session; None outside of sessions.
        beside: Ids of the memories in its session: the one before it, the one before that, and the
            one after it; 0 where there is none.
        is_named: Whether the question names its speaker.
        is_question: Whether it asks something itself.
        answers: Whether it has the kind of thing that is asked for.
        phrases: Share of the question's quoted phrases that it has; 0.0 to 1.0.
    """

    id: int
    words: int
    cosine: float | None = None
    session: tuple[str, str] | None = None
    beside: tuple[int, int, int] = (0, 0, 0)
    is_named: bool = False
    is_question: bool = False
    answers: bool = False
    phrases: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A candidate's place.

    Args:
        id: The memory.
        score: 0.0 to about 1.0; comparable within one question only.
        terms: What the score is made of: each term's share.
    """

    id: int
    score: float
    terms: Mapping[str, float] = field(default_factory=dict)


class _Coverage:
    """Share of the question's information that a set of words holds."""

    def __init__(self, weights: Sequence[float]) -> None:
        self._weights = weights
        self._total = sum(weights) or 1.0
        self._known: dict[int, float] = {0: 0.0}

    def of(self, words: int) -> float:
        """Return the share, 0.0 to 1.0, of the words whose bits are set."""
        known = self._known.get(words)
        if known is None:
            held = sum(w for bit, w in enumerate(self._weights) if words >> bit & 1)
            self._known[words] = known = held / self._total
        return known


def terms_of(
    candidates: Mapping[int, Candidate], ids: Sequence[int], word_weights: Sequence[float]
) -> list[dict[str, float]]:
    """Return the terms of each of these candidates, before weighting.

    Args:
        candidates: By id: those to be ranked and those that stand beside them.
        ids: Those to be ranked.
        word_weights: How much each of the question's words tells.
    """
    coverage = _Coverage(word_weights)
    cosines = _completed(candidates, coverage)
    words = {0: 0} | {memory_id: given.words for memory_id, given in candidates.items()}
    windows: dict[int, float] = {}
    sessions: dict[tuple[str, str], float] = {}
    for memory_id in ids:
        given = candidates[memory_id]
        before, _, after = given.beside
        window = coverage.of(given.words | words.get(before, 0) | words.get(after, 0))
        windows[memory_id] = window
        if given.session is not None and window > sessions.get(given.session, 0.0):
            sessions[given.session] = window
    rows = []
    for memory_id in ids:
        given = candidates[memory_id]
        before, before_that, _ = given.beside
        turn = given.words | words.get(before, 0)
        previous = candidates.get(before)
        session = windows[memory_id] if given.session is None else sessions.get(given.session, 0.0)
        rows.append(
            {
                "meaning": cosines[memory_id],
                "meaning_before": cosines.get(before, 0.0),
                "words_turn": coverage.of(turn),
                "words_thread": coverage.of(turn | words.get(before_that, 0)),
                "words_session": session,
                "speaker": float(given.is_named),
                "question": float(given.is_question),
                "answer": float(previous is not None and previous.is_question),
                "kind": float(given.answers),
                "phrase": given.phrases,
            }
        )
    return rows


def _completed(candidates: Mapping[int, Candidate], coverage: _Coverage) -> dict[int, float]:
    """Return every candidate's cosine; where there is no vector yet, words stand in for it.

    Otherwise a memory could not compete until it is embedded, although it is found at once.
    """
    known = sorted(c.cosine for c in candidates.values() if c.cosine is not None)
    low, high = (known[int(len(known) * _UNKNOWN_LOW)], known[-1]) if known else (0.0, 0.0)
    return {
        memory_id: max(
            0.0,
            low + (high - low) * coverage.of(given.words) if given.cosine is None else given.cosine,
        )
        for memory_id, given in candidates.items()
    }


def rank(
    candidates: Mapping[int, Candidate],
    ids: Iterable[int],
    word_weights: Sequence[float],
    weights: Mapping[str, float] = WEIGHTS,
) -> list[Ranked]:
    """Return the candidates in order, best first; of equals the newest first.

    Args:
        candidates: By id: those to be ranked and those that stand beside them.
        ids: Those to be ranked.
        word_weights: How much each of the question's words tells.
        weights: Weight of each term.
    """
    wanted = list(ids)
    scale = sum(weight for weight in weights.values() if weight > 0) or 1.0
    shares = {name: weight / scale for name, weight in weights.items()}
    ranked = []
    for memory_id, row in zip(wanted, terms_of(candidates, wanted, word_weights), strict=True):
        terms = {name: row[name] * share for name, share in shares.items() if row[name]}
        ranked.append(Ranked(id=memory_id, score=sum(terms.values()), terms=terms))
    return sorted(ranked, key=lambda one: (-one.score, -one.id))


def diverse(
    ranked: Sequence[Ranked], words: Mapping[int, frozenset[str]], limit: int
) -> list[Ranked]:
    """Return the best `limit`, those that say what a better one says after all others.

    Args:
        ranked: Best first.
        words: The words of each memory.
        limit: How many are wanted.
    """
    kept = distinct(ranked, words, limit)
    ids = {one.id for one in kept}
    return (kept + [one for one in ranked if one.id not in ids])[:limit]


def distinct(
    ranked: Sequence[Ranked], words: Mapping[int, frozenset[str]], limit: int
) -> list[Ranked]:
    """Return the best, at most `limit`, without those that say what a better one says.

    Args:
        ranked: Best first.
        words: The words of each memory.
        limit: How many are wanted.
    """
    kept: list[Ranked] = []
    for one in ranked:
        if len(kept) == limit:
            break
        if not any(_alike(words[one.id], words[other.id]) for other in kept):
            kept.append(one)
    return kept


def _alike(first: frozenset[str], second: frozenset[str]) -> bool:
    smaller, larger = len(first), len(second)
    if smaller > larger:
        smaller, larger = larger, smaller
    if not larger or smaller < larger * SAME_FROM:
        return False
    shared = len(first & second)
    if shared < (smaller + larger - shared) * SAME_FROM:
        return False
    return not any(character.isdigit() for word in first ^ second for character in word)
