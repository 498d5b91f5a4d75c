"""The verifying operations of `cognitive`, as their handlers answer them."""

from __future__ import annotations

from typing import Any

import pytest

from mimo.actors.cognition.operations import COGNITIVE, VERIFYING
from mimo.actors.cognition.questions import check_answer
from mimo.actors.cognition.verifying import answer
from mimo.actors.operations import CallContext, Operation
from mimo.config.errors import InvalidRequest, NotAvailable

CONTEXT = CallContext(client="test 1", connection="c", request_id="r", key="k")


@pytest.mark.parametrize("operation", VERIFYING, ids=lambda operation: operation.name)
def test_the_example_of_an_operation_works(operation: Operation) -> None:
    """With every field that the result's schema requires (ours)."""
    data = answer(operation.name, operation.example)

    assert set(operation.result["required"]) <= set(data) <= set(operation.result["properties"])


@pytest.mark.parametrize(
    "operation",
    [each for each in COGNITIVE.operations if each.unavailable],
    ids=lambda operation: operation.name,
)
def test_what_cannot_act_says_why(operation: Operation) -> None:
    """Named for old clients, answered with the reason (honest parity)."""
    with pytest.raises(NotAvailable, match=r"\w"):
        operation.build({}, CONTEXT)


@pytest.mark.parametrize(
    ("arguments", "match", "exact"),
    [
        ({"expression": "17 * 23", "claimed_result": "391"}, True, True),
        ({"expression": "0.1 + 0.2", "claimed_result": "0.3"}, True, True),
        ({"expression": "1/3", "claimed_result": "0.333"}, True, False),
        ({"expression": "10/3", "claimed_result": "3"}, False, False),
        ({"expression": "2^100", "claimed_result": "1267650600228229401496703205376"}, True, True),
        (
            {"expression": "2^100", "claimed_result": "1267650600228229401496703205377"},
            False,
            False,
        ),
        ({"expression": "1/2", "claimed_result": "2/4"}, True, True),
    ],
)
def test_a_result_is_compared_exactly(arguments: dict[str, Any], match: bool, exact: bool) -> None:
    """No tolerance but that of the digits written (original: code evaluation, 1e-4)."""
    data = answer("verify_math", arguments)

    assert (data["match"], data["exact"]) == (match, exact)


@pytest.mark.parametrize(
    ("first", "second", "relation", "holds"),
    [
        ("9.9", "9.11", "greater", True),
        ("9.9.0", "9.11.0", "less", True),
        ("2 km", "1 mile", "greater", True),
        ("1e3", "1,000", "equal", True),
        ("2024-02-29", "March 1, 2024", "less", True),
        ("0.1 + 0.2", "0.3", "equal", True),
        ("apple", "banana", "less", True),
        ("0 C", "32 F", "equal", True),
        ("1 kg", "2 lb", "less_equal", False),
    ],
)
def test_values_are_compared_as_what_they_are(
    first: str, second: str, relation: str, holds: bool
) -> None:
    """Numbers, versions, quantities, days, text (ours)."""
    arguments = {"value_a": first, "value_b": second, "relation": relation}

    assert answer("verify_compare", arguments)["holds"] is holds


def test_what_has_two_meanings_is_not_compared() -> None:
    """A pint is American or British (ours)."""
    with pytest.raises(NotAvailable, match="several"):
        answer("verify_compare", {"value_a": "1 pint", "value_b": "500 ml", "relation": "less"})
    with pytest.raises(InvalidRequest, match="dimension"):
        answer("verify_compare", {"value_a": "1 kg", "value_b": "5 m", "relation": "less"})


@pytest.mark.parametrize(
    ("problem", "claimed", "status"),
    [
        ("What is 17 * 23?", "391", "verified"),
        ("What is 17 * 23?", "The answer is 392.", "refuted"),
        ("Calculate 15% of 80", "12", "verified"),
        ("How many r's are in 'strawberry'?", "3", "verified"),
        ("How many times does the letter r appear in strawberry?", "2", "refuted"),
        ("How many words are there in 'a b c'?", "3", "verified"),
        ("How many feet are in a mile?", "5280", "verified"),
        ("Convert 2 km to miles", "1.24 miles", "verified"),
        ("What day of the week is 2024-02-29?", "It is a Friday", "refuted"),
        ("Is 91 prime?", "No, it is 7 * 13.", "verified"),
        ("Is 91 prime?", "Yes", "refuted"),
        ("Who wrote it?", "He had 2 + 2 = 5 apples", "refuted"),
    ],
)
def test_an_answer_that_can_be_computed_is_checked(problem: str, claimed: str, status: str) -> None:
    """By computing it anew (original: repeats the problem)."""
    assert check_answer(problem, claimed).status == status


def test_other_answers_are_not_available() -> None:
    """Nothing is said of what can't be computed (honest parity)."""
    arguments = {"problem": "What is the capital of France?", "claimed_answer": "Paris"}

    with pytest.raises(NotAvailable, match="computed"):
        answer("verify_self_check", arguments)


def test_errors_in_a_text_are_found() -> None:
    """Each with its evidence, and how many claims were looked at (ours)."""
    data = answer("reflector_errors", {"content": "2 + 2 = 5. 3 * 3 = 9. Paris is nice."})

    assert [each["claim"] for each in data["errors"]] == ["2 + 2 = 5"]
    assert (data["verified_count"], data["checked_count"]) == (1, 2)
