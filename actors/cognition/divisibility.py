"""What whole numbers are: prime, even, divisible, square."""

from __future__ import annotations

import math
import re
from typing import Final

from mimo.actors.cognition.verdict import Verdict, judged

#: The largest number of which it is told whether it is prime.
PRIME_MAX: Final = 3_317_044_064_679_887_385_961_980
#: Bases that tell every number up to `PRIME_MAX`. Source: Sorenson and Webster (2015).
_BASES: Final = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
_WHOLE: Final = r"\d{1,3}(?:,\d{3})+|\d{1,25}"
_NUMBER: Final = rf"(?<![\w.,$^*/+-])(?:the number )?(?P<value>{_WHOLE})"
_IS: Final = r" (?:is|was)(?P<not> not|n't)? "
_KIND: Final = re.compile(
    rf"{_NUMBER}{_IS}(?:an? )?(?P<kind>prime|composite|even|odd|(?:perfect )?square|perfect cube"
    r"|power of (?:two|2))(?: number)?(?!\w)",
    re.IGNORECASE,
)
_DIVIDES: Final = re.compile(
    rf"{_NUMBER}{_IS}(?:an? |evenly )?(?P<how>divisible by|multiple of|divisor of|factor of)"
    rf" (?P<other>{_WHOLE})(?![\w.]?\d)",
    re.IGNORECASE,
)


def is_prime(value: int) -> bool:
    """Tell whether a whole number of 0 to `PRIME_MAX` is prime.

    Source: Miller and Rabin, with the bases of Sorenson and Webster.
    """
    if value < 2:
        return False
    for base in _BASES:
        if value % base == 0:
            return value == base
    odd, twos = value - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_passes(value, base, odd, twos) for base in _BASES)


def smallest_factor(value: int, most: int = 100_000) -> int:
    """Return the smallest divisor of `value` from 2 to `most`; 0 if there is none."""
    stop = min(most, math.isqrt(max(value, 0)))
    return next((each for each in range(2, stop + 1) if value % each == 0), 0)


def check(sentence: str) -> list[Verdict]:
    """Return the verdicts on the claims about whole numbers in one sentence."""
    found = [verdict for match in _KIND.finditer(sentence) if (verdict := _kind(match))]
    return found + [
        verdict for match in _DIVIDES.finditer(sentence) if (verdict := _divides(match))
    ]


def _kind(match: re.Match[str]) -> Verdict | None:
    value = int(match["value"].replace(",", ""))
    kind = match["kind"].lower()
    if kind in {"prime", "composite"}:
        if value > PRIME_MAX:
            return None
        prime = is_prime(value)
        holds = prime if kind == "prime" else (value > 1 and not prime)
        told = _of_prime(value)
    elif kind in {"even", "odd"}:
        holds = (value % 2 == 0) == (kind == "even")
        told = f"{value} leaves {value % 2} when divided by 2"
    else:
        holds, told = _power(value, kind)
    return judged(holds != bool(match["not"]), "divisibility", told, match[0])


def _power(value: int, kind: str) -> tuple[bool, str]:
    if kind.endswith("square"):
        root = math.isqrt(value)
        return root * root == value, f"{root}^2 = {root * root}, {root + 1}^2 = {(root + 1) ** 2}"
    if kind == "perfect cube":
        root = _cube_root(value)
        return root**3 == value, f"{root}^3 = {root**3}, {root + 1}^3 = {(root + 1) ** 3}"
    is_one = value > 0 and value & (value - 1) == 0
    return is_one, f"{value} is {value:b} in binary"


def _cube_root(value: int) -> int:
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= value else (low, middle - 1)
    return low


def _of_prime(value: int) -> str:
    if is_prime(value):
        return f"{value} is prime"
    factor = smallest_factor(value)
    if factor:
        return f"{value} = {factor} * {value // factor}"
    return f"{value} is not prime"


def _divides(match: re.Match[str]) -> Verdict | None:
    value = int(match["value"].replace(",", ""))
    other = int(match["other"].replace(",", ""))
    if match["how"].lower() in {"divisor of", "factor of"}:
        value, other = other, value
    if other == 0:
        return None
    told = f"{value} = {value // other} * {other} + {value % other}"
    return judged((value % other == 0) != bool(match["not"]), "divisibility", told, match[0])


def _passes(value: int, base: int, odd: int, twos: int) -> bool:
    power = pow(base, odd, value)
    if power in {1, value - 1}:
        return True
    for _ in range(twos - 1):
        power = power * power % value
        if power == value - 1:
            return True
    return False
