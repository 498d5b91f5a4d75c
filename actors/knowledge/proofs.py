"""Whether a fact holds, and why."""

from __future__ import annotations

from typing import Any, Final

from mimo.actors.knowledge import messages as km
from mimo.actors.knowledge import presentation as shown
from mimo.actors.knowledge.fact_index import Fact
from mimo.actors.knowledge.proving import Prover
from mimo.actors.knowledge.rulebook import rules_in_force
from mimo.actors.knowledge.view import View
from mimo.config import limits
from mimo.storage import knowledge, knowledge_entities
from mimo.storage.knowledge import Pattern

#: Facts are counted up to here; a premise with more of them is asked for last.
MANY: Final = 200


class TaughtFacts:
    """The taught facts of a project at one time, looked up in the database."""

    def __init__(self, link: Any, project: str, at_s: float) -> None:
        self._link = link
        self._project = project
        self._at_s = at_s
        self._known: dict[tuple[str, int | None, int | None], list[tuple[Fact, float]]] = {}

    def match(
        self, predicate: str, subject: int | None, object_: int | None
    ) -> list[tuple[Fact, float]]:
        """Return the facts with these ends and how sure they are; None is any."""
        asked = (predicate, subject, object_)
        if asked not in self._known:
            pattern = Pattern(
                project=self._project,
                at_s=self._at_s,
                subject_id=subject,
                predicates=(predicate,),
                object_id=object_,
                derived=False,
            )
            found = knowledge.match(self._link, pattern, limit=limits.PROOF_STEPS_MAX)
            self._known[asked] = [
                ((each.subject_id, each.predicate, each.object_id), each.confidence)
                for each in found
            ]
        return self._known[asked]

    def count(self, predicate: str, subject: int | None, object_: int | None) -> int:
        """Return how many facts have these ends, up to `MANY`."""
        pattern = Pattern(
            project=self._project,
            at_s=None,
            subject_id=subject,
            predicates=(predicate,),
            object_id=object_,
            derived=False,
        )
        return knowledge.count(self._link, pattern, most=MANY)


def prover_of(view: View, project: str, at_s: float) -> Prover:
    """Return what proves from the facts that are valid at a time."""
    return Prover(
        TaughtFacts(view.link, project, at_s),
        rules_in_force(knowledge.rules(view.link, project)),
        floor=limits.INFERRED_CONFIDENCE_MIN,
        most_steps=limits.PROOF_STEPS_MAX,
    )


def prove(view: View, request: km.Prove) -> dict[str, Any]:
    """Return whether a fact holds, and its best proof."""
    at_s = view.now_s if request.at_s is None else request.at_s
    fact = _fact_asked(view, request)
    prover = prover_of(view, request.project, at_s)
    subject, predicate, object_ = fact
    holds = fact in prover.prove(predicate, subject, object_)
    names = view.names(_proof_facts(fact, prover))
    answer: dict[str, Any] = {
        "fact": shown.sentence(fact, names),
        "holds": holds,
        "confidence": round(prover.confidence(fact), 4),
        "complete": prover.is_complete,
    }
    if holds:

        def taught(each: Fact) -> dict[str, Any]:
            return _provenance(view, request.project, each, at_s)

        tree = shown.ProofTree(prover.why, prover.confidence, taught, names)
        answer["proof"] = tree.of(fact)
    return answer


def _fact_asked(view: View, request: km.Prove) -> Fact:
    if request.triple_id:
        kept = knowledge.triple(view.link, request.project, request.triple_id)
        return kept.subject_id, kept.predicate, kept.object_id
    subject, object_ = (
        knowledge_entities.find(view.link, request.project, name).id
        for name in (request.subject, request.object)
    )
    return subject, request.predicate, object_


def _provenance(view: View, project: str, fact: Fact, at_s: float) -> dict[str, Any]:
    pattern = Pattern(
        project=project,
        at_s=at_s,
        subject_id=fact[0],
        predicates=(fact[1],),
        object_id=fact[2],
        derived=False,
    )
    kept = knowledge.match(view.link, pattern, limit=10)
    best = max(kept, key=lambda each: each.confidence)
    sources = knowledge.sources(view.link, (best.id,)).get(best.id, [])
    return {
        "triple_id": best.id,
        "sources": sorted({source for source, _ in sources}),
        "memory_ids": sorted({memory for _, memory in sources if memory}),
    }


def _proof_facts(fact: Fact, prover: Prover) -> set[Fact]:
    """Return every fact that stands in the proof of this one."""
    found: set[Fact] = set()
    queue = [fact]
    while queue:
        each = queue.pop()
        why = prover.why(each)
        if each not in found and why is not None:
            queue.extend(why.premises)
        found.add(each)
    return found
