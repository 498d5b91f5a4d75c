"""Claims in running text: found, computed, and left alone where nothing can be computed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.cognition.claims import check_claim, check_claims
from mimo.actors.cognition.dates import GREGORIAN, weekday
from mimo.config import limits

TRUE = """
17 * 23 = 391
So 17 \N{MULTIPLICATION SIGN} 23 is 391, and 2+2=4.
The result of 17 * 23 is 391
(17*23 = 391)
1/3 = 0.333
10/3 ≈ 3.3
2 + 2 = 4!
5 > 3
15% of 80 is 12
10 squared is 100
the square root of 16 is 4
$5 * 3 = $15
2 * -3 = -6
a = 2 + 3 = 5
0.1 + 0.2 = 0.3
2 km is 1.24 miles
100 C is 212 F
1 GB = 1024 MB
1 pint is 568 ml
a mile is 5280 feet
There are 60 minutes in an hour.
5 km is longer than 3 miles
2024-02-29 is a Thursday
March 1, 2024 is after 28 February 2024
February 2024 has 29 days
1900 is not a leap year
30 days after 2024-01-01 is 2024-01-31
2024-01-01 + 2 weeks = 2024-01-15
Between 2024-01-01 and 2024-03-01 there are 60 days
'strawberry' has 3 r
There are 3 r's in strawberry.
The word "bookkeeper" contains three e's
'hello world' has 2 words
'hello' reversed is 'olleh'
'listen' is an anagram of 'silent'
'level' is a palindrome
the word 'hello' contains 'ell'
7 is prime
91 is not prime
12 is divisible by 4
64 is a perfect square
""".strip().splitlines()

FALSE = """
17 * 23 = 392
10/3 = 3
15% of 80 is 13
3 > 5
2 km is 1.3 miles
90 min is 2 hours
1 kg is less than 1 lb
2024-02-29 is a Wednesday
2023-02-29 is a Wednesday
1900 is a leap year
April has 31 days
'strawberry' has 2 r's
The word strawberry contains two r's
'hello world' has 3 words
'hello' reversed is 'ollhe'
the word 'hello' contains 'elo'
91 is prime
12 is divisible by 5
2 km is not 2000 m
""".strip().splitlines()

UNCHECKED = """
x + 17 * 23 = 392
y = x - 17*23 = 392
the sum of 3 and 4 = 7
half of 10 + 2 = 7
the average of 10 + 20 = 15
if 2 + 2 = 5 then all is lost
Is 2 + 2 = 5?
2 + 2 = 5 is wrong
Suppose 2 + 2 = 5
3.10 > 3.9
Python 3.10 > 3.9
f(3) = 10
Compare (see = 3) with 2
200 ! = 300
1.00 % 0.1 = 0.09999999999999995
"pyconfig.h" contains the string "__GNUC__"
x2 = 4
3 * 5 = 15 million
version 2.0 = 3
Chapter 3 is 20 pages
level 3 is 5
10 + 5% = 15
range(3) == 3
2 km is 2 kg
The capital of France is Paris
lim(1/n) = 0
2 + 2 = 4x
2 + 2 = 5 + x
the cake has 3 layers
1500-01-01 is a Wednesday
""".strip().splitlines()


@pytest.mark.parametrize("text", TRUE)
def test_a_true_claim_is_verified(text: str) -> None:
    """With what was computed as evidence (ours)."""
    verdict = check_claim(text)

    assert (verdict.status, bool(verdict.evidence)) == ("verified", True)


@pytest.mark.parametrize("text", FALSE)
def test_a_false_claim_is_refuted(text: str) -> None:
    """With what was computed as evidence (ours)."""
    verdict = check_claim(text)

    assert (verdict.status, bool(verdict.evidence)) == ("refuted", True)


@pytest.mark.parametrize("text", UNCHECKED)
def test_what_cannot_be_computed_is_left_alone(text: str) -> None:
    """Neither verified nor refuted: supposed, asked, denied, of a name, of two readings (ours)."""
    assert check_claim(text).status == "unknown"


@given(st.integers(-999, 9999), st.integers(-999, 9999), st.sampled_from("+-*"), st.integers(1, 99))
def test_of_an_equation_and_a_wrong_one_each_is_told(
    left: int, right: int, sign: str, off: int
) -> None:
    """For all whole numbers (ours)."""
    value = {"+": left + right, "-": left - right, "*": left * right}[sign]

    assert check_claim(f"{left} {sign} ({right}) = {value}").status == "verified"
    assert check_claim(f"{left} {sign} ({right}) = {value + off}").status == "refuted"


@given(st.dates(min_value=GREGORIAN), st.integers(1, 6))
def test_every_day_has_its_weekday_and_no_other(day: date, off: int) -> None:
    """For all days of the Gregorian calendar (ours)."""
    other = day + timedelta(days=off) if day.year < 9999 else day - timedelta(days=off)

    assert check_claim(f"{day} is a {weekday(day)}").status == "verified"
    assert check_claim(f"{day} is a {weekday(other)}").status == "refuted"


@given(st.dates(), st.integers(0, 10_000))
def test_days_are_counted_exactly(day: date, days: int) -> None:
    """A span and its end fit together (ours)."""
    try:
        end = day + timedelta(days=days)
    except OverflowError:
        return

    assert check_claim(f"{days} days after {day} is {end}").status == "verified"
    assert check_claim(f"{days + 1} days after {day} is {end}").status == "refuted"


@given(st.text("abcrst", min_size=1, max_size=20), st.sampled_from("abcrst"), st.integers(1, 5))
def test_letters_are_counted_exactly(word: str, letter: str, off: int) -> None:
    """For all words (ours)."""
    count = word.count(letter)

    assert check_claim(f"'{word}' has {count} {letter}'s").status == "verified"
    assert check_claim(f"'{word}' has {count + off} {letter}'s").status == "refuted"


@given(st.text(max_size=400))
def test_any_text_gets_a_verdict(text: str) -> None:
    """No text brings it down (ours)."""
    assert check_claim(text).status in {"verified", "refuted", "unknown"}


@given(st.text("0123456789+-*/^%!(). ,=<>isamk'\"\N{SQUARE ROOT}", max_size=80))
def test_any_heap_of_signs_gets_a_verdict(text: str) -> None:
    """Nor what looks like equations (found in prose: a lone parenthesis)."""
    assert check_claim(text).status in {"verified", "refuted", "unknown"}


@given(st.lists(st.sampled_from([*TRUE, *FALSE, *UNCHECKED, "'", '"', "(", "2024-99-99"])))
def test_any_mix_of_claims_gets_verdicts(parts: list[str]) -> None:
    """Nor do claims on top of each other (ours)."""
    assert len(check_claims(" ".join(parts))) <= limits.CLAIMS_MAX


@pytest.mark.parametrize(
    "text",
    [
        "1 + " * 25_000,
        "(" * 100_000,
        "'" * 100_000,
        "1,234" * 20_000,
        "a 1 is " * 15_000,
        "9" * 10**5,
    ],
)
def test_a_hostile_text_is_read_up_to_a_limit(text: str) -> None:
    """No pattern takes more than linear time for long (CVE-2026-0621)."""
    assert check_claim(text).status == "unknown"


def test_one_wrong_claim_refutes_a_text() -> None:
    """However many are right (ours)."""
    assert check_claim("2 + 2 = 4. 3 * 3 = 9. 2 * 5 = 11.").claim == "2 * 5 = 11"
