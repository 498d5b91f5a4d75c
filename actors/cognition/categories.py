"""Statements such as `all men are mortal`, `no fish is a bird`, `Tweety is a bird`: monadic logic.

What holds of everything leaves some kinds of things possible; `some` and a name each need one kind
that is left. That decides entailment completely, without search. `All` doesn't claim that there
are any.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mimo.actors.cognition.propositions import columns
from mimo.config.errors import NotAvailable

_TERM: Final = r"(?P<{0}>[\w -]{{1,80}}?)"
_FORM: Final = re.compile(
    rf"(?P<how>all|every|each|any|no|some|not all) {_TERM.format('left')} (?:are|is)"
    rf"(?P<not> not)? {_TERM.format('right')}",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    rf"(?P<left>[\w-]{{1,40}}(?: [A-Z][\w-]*)*) is(?P<not> not|n't)?"
    rf" {_TERM.format('right')}",
    re.IGNORECASE,
)
_QUANTIFIED: Final = re.compile(r"\s*(?:all|every|each|any|no|some|not all)\b", re.IGNORECASE)
_PLURALS: Final = {"men": "man", "women": "woman", "people": "person", "children": "child"}
_ARTICLE: Final = re.compile(r"^(?:an?|the) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One statement.

    Args:
        how: `all`, `none`, `some`, `some_not` or `named`.
        left: A kind, or a name.
        right: A kind.
        negated: Of a name: it is not one.
    """

    how: str
    left: str
    right: str
    negated: bool = False

    def denied(self) -> Category:
        """Return the statement that holds exactly if this one doesn't."""
        if self.how == "named":
            return Category(how="named", left=self.left, right=self.right, negated=not self.negated)
        opposite = {"all": "some_not", "some_not": "all", "none": "some", "some": "none"}
        return Category(how=opposite[self.how], left=self.left, right=self.right)

    def told(self) -> str:
        """Return it as text, so that a reader sees how it was understood."""
        if self.how == "named":
            return f"{self.left} is {'not ' if self.negated else ''}[{self.right}]"
        words = {
            "all": "every [{}] is [{}]",
            "none": "no [{}] is [{}]",
            "some": "some [{}] is [{}]",
            "some_not": "some [{}] is not [{}]",
        }
        return words[self.how].format(self.left, self.right)


def is_quantified(text: str) -> bool:
    """Tell whether a statement begins with all, no, some or the like."""
    return _QUANTIFIED.match(text) is not None


def read_category(text: str) -> Category:
    """Return what a statement says of kinds.

    Raises:
        NotAvailable: It has another form.
    """
    plain = text.strip().rstrip(".")
    if found := _FORM.fullmatch(plain):
        how = found["how"].lower()
        if found["not"] and how not in {"some", "no"}:
            raise _other(text)
        if how == "no" and found["not"]:
            raise _other(text)
        kinds = {"no": "none", "some": "some_not" if found["not"] else "some"}
        how = "some_not" if how == "not all" else kinds.get(how, "all")
        return Category(how=how, left=_kind(found["left"]), right=_kind(found["right"]))
    if (found := _NAMED.fullmatch(plain)) and not is_quantified(plain):
        return Category(
            how="named",
            left=found["left"].lower(),
            right=_kind(found["right"]),
            negated=bool(found["not"]),
        )
    raise _other(text)


def is_consistent(statements: Sequence[Category]) -> bool:
    """Tell whether all statements can hold at once.

    Raises:
        NotAvailable: They speak of too many kinds.
    """
    kinds = sorted({kind for each in statements for kind in _kinds_of(each)})
    truths = columns(kinds)
    every = (1 << (1 << len(kinds))) - 1
    possible = every
    for each in statements:
        if each.how in {"all", "none"}:
            right = truths[each.right]
            possible &= ~truths[each.left] | (right if each.how == "all" else ~right)
    possible &= every
    named: dict[str, int] = {}
    for each in statements:
        right = truths[each.right]
        if each.how == "named":
            named[each.left] = named.get(each.left, possible) & (~right if each.negated else right)
        elif each.how in {"some", "some_not"}:
            held = truths[each.left] & (right if each.how == "some" else ~right)
            if not possible & held:
                return False
    return all(named.values())


def _kinds_of(statement: Category) -> tuple[str, ...]:
    if statement.how == "named":
        return (statement.right,)
    return (statement.left, statement.right)


def _kind(text: str) -> str:
    words = _ARTICLE.sub("", text.strip().lower()).split()
    return " ".join([*words[:-1], _singular(words[-1])]) if words else ""


def _singular(word: str) -> str:
    if word in _PLURALS:
        return _PLURALS[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _other(text: str) -> NotAvailable:
    return NotAvailable(
        "expected a form such as 'all A are B', 'no A is B', 'some A are not B' or 'Name is a B',"
        f" got {text[:100]!r}; reword it, or judge it yourself"
    )
