"""Exact arithmetic on text, against Python's own fractions."""

from __future__ import annotations

import math
import operator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.cognition.arithmetic import decimals_of, evaluate, rounded, shown
from mimo.config import limits
from mimo.config.errors import InvalidRequest

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul}

numbers = st.integers(0, 10**6).map(lambda value: (str(value), Fraction(value)))
decimals = st.decimals(0, 1000, places=3).map(lambda value: (str(value), Fraction(value)))


def joined(
    left: tuple[str, Fraction], sign: str, right: tuple[str, Fraction]
) -> tuple[str, Fraction]:
    return f"({left[0]} {sign} {right[0]})", OPERATORS[sign](left[1], right[1])


expressions = st.recursive(
    numbers | decimals,
    lambda inner: st.builds(joined, inner, st.sampled_from("+-*"), inner),
    max_leaves=12,
)


def is_valued_or_refused(text: str) -> bool:
    try:
        return isinstance(evaluate(text), Fraction)
    except InvalidRequest as error:
        return "expected" in error.message


@given(expressions)
def test_a_value_is_exactly_that_of_fractions(expression: tuple[str, Fraction]) -> None:
    """No floating point on the way (ours)."""
    text, value = expression

    assert evaluate(text) == value


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**9))
def test_a_division_stays_exact(number: int, divisor: int) -> None:
    """A quotient is a fraction, not a rounding (ours)."""
    assert evaluate(f"{number} / {divisor}") == Fraction(number, divisor)


@given(st.text(max_size=60))
def test_any_text_has_a_value_or_is_refused(text: str) -> None:
    """No text brings it down (ours)."""
    assert is_valued_or_refused(text)


@given(st.text(alphabet="0123456789+-*/^%!(). ,√ofmd", max_size=60))
def test_any_heap_of_signs_has_a_value_or_is_refused(text: str) -> None:
    """Nor what looks like an expression (ours)."""
    assert is_valued_or_refused(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4", "14"),
        ("-2^2", "-4"),
        ("2^3^2", "512"),
        ("2^-3", "0.125"),
        ("4^0.5", "2"),
        ("√(2.25)", "1.5"),
        ("5! / 3!", "20"),
        ("15% of 80", "12"),
        ("17 % 5", "2"),
        ("17 // 5", "3"),
        ("1,234.5 * 2", "2469"),
        ("max(1,234)", "234"),
        ("gcd(12, 18) + lcm(4, 6)", "18"),
        ("0xFF - 0b11", "252"),
        ("6e23 / 2e23", "3"),
        ("7 \N{MULTIPLICATION SIGN} 8 \N{DIVISION SIGN} 4 \N{MINUS SIGN} 2²", "10"),
        ("1/3", "1/3 (about 0.333333)"),
    ],
)
def test_signs_mean_what_they_mean_in_mathematics(text: str, value: str) -> None:
    """Precedence, percentages, remainders, powers from the right (ours)."""
    assert shown(evaluate(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "(1",
        "1)",
        "2(3)",
        "1/0",
        "0^0",
        "2^0.3",
        "sqrt(2)",
        "10 + 5%",
        "-7 % 3",
        "7.5 % 2",
        "5 !",
        "2024-02-29",
        "1.2.3",
        "2^99999",
        "9^9^9",
        "99999!",
        "1e9999",
        "1e999 ^ 99",
        "(" * 400 + "1" + ")" * 400,
        "-" * 900 + "1",
        "2^" * 300 + "2",
        "1+" * 600 + "1",
        "__import__('os').system('true')",
        "abs.__class__",
        "lambda: 1",
    ],
)
def test_what_has_no_single_exact_value_is_refused(text: str) -> None:
    """Neither code, nor what is endless, ambiguous or too large (original: code evaluation)."""
    with pytest.raises(InvalidRequest, match="expected"):
        evaluate(text)


def test_numbers_grow_only_up_to_the_limit() -> None:
    """A value of more bits is refused before it is computed (ours)."""
    bits = limits.EXPRESSION_BITS_MAX

    assert evaluate(f"2^{bits // 2 - 1}") == 2 ** (bits // 2 - 1)
    with pytest.raises(InvalidRequest, match="bits"):
        evaluate(f"2^{bits} * 2^{bits}")


@given(st.builds(Fraction, st.integers(-(10**6), 10**6), st.integers(1, 10**6)), st.integers(0, 6))
def test_a_rounding_is_at_most_half_a_step_away(value: Fraction, decimals: int) -> None:
    """Rounded to the nearest (ours)."""
    assert abs(Fraction(rounded(value, decimals)) - value) <= Fraction(1, 2 * 10**decimals)


@given(st.decimals(-1000, 1000, places=5))
def test_a_decimal_is_shown_as_it_is(value: object) -> None:
    """What has a finite decimal form is shown in it, exactly (ours)."""
    exact = Fraction(str(value))

    assert Fraction(shown(exact)) == exact
    assert decimals_of(exact) is not None
    assert math.isfinite(float(exact))
