"""What speaks for and against a claim: exact computation, and memories by their ids.

Nothing is guessed. A claim holds if it was computed or if a memory says so; it is refuted if the
computation comes out otherwise or a memory contradicts it; else it stays open and counts for
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from mimo.actors.cognition.verdict import Verdict
from mimo.actors.memory.novelty import compared
from mimo.actors.reasoning.terms import apart, cover, statements

Status = Literal["held", "refuted", "open"]

#: Share of a text's terms that a memory must have, or cosine that it must reach, to have to do
#: with it. The cosine is that from which memory links two statements.
RELATED_SHARE: Final = 0.34
RELATED_COSINE: Final = 0.6
#: Memories that are named with one claim, and characters of each that are shown.
SHOWN_MAX: Final = 3
#: Sentences of one memory that a claim is compared with.
SENTENCES_MAX: Final = 20
EXCERPT_CHARS: Final = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A memory that a search found.

    Args:
        memory_id: Its id.
        content: Its text.
        cosine: Closeness in meaning, -1 to 1; None if that isn't known.
        occurred_at: ISO 8601.
        tags: Its tags.
        source: Where it is from.
        trust: Who vouches for it.
    """

    memory_id: int
    content: str
    cosine: float | None = None
    occurred_at: str = ""
    tags: tuple[str, ...] = ()
    source: str = ""
    trust: str = "assistant"


class Tally(NamedTuple):
    """How many claims hold, are refuted, and stay open."""

    held: int = 0
    refuted: int = 0
    open: int = 0

    def plus(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def checked(self) -> int:
        """Return how many were decided."""
        return self.held + self.refuted


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What became of one claim.

    Args:
        claim: The sentence.
        status: held, refuted or open.
        by: `computed`, `memory` or "".
        why: One sentence of evidence.
        supporting: Ids of memories that say so.
        contradicting: Ids of memories that say otherwise.
        related: Ids of memories on the subject that decide nothing.
    """

    claim: str
    status: Status
    by: str = ""
    why: str = ""
    supporting: tuple[int, ...] = ()
    contradicting: tuple[int, ...] = ()
    related: tuple[int, ...] = ()

    def shown(self) -> dict[str, Any]:
        """Return it as JSON values, without what is empty."""
        found = {
            "claim": self.claim[:EXCERPT_CHARS],
            "status": self.status,
            "by": self.by,
            "why": self.why,
            "supporting": list(self.supporting),
            "contradicting": list(self.contradicting),
            "related": list(self.related),
        }
        return {name: value for name, value in found.items() if value}


def hits_of(memories: Iterable[Mapping[str, Any]]) -> list[Hit]:
    """Return what a search with `explain` found."""
    return [
        Hit(
            memory_id=int(one["memory_id"]),
            content=str(one["content"]),
            cosine=one.get("explanation", {}).get("cosine"),
            occurred_at=str(one.get("occurred_at", "")),
            tags=tuple(one.get("tags", ())),
            source=str(one.get("source", "")),
            trust=str(one.get("trust", "assistant")),
        )
        for one in memories
    ]


def excerpt(text: str) -> str:
    """Return the beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT_CHARS else line[: EXCERPT_CHARS - 3] + "..."


def is_related(hit: Hit, terms: Sequence[str]) -> bool:
    """Tell whether a memory has to do with a text of these terms."""
    if hit.cosine is not None and hit.cosine >= RELATED_COSINE:
        return True
    have = (term for sentence in statements(hit.content) for term in apart(sentence).telling)
    return bool(terms) and cover(terms, have).share >= RELATED_SHARE


def check(claim: str, verdicts: Sequence[Verdict], hits: Sequence[Hit]) -> Check:
    """Return what is known of a claim: what was computed counts first, then what memories say."""
    decided = [one for one in verdicts if one.status != "unknown"]
    against_it = [one for one in decided if one.status == "refuted"]
    by_memory = _by_memories(claim, hits)
    if not decided:
        return by_memory
    told = (against_it or decided)[0]
    return Check(
        claim=claim,
        status="refuted" if against_it else "held",
        by="computed",
        why=told.evidence,
        supporting=by_memory.supporting,
        contradicting=by_memory.contradicting,
        related=by_memory.related,
    )


def _by_memories(claim: str, hits: Sequence[Hit]) -> Check:
    supporting: list[int] = []
    against: dict[int, str] = {}
    related: list[int] = []
    terms = apart(claim).telling
    for hit in hits:
        kind, why = _stands(claim, hit)
        if kind == "supports":
            supporting.append(hit.memory_id)
        elif kind == "contradicts":
            against[hit.memory_id] = why
        elif is_related(hit, terms):
            related.append(hit.memory_id)
    status: Status = "open"
    by, why = "", ""
    if supporting and against:
        why = "memories disagree about it"
    elif supporting:
        status, by, why = "held", "memory", f"memory {supporting[0]} says so"
    elif against:
        first = next(iter(against))
        status, by, why = "refuted", "memory", f"memory {first} says otherwise: {against[first]}"
    return Check(
        claim=claim,
        status=status,
        by=by,
        why=why,
        supporting=tuple(supporting[:SHOWN_MAX]),
        contradicting=tuple(against)[:SHOWN_MAX],
        related=tuple(related[:SHOWN_MAX]),
    )


def _stands(claim: str, hit: Hit) -> tuple[str, str]:
    """Return how a memory stands to a claim: `supports`, `contradicts` or "", and why."""
    for sentence in statements(hit.content)[:SENTENCES_MAX]:
        kind, why = stands(claim, sentence)
        if kind:
            return kind, why
    return "", ""


def stands(claim: str, statement: str) -> tuple[str, str]:
    """Return how a statement stands to a claim: `supports`, `contradicts` or "", and why.

    It supports what says the same, or less.
    """
    new, old = apart(claim), apart(statement)
    verdict = compared(old, new)
    if verdict.kind == "contradiction":
        return "contradicts", verdict.why
    if verdict.kind == "same" or compared(new, old).kind == "refinement":
        return "supports", "says the same"
    return "", ""


def tally(checks: Iterable[Check | Mapping[str, Any]]) -> Tally:
    """Return how claims fared."""
    found = [one.status if isinstance(one, Check) else one["status"] for one in checks]
    return Tally(found.count("held"), found.count("refuted"), found.count("open"))


def confidence(counted: Tally, against: int = 0) -> dict[str, Any]:
    """Return how sure one may be, as JSON values: level, score, n, basis.

    The score is the mean of the Beta posterior over a uniform prior, of claims that hold against
    those that don't; there is none while nothing was decided. A level above medium also wants half
    of all claims decided.

    Args:
        counted: How the claims fared.
        against: Further things that count like a refuted claim, such as contradictions between
            steps.
    """
    refuted = counted.refuted + against
    n = counted.held + refuted
    basis = f"{counted.held} of {n} decided claims hold, {counted.open} stay open"
    if against:
        basis += f"; {against} contradictions between steps count against them"
    if not n:
        return {"level": "unknown", "n": 0, "basis": basis}
    score = (counted.held + 1) / (n + 2)
    level = next((name for name, least in LEVELS if score >= least), "low")
    if level == "high" and counted.open > n:
        level = "medium"
    return {"level": level, "score": round(score, 3), "n": n, "basis": basis}


#: From which score on which level. Source: those of the original's assessor.
LEVELS: Final = (("high", 0.7), ("medium", 0.4), ("low", 0.2))
