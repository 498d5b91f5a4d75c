"""Facts in memory, found by predicate and either end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mimo.actors.knowledge.rules import Atom, Term, is_variable

#: Subject, predicate, object.
Fact = tuple[int, str, int]
Bindings = Mapping[str, int]


class FactIndex:
    """A set of facts; both ends are looked up in constant time."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._facts: set[Fact] = set()
        self._by_subject: dict[tuple[str, int], set[Fact]] = {}
        self._by_object: dict[tuple[str, int], set[Fact]] = {}
        self._by_predicate: dict[str, set[Fact]] = {}
        for fact in facts:
            self.add(fact)

    def __contains__(self, fact: Fact) -> bool:
        return fact in self._facts

    def __len__(self) -> int:
        return len(self._facts)

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts)

    def add(self, fact: Fact) -> None:
        """Add a fact; adding it again changes nothing."""
        if fact in self._facts:
            return
        subject, predicate, object_ = fact
        self._facts.add(fact)
        self._by_subject.setdefault((predicate, subject), set()).add(fact)
        self._by_object.setdefault((predicate, object_), set()).add(fact)
        self._by_predicate.setdefault(predicate, set()).add(fact)

    def discard(self, fact: Fact) -> None:
        """Remove a fact if it is there."""
        if fact not in self._facts:
            return
        subject, predicate, object_ = fact
        self._facts.discard(fact)
        self._by_subject[predicate, subject].discard(fact)
        self._by_object[predicate, object_].discard(fact)
        self._by_predicate[predicate].discard(fact)

    def match(self, predicate: str, subject: int | None, object_: int | None) -> list[Fact]:
        """Return the facts of a predicate with these ends; None is any."""
        if subject is not None and object_ is not None:
            fact = (subject, predicate, object_)
            return [fact] if fact in self._facts else []
        if subject is not None:
            return list(self._by_subject.get((predicate, subject), ()))
        if object_ is not None:
            return list(self._by_object.get((predicate, object_), ()))
        return list(self._by_predicate.get(predicate, ()))


def bound(term: Term, bindings: Bindings) -> int | None:
    """Return the node that a term stands for, or None for a free variable."""
    return bindings.get(term) if isinstance(term, str) else term


def unified(atom: Atom, fact: Fact, bindings: Bindings) -> dict[str, int] | None:
    """Return the bindings under which the atom says this fact, or None."""
    found = dict(bindings)
    for term, value in ((atom.subject, fact[0]), (atom.object, fact[2])):
        if is_variable(term):
            if found.setdefault(str(term), value) != value:
                return None
        elif term != value:
            return None
    return found


def instance(atom: Atom, bindings: Bindings) -> Fact | None:
    """Return the fact that the atom says under these bindings, or None if a variable is free."""
    subject, object_ = bound(atom.subject, bindings), bound(atom.object, bindings)
    if subject is None or object_ is None:
        return None
    return subject, atom.predicate, object_
