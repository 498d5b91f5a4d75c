"""The rules that Mimo brings: what the words in common predicates mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from mimo.actors.knowledge.rules import Atom, Rule, inverse, parse, symmetric, transitive


def _brought() -> Iterator[Rule]:
    for predicate in (
        "located_in",
        "part_of",
        "contains",
        "subclass_of",
        "depends_on",
        "reports_to",
        "precedes",
        "ancestor_of",
    ):
        yield transitive(predicate)
    for predicate in ("adjacent_to", "married_to", "sibling_of", "same_as", "works_with"):
        yield symmetric(predicate)
    for predicate, other in (
        ("contains", "part_of"),
        ("reports_to", "manages"),
        ("precedes", "follows"),
        ("owns", "owned_by"),
        ("parent_of", "child_of"),
        ("ancestor_of", "descendant_of"),
    ):
        yield inverse(predicate, other)
        yield inverse(other, predicate)
    yield Rule("inherit:is_a", *_clause("is_a(?x, ?z) :- is_a(?x, ?y), subclass_of(?y, ?z)"))
    yield Rule("generation:ancestor_of", *_clause("ancestor_of(?x, ?y) :- parent_of(?x, ?y)"))


def _clause(text: str) -> tuple[Atom, tuple[Atom, ...]]:
    rule = parse("", text)
    return rule.head, rule.body


#: The rules that hold in every project until one is switched off there.
#:
#: Source: ours, after the transitive and inverse predicates of the system that Mimo re-implements;
#: `requires`/`provides` is left out, since neither follows from the other.
BUILT_IN: Final[Mapping[str, Rule]] = {rule.name: rule for rule in _brought()}
