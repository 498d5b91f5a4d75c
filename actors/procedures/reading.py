"""Reads one JSON object of a definition, noting what is wrong instead of raising."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mimo.actors.procedures import conditions, templates


class Problems:
    """Sentences about a definition, each with its place."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, place: str, sentence: str) -> None:
        """Note one."""
        self.found.append(f"{place}: {sentence}" if place else sentence)

    def extend(self, place: str, sentences: Iterable[str]) -> None:
        """Note several about one place."""
        for sentence in sentences:
            self.add(place, sentence)


class Reader:
    """One object of a definition.

    Args:
        given: What stands there; anything but an object is noted and read as an empty one.
        at: Where it stands, dotted.
        problems: Where to note what is wrong.
        known: The keys that it may have.
    """

    def __init__(self, given: Any, at: str, problems: Problems, known: Iterable[str]) -> None:
        self.problems = problems
        self._at = at
        self._given: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        if not isinstance(given, Mapping):
            problems.add(at, f"expected an object, got {type(given).__name__}")
        for key in self._given:
            if key not in (names := sorted(known)):
                near = difflib.get_close_matches(str(key), names, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                problems.add(self.place(str(key)[:60]), f"expected {', '.join(names)}{hint}")

    def place(self, key: str) -> str:
        """Return where a key of this object stands."""
        return f"{self._at}.{key}" if self._at else key

    def has(self, key: str) -> bool:
        """Tell whether the key is given."""
        return key in self._given

    def value(self, key: str, default: Any = None) -> Any:
        """Return what stands there, unchecked."""
        return self._given.get(key, default)

    def text(self, key: str, default: str, longest: int) -> str:
        """Return a text of at most `longest` characters."""
        value = self._given.get(key, default)
        if not isinstance(value, str) or len(value) > longest:
            self._wrong(key, f"a text of at most {longest} characters", value)
            return default
        return value

    def name(self, key: str, form: re.Pattern[str]) -> str:
        """Return a text that must be given and have this form."""
        value = self.text(key, "", 64)
        if not form.fullmatch(value):
            self._wrong(key, "a name of a-z, 0-9, _ and -, 1 to 64 long", value)
        return value

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """Return a number between `least` and `most`."""
        value = self._given.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong(key, f"a number from {least:g} to {most:g}", value)
            return default
        if not least <= value <= most:
            self._wrong(key, f"a number from {least:g} to {most:g}", value)
            return default
        return float(value)

    def count(self, key: str, default: int, least: int, most: int) -> int:
        """Return a whole number between `least` and `most`."""
        value = self.number(key, default, least, most)
        if value != int(value):
            self._wrong(key, "a whole number", value)
        return int(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._given.get(key, default)
        if not isinstance(value, bool):
            self._wrong(key, "true or false", value)
            return default
        return value

    def mapping(self, key: str) -> Mapping[str, Any]:
        """Return an object; an empty one where none is given."""
        value = self._given.get(key, {})
        if not isinstance(value, Mapping):
            self._wrong(key, "an object", value)
            return {}
        return value

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; an empty one where none is given."""
        value = self._given.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self._wrong(key, "a list of texts", value)
            return ()
        return tuple(value)

    def template(self, key: str, default: Any, roots: frozenset[str]) -> Any:
        """Return a template whose holes can be filled from `roots`."""
        value = self._given.get(key, default)
        self.problems.extend(self.place(key), templates.problems(value, roots))
        return value

    def guard(self, key: str, roots: frozenset[str]) -> Mapping[str, Any] | None:
        """Return a guard, or None where none is given."""
        if key not in self._given:
            return None
        value = self._given[key]
        wrong = list(conditions.problems(value, roots))
        self.problems.extend(self.place(key), wrong)
        return None if wrong else value

    def _wrong(self, key: str, expected: str, value: Any) -> None:
        got = "nothing" if value in (None, "") else repr(value)[:60]
        self.problems.add(self.place(key), f"expected {expected}, got {got}")
