"""Keeps derived facts up to date: what changed since, what follows, what is to be written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from mimo.actors.knowledge.fact_index import Fact
from mimo.actors.knowledge.inference import Inference
from mimo.actors.knowledge.rulebook import rules_in_force
from mimo.actors.knowledge.rules import relevant
from mimo.config import limits
from mimo.storage import knowledge, knowledge_derived
from mimo.storage.knowledge_records import DerivedFact
from mimo.storage.knowledge_upkeep import PutDerived

#: Facts in one write, so that it stays small enough for a message and others come between.
FACTS_A_WRITE: Final = 400
#: Facts that are withdrawn in one write.
GONE_A_WRITE: Final = 2_000


@dataclass(slots=True)
class _Graph:
    """One project in memory.

    Args:
        inference: What follows from them.
        generation: Of the facts that it has.
        at_s: At which time these were valid.
        fresh_until_s: When another begins or ceases to be valid.
        is_known: Whether what is kept on disk differs only by what `inference` has touched.
    """

    inference: Inference
    generation: int
    at_s: float
    fresh_until_s: float | None
    is_known: bool = False


class Upkeep:
    """What follows in each project that was asked for; made anew when it is let go of."""

    def __init__(self, most: int = limits.DERIVED_FACTS_MAX) -> None:
        self._most = most
        self._graphs: dict[str, _Graph] = {}

    def __len__(self) -> int:
        return len(self._graphs)

    def release(self) -> None:
        """Let go of all memory."""
        self._graphs.clear()

    def doubt(self, project: str) -> None:
        """Compare all with what is kept next time: a write didn't go as planned."""
        if project in self._graphs:
            self._graphs[project].is_known = False

    def inference(self, project: str) -> Inference:
        """Return what follows in a project that was read."""
        return self._graphs[project].inference

    def read(self, link: Any, project: str, now_s: float) -> None:
        """Take in what changed since the last time, or everything; `run` then settles it.

        Args:
            link: A connection inside a snapshot.
            project: Which project.
            now_s: Wall seconds UTC; only facts valid then count.
        """
        state = knowledge_derived.state(link, project)
        rules = rules_in_force(knowledge.rules(link, project))
        graph = self._graphs.get(project)
        if graph is None or state.rules_generation > graph.generation or now_s < graph.at_s:
            inference = Inference(rules, floor=limits.INFERRED_CONFIDENCE_MIN, most=self._most)
            facts = knowledge_derived.asserted(link, project, relevant(rules), now_s)
            for subject, predicate, object_, confidence in facts:
                inference.put((subject, predicate, object_), confidence)
            graph = _Graph(inference, state.generation, now_s, None)
            self._graphs[project] = graph
        else:
            matters = relevant(rules)
            for subject, predicate, object_, confidence in knowledge_derived.changed(
                link, project, generation=graph.generation, since_s=graph.at_s, at_s=now_s
            ):
                if predicate in matters:
                    fact = (subject, predicate, object_)
                    # The same fact may be kept by another row, just as surely.
                    graph.inference.touch(fact)
                    graph.inference.put(fact, confidence)
        if not state.materialised:
            graph.is_known = False
        graph.generation, graph.at_s = state.generation, now_s
        graph.fresh_until_s = knowledge_derived.next_boundary(link, project, now_s)

    def run(self, project: str, steps: int) -> bool:
        """Settle up to this many facts; return whether nothing is left to do."""
        return self._graphs[project].inference.run(steps)

    def writes(self, link: Any, project: str) -> list[PutDerived]:
        """Return the writes that make what is kept what follows; the last one says so."""
        graph = self._graphs[project]
        if graph.is_known:
            gone, facts = self._touched(graph.inference)
        else:
            gone, facts = self._differing(link, project, graph.inference)
        graph.inference.touched.clear()
        graph.is_known = True
        return list(_writes(project, graph, gone, facts))

    @staticmethod
    def _touched(inference: Inference) -> tuple[list[Fact], list[Fact]]:
        gone = [fact for fact in inference.touched if inference.why(fact) is None]
        return gone, [fact for fact in inference.touched if inference.why(fact) is not None]

    @staticmethod
    def _differing(link: Any, project: str, inference: Inference) -> tuple[list[Fact], list[Fact]]:
        kept = knowledge_derived.kept_derivations(link, project)
        gone = [fact for fact in kept if inference.why(fact) is None]
        facts = [
            fact
            for fact, why in inference.derived().items()
            if kept.get(fact) != (inference.confidence(fact), why.rule.name, why.premises)
        ]
        return gone, facts


def _writes(
    project: str, graph: _Graph, gone: list[Fact], facts: list[Fact]
) -> Iterator[PutDerived]:
    parts: list[tuple[list[Fact], list[Fact]]] = [
        (gone[start : start + GONE_A_WRITE], []) for start in range(0, len(gone), GONE_A_WRITE)
    ]
    parts += [
        ([], facts[start : start + FACTS_A_WRITE]) for start in range(0, len(facts), FACTS_A_WRITE)
    ]
    for place, (leaving, coming) in enumerate(parts or [([], [])]):
        yield PutDerived(
            project=project,
            generation=graph.generation,
            gone=tuple(leaving),
            facts=tuple(_derived(fact, graph.inference) for fact in coming),
            derived_at_s=graph.at_s,
            fresh_until_s=graph.fresh_until_s,
            is_last=place >= len(parts) - 1,
        )


def _derived(fact: Fact, inference: Inference) -> DerivedFact:
    why = inference.derived()[fact]
    return DerivedFact(
        subject_id=fact[0],
        predicate=fact[1],
        object_id=fact[2],
        confidence=inference.confidence(fact),
        rule=why.rule.name,
        premises=why.premises,
    )
