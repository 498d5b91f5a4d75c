"""Quantities with units: reading, converting and comparing them, exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from mimo.actors.cognition.agreement import agrees
from mimo.actors.cognition.arithmetic import number
from mimo.actors.cognition.unit_table import UNITS, ZEROES
from mimo.actors.cognition.verdict import Status, Verdict
from mimo.config.errors import InvalidRequest

_NAMES: Final = "|".join(
    re.escape(name).replace("_", "[ ]")
    for name in sorted(UNITS, key=len, reverse=True)
    if name not in {"in", "c", "f", "k"}
)
_UNIT: Final = rf"(?:degrees )?(?:{_NAMES}|in|C|F|K)(?:s|es)?"
_DIGITS: Final = r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d{1,3})?"
QUANTITY: Final = re.compile(rf"\s*({_DIGITS})\s?({_UNIT})\s*", re.IGNORECASE)
_RELATION: Final = (
    r"(?P<relation>is not|isn't|is (?:about|approximately|roughly|nearly|around)"
    r"|is (?:exactly |equal to |the same as )?(?:less than|shorter than|lighter than|more than"
    r"|longer than|greater than|heavier than|larger than)?|are|equals|has|contains|=|≈|~|<=|>=|<|>)"
)
_LEFT: Final = rf"(?<![\w.$-])(?P<left>{_DIGITS}|an?|one|each|every)\s?(?P<unit>{_UNIT})"
_RIGHT: Final = rf"(?P<right>{_DIGITS})\s?(?P<into>{_UNIT})(?![\w/])"
_CLAIM: Final = re.compile(rf"{_LEFT}\s*{_RELATION}\s*{_RIGHT}", re.IGNORECASE)
_THERE: Final = re.compile(
    rf"there are (?P<relation>about |exactly )?{_RIGHT} in {_LEFT}(?!\w)", re.IGNORECASE
)
_LESS: Final = frozenset({"<", "less", "shorter", "lighter"})
_MORE: Final = frozenset({">", "more", "longer", "greater", "heavier", "larger"})
_ABOUT: Final = frozenset({"about", "approximately", "roughly", "nearly", "around", "≈", "~"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """An amount of a unit.

    Args:
        amount: How much.
        written: The number as it was written.
        unit: Its name in `UNITS`.
    """

    amount: Fraction
    written: str
    unit: str

    @property
    def dimension(self) -> str:
        """Return what it measures."""
        return UNITS[self.unit][0]

    def bases(self) -> tuple[Fraction, ...]:
        """Return it in its dimension's base unit, once for each meaning of the unit."""
        zero = ZEROES.get(self.unit, Fraction(0))
        return tuple(self.amount * size + zero for size in UNITS[self.unit][1])


def read_quantity(text: str) -> Quantity | None:
    """Return the quantity that a text is, such as `2.5 km`; None if it is none."""
    match = QUANTITY.fullmatch(text)
    return _quantity(match[1], match[2]) if match else None


def conversions(quantity: Quantity, unit: str) -> tuple[Fraction, ...]:
    """Return a quantity in another unit, once for each meaning of the two.

    Raises:
        InvalidRequest: They measure different things.
    """
    dimension, sizes = UNITS[unit]
    if dimension != quantity.dimension:
        raise InvalidRequest(
            f"expected a unit of {quantity.dimension}, got {unit!r}, one of {dimension}"
        )
    zero = ZEROES.get(unit, Fraction(0))
    if sizes == UNITS[quantity.unit][1]:
        # Two units of the same ambiguity, such as kB and kB, are meant alike.
        pairs = zip(quantity.bases(), sizes, strict=True)
        return tuple(dict.fromkeys((base - zero) / size for base, size in pairs))
    return tuple(dict.fromkeys((base - zero) / size for base in quantity.bases() for size in sizes))


def unit_of(text: str) -> str | None:
    """Return the name in `UNITS` of a unit as it was written: `Kilometres` -> `kilometre`."""
    name = text.strip().lower().removeprefix("degrees ").replace(" ", "_")
    for each in (name, name.removesuffix("s"), name.removesuffix("es")):
        if each in UNITS:
            return each
    return None


def check(sentence: str) -> list[Verdict]:
    """Return the verdicts on the claims about quantities in one sentence."""
    matches = [*_CLAIM.finditer(sentence), *_THERE.finditer(sentence)]
    return [verdict for match in matches if (verdict := _verdict(match))]


def compare_bases(left: Quantity, right: Quantity) -> set[int]:
    """Return -1, 0 or 1 for each pair of meanings: left is less, equal or more."""
    return {(a > b) - (a < b) for a in left.bases() for b in right.bases()}


def _quantity(digits: str, unit: str) -> Quantity | None:
    name = unit_of(unit)
    if name is None:
        return None
    plain = digits.lower()
    if plain in {"a", "an", "one", "each", "every"}:
        plain = "1"
    sign = -1 if plain.startswith("-") else 1
    return Quantity(amount=sign * number(plain.lstrip("+-")), written=plain, unit=name)


def _verdict(match: re.Match[str]) -> Verdict | None:
    left = _quantity(match["left"], match["unit"])
    right = _quantity(match["right"], match["into"])
    if left is None or right is None or left.dimension != right.dimension:
        return None
    words = set((match["relation"] or "").lower().split())
    if words & (_LESS | _MORE) or words & {"<=", ">="}:
        status, told = _ordered(left, right, words)
    else:
        status, told = _equal(left, right, about=bool(words & _ABOUT))
        if words & {"not", "isn't"}:
            flipped: dict[Status, Status] = {"verified": "refuted", "refuted": "verified"}
            status = flipped.get(status, status)
    return Verdict(status=status, evaluator="units", evidence=told, claim=match[0].strip())


def _ordered(left: Quantity, right: Quantity, words: set[str]) -> tuple[Status, str]:
    signs = compare_bases(left, right)
    allowed = {-1} if words & (_LESS | {"<="}) else {1}
    allowed |= {0} if words & {"<=", ">="} else set()
    names = {-1: "less than", 0: "equal to", 1: "more than"}
    told = " or ".join(names[sign] for sign in sorted(signs))
    evidence = f"{left.written} {left.unit} is {told} {right.written} {right.unit}"
    if signs <= allowed:
        return "verified", evidence
    return ("unknown" if signs & allowed else "refuted"), evidence


def _equal(left: Quantity, right: Quantity, *, about: bool) -> tuple[Status, str]:
    found: list[tuple[Status, str]] = []
    for value in conversions(left, right.unit):
        status, told = agrees(value, right.written, about=about, whole=True)
        found.append((status, f"{left.written} {left.unit} in {right.unit}: {told}"))
    best = [each for each in found if each[0] == "verified"] or [
        each for each in found if each[0] == "unknown"
    ]
    return (best or found)[0]
