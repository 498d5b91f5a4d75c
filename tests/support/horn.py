"""Random facts and rules, and the plainest way to say what follows from them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from mimo.actors.knowledge.fact_index import Fact, FactIndex, instance, unified
from mimo.actors.knowledge.inference import Inference
from mimo.actors.knowledge.rules import Atom, Rule

PREDICATES = ("p", "q", "r")
NODES = tuple(range(1, 6))
#: What a rule may say: variables more often than constants.
TERMS: tuple[str | int, ...] = ("?x", "?y", "?z", "?x", "?y", 1, 2)
#: Powers of two, so that products are exact and equal however they are taken.
SURE = (1.0, 0.5, 0.25)
MOST = 100_000


class TaughtFacts:
    """Facts in memory, as `proving.Facts`."""

    def __init__(self, base: Mapping[Fact, float]) -> None:
        self._base = base
        self._index = FactIndex(base)

    def match(
        self, predicate: str, subject: int | None, object_: int | None
    ) -> list[tuple[Fact, float]]:
        """Return the facts with these ends."""
        return [(fact, self._base[fact]) for fact in self._index.match(predicate, subject, object_)]

    def count(self, predicate: str, subject: int | None, object_: int | None) -> int:
        """Return how many facts have these ends."""
        return len(self._index.match(predicate, subject, object_))


@st.composite
def rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    """Draw up to four rules; what follows has only variables of the premises, or constants."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        terms: st.SearchStrategy[Any] = st.sampled_from(TERMS)
        atoms = st.builds(Atom, st.sampled_from(PREDICATES), terms, terms)
        body = tuple(draw(st.lists(atoms, min_size=1, max_size=3)))
        bound = sorted({name for atom in body for name in atom.variables})
        ends: st.SearchStrategy[Any] = st.sampled_from([*bound, NODES[0]])
        head = Atom(draw(st.sampled_from(PREDICATES)), draw(ends), draw(ends))
        found.append(Rule(f"rule {number}", head, body, draw(st.sampled_from((1.0, 0.5)))))
    return tuple(found)


facts = st.tuples(st.sampled_from(NODES), st.sampled_from(PREDICATES), st.sampled_from(NODES))
bases = st.dictionaries(facts, st.sampled_from(SURE), max_size=12)


def naive(base: Mapping[Fact, float], given: Iterable[Rule]) -> dict[Fact, float]:
    """Return the least fixpoint: try every way to fill every rule until nothing gets surer."""
    known = dict(base)
    while True:
        before = dict(known)
        for rule in given:
            for premises in itertools.product(*(tuple(before) for _ in rule.body)):
                _apply(rule, premises, before, known)
        if known == before:
            return known


def _apply(
    rule: Rule, premises: tuple[Fact, ...], before: Mapping[Fact, float], known: dict[Fact, float]
) -> None:
    bindings: dict[str, int] | None = {}
    sure = rule.confidence
    for atom, fact in zip(rule.body, premises, strict=True):
        if fact[1] != atom.predicate or bindings is None:
            return
        bindings = unified(atom, fact, bindings)
        sure *= before[fact]
    head = instance(rule.head, bindings) if bindings is not None else None
    if head is not None and sure > known.get(head, 0.0):
        known[head] = sure


def forward(base: Mapping[Fact, float], given: Iterable[Rule]) -> Inference:
    """Return the inference over these facts, settled."""
    inference = Inference(given, floor=0.0, most=MOST)
    for fact, sure in base.items():
        inference.put(fact, sure)
    assert inference.run(MOST)
    return inference


def everything(inference: Inference) -> dict[Fact, float]:
    """Return how sure every fact is that is there or follows."""
    all_facts = itertools.product(NODES, PREDICATES, NODES)
    return {fact: sure for fact in all_facts if (sure := inference.confidence(fact)) > 0}
