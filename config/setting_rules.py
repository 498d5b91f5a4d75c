"""What one setting accepts, be it text from the environment or a typed TOML value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mimo.config import paths, units

Kind = Literal[
    "choice", "path", "flag", "count", "number", "seconds", "bytes", "names", "paths", "text"
]

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule and the meaning of one setting.

    Args:
        kind: What it is; `seconds` and `bytes` accept units.
        doc: One or two sentences for the README, with the unit of a bare number.
        least: Smallest number accepted.
        most: Largest number accepted.
        choices: For a choice: all values.
    """

    kind: Kind
    doc: str
    least: float = 0
    most: float = math.inf
    choices: tuple[str, ...] = ()

    def read(self, value: object, base: Path, *, is_text: bool) -> object:
        """Return the value in its final type.

        Args:
            value: What was given.
            base: Directory that relative paths start from.
            is_text: Whether it comes from a place that knows only text: the environment or a flag.

        Raises:
            ValueError: What was expected.
        """
        readers: dict[str, Callable[[object], object]] = {
            "choice": self._choice,
            "path": lambda given: _path(given, base),
            "paths": lambda given: _paths(given, base, is_text=is_text),
            "flag": lambda given: _flag(given, is_text=is_text),
            "names": lambda given: _names(given, is_text=is_text),
            "text": _text,
        }
        reader = readers.get(self.kind)
        return self._number(value, is_text=is_text) if reader is None else reader(value)

    def _choice(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise ValueError(" or ".join(self.choices))
        return value

    def _number(self, value: object, *, is_text: bool) -> float:
        read: dict[str, Callable[[object], float]] = {
            "seconds": units.seconds,
            "bytes": units.size_bytes,
            "count": lambda given: _count(given, is_text=is_text),
            "number": lambda given: _number(given, is_text=is_text),
        }
        try:
            number = read[self.kind](value)
        except ValueError as error:
            raise ValueError(f"{error}{self._range()}") from None
        if not self.least <= number <= self.most:
            raise ValueError(f"a value{self._range()}")
        return number

    def _range(self) -> str:
        if math.isinf(self.most):
            return f", at least {self.least:g}"
        return f", {self.least:g} to {self.most:g}"


def _count(value: object, *, is_text: bool) -> int:
    if is_text and isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value[:20])
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("a whole number")


def _number(value: object, *, is_text: bool) -> float:
    try:
        number = (
            float(value)
            if isinstance(value, int | float) or (is_text and isinstance(value, str))
            else math.nan
        )
    except ValueError:
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError("a number")
    return number


def _flag(value: object, *, is_text: bool) -> bool:
    if isinstance(value, bool):
        return value
    if is_text and isinstance(value, str) and value.strip().lower() in (*_TRUE, *_FALSE):
        return value.strip().lower() in _TRUE
    raise ValueError("true or false")


def _path(value: object, base: Path) -> Path | None:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("a path")
    return paths.absolute(value, base) if value else None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError("a text of one line")
    return value


def _paths(value: object, base: Path, *, is_text: bool) -> tuple[Path, ...]:
    found = (_path(name, base) for name in _names(value, is_text=is_text))
    return tuple(path for path in found if path is not None)


def _names(value: object, *, is_text: bool) -> tuple[str, ...]:
    forms = "names separated by commas" if is_text else 'a list of names such as ["memory"]'
    given = value.split(",") if is_text and isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise ValueError(forms)
    return tuple(name.strip() for name in given if name.strip())
