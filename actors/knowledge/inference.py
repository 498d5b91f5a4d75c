"""Forward inference: everything that follows from facts by rules, with its best proof.

The confidence of what follows is the rule's times that of each premise; of several proofs the best
counts. Facts are settled best first, so each is settled once, cycles end by themselves, and the
first proof of a fact is its best. A change is followed only where it leads: what rested on a fact
that is gone is withdrawn, and derived again where another proof is left.

Source: Knuth, "A generalization of Dijkstra's algorithm" (1977), with the product as the superior
function; Gupta, Mumick, Subrahmanian, "Maintaining views incrementally" (1993), DRed.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mimo.actors.knowledge.fact_index import Fact, FactIndex, bound, instance, unified
from mimo.actors.knowledge.rules import Atom, Rule, heads


@dataclass(frozen=True, slots=True)
class Derivation:
    """Why a fact follows: by which rule, from which facts in the order of its body."""

    rule: Rule
    premises: tuple[Fact, ...]


class Inference:
    """What follows from changing facts by fixed rules.

    Args:
        rules: The rules.
        floor: Nothing less sure than this follows.
        most: How many facts may follow at most; the surest are found first.
    """

    def __init__(self, rules: Iterable[Rule], *, floor: float, most: int) -> None:
        self._rules = tuple(rules)
        self._heads = heads(self._rules)
        self._uses: dict[str, list[tuple[Rule, int]]] = {}
        for rule in self._rules:
            for place, atom in enumerate(rule.body):
                self._uses.setdefault(atom.predicate, []).append((rule, place))
        self._floor = floor
        self._most = most
        self._index = FactIndex()
        self._base: dict[Fact, float] = {}
        self._confidence: dict[Fact, float] = {}
        self._why: dict[Fact, Derivation] = {}
        self._dependents: dict[Fact, set[Fact]] = {}
        self._waiting: list[tuple[float, int, Fact, Derivation | None]] = []
        self._ticks = itertools.count()
        #: Whether more follows than `most`.
        self.is_full = False
        #: Derived facts that changed since they were taken last, in an order in which each stands
        #: after its premises; a fact that doesn't follow any more is among them.
        self.touched: dict[Fact, None] = {}

    # -- Reading -----------------------------------------------------------------------------
    def confidence(self, fact: Fact) -> float:
        """Return how sure a fact is; 0 if it neither is there nor follows."""
        return self._confidence.get(fact, 0.0)

    def why(self, fact: Fact) -> Derivation | None:
        """Return the best proof of a fact; None if it was taught, surer than it follows."""
        return self._why.get(fact)

    def derived(self) -> Mapping[Fact, Derivation]:
        """Return what follows, each with its best proof, premises before what rests on them."""
        return self._why

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing is left to do."""
        return self.is_full or not self._waiting

    # -- Changing ----------------------------------------------------------------------------
    def put(self, fact: Fact, confidence: float) -> None:
        """Teach a fact, or change how sure it is; 0 retracts it. `run` follows it up."""
        before = self._base.get(fact, 0.0)
        if confidence <= 0:
            self._base.pop(fact, None)
        else:
            self._base[fact] = confidence
        if confidence < before and fact in self._confidence and fact not in self._why:
            self._withdraw(fact)
        elif fact in self._why and confidence == self._confidence[fact]:
            # It stands by itself now; what rests on it must be told.
            self.touch(fact)
            self._forget_why(fact)
        self._offer(fact, confidence, None)

    def touch(self, fact: Fact) -> None:
        """Count what rests on a fact as changed, since the fact is kept in another way now."""
        resting = self._resting_on(fact)
        if len(resting) > 1:
            for each in [each for each in self._why if each in resting]:
                self.touched.pop(each, None)
                self.touched[each] = None

    def run(self, steps: int) -> bool:
        """Settle up to this many facts; return whether nothing is left to do."""
        for _ in range(steps):
            if self.is_settled:
                break
            worst, _, fact, why = heapq.heappop(self._waiting)
            self._settle(fact, -worst, why)
        return self.is_settled

    def _offer(self, fact: Fact, confidence: float, why: Derivation | None) -> None:
        if confidence > self._confidence.get(fact, 0.0) and (
            why is None or confidence >= self._floor
        ):
            heapq.heappush(self._waiting, (-confidence, next(self._ticks), fact, why))

    def _settle(self, fact: Fact, confidence: float, why: Derivation | None) -> None:
        if confidence <= self._confidence.get(fact, 0.0) or not self._holds(fact, confidence, why):
            return
        if why is not None and fact not in self._why and len(self._why) >= self._most:
            self.is_full = True
            heapq.heappush(self._waiting, (-confidence, next(self._ticks), fact, why))
            return
        self._forget_why(fact)
        self._confidence[fact] = confidence
        self._index.add(fact)
        if why is not None:
            self._why[fact] = why
            self.touched.pop(fact, None)
            self.touched[fact] = None
            for premise in why.premises:
                self._dependents.setdefault(premise, set()).add(fact)
        self._follow(fact)

    def _holds(self, fact: Fact, confidence: float, why: Derivation | None) -> bool:
        """Tell whether what was offered earlier is still so."""
        if why is None:
            return self._base.get(fact) == confidence
        return self._product(why) == confidence

    def _product(self, why: Derivation) -> float:
        product = why.rule.confidence
        for premise in why.premises:
            product *= self._confidence.get(premise, 0.0)
        return product

    def _follow(self, fact: Fact) -> None:
        """Offer everything that has this fact as a premise."""
        for rule, place in self._uses.get(fact[1], ()):
            start = unified(rule.body[place], fact, {})
            if start is not None:
                others = [(i, atom) for i, atom in enumerate(rule.body) if i != place]
                for bindings in self._joined(others, start):
                    self._conclude(rule, bindings)

    def _joined(
        self, atoms: list[tuple[int, Atom]], bindings: dict[str, int]
    ) -> Iterator[dict[str, int]]:
        if not atoms:
            yield bindings
            return
        # The atom with the most bound ends first: it has the fewest matches.
        best = max(
            atoms,
            key=lambda each: (
                (bound(each[1].subject, bindings) is not None)
                + (bound(each[1].object, bindings) is not None)
            ),
        )
        rest = [each for each in atoms if each is not best]
        atom = best[1]
        ends = bound(atom.subject, bindings), bound(atom.object, bindings)
        for fact in self._index.match(atom.predicate, *ends):
            found = unified(atom, fact, bindings)
            if found is not None:
                yield from self._joined(rest, found)

    def _conclude(self, rule: Rule, bindings: dict[str, int]) -> None:
        head = instance(rule.head, bindings)
        premises = tuple(
            fact for atom in rule.body if (fact := instance(atom, bindings)) is not None
        )
        if head is not None and head not in premises:
            why = Derivation(rule, premises)
            self._offer(head, self._product(why), why)

    def _resting_on(self, fact: Fact) -> dict[Fact, None]:
        """Return the fact and all whose best proof rests on it."""
        found: dict[Fact, None] = {fact: None}
        queue = [fact]
        while queue:
            for dependent in self._dependents.get(queue.pop(), ()):
                if dependent not in found:
                    found[dependent] = None
                    queue.append(dependent)
        return found

    def _forget_why(self, fact: Fact) -> None:
        why = self._why.pop(fact, None)
        if why is not None:
            self.touched[fact] = None
            for premise in why.premises:
                self._dependents.get(premise, set()).discard(fact)

    def _withdraw(self, fact: Fact) -> None:
        """Take back a fact and all whose best proof rests on it, then look for other proofs."""
        gone = self._resting_on(fact)
        for each in gone:
            self._forget_why(each)
            del self._confidence[each]
            self._index.discard(each)
            self._dependents.pop(each, None)
        # With room again, what was left out may find its place.
        self.is_full = False
        for each in gone:
            if each in self._base:
                self._offer(each, self._base[each], None)
            for rule in self._heads.get(each[1], ()):
                start = unified(rule.head, each, {})
                if start is not None:
                    for bindings in self._joined(list(enumerate(rule.body)), start):
                        self._conclude(rule, bindings)
