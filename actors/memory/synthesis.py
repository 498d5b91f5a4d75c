"""An answer made of the sentences of memories, without a model: chosen, ordered, each with its id.

What a sentence is worth is the information of the question's words that it has, and the place of
its memory among those found; what an earlier sentence says already counts for less. Nothing here
knows SQL, a model or the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mimo.actors.memory.lexicon import Worth

#: Longest sentence that is quoted whole, in characters; the rest of a longer one is cut off.
SENTENCE_CHARS_MAX: Final = 400
#: Sentences that are looked at of one memory.
SENTENCES_LOOKED_AT: Final = 60
#: Most sentences of an answer.
SENTENCES_MAX: Final = 8
#: How much of a sentence's worth are its words; the rest is its memory's score. Measured on LoCoMo.
_WORDS_SHARE: Final = 0.3
#: How much a sentence loses by saying what was said. Source: Carbonell and Goldstein 1998, "MMR".
_NOVELTY_SHARE: Final = 0.35
#: A sentence joins the first one from this share of its worth.
_JOINS_FROM: Final = 0.75

#: A full stop ends a sentence when something new begins behind it; an abbreviation doesn't.
_SENTENCE_END: Final = re.compile(
    r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[^\Wa-z_])|\n+|(?<=[。！？])"  # noqa: RUF001
)
_ABBREVIATED: Final = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|No|Fig|[A-Z])\.$")

Stems = Callable[[str], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A memory that may answer.

    Args:
        memory_id: Its id.
        content: Its text.
        score: As it was found; higher is better.
        cosine: Of its vector with the question's; None without one.
        occurred_at: When it happened, ISO 8601.
        speaker: Who said it; "" if nobody is known.
        trust: Who vouches for it.
    """

    memory_id: int
    content: str
    score: float
    cosine: float | None = None
    occurred_at: str = ""
    speaker: str = ""
    trust: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of an answer and the memories that say so; never without one."""

    text: str
    memory_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    place: int
    number: int
    memory_id: int
    text: str
    stems: frozenset[str]
    worth: float


def sources_of(found: Sequence[Mapping[str, Any]]) -> list[Source]:
    """Return what a search with `explain` found."""
    return [
        Source(
            memory_id=int(hit["memory_id"]),
            content=str(hit["content"]),
            score=float(hit["score"]),
            cosine=hit.get("explanation", {}).get("cosine"),
            occurred_at=str(hit["occurred_at"]),
            speaker=str(hit["speaker"]),
            trust=str(hit["trust"]),
        )
        for hit in found
    ]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, each within `SENTENCE_CHARS_MAX`, without empty ones."""
    found: list[str] = []
    for part in _SENTENCE_END.split(text):
        piece = " ".join(part.split())
        if found and _ABBREVIATED.search(found[-1]):
            found[-1] = f"{found[-1]} {piece}"
        elif piece:
            found.append(piece)
    return [_cut(each) for each in found]


def extract(
    sources: Sequence[Source], worth: Sequence[Worth], stems: Stems, *, chars_max: int
) -> list[Sentence]:
    """Return the sentences that answer best, by memory in the order in which these happened.

    Args:
        sources: Best first.
        worth: The question's words, without the names of those who speak.
        stems: Cuts a text into words as the index has them.
        chars_max: Most characters of all sentences with their ids.
    """
    candidates = _candidates(sources, worth, stems)
    chosen: list[_Candidate] = []
    room = chars_max
    while candidates and len(chosen) < SENTENCES_MAX:
        best = max(candidates, key=lambda each: _gain(each, chosen))
        candidates.remove(best)
        if chosen and _gain(best, chosen) < _JOINS_FROM * chosen[0].worth:
            break
        if any(best.stems == other.stems for other in chosen):
            continue
        size = len(best.text) + len(str(best.memory_id)) + 4
        if size > room:
            if chosen:
                continue
            best = _shortened(best, room)
        room -= size
        chosen.append(best)
    when = {source.memory_id: source.occurred_at for source in sources}
    chosen.sort(key=lambda each: (when[each.memory_id], each.memory_id, each.number))
    return [Sentence(text=each.text, memory_ids=(each.memory_id,)) for each in chosen]


def answer_of(found: Sequence[Sentence]) -> str:
    """Return the sentences as a text, each with the ids of its memories."""
    return " ".join(f"{each.text} [{', '.join(map(str, each.memory_ids))}]" for each in found)


def coverage(source: Source, worth: Sequence[Worth], stems: Stems) -> float:
    """Return the share of the question's information that a memory's words hold, 0.0 to 1.0."""
    return _covered(stems(source.content), worth)


def _candidates(
    sources: Sequence[Source], worth: Sequence[Worth], stems: Stems
) -> list[_Candidate]:
    if not sources:
        return []
    best = max(source.score for source in sources) or 1.0
    found = []
    for place, source in enumerate(sources):
        standing = source.score / best
        for number, text in enumerate(sentences(source.content)[:SENTENCES_LOOKED_AT]):
            words = stems(text)
            share = _WORDS_SHARE * _covered(words, worth) + (1 - _WORDS_SHARE) * standing
            if words:
                found.append(_Candidate(place, number, source.memory_id, text, words, share))
    return found


def _covered(words: frozenset[str], worth: Sequence[Worth]) -> float:
    total = sum(each.information for each in worth)
    held = sum(each.information for each in worth if each.stem in words)
    return held / total if total else 0.0


def _gain(candidate: _Candidate, chosen: Sequence[_Candidate]) -> float:
    """Return a sentence's worth, less what is said already."""
    overlap = max((_alike(candidate.stems, other.stems) for other in chosen), default=0.0)
    return candidate.worth - _NOVELTY_SHARE * overlap


def _alike(first: frozenset[str], second: frozenset[str]) -> float:
    return len(first & second) / len(first | second)


def _shortened(candidate: _Candidate, room: int) -> _Candidate:
    text = candidate.text[: max(room - len(str(candidate.memory_id)) - 5, 1)].rstrip() + "…"
    return _Candidate(
        candidate.place,
        candidate.number,
        candidate.memory_id,
        text,
        candidate.stems,
        candidate.worth,
    )


def _cut(sentence: str) -> str:
    if len(sentence) <= SENTENCE_CHARS_MAX:
        return sentence
    return sentence[: SENTENCE_CHARS_MAX - 1].rstrip() + "…"
