"""Equations and inequalities in running text: `so 17 * 23 = 391`, `2 + 2 is less than 5`.

Only what stands by itself is judged: where a name, a unit or a word such as `half of` belongs to
an expression, nothing is said about it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from mimo.actors.cognition.agreement import agrees
from mimo.actors.cognition.arithmetic import FUNCTIONS, NUMBER, SIGNS, evaluate, shown
from mimo.actors.cognition.verdict import Status, Verdict, judged
from mimo.config import limits
from mimo.config.errors import InvalidRequest

_SPOKEN: Final = (
    (re.compile(r"(?<=\d) ?\bpercent\b", re.IGNORECASE), "%"),
    (re.compile(r"\bmultiplied by\b|(?<=[\d)] )times(?= [\d(])", re.IGNORECASE), "*"),
    (re.compile(r"\bdivided by\b", re.IGNORECASE), "/"),
    (re.compile(r"\bto the power of\b|\braised to\b", re.IGNORECASE), "^"),
    (re.compile(r"(?<=[\d)]) squared\b", re.IGNORECASE), "^2"),
    (re.compile(r"(?<=[\d)]) cubed\b", re.IGNORECASE), "^3"),
    (re.compile(r"\bmodulo\b", re.IGNORECASE), "mod"),
    (re.compile(r"(?<=[\d)] )plus(?= [\d(])", re.IGNORECASE), "+"),
    (re.compile(r"(?<=[\d)] )minus(?= [\d(])", re.IGNORECASE), "-"),
    (re.compile(r"\bthe square root of(?= \d)|\bsquare root of(?= \d)", re.IGNORECASE), "√"),
    (re.compile(r"(?<=\d) ?[xX] ?(?=\d)(?<!0x)(?<!0X)"), " * "),
    (re.compile(r"[$€£](?=\d)"), ""),
)
_PIECE: Final = (
    rf"(?:{NUMBER}|\*\*|//|[-+*/^%!(),√]|\b(?:of|mod)\b|\b(?:{'|'.join(FUNCTIONS)})(?=\())"
)
_FIRST: Final = rf"(?:(?<![\w.])(?:{NUMBER})|[-(√]|\b(?:{'|'.join(FUNCTIONS)})(?=\())"
_RUN: Final = re.compile(rf"{_FIRST}(?: ?{_PIECE})*")
_NEARLY: Final = "\N{ALMOST EQUAL TO}"
_RELATIONS: Final[tuple[tuple[str, str], ...]] = (
    (r"===?|=|equals|is equal to|is exactly|is|makes|gives|evaluates to|comes to", "="),
    (r"≈|~|~=|is about|is approximately|is roughly|is nearly|is around|equals about", _NEARLY),
    (r"!=|≠|<>|is not|isn't|does not equal|doesn't equal|is not equal to", "≠"),
    (r"<=|≤|is at most|is less than or equal to", "<="),
    (r">=|≥|is at least|is greater than or equal to", ">="),
    (r"<|is less than|is smaller than|is below", "<"),
    (r">|is greater than|is more than|is larger than|is bigger than|exceeds", ">"),
)
_RELATION: Final = tuple(
    (re.compile(rf" ?(?:{words}) ?", re.IGNORECASE), sign) for words, sign in _RELATIONS
)
_ORDERS: Final[dict[str, Callable[[Fraction, Fraction], bool]]] = {
    "≠": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
#: Words after which an expression is a part of something that isn't computed here.
_BINDING: Final = re.compile(
    r"of|half|double|twice|triple|thrice|times|by|plus|minus|root|square|sum|product|difference"
    r"|average|mean|median|log|ln|sin|cos|tan|exp|power|per|squared|cubed|over|than|between"
)
_RESULT_OF: Final = re.compile(r"(?:result|value|answer) of$", re.IGNORECASE)
#: Signs after which an expression stands by itself.
_CLOSING: Final = ",;:=>\N{EM DASH}\N{EN DASH}\N{ALMOST EQUAL TO}"
#: Words after which even a bare number stands by itself.
_OPENING: Final = re.compile(r"so|then|thus|therefore|hence|because|since|that")
_SCALES: Final = re.compile(
    r"\s?(?:hundred|thousand|million|billion|trillion|dozen|percent|k|m|bn|[a-z]|times|more|less"
    r"|(?:per|to|or|out)\b.*)(?!\w)",
    re.IGNORECASE,
)
_VERSION: Final = re.compile(r"\d+\.\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    text: str
    start: int
    end: int

    @property
    def is_bare(self) -> bool:
        return re.fullmatch(rf"[-+]?(?:{NUMBER})", self.text) is not None


def check(sentence: str) -> list[Verdict]:
    """Return the verdicts on the equations and inequalities in one sentence."""
    text = _plain(sentence)
    sides = [side for match in _RUN.finditer(text) if (side := _side(match, text)).text]
    found: list[Verdict] = []
    for left, right in pairwise(sides):
        sign = _sign(text[left.end : right.start])
        if sign and _stands_alone(left, text) and _ends(right, text):
            found += _judge(left, sign, right)
        if len(found) >= limits.CLAIMS_MAX:
            break
    return found


def _plain(sentence: str) -> str:
    text = sentence.translate(SIGNS)
    for pattern, sign in _SPOKEN:
        text = pattern.sub(sign, text)
    return re.sub(r"[ \t]+", " ", text)


def _side(match: re.Match[str], text: str) -> _Side:
    """Return a run of an expression's signs without what only surrounds it."""
    start, end = match.span()
    while end > start and text[end - 1] in " ,":
        end -= 1
    while text[start:end].startswith("(") and _surplus(text[start:end]) > 0:
        start += 1
    while text[start:end].endswith((")", " ")) and _surplus(text[start:end]) < 0:
        end -= 1
    return _Side(text=text[start:end].strip(), start=start, end=end)


