"""What follows: the same forwards, backwards and by trying everything; and after each change."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimo.actors.knowledge.built_in import BUILT_IN
from mimo.actors.knowledge.fact_index import Fact
from mimo.actors.knowledge.inference import Inference
from mimo.actors.knowledge.proving import Prover
from mimo.actors.knowledge.rules import Rule, inverse, parse, symmetric, transitive
from mimo.config.errors import InvalidRequest
from tests.support import horn
from tests.support.horn import bases, everything, facts, forward, naive, rules


def prover(base: Mapping[Fact, float], given_rules: tuple[Rule, ...]) -> Prover:
    return Prover(horn.TaughtFacts(base), given_rules, floor=0.0, most_steps=10**7)


def is_founded(inference: Inference, base: Mapping[Fact, float]) -> bool:
    """Tell whether every derived fact stands after its premises, down to what was taught."""
    seen: set[Fact] = {fact for fact in base if inference.why(fact) is None}
    for fact, why in inference.derived().items():
        product = why.rule.confidence
        for premise in why.premises:
            if premise not in seen:
                return False
            product *= inference.confidence(premise)
        if product != inference.confidence(fact):
            return False
        seen.add(fact)
    return True


@settings(max_examples=1_000, deadline=None)
@given(bases, rules())
def test_forward_backward_and_a_naive_fixpoint_agree(
    base: dict[Fact, float], given_rules: tuple[Rule, ...]
) -> None:
    """Issue's bar: 1,000 random rule sets; facts and confidences are the same. Source: ours."""
    expected = naive(base, given_rules)
    inference = forward(base, given_rules)
    backward = prover(base, given_rules)
    proved = {fact: sure for each in horn.PREDICATES for fact, sure in backward.prove(each).items()}

    assert everything(inference) == expected
    assert proved == expected
    assert is_founded(inference, base)


@settings(max_examples=500, deadline=None)
@given(bases, rules(), facts)
def test_a_single_question_gets_the_answer_that_everything_gives(
    base: dict[Fact, float], given_rules: tuple[Rule, ...], asked: Fact
) -> None:
    """Asked with both ends, with one, or with none, each in a prover of its own. Source: ours."""
    expected = naive(base, given_rules)
    subject, predicate, object_ = asked
    for ends in ((subject, object_), (subject, None), (None, object_)):
        fitting = {
            fact: sure
            for fact, sure in expected.items()
            if fact[1] == predicate and ends[0] in (None, fact[0]) and ends[1] in (None, fact[2])
        }
        assert prover(base, given_rules).prove(predicate, *ends) == fitting


@settings(max_examples=500, deadline=None)
@given(bases, rules(), st.lists(st.tuples(facts, st.sampled_from((0.0, *horn.SURE))), max_size=12))
def test_after_any_changes_it_is_what_it_would_be_from_scratch(
    base: dict[Fact, float],
    given_rules: tuple[Rule, ...],
    changes: list[tuple[Fact, float]],
) -> None:
    """Retraction leaves no orphan and takes nothing that still follows. Source: ours, DRed."""
    inference = forward(base, given_rules)
    for fact, sure in changes:
        inference.put(fact, sure)
        assert inference.run(horn.MOST)
        base[fact] = sure
        if not sure:
            del base[fact]

        assert everything(inference) == naive(base, given_rules)
        assert is_founded(inference, base)
        # What is taught and follows just as surely counts as taught.
        assert set(inference.derived()) == set(forward(base, given_rules).derived())


@settings(max_examples=200, deadline=None)
@given(bases, rules(), st.lists(facts, max_size=6))
def test_the_changes_it_tells_are_all_that_changed(
    base: dict[Fact, float], given_rules: tuple[Rule, ...], retracted: list[Fact]
) -> None:
    """What is kept on disk is changed by these alone. Source: ours."""
    inference = forward(base, given_rules)
    kept = dict(inference.derived())
    inference.touched.clear()
    for fact in retracted:
        inference.put(fact, 0.0)
    inference.run(horn.MOST)

    for fact in inference.touched:
        kept.pop(fact, None)
        if (why := inference.why(fact)) is not None:
            kept[fact] = why
    assert kept == inference.derived()


