"""From what a search found to an answer that cites it; by a language model only if there is one."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from mimo.actors.llm.messages import Complete, Completion
from mimo.actors.memory import query as questions
from mimo.actors.memory import synthesis, synthesis_generated
from mimo.actors.memory.lexicon import Lexicon
from mimo.actors.memory.novelty import compare
from mimo.actors.memory.synthesis import Sentence, Source
from mimo.actors.operations import Result
from mimo.storage.connection import Database

#: Memories don't answer a question when what was found is less likely to than this.
ANSWERS_FROM: Final = 0.45
#: Logistic weights of the signs that memories answer, and of the words where there is no vector;
#: fitted by `tests/load/answerable.py`.
_INTERCEPT, _WEIGHTS = -4.6, (8.6, 1.6, 5.5)
_WORDS_ONLY_INTERCEPT, _WORDS_ONLY_WEIGHT = -3.2, 6.6
#: With how many others the best cosine is compared, and what stands for the distance without any.
_OTHERS: Final = 5
_USUAL_DISTANCE: Final = 0.1
#: Memories that are looked at, to judge whether any stands out.
LOOKED_AT_MIN: Final = 10
#: What is said when nothing answers.
NOTHING: Final = "No memory answers this."
#: Memories that are named as the closest when none answers.
CLOSEST_MAX: Final = 3
_DISAGREEING: Final = frozenset({"contradiction", "update", "correction"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is known before a language model is asked.

    Args:
        sources: What was found, best first.
        extracted: The answer without a model; none if nothing answers.
        chars_max: Most characters of the answer.
        degraded: What the search lacked.
        time: How a time expression was read, for the answer.
        ask: What a model is asked; None if nothing was found.
        given: The memories that it is given.
    """

    sources: tuple[Source, ...]
    extracted: tuple[Sentence, ...]
    chars_max: int
    degraded: tuple[str, ...]
    time: dict[str, Any]
    ask: Complete | None = None
    given: tuple[Source, ...] = ()


class Synthesizer:
    """Makes answers over one database.

    Args:
        db: Open for reading in this process.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lexicon = Lexicon(db.connection)

    def draft(self, question: str, found: Result, *, limit: int, chars_max: int) -> Draft:
        """Return the answer without a model, and what to ask one.

        Args:
            question: As it was asked.
            found: Of a search with `explain` for at least `LOOKED_AT_MIN` memories.
            limit: From how many of them the answer is made.
            chars_max: Most characters of the answer.
        """
        sources = tuple(synthesis.sources_of(found.data["memories"]))
        asked = questions.analyse(question)
        stems = self._lexicon.stems
        with self._db.snapshot():
            names = questions.names_in(asked, self._lexicon.names(self._db.data_version()))
            words = tuple(word for word in asked.words if word not in names) or asked.words
            worth = self._lexicon.worth(words)
        extracted: Sequence[Sentence] = ()
        if is_answered(sources, [synthesis.coverage(each, worth, stems) for each in sources]):
            extracted = synthesis.extract(sources[:limit], worth, stems, chars_max=chars_max)
        ask, given = synthesis_generated.request_of(question, sources[:limit])
        return Draft(
            sources=sources,
            extracted=tuple(extracted),
            chars_max=chars_max,
            degraded=found.degraded,
            time={"time": found.data["time"]} if "time" in found.data else {},
            ask=ask if sources else None,
            given=given,
        )

    def extracted(self, draft: Draft, lacking: str = "") -> Result:
        """Return the answer made of sentences.

        Args:
            draft: From `draft`.
            lacking: Why no language model helped, if one should have.
        """
        degraded = (*draft.degraded, lacking) if lacking else draft.degraded
        return _result(draft, draft.extracted, "extractive", degraded)

    def generated(self, draft: Draft, completion: Completion) -> Result:
        """Return what may be believed of a model's answer; sentences of memories if nothing may."""
        kept, dropped = synthesis_generated.verified(
            completion.text, draft.given, self._lexicon.stems, chars_max=draft.chars_max
        )
        if not kept and dropped:
            return self.extracted(draft, "llm: no sentence of its answer cites its memories")
        lacking = (f"llm: {dropped} sentences dropped, not backed by memories",) if dropped else ()
        return _result(draft, kept, "generated", (*draft.degraded, *lacking))


