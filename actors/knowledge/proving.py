"""Backward inference: whether a fact follows, asking only for what the question needs.

Each goal has a table of its answers; a goal that is met again while it is open reads what its table
holds and is looked at anew when that grows. So left recursion and cycles end, and every answer has
the confidence of its best proof, as in `inference`.

Source: Tamaki, Sato, "OLD resolution with tabulation" (1986).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from mimo.actors.knowledge.fact_index import Fact, bound, instance, unified
from mimo.actors.knowledge.inference import Derivation
from mimo.actors.knowledge.rules import Atom, Rule, heads, is_variable

#: Predicate, subject, object; None for any.
Goal = tuple[str, int | None, int | None]


class Facts(Protocol):
    """Where taught facts are looked up."""

    def match(
        self, predicate: str, subject: int | None, object_: int | None
    ) -> Iterable[tuple[Fact, float]]:
        """Return the facts with these ends and how sure they are; None is any."""


class Prover:
    """Answers goals about one state of the facts.

    Args:
        facts: What was taught.
        rules: The rules.
        floor: Nothing less sure than this follows.
        most_steps: How much is looked at before it gives up; see `is_complete`.
    """

    def __init__(
        self, facts: Facts, rules: Iterable[Rule], *, floor: float, most_steps: int
    ) -> None:
        self._facts = facts
        self._heads = heads(rules)
        self._floor = floor
        self._steps_left = most_steps
        self._tables: dict[Goal, dict[Fact, None]] = {}
        self._members: dict[Fact, set[Goal]] = {}
        self._askers: dict[Goal, set[Goal]] = {}
        self._open: dict[Goal, None] = {}
        self._confidence: dict[Fact, float] = {}
        self._why: dict[Fact, Derivation] = {}

    @property
    def is_complete(self) -> bool:
        """Tell whether every answer was found, with its best proof."""
        return self._steps_left > 0

    @property
    def predicates(self) -> set[str]:
        """The predicates that something may follow for."""
        return set(self._heads)

    def prove(
        self, predicate: str, subject: int | None = None, object_: int | None = None
    ) -> dict[Fact, float]:
        """Return every fact with these ends that is there or follows, and how sure it is."""
        goal = (predicate, subject, object_)
        self._table(goal)
        while self._open and self._steps_left > 0:
            now = next(iter(self._open))
            del self._open[now]
            self._evaluate(now)
        return {fact: self._confidence[fact] for fact in self._tables[goal]}

    def why(self, fact: Fact) -> Derivation | None:
        """Return the best proof of a proved fact; None if it was taught, surer than it follows."""
        return self._why.get(fact)

    def confidence(self, fact: Fact) -> float:
        """Return how sure a fact is; 0 if it wasn't proved."""
        return self._confidence.get(fact, 0.0)

    def _table(self, goal: Goal) -> dict[Fact, None]:
        if goal not in self._tables:
            self._tables[goal] = {}
            self._open[goal] = None
        return self._tables[goal]

    def _ask(self, asker: Goal, goal: Goal) -> list[Fact]:
        """Return the answers so far; the asker is looked at again when there are more."""
        predicate, subject, object_ = goal
        for wider in ((predicate, subject, None), (predicate, None, object_)):
            if goal != wider and wider in self._tables:
                self._askers.setdefault(wider, set()).add(asker)
                return [
                    fact
                    for fact in self._tables[wider]
                    if subject in (None, fact[0]) and object_ in (None, fact[2])
                ]
        self._askers.setdefault(goal, set()).add(asker)
        return list(self._table(goal))

    def _evaluate(self, goal: Goal) -> None:
        predicate, subject, object_ = goal
        for fact, confidence in self._facts.match(predicate, subject, object_):
            self._steps_left -= 1
            self._answer(goal, fact, confidence, None)
        for rule in self._heads.get(predicate, ()):
            start = _asked(rule.head, subject, object_)
            if start is not None:
                for bindings in self._joined(goal, rule.body, start):
                    self._conclude(goal, rule, bindings)

    def _joined(
        self, goal: Goal, atoms: tuple[Atom, ...], bindings: dict[str, int]
    ) -> Iterator[dict[str, int]]:
        if not atoms:
            yield bindings
            return
        place = max(
            range(len(atoms)),
            key=lambda i: (
                (bound(atoms[i].subject, bindings) is not None)
                + (bound(atoms[i].object, bindings) is not None)
            ),
        )
        atom, rest = atoms[place], atoms[:place] + atoms[place + 1 :]
        subgoal = (atom.predicate, bound(atom.subject, bindings), bound(atom.object, bindings))
        for fact in self._ask(goal, subgoal):
            self._steps_left -= 1
            if self._steps_left <= 0:
                return
            found = unified(atom, fact, bindings)
            if found is not None:
                yield from self._joined(goal, rest, found)

    def _conclude(self, goal: Goal, rule: Rule, bindings: dict[str, int]) -> None:
        fact = instance(rule.head, bindings)
        premises = tuple(
            each for atom in rule.body if (each := instance(atom, bindings)) is not None
        )
        if fact is None or fact in premises:
            return
        confidence = rule.confidence
        for premise in premises:
            confidence *= self._confidence[premise]
        if confidence >= self._floor:
            self._answer(goal, fact, confidence, Derivation(rule, premises))

    def _answer(self, goal: Goal, fact: Fact, confidence: float, why: Derivation | None) -> None:
        table = self._tables[goal]
        is_new = fact not in table
        if is_new:
            table[fact] = None
            self._members.setdefault(fact, set()).add(goal)
        is_better = confidence > self._confidence.get(fact, 0.0)
        if is_better:
            self._confidence[fact] = confidence
            self._why.pop(fact, None)
            if why is not None:
                self._why[fact] = why
        for changed in self._members[fact] if is_better else ((goal,) if is_new else ()):
            for asker in self._askers.get(changed, ()):
                self._open[asker] = None


def _asked(head: Atom, subject: int | None, object_: int | None) -> dict[str, int] | None:
    """Return the bindings that a goal gives to a rule's head, or None if they don't fit."""
    found: dict[str, int] = {}
    for term, value in ((head.subject, subject), (head.object, object_)):
        if value is None:
            continue
        if is_variable(term):
            if found.setdefault(str(term), value) != value:
                return None
        elif term != value:
            return None
    return found