def test_the_surest_facts_are_found_first_when_there_are_too_many() -> None:
    """A bound on what follows keeps the best, and more comes once there is room. Source: Knuth."""
    chain = {(n, "p", n + 1): 0.5 if n > 3 else 1.0 for n in range(1, 6)}
    inference = Inference((transitive("p"),), floor=0.0, most=3)
    for fact, sure in chain.items():
        inference.put(fact, sure)
    inference.run(1_000)

    assert inference.is_full
    assert {inference.confidence(fact) for fact in inference.derived()} == {1.0}
    inference.put((1, "p", 2), 0.0)
    inference.run(1_000)
    assert len(inference.derived()) == 3


def test_nothing_below_the_floor_follows() -> None:
    """Long chains of guesses end. Source: ours."""
    inference = Inference((transitive("p"),), floor=0.2, most=100)
    for n in range(1, 6):
        inference.put((n, "p", n + 1), 0.5)
    inference.run(1_000)

    assert set(inference.derived()) == {(n, "p", n + 2) for n in range(1, 5)}


def test_cycles_end() -> None:
    """Transitive and symmetric over a ring of 30: every pair follows, with one proof. (ours)."""
    inference = Inference((transitive("p"), symmetric("p")), floor=0.0, most=10_000)
    for n in range(30):
        inference.put((n, "p", (n + 1) % 30), 1.0)
    while not inference.run(100):
        pass

    assert len(inference.derived()) == 30 * 30 - 30


def test_a_proof_ends_when_it_takes_too_long_and_says_so() -> None:
    """A bound on steps; the answer isn't called complete then. Source: ours."""
    base = {(n, "p", n + 1): 1.0 for n in range(200)}
    small = Prover(horn.TaughtFacts(base), (transitive("p"),), floor=0.0, most_steps=50)

    small.prove("p", 0, 150)

    assert not small.is_complete


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a(?x, ?z) :- b(?x, ?y), c(?y, ?z)", "a(?x, ?z) :- b(?x, ?y), c(?y, ?z)"),
        ("b(?x,?y) & c(?y,?z) => a(?x,?z).", "a(?x, ?z) :- b(?x, ?y), c(?y, ?z)"),
        ('is_a(?x, "human being") :- speaks(?x, ?y)', "is_a(?x, human being) :- speaks(?x, ?y)"),
        ("dependsOn(?x, ?y) :- uses(?x, ?y)", "depends_on(?x, ?y) :- uses(?x, ?y)"),
    ],
)
def test_a_rule_is_read_in_both_directions(text: str, written: str) -> None:
    """As Prolog writes it and as people say it. Source: ours."""
    assert str(parse("name", text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a(?x, ?y)",
        "a(?x, ?y) :-",
        ":- a(?x, ?y)",
        "a(?x, ?y) :- b(?x)",
        "a(?x, ?y) :- b(?x, ?y) c(?x, ?y)",
        "a(?x, ?q) :- b(?x, ?y)",
        "a(?, ?y) :- b(?x, ?y)",
        'a(?x, "") :- b(?x, ?y)',
        "a(?x, ?y) :- " + ", ".join(["b(?x, ?y)"] * 7),
        "a(?x, ?y), d(?x, ?y) :- b(?x, ?y)",
    ],
)
def test_what_is_no_rule_is_refused_with_an_example(text: str) -> None:
    """Errors say what was expected. Source: ours."""
    with pytest.raises(InvalidRequest, match="expected"):
        parse("name", text)


def test_kinds_are_short_for_clauses() -> None:
    """Source: ours."""
    assert str(transitive("p")) == "p(?x, ?z) :- p(?x, ?y), p(?y, ?z)"
    assert str(symmetric("p")) == "p(?y, ?x) :- p(?x, ?y)"
    assert str(inverse("p", "q")) == "q(?y, ?x) :- p(?x, ?y)"
    assert all(name == rule.name for name, rule in BUILT_IN.items())
