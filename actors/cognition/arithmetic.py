"""Exact arithmetic on text: whole numbers, fractions and decimals; no code is ever evaluated.

`^` and `**` are powers, `%` is a percentage unless a number follows (then a remainder), `!` is a
factorial. What has no exact value (a root of 2) or two readings (`10 + 5%`) is refused.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Final

from mimo.config import limits
from mimo.config.errors import InvalidRequest

#: Signs that people write, and what they stand for.
SIGNS: Final = str.maketrans(
    {
        "\N{MULTIPLICATION SIGN}": "*",
        "\N{MIDDLE DOT}": "*",
        "\N{DOT OPERATOR}": "*",
        "\N{ASTERISK OPERATOR}": "*",
        "\N{DIVISION SIGN}": "/",
        "\N{DIVISION SLASH}": "/",
        "\N{MINUS SIGN}": "-",
        "\N{SUPERSCRIPT TWO}": "^2",
        "\N{SUPERSCRIPT THREE}": "^3",
    }
)
NUMBER: Final = (
    r"0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+"
    r"|(?!0[\d_])(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+(?:_\d+)*)(?:\.\d+)?(?:[eE][+-]?\d{1,4})?"
    r"(?!\w|\.\d)"
    r"|\.\d+(?!\w|\.\d)"
)
FUNCTIONS: Final = ("abs", "ceil", "floor", "gcd", "lcm", "max", "min", "sqrt", "sum")
_LISTED: Final = re.compile(r"\b(?:gcd|lcm|max|min|sum)\b")
_UNGROUPED: Final = NUMBER.replace(r"\d{1,3}(?:,\d{3})+(?![\d,])|", "")
_OPERATORS: Final = r"\*\*|//|[-+*/^%!(),√]"
_WORDS: Final = r"\b(?:of|mod|" + "|".join(FUNCTIONS) + r")\b"
_GROUPED_TOKEN: Final = re.compile(rf"\s*(?:({NUMBER})|({_OPERATORS}|{_WORDS}))")
_LISTED_TOKEN: Final = re.compile(rf"\s*(?:({_UNGROUPED})|({_OPERATORS}|{_WORDS}))")


def evaluate(expression: str) -> Fraction:
    """Return the exact value of an expression.

    Args:
        expression: Such as `2^10 - 1/3`, at most `limits.EXPRESSION_CHARS_MAX` characters.

    Raises:
        InvalidRequest: It is no expression, has no exact value or two readings, or is too large.
    """
    text = expression.translate(SIGNS)
    if not 0 < len(text) <= limits.EXPRESSION_CHARS_MAX:
        raise InvalidRequest(
            f"expected an expression of 1 to {limits.EXPRESSION_CHARS_MAX} characters,"
            f" got {len(text)}"
        )
    reader = _Reader(_tokens(text))
    value = reader.total()
    if reader.next:
        raise InvalidRequest(f"expected an operator, got {reader.next!r}; correct the expression")
    return value


def number(text: str) -> Fraction:
    """Return the value of one number, such as `1,234.5`, `0x1F` or `6e23`.

    Raises:
        InvalidRequest: Its value is too large.
    """
    plain = text.replace(",", "").replace("_", "").lower()
    if plain[:2] in {"0x", "0b", "0o"}:
        return _fits(Fraction(int(plain, 0)))
    exponent = plain.partition("e")[2]
    if exponent and abs(int(exponent)) > limits.EXPRESSION_BITS_MAX // 4:
        raise _too_large()
    return _fits(Fraction(plain))


def shown(value: Fraction) -> str:
    """Return a number for people: exact, and its decimals where it has endlessly many."""
    if value.denominator == 1:
        return _digits(value.numerator)
    decimals = decimals_of(value)
    if decimals is not None:
        digits = str(abs(value.numerator) * 10**decimals // value.denominator)
        digits = digits.zfill(decimals + 1)
        return f"{'-' if value < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"
    exact = f"{_digits(value.numerator)}/{_digits(value.denominator)}"
    return f"{exact} (about {rounded(value, 6)})"


def rounded(value: Fraction, decimals: int) -> str:
    """Return a number with so many decimals, halves away from zero."""
    scaled = nearest(abs(value) * 10**decimals)
    digits = _digits(scaled, whole=True).zfill(decimals + 1)
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else sign + digits


def nearest(value: Fraction) -> int:
    """Return the whole number nearest to `value` (at least 0), halves up."""
    return math.floor(value + Fraction(1, 2))


def decimals_of(value: Fraction, most: int = 30) -> int | None:
    """Return how many decimals show `value` exactly; None if more than `most` or endless."""
    left, twos, fives = value.denominator, 0, 0
    while left % 2 == 0 and twos <= most:
        left, twos = left // 2, twos + 1
    while left % 5 == 0 and fives <= most:
        left, fives = left // 5, fives + 1
    needed = max(twos, fives)
    return needed if left == 1 and needed <= most else None


def _digits(value: int, *, whole: bool = False) -> str:
    text = str(value)
    if whole or len(text) <= limits.DIGITS_SHOWN_MAX:
        return text
    return f"{text[:20]}...{text[-5:]} ({len(text.lstrip('-'))} digits)"


def _tokens(text: str) -> list[str]:
    pattern = _LISTED_TOKEN if _LISTED.search(text) else _GROUPED_TOKEN
    found: list[str] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = pattern.match(text, at)
        if match is None:
            raise InvalidRequest(
                f"expected a number, operator or one of {', '.join(FUNCTIONS)}, got"
                f" {text[at:].strip()[:20]!r}; write an expression such as 2*(3+4)"
            )
        if match[2] == "!" and text[at : at + 1].isspace():
            raise InvalidRequest("expected '!' right after a number, got a space; write 5!")
        found.append(match[1] or match[2])
        at = match.end()
    return found


class _Reader:
    """Reads tokens from left to right; each method returns the value of what it read."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._is_percentage = False

    @property
    def next(self) -> str:
        """Return the next piece, "" at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        piece = self.next
        self._at += 1
        return piece

    def total(self) -> Fraction:
        """Read terms joined by + and -."""
        value = self._term()
        while self.next in {"+", "-"}:
            was_percentage = self._is_percentage
            sign = self._take()
            right = self._term()
            if self._is_percentage and not was_percentage:
                raise InvalidRequest(
                    "expected one reading, got a percentage added to a number; write it as a factor"
                )
            value = _fits(value + right if sign == "+" else value - right)
        return value

    def _term(self) -> Fraction:
        value = self._signed()
        while self.next in {"*", "/", "//", "%", "mod", "of"}:
            operator = self._take()
            right = self._signed()
            self._is_percentage = False
            value = _fits(_product(operator, value, right))
        return value

    def _signed(self) -> Fraction:
        self._depth += 1
        if self._depth > limits.EXPRESSION_DEPTH_MAX:
            raise InvalidRequest(
                f"expected at most {limits.EXPRESSION_DEPTH_MAX} levels, got more; simplify it"
            )
        if self.next in {"+", "-"}:
            value = self._signed() if self._take() == "+" else -self._signed()
        else:
            value = self._power()
        self._depth -= 1
        return value

    def _power(self) -> Fraction:
        base = self._postfixed()
        if self.next not in {"^", "**"}:
            return base
        self._take()
        exponent = self._signed()
        self._is_percentage = False
        return _power(base, exponent)

    def _postfixed(self) -> Fraction:
        value = self._atom()
        self._is_percentage = False
        while self.next in {"!", "%"}:
            if self.next == "%" and self._divides():
                break
            self._is_percentage = self.next == "%"
            value = _factorial(value) if self._take() == "!" else value / 100
        return value

    def _divides(self) -> bool:
        """Tell whether the % that comes is a remainder's, not a percentage's."""
        after = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else ""
        return after in {"(", "√", *FUNCTIONS} or after[:1].isdigit() or after[:1] == "."

    def _atom(self) -> Fraction:
        piece = self._take()
        if piece[:1].isdigit() or (piece[:1] == "." and len(piece) > 1):
            return number(piece)
        if piece == "√":
            return _root(self._signed())
        if piece in FUNCTIONS:
            return _apply(piece, self._arguments(piece))
        if piece == "(":
            value = self.total()
            self._close()
            return value
        raise InvalidRequest(
            f"expected a number, got {piece or 'the end'!r}; correct the expression"
        )

    def _arguments(self, name: str) -> list[Fraction]:
        if self._take() != "(":
            raise InvalidRequest(f"expected '(' after {name}; write {name}(...)")
        values = [self.total()]
        while self.next == ",":
            self._take()
            values.append(self.total())
        self._close()
        return values

    def _close(self) -> None:
        piece = self._take()
        if piece != ")":
            raise InvalidRequest(f"expected ')', got {piece or 'the end'!r}; close the parenthesis")


def _product(operator: str, left: Fraction, right: Fraction) -> Fraction:
    if operator in {"*", "of"}:
        if _bits(left) + _bits(right) > limits.EXPRESSION_BITS_MAX:
            raise _too_large()
        return left * right
    if right == 0:
        raise InvalidRequest("expected a divisor other than 0, got 0; it has no value")
    if operator == "/":
        return left / right
    if operator == "//":
        return Fraction(left // right)
    if left < 0 or right < 0 or left.denominator != 1 or right.denominator != 1:
        raise InvalidRequest(
            "expected a remainder of whole numbers from 0, since languages differ on others"
        )
    return left % right


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator == 2:
        return _power(_root(base), Fraction(exponent.numerator))
    if exponent.denominator != 1:
        raise InvalidRequest(
            f"expected a whole exponent, got {shown(exponent)}; such a power has no exact value"
        )
    if base == 0 and exponent <= 0:
        raise InvalidRequest("expected a positive exponent of 0; 0^0 and 1/0 have no value")
    size = _bits(base) * abs(exponent.numerator)
    if size > limits.EXPRESSION_BITS_MAX and abs(base) != 1:
        raise _too_large()
    if abs(base) == 1:
        return base if exponent.numerator % 2 else Fraction(1)
    return Fraction(base**exponent.numerator)


def _root(value: Fraction) -> Fraction:
    if value < 0:
        raise InvalidRequest("expected a root of a number that isn't negative")
    found = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
    if found * found != value:
        raise InvalidRequest(f"expected a square, got {shown(value)}; its root has no exact value")
    return found


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or not 0 <= value <= limits.FACTORIAL_MAX:
        raise InvalidRequest(
            f"expected a whole number of 0 to {limits.FACTORIAL_MAX} before '!', got {shown(value)}"
        )
    return _fits(Fraction(math.factorial(value.numerator)))


def _apply(name: str, values: list[Fraction]) -> Fraction:
    if name in {"max", "min"}:
        return max(values) if name == "max" else min(values)
    if name == "sum":
        return _fits(sum(values, Fraction(0)))
    if name in {"gcd", "lcm"}:
        return _fits(Fraction(_divisors(name, values)))
    if len(values) != 1:
        raise InvalidRequest(f"expected one number in {name}(...), got {len(values)}")
    if name == "sqrt":
        return _root(values[0])
    if name == "abs":
        return abs(values[0])
    return Fraction(math.floor(values[0]) if name == "floor" else math.ceil(values[0]))


def _divisors(name: str, values: list[Fraction]) -> int:
    if any(value.denominator != 1 for value in values):
        raise InvalidRequest(f"expected whole numbers in {name}(...)")
    whole = [value.numerator for value in values]
    if name == "lcm" and sum(value.bit_length() for value in whole) > limits.EXPRESSION_BITS_MAX:
        raise _too_large()
    return math.gcd(*whole) if name == "gcd" else math.lcm(*whole)


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _fits(value: Fraction) -> Fraction:
    if _bits(value) > limits.EXPRESSION_BITS_MAX:
        raise _too_large()
    return value


def _too_large() -> InvalidRequest:
    return InvalidRequest(
        f"expected a value of at most {limits.EXPRESSION_BITS_MAX} bits, got a larger one; split it"
    )
