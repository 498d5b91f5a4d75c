"""Entailment is decided exactly where it is decided at all."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.cognition.entailment import entails
from mimo.config.errors import InvalidRequest, MimoError, NotAvailable

letters = st.sampled_from(["p", "q", "r", "s"])
formulas = st.recursive(
    letters,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or", "->", "<->"]), inner, inner),
    ),
    max_leaves=6,
)


def text_of(formula: Any) -> str:
    if isinstance(formula, str):
        return formula
    if formula[0] == "not":
        return f"not ({text_of(formula[1])})"
    return f"({text_of(formula[1])}) {formula[0]} ({text_of(formula[2])})"


def holds(formula: Any, case: Mapping[str, bool]) -> bool:
    if isinstance(formula, str):
        return case[formula]
    values = [holds(part, case) for part in formula[1:]]
    if formula[0] == "not":
        return not values[0]
    return {
        "and": values[0] and values[1],
        "or": values[0] or values[1],
        "->": not values[0] or values[1],
        "<->": values[0] == values[1],
    }[formula[0]]


@given(st.lists(formulas, max_size=4), formulas)
def test_propositions_are_decided_as_by_all_cases(premises: list[Any], claim: Any) -> None:
    """Against a plain enumeration (ours)."""
    cases = [
        dict(zip("pqrs", bits, strict=True)) for bits in itertools.product((False, True), repeat=4)
    ]
    left = [case for case in cases if all(holds(each, case) for each in premises)]
    claims = {holds(claim, case) for case in left}
    expected = {
        frozenset(): "inconsistent",
        frozenset({True}): "entailed",
        frozenset({False}): "contradicted",
        frozenset({True, False}): "undetermined",
    }[frozenset(claims)]

    found = entails([text_of(each) for each in premises], text_of(claim))

    assert found.outcome == expected


@pytest.mark.parametrize(
    ("statements", "claim", "outcome"),
    [
        (["All men are mortal", "Socrates is a man"], "Socrates is mortal", "entailed"),
        (["All men are mortal", "Socrates is mortal"], "Socrates is a man", "undetermined"),
        (["No fish is a bird", "Nemo is a fish"], "Nemo is a bird", "contradicted"),
        (["All cats are animals", "Some pets are cats"], "Some pets are animals", "entailed"),
        (["All cats are animals"], "Some cats are animals", "undetermined"),
        (["All a are b", "All b are c", "All c are d"], "All a are d", "entailed"),
        (["All a are b", "Some a are not b"], "All c are d", "inconsistent"),
        (["Not all birds are swans"], "All birds are swans", "contradicted"),
        (["If it rains then the street is wet", "it rains"], "the street is wet", "entailed"),
        (["If it rains, the street is wet", "the street is not wet"], "it rains", "contradicted"),
        (["If it rains then the street is wet", "the street is wet"], "it rains", "undetermined"),
        (
            ["the light is on or the light is broken", "the light isn't on"],
            "the light is broken",
            "entailed",
        ),
        (["p only if q", "q -> r"], "p -> r", "entailed"),
        (["p", "not p"], "q", "inconsistent"),
        ([], "p or not p", "entailed"),
    ],
)
def test_known_arguments_are_judged_rightly(
    statements: list[str], claim: str, outcome: str
) -> None:
    """Valid forms, and the fallacies beside them (Aristotle)."""
    assert entails(statements, claim).outcome == outcome


@pytest.mark.parametrize(
    "statement",
    [
        "Most birds fly",
        "It may rain",
        "She left because he came",
        "Every man loves some woman",
        "He said not to go",
    ],
)
def test_what_is_not_decided_here_is_not_available(statement: str) -> None:
    """No answer instead of a guess (original: substring test)."""
    with pytest.raises(NotAvailable, match="expected"):
        entails([statement], "It rains")


@given(st.lists(st.text(max_size=60), max_size=4), st.text(max_size=60))
def test_any_text_is_decided_or_refused(statements: list[str], claim: str) -> None:
    """No text brings it down (ours)."""
    try:
        assert entails(statements, claim).outcome
    except MimoError as error:
        assert error.message.startswith("expected")  # noqa: PT017  both ends are fine


def test_too_much_is_refused_before_it_is_computed() -> None:
    """Atoms and nesting are bounded (ours)."""
    with pytest.raises(NotAvailable, match="at most"):
        entails([f"atom{number}" for number in range(40)], "p")
    with pytest.raises(InvalidRequest, match="levels"):
        entails(["(" * 200 + "p" + ")" * 200], "p")
    with pytest.raises(InvalidRequest, match="expected"):
        entails(["not " * 2000], "p")
