"""Whether statements contradict each other, and whether a claim follows from them; provably."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mimo.actors.cognition import categories, propositions

Outcome = Literal["entailed", "contradicted", "undetermined", "inconsistent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entailment:
    """What follows.

    Args:
        outcome: Of the claim: `inconsistent` if the statements can't all hold, so that everything
            would follow.
        readings: How each statement was understood, the claim last.
        method: Which logic decided.
    """

    outcome: Outcome
    readings: tuple[str, ...]
    method: str


def entails(statements: Sequence[str], claim: str) -> Entailment:
    """Decide a claim from statements, in the logic of kinds or of propositions.

    Raises:
        NotAvailable: A statement has a form that isn't decided here.
        InvalidRequest: A statement is malformed.
    """
    if any(categories.is_quantified(each) for each in (*statements, claim)):
        return _by_kinds([categories.read_category(each) for each in (*statements, claim)])
    return _by_propositions([propositions.read_statement(each) for each in (*statements, claim)])


def _by_kinds(read: list[categories.Category]) -> Entailment:
    premises, claim = read[:-1], read[-1]
    outcome = _outcome(
        categories.is_consistent(premises),
        categories.is_consistent([*premises, claim]),
        categories.is_consistent([*premises, claim.denied()]),
    )
    readings = tuple(each.told() for each in read)
    return Entailment(outcome=outcome, readings=readings, method="monadic logic, all kinds")


def _by_propositions(read: list[propositions.Statement]) -> Entailment:
    atoms = sorted(set().union(*(propositions.atoms_of(each) for each in read)))
    truths = propositions.columns(atoms)
    every = (1 << (1 << len(atoms))) - 1
    possible = every
    for premise in read[:-1]:
        possible &= propositions.table(premise, truths, every)
    claim = propositions.table(read[-1], truths, every)
    outcome = _outcome(bool(possible), bool(possible & claim), bool(possible & ~claim))
    readings = tuple(propositions.told(each) for each in read)
    method = f"propositional logic, all {1 << len(atoms)} cases"
    return Entailment(outcome=outcome, readings=readings, method=method)


def _outcome(*cases: bool) -> Outcome:
    """Return the outcome of: the premises can hold, also with the claim, also with its denial."""
    can_hold, with_claim, with_denial = cases
    if not can_hold:
        return "inconsistent"
    if not with_denial:
        return "entailed"
    return "undetermined" if with_claim else "contradicted"
