"""Memories to measure with: different from each other, like what people keep."""

from __future__ import annotations

import random

from tests.support.client import Client

_WHO = ("Ada", "Grace", "Linus", "Barbara", "Edsger", "Margaret", "Ken", "Frances")
_VERB = ("prefers", "dislikes", "bought", "repaired", "forgot", "described", "painted", "sold")
_THING = (
    "a blue bicycle",
    "metric units",
    "the old lighthouse",
    "strong coffee",
    "short functions",
    "the garden fence",
    "a violin",
    "night trains",
)
_WHEN = ("in spring", "last Tuesday", "every morning", "after the storm", "during the move")

#: Most memories in one `store_many`.
BATCH = 100


def sentence(number: int) -> str:
    """Return the memory of this number; the same each time, no two alike."""
    chance = random.Random(number)
    parts = (chance.choice(words) for words in (_WHO, _VERB, _THING, _WHEN))
    return f"{' '.join(parts)}, note m{number:06d}"


def question(number: int) -> str:
    """Return a search by meaning; no two alike, so that no cache answers."""
    chance = random.Random(f"q{number}")
    return f"what did {chance.choice(_WHO)} do with {chance.choice(_THING)} on day {number}"


def fill(client: Client, count: int, first: int = 0) -> None:
    """Store memories in batches."""
    for start in range(first, first + count, BATCH):
        numbers = range(start, min(start + BATCH, first + count))
        client.call("store_many", memories=[{"content": sentence(number)} for number in numbers])