def _surplus(text: str) -> int:
    return text.count("(") - text.count(")")


def _sign(gap: str) -> str:
    return next((sign for pattern, sign in _RELATION if pattern.fullmatch(gap)), "")


def _stands_alone(side: _Side, text: str) -> bool:
    """Tell whether nothing before an expression belongs to it."""
    before = text[: side.start].rstrip(" (")
    if not before or before[-1] in _CLOSING:
        return True
    if text[side.start - 1] not in " (" or before[-1] in "+-*/^%|&~!<":
        return False
    if side.text[0] in "-+" and (before[-1].isalnum() or before[-1] in ")]"):
        return False
    words = re.findall(r"[^\s,;:()]+", before)
    word = words[-1].lower() if words else ""
    if _OPENING.fullmatch(word):
        return True
    return not side.is_bare and (
        _BINDING.fullmatch(word) is None or _RESULT_OF.search(before) is not None
    )


def _ends(side: _Side, text: str) -> bool:
    """Tell whether nothing after an expression belongs to it."""
    after = text[side.end :]
    return after == "" or not (after[0].isalnum() or after[0] in "_^[" or _SCALES.match(after))


def _judge(left: _Side, sign: str, right: _Side) -> list[Verdict]:
    if left.is_bare and right.is_bare and _may_be_versions(left.text, right.text):
        return []
    values = [(a, b) for a in _readings(left.text) for b in _readings(right.text)]
    if not values:
        return []
    verdicts = [_compare(each, sign, left, right) for each in values]
    order: tuple[Status, ...] = ("verified", "unknown", "refuted")
    return [min(verdicts, key=lambda verdict: order.index(verdict.status))]


def _readings(text: str) -> list[Fraction]:
    """Return the values of an expression; a last `!` may also be an exclamation mark."""
    found: list[Fraction] = []
    if " !" in text:
        # A torn `!=`.
        return found
    for each in {text, text.removesuffix("!").strip()}:
        try:
            found.append(evaluate(each))
        except InvalidRequest:
            continue
    return found


def _may_be_versions(left: str, right: str) -> bool:
    """Tell whether `3.10 > 3.9` may be about versions, which are ordered otherwise."""
    return all(_VERSION.fullmatch(each) for each in (left, right))


def _compare(values: tuple[Fraction, Fraction], sign: str, left: _Side, right: _Side) -> Verdict:
    claim = f"{left.text} {sign} {right.text}"
    if sign in _ORDERS:
        told = f"{shown(values[0])} against {shown(values[1])}"
        return judged(_ORDERS[sign](*values), "arithmetic", told, claim)
    if right.is_bare or left.is_bare:
        exact, written = (values[0], right.text) if right.is_bare else (values[1], left.text)
    elif sign == _NEARLY and values[0] != values[1]:
        exact, written = values[0], _as_written(values[1])
    else:
        told = f"the left is {shown(values[0])}, the right {shown(values[1])}"
        return judged(values[0] == values[1], "arithmetic", told, claim)
    status, told = agrees(exact, written, about=sign == _NEARLY)
    return Verdict(status=status, evaluator="arithmetic", evidence=told, claim=claim)


def _as_written(value: Fraction) -> str:
    return f"{float(value):.6f}" if abs(value) < 10**12 else str(round(value))
