"""Rules: Horn clauses over triples, and how people write them.

    ancestor_of(?x, ?z) :- parent_of(?x, ?y), ancestor_of(?y, ?z)

A name with a question mark is a variable; anything else names an entity. `body => head` is the same
rule the other way round. Transitive, symmetric and inverse are short for such clauses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mimo.config import limits
from mimo.config.errors import InvalidRequest
from mimo.storage.knowledge_names import predicate_of

#: `?x` for a variable, a node's id, or while a rule is being written a node's name.
Term = str | int

_ATOM: Final = re.compile(
    r"""\s*(?P<predicate>[\w-]+)\s*\(\s*(?P<subject>"[^"]*"|[^,()"]+?)\s*,
    \s*(?P<object>"[^"]*"|[^,()"]+?)\s*\)\s*""",
    re.VERBOSE,
)
_VARIABLE: Final = re.compile(r"\?[A-Za-z_]\w{0,30}")


@dataclass(frozen=True, slots=True)
class Atom:
    """`predicate(subject, object)`, with variables or without."""

    predicate: str
    subject: Term
    object: Term

    @property
    def variables(self) -> set[str]:
        """The variables in it."""
        return {str(term) for term in (self.subject, self.object) if is_variable(term)}

    def __str__(self) -> str:
        return f"{self.predicate}({self.subject}, {self.object})"


@dataclass(frozen=True, slots=True)
class Rule:
    """A Horn clause.

    Args:
        name: Unique where it holds.
        head: What follows; its variables all stand in the body.
        body: From what, 1 to `limits.RULE_PREMISES_MAX` atoms.
        confidence: How sure the rule itself is, above 0 up to 1.
    """

    name: str
    head: Atom
    body: tuple[Atom, ...]
    confidence: float = 1.0

    def __str__(self) -> str:
        return f"{self.head} :- {', '.join(map(str, self.body))}"


def is_variable(term: object) -> bool:
    """Tell whether a term of a rule is a variable."""
    return isinstance(term, str) and term.startswith("?")


def parse(name: str, text: str, confidence: float = 1.0) -> Rule:
    """Return the rule that is written as `head :- body` or `body => head`.

    Raises:
        InvalidRequest: It is no such rule, or what follows has a variable that its premises lack.
    """
    if ":-" in text:
        head_text, _, body_text = text.partition(":-")
    elif "=>" in text:
        body_text, _, head_text = text.partition("=>")
    else:
        raise _unreadable(text)
    head, body = list(_atoms(head_text, text)), tuple(_atoms(body_text, text))
    if len(head) != 1 or not 0 < len(body) <= limits.RULE_PREMISES_MAX:
        raise _unreadable(text)
    return checked(Rule(name, head[0], body, confidence))


def checked(rule: Rule) -> Rule:
    """Return the rule if every variable that follows is bound by a premise.

    Raises:
        InvalidRequest: One isn't.
    """
    bound: set[str] = set()
    for atom in rule.body:
        bound |= atom.variables
    free = sorted(rule.head.variables - bound)
    if free:
        raise InvalidRequest(
            f"expected each variable of what follows to stand in a premise, got {free[0]} in"
            f" '{rule.head}' only; add a premise that binds it"
        )
    return rule


def _atoms(text: str, whole: str) -> Iterator[Atom]:
    place = 0
    text = text.strip().removesuffix(".")
    while place < len(text):
        found = _ATOM.match(text, place)
        if found is None:
            raise _unreadable(whole)
        predicate = predicate_of(found["predicate"])
        if not predicate:
            raise _unreadable(whole)
        yield Atom(predicate, _term(found["subject"], whole), _term(found["object"], whole))
        place = found.end()
        if place < len(text):
            if text[place] not in ",&":
                raise _unreadable(whole)
            place += 1


def _term(text: str, whole: str) -> str:
    text = text.strip()
    if text.startswith("?"):
        if not _VARIABLE.fullmatch(text):
            raise _unreadable(whole)
        return text
    name = text.strip('"').strip()
    if not name:
        raise _unreadable(whole)
    return name


def _unreadable(text: str) -> InvalidRequest:
    return InvalidRequest(
        f"expected a rule of 1 to {limits.RULE_PREMISES_MAX} premises, got {text[:120]!r}; for"
        " example 'aunt_of(?x, ?z) :- sister_of(?x, ?y), parent_of(?y, ?z)'"
    )


def transitive(predicate: str, confidence: float = 1.0) -> Rule:
    """Return: what holds between x and y and between y and z holds between x and z."""
    body = (Atom(predicate, "?x", "?y"), Atom(predicate, "?y", "?z"))
    return Rule(f"transitive:{predicate}", Atom(predicate, "?x", "?z"), body, confidence)


def symmetric(predicate: str, confidence: float = 1.0) -> Rule:
    """Return: what holds between x and y holds between y and x."""
    body = (Atom(predicate, "?x", "?y"),)
    return Rule(f"symmetric:{predicate}", Atom(predicate, "?y", "?x"), body, confidence)


def inverse(predicate: str, other: str, confidence: float = 1.0) -> Rule:
    """Return: `predicate` between x and y says `other` between y and x; one direction of two."""
    body = (Atom(predicate, "?x", "?y"),)
    return Rule(f"inverse:{predicate}:{other}", Atom(other, "?y", "?x"), body, confidence)


def of_kind(kind: str, predicate: str, other: str, confidence: float) -> tuple[Rule, ...]:
    """Return the clauses of a `transitive`, `symmetric` or `inverse` rule.

    Raises:
        InvalidRequest: A predicate that the kind needs is missing.
    """
    if not predicate or (kind == "inverse" and not other):
        needed = "'predicate' and 'inverse'" if kind == "inverse" else "'predicate'"
        raise InvalidRequest(
            f"expected {needed} for a rule of kind {kind}, got too few; for example part_of"
        )
    if kind == "transitive":
        return (transitive(predicate, confidence),)
    if kind == "symmetric":
        return (symmetric(predicate, confidence),)
    return (inverse(predicate, other, confidence), inverse(other, predicate, confidence))


def heads(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    """Return the rules by the predicate of what follows."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.head.predicate, []).append(rule)
    return found


def relevant(rules: Iterable[Rule]) -> set[str]:
    """Return every predicate that stands in a rule: only facts of these can matter to one."""
    return {atom.predicate for rule in rules for atom in (rule.head, *rule.body)}
