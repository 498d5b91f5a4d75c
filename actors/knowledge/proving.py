"""Backward inference: whether a fact follows, asking only for what the question needs.

Each goal has a table of its answers, and whoever waits for them is told each answer once, and again
when it gets surer. So left recursion and cycles end, and every answer has the confidence of its
best proof, as in `inference`.

Source: Tamaki, Sato, "OLD resolution with tabulation" (1986).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
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

    def count(self, predicate: str, subject: int | None, object_: int | None) -> int:
        """Return how many facts have these ends, up to some number that is many."""


@dataclass(frozen=True, slots=True)
class _Waiter:
    """A rule that is partly matched and waits for answers to one of its premises.

    Args:
        goal: What it would answer.
        rule: The rule.
        atom: The premise it waits for.
        rest: The premises that are still to be asked for.
        bindings: What the variables stand for so far.
    """

    goal: Goal
    rule: Rule
    atom: Atom
    rest: tuple[Atom, ...]
    bindings: tuple[tuple[str, int], ...]


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
        self._waiters: dict[Goal, dict[_Waiter, None]] = {}
        self._agenda: deque[Goal | tuple[_Waiter, Fact]] = deque()
        self._costs: dict[Goal, int] = {}
        self._confidence: dict[Fact, float] = {}
        self._why: dict[Fact, Derivation] = {}

    @property
    def is_complete(self) -> bool:
        """Tell whether every answer was found, with its best proof."""
        return not self._agenda

    @property
    def predicates(self) -> set[str]:
        """The predicates that something may follow for."""
        return set(self._heads)

    def prove(
        self, predicate: str, subject: int | None = None, object_: int | None = None
    ) -> dict[Fact, float]:
        """Return every fact with these ends that is there or follows, and how sure it is."""
        goal = (predicate, subject, object_)
        self._open(goal)
        while self._agenda and self._steps_left > 0:
            self._steps_left -= 1
            now = self._agenda.popleft()
            if len(now) == 2:
                self._tell(*now)
            else:
                self._evaluate(now)
        return {fact: self._confidence[fact] for fact in self._tables[goal]}

    def why(self, fact: Fact) -> Derivation | None:
        """Return the best proof of a proved fact; None if it was taught, surer than it follows."""
        return self._why.get(fact)

    def confidence(self, fact: Fact) -> float:
        """Return how sure a fact is; 0 if it wasn't proved."""
        return self._confidence.get(fact, 0.0)

    def _open(self, goal: Goal) -> None:
        if goal not in self._tables:
            self._tables[goal] = {}
            self._agenda.append(goal)

    def _evaluate(self, goal: Goal) -> None:
        """Look a new goal up, and begin with every rule that may answer it."""
        predicate, subject, object_ = goal
        for fact, confidence in self._facts.match(predicate, subject, object_):
            self._steps_left -= 1
            self._answer(goal, fact, confidence, None)
        for rule in self._heads.get(predicate, ()):
            start = _asked(rule.head, subject, object_)
            if start is not None:
                self._wait(goal, rule, rule.body, start)

    def _wait(
        self, goal: Goal, rule: Rule, atoms: tuple[Atom, ...], bindings: dict[str, int]
    ) -> None:
        """Ask for the premise that promises the fewest answers."""
        place = min(range(len(atoms)), key=lambda i: self._cost(_goal(atoms[i], bindings)))
        atom, rest = atoms[place], atoms[:place] + atoms[place + 1 :]
        waiter = _Waiter(goal, rule, atom, rest, tuple(sorted(bindings.items())))
        asked = self._known(_goal(atom, bindings))
        self._waiters.setdefault(asked, {})[waiter] = None
        # One that waits already asks again because something it rests on got surer.
        self._agenda.extend((waiter, fact) for fact in self._tables[asked])

    def _known(self, goal: Goal) -> Goal:
        """Return the open goal that has the answers to this one; open it if there is none."""
        predicate, subject, object_ = goal
        for wider in ((predicate, subject, None), (predicate, None, object_)):
            if wider in self._tables:
                return wider
        self._open(goal)
        return goal

    def _cost(self, goal: Goal) -> tuple[int, int]:
        """Return how unwelcome a goal is: by its free ends, then by the facts nearby."""
        if goal not in self._costs:
            predicate, subject, object_ = goal
            near = self._facts.count(predicate, subject, object_)
            for rule in self._heads.get(predicate, ()):
                start = _asked(rule.head, subject, object_)
                if len(rule.body) == 1 and start is not None:
                    near += self._facts.count(*_goal(rule.body[0], start))
            self._costs[goal] = near
        return (goal[1] is None) + (goal[2] is None), self._costs[goal]

    def _tell(self, waiter: _Waiter, fact: Fact) -> None:
        """Go on with a rule, now that one more premise has an answer."""
        bindings = unified(waiter.atom, fact, dict(waiter.bindings))
        if bindings is None:
            return
        if waiter.rest:
            self._wait(waiter.goal, waiter.rule, waiter.rest, bindings)
        else:
            self._conclude(waiter.goal, waiter.rule, bindings)

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
            self._agenda.extend((waiter, fact) for waiter in self._waiters.get(changed, ()))


def _goal(atom: Atom, bindings: dict[str, int]) -> Goal:
    """Return what an atom asks for under these bindings."""
    return atom.predicate, bound(atom.subject, bindings), bound(atom.object, bindings)


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