def is_answered(sources: Sequence[Source], coverages: Sequence[float]) -> bool:
    """Tell whether what was found is likely to answer.

    Args:
        sources: What was found.
        coverages: Share of the question's information that each has.
    """
    return likelihood(sources, coverages) >= ANSWERS_FROM


def likelihood(sources: Sequence[Source], coverages: Sequence[float]) -> float:
    """Return how likely these memories are to answer, 0.0 to 1.0; roughly.

    Source: ours; a logistic regression, see `_WEIGHTS`.
    """
    words = max(coverages, default=0.0)
    found = signs(sources, words)
    if found is not None:
        return probability(found)
    return _logistic(_WORDS_ONLY_INTERCEPT + _WORDS_ONLY_WEIGHT * words) if sources else 0.0


def probability(found: Sequence[float]) -> float:
    """Return how likely memories with these `signs` are to answer."""
    return _logistic(_INTERCEPT + sum(map(operator.mul, _WEIGHTS, found)))


def signs(sources: Sequence[Source], words: float) -> tuple[float, float, float] | None:
    """Return what tells that memories answer; None if none has a vector.

    A memory that answers is near the question, has its words, and is nearer than the others are.

    Args:
        sources: What was found.
        words: The best share of the question's information that one memory has.
    """
    cosines = sorted((each.cosine for each in sources if each.cosine is not None), reverse=True)
    if not cosines:
        return None
    others = cosines[1 : 1 + _OTHERS]
    distance = cosines[0] - sum(others) / len(others) if others else _USUAL_DISTANCE
    return cosines[0], words, distance


def _logistic(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def disagreements(sentences: Sequence[Sentence]) -> list[dict[str, Any]]:
    """Return which sentences can't both be so, or say that something changed."""
    found = []
    for older, newer in itertools.combinations(sentences, 2):
        if set(older.memory_ids) & set(newer.memory_ids):
            continue
        verdict = compare(older.text, newer.text)
        if verdict.kind in _DISAGREEING:
            ids = sorted({*older.memory_ids, *newer.memory_ids})
            found.append({"memory_ids": ids, "kind": verdict.kind, "why": verdict.why})
    return found


def _result(
    draft: Draft, sentences: Sequence[Sentence], method: str, degraded: tuple[str, ...]
) -> Result:
    cited = {one for each in sentences for one in each.memory_ids}
    disagreeing = disagreements(sentences)
    answer = synthesis.answer_of(sentences) or NOTHING
    if disagreeing:
        ids = sorted({one for pair in disagreeing for one in pair["memory_ids"]})
        answer += f" Memories disagree: {', '.join(f'[{one}]' for one in ids)}."
    shown = [{"text": each.text, "memory_ids": list(each.memory_ids)} for each in sentences]
    sources = [
        {
            "memory_id": source.memory_id,
            "content": _shortened(source.content),
            "occurred_at": source.occurred_at,
            "speaker": source.speaker,
            "trust": source.trust,
            "score": round(source.score, 4),
        }
        for source in draft.sources
        if source.memory_id in cited
    ]
    data: dict[str, Any] = {
        "answer": answer,
        "answered": bool(sentences),
        "sentences": shown,
        "sources": sources,
        "method": method,
        "degraded": list(degraded),
        **draft.time,
    }
    if disagreeing:
        data["disagreements"] = disagreeing
    if not sentences:
        data["closest"] = [source.memory_id for source in draft.sources[:CLOSEST_MAX]]
    return Result(data=data, degraded=degraded)


def _shortened(text: str, most: int = 300) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
