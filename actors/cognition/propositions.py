"""Statements joined by if, and, or, not: read into a tree, and its table of truths.

A table of truths is one whole number: bit i tells whether the statement holds in case i, where the
bits of i say which of the atoms hold. So all cases are computed at once, without search.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from mimo.config import limits
from mimo.config.errors import InvalidRequest, NotAvailable

#: ("atom", text), ("not", a), ("and" | "or" | "implies" | "iff", a, b)
Statement = tuple[str, ...] | tuple[str, "Statement"] | tuple[str, "Statement", "Statement"]

_SIGNS: Final = (
    (r"<->|<=>|\u2194|\bif and only if\b|\biff\b", " <-> "),
    (r"(?<!<)(?:->|=>)|\u2192|\bonly if\b|\bimplies(?: that)?\b", " -> "),
    (r"&&?|\u2227", " and "),
    (r"\|\|?|\u2228", " or "),
    (r"\u00ac|~|!", " not "),
    (r"n't\b|(?<=\bcan)not\b", " not"),
    (r"\bit is not the case that\b", " not "),
    (r"\beither\b|\bboth\b", " "),
    (r"([(),])", r" \1 "),
)
_TERSE: Final = tuple((re.compile(pattern), sign) for pattern, sign in _SIGNS)
_JOINS: Final = frozenset({"and", "or", "->", "<->", "if", "then", "(", ")", ","})
#: Words whose meaning isn't one of propositions.
_BEYOND: Final = re.compile(
    r"\b(?:all|every|each|no|some|most|many|few|any|usually|probably|often|sometimes|might|may"
    r"|could|must|should|unless|because|neither|nor|but)\b"
)


def read_statement(text: str) -> Statement:
    """Return the tree of a statement.

    Raises:
        NotAvailable: It has a form that isn't decided here.
        InvalidRequest: It is malformed, or nested too deeply.
    """
    plain = text.strip().rstrip(".").lower()
    if found := _BEYOND.search(plain):
        raise NotAvailable(
            f"expected if, and, or, not between plain statements, got {found[0]!r} in"
            f" {text[:100]!r}; reword it, or judge it yourself"
        )
    for pattern, sign in _TERSE:
        plain = pattern.sub(sign, plain)
    reader = _Reader(plain.split())
    tree = reader.equivalence()
    if reader.next:
        raise InvalidRequest(f"expected the end of {text[:100]!r}, got {reader.next!r}; correct it")
    return tree


def atoms_of(statement: Statement) -> set[str]:
    """Return the plain statements in a tree."""
    if statement[0] == "atom":
        return {str(statement[1])}
    return set().union(*(atoms_of(part) for part in statement[1:] if isinstance(part, tuple)))


def columns(atoms: Sequence[str]) -> dict[str, int]:
    """Return each atom's table of truths over all cases.

    Raises:
        NotAvailable: There are too many atoms.
    """
    if len(atoms) > limits.ATOMS_MAX:
        raise NotAvailable(
            f"expected at most {limits.ATOMS_MAX} different plain statements, got {len(atoms)};"
            " leave out what doesn't matter"
        )
    cases = 1 << len(atoms)
    found = {}
    for at, atom in enumerate(atoms):
        half = 1 << at
        block = ((1 << half) - 1) << half
        repeats = cases // (2 * half)
        # The block, once for each of its places: a geometric series.
        found[atom] = block * (((1 << (2 * half * repeats)) - 1) // ((1 << (2 * half)) - 1))
    return found


def table(statement: Statement, truths: Mapping[str, int], every: int) -> int:
    """Return a statement's table of truths.

    Args:
        statement: Its tree.
        truths: Each atom's table, from `columns`.
        every: The table of what always holds.
    """
    kind = statement[0]
    if kind == "atom":
        return truths[str(statement[1])]
    parts = [table(part, truths, every) for part in statement[1:] if isinstance(part, tuple)]
    if kind == "not":
        return every & ~parts[0]
    left, right = parts
    match kind:
        case "and":
            return left & right
        case "or":
            return left | right
        case "implies":
            return (every & ~left) | right
        case _:
            return every & ~(left ^ right)


def told(statement: Statement) -> str:
    """Return a tree as text, so that a reader sees how it was understood."""
    kind = statement[0]
    if kind == "atom":
        return f"[{statement[1]}]"
    parts = [told(part) for part in statement[1:] if isinstance(part, tuple)]
    if kind == "not":
        return f"not {parts[0]}"
    return f"({parts[0]} {kind} {parts[1]})"


#: Verbs after which `not` denies the whole statement.
_DENIABLE: Final = re.compile(r"is|are|was|were|do|does|did|has|have|had|can|will|shall")


class _Reader:
    """Reads words from left to right; what binds least is read first."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._at = 0
        self._depth = 0

    @property
    def next(self) -> str:
        """Return the next word, "" at the end."""
        return self._words[self._at] if self._at < len(self._words) else ""

    def _takes(self, word: str) -> bool:
        if self.next != word:
            return False
        self._at += 1
        return True

    def equivalence(self) -> Statement:
        """Read what `if and only if` joins."""
        self._depth += 1
        if self._depth > limits.STATEMENT_DEPTH_MAX:
            raise InvalidRequest(
                f"expected at most {limits.STATEMENT_DEPTH_MAX} levels, got more; simplify it"
            )
        left = self._implication()
        while self._takes("<->"):
            left = ("iff", left, self._implication())
        self._depth -= 1
        return left

    def _implication(self) -> Statement:
        if self._takes("if"):
            condition = self._joined("or")
            self._takes(",")
            self._takes("then")
            return ("implies", condition, self.equivalence())
        left = self._joined("or")
        if self._takes("->"):
            return ("implies", left, self.equivalence())
        if self._takes("if"):
            return ("implies", self._joined("or"), left)
        return left

    def _joined(self, word: str) -> Statement:
        left = self._joined("and") if word == "or" else self._single()
        while self.next == word or (self.next == "," and self._after() == word):
            self._takes(",")
            self._takes(word)
            left = (word, left, self._joined("and") if word == "or" else self._single())
        return left

    def _after(self) -> str:
        return self._words[self._at + 1] if self._at + 1 < len(self._words) else ""

    def _single(self) -> Statement:
        negations = 0
        while self._takes("not"):
            negations += 1
        if self._takes("("):
            inner = self.equivalence()
            if not self._takes(")"):
                raise InvalidRequest("expected ')' in a statement; close the parenthesis")
            return ("not", inner) if negations % 2 else inner
        words: list[str] = []
        while self.next and self.next not in _JOINS:
            word = self.next
            self._at += 1
            if word == "not" and words and not _DENIABLE.fullmatch(words[-1]):
                raise NotAvailable(
                    f"expected 'not' after is, does, can or the like, got '{words[-1]} not';"
                    " reword it, or judge it yourself"
                )
            negations += word == "not"
            words += [word] if word != "not" else []
        if not words:
            raise InvalidRequest(
                f"expected a plain statement, got {self.next or 'the end'!r}; correct it"
            )
        atom: Statement = ("atom", " ".join(words))
        return ("not", atom) if negations % 2 else atom
