"""Which items go into a budget of tokens: value per token, checked against one large item; pure.

Greedy by density, or the most valuable single item where that alone is worth more, has at least
half the value of the best possible choice. Source: Korte and Vygen, Combinatorial Optimization, 17.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from mimo.actors.lifecycle.briefing import CHARS_A_TOKEN

#: From which value on an item stands in the first and in the second tier.
TIERS: Final = (0.6, 0.3)


class Item(NamedTuple):
    """Something that may be told.

    Args:
        source: Where it is from, such as `memory`.
        id: What it is called there.
        text: What it says.
        value: 0 to 1; nothing of 0 is ever told.
    """

    source: str
    id: str
    text: str
    value: float

    @property
    def line(self) -> str:
        """Return it as it is told, with where it is from."""
        return f"[{self.source} {self.id}] {self.text}"

    @property
    def tokens(self) -> int:
        """Return what it costs with its line's end, by estimate, rounded up."""
        return tokens_of(self.line + "\n")

    @property
    def tier(self) -> int:
        """Return 1 for what matters most, 2, or 3."""
        return next((place for place, least in enumerate(TIERS, 1) if self.value >= least), 3)


class Packed(NamedTuple):
    """What fits.

    Args:
        items: The most valuable first.
        tokens: What they cost together; never more than the budget.
        left_off: How many had no room.
    """

    items: tuple[Item, ...]
    tokens: int
    left_off: int


def tokens_of(text: str) -> int:
    """Return about how many tokens a text has, rounded up."""
    return -(-len(text) // CHARS_A_TOKEN)


def pack(items: Iterable[Item], max_tokens: int) -> Packed:
    """Return the items to tell within a budget.

    Nothing is told twice, neither under one name nor in the same words; the same items in another
    order are packed the same. No item that was left off would still fit, and none is left off for
    one that is worth less and costs more.

    Args:
        items: What there is.
        max_tokens: What it may cost together.
    """
    unique = _unique(items)
    fitting = [each for each in unique if each.tokens <= max_tokens]
    dense = sorted(fitting, key=lambda each: (-each.value / each.tokens, *_order(each)))
    chosen = _filled((), dense, max_tokens)
    if fitting:
        best = min(fitting, key=_order)
        if best.value > sum(each.value for each in chosen):
            chosen = _filled((best,), dense, max_tokens)
    return Packed(
        items=tuple(sorted(chosen, key=_order)),
        tokens=sum(each.tokens for each in chosen),
        left_off=len(unique) - len(chosen),
    )


def told(items: Sequence[Item]) -> str:
    """Return items as one text, a line each."""
    return "\n".join(each.line for each in items)


def _filled(first: Sequence[Item], dense: Sequence[Item], max_tokens: int) -> list[Item]:
    chosen = list(first)
    left = max_tokens - sum(each.tokens for each in chosen)
    for item in dense:
        if item not in first and item.tokens <= left:
            chosen.append(item)
            left -= item.tokens
    return chosen


def _unique(items: Iterable[Item]) -> list[Item]:
    """Return the items that are worth anything, of equal ones the most valuable."""
    found: list[Item] = []
    names: set[tuple[str, str]] = set()
    texts: set[str] = set()
    for item in sorted(items, key=_order):
        words = " ".join(item.text.lower().split())
        if item.value > 0 and (item.source, item.id) not in names and words not in texts:
            names.add((item.source, item.id))
            texts.add(words)
            found.append(item)
    return found


def _order(item: Item) -> tuple[float, int, str, str, str]:
    return (-item.value, item.tokens, item.source, item.id, item.text)
