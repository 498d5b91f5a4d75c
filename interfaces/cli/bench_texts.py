"""Texts to measure speed with: as long and as varied as notes of people, none like another.

Words are used as often as in a language: the n-th most frequent one in 1/n of the places. So an
index of them has the few long and many short lists that an index of notes has.
"""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime
from typing import Any, Final

#: Different words; English notes of 100,000 sentences have about as many.
WORDS: Final = 20_000
#: Shortest and longest text, in words.
LENGTHS: Final = (8, 30)
SPEAKERS: Final = ("Ada", "Grace", "Linus", "Barbara", "Edsger", "Margaret", "Ken", "Frances")
_SYLLABLES: Final = tuple(
    first + middle + last
    for first in ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t")
    for middle in "aeiou"
    for last in ("", "n", "r", "l")
)
#: Source: Zipf 1949, with Mandelbrot's shift: the commonest word is no wall of its own.
_SHIFT: Final = 8
#: First moment that a text is dated with, and how far apart two are, in seconds.
_FIRST_S: Final = 1_600_000_000
_APART_S: Final = 1_800
#: Different moments: a century would be no likely store.
_MOMENTS: Final = 400_000
#: Texts of one conversation.
_SESSION: Final = 20


class Texts:
    """Texts and questions by number; the same for the same seed.

    Args:
        seed: Of all choices.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        made = itertools.product(_SYLLABLES, repeat=2)
        self._words = ["".join(parts) for parts in made]
        random.Random(seed).shuffle(self._words)
        del self._words[WORDS:]
        weights = (1 / (rank + _SHIFT) for rank in range(1, len(self._words) + 1))
        self._weights = list(itertools.accumulate(weights))

    def memory(self, number: int) -> dict[str, Any]:
        """Return the arguments of `store` for this memory."""
        chance = random.Random(f"{self._seed} m {number}")
        block = number // _SESSION
        return {
            "content": f"{' '.join(self._some(chance, chance.randint(*LENGTHS)))} {number}.",
            "speaker": SPEAKERS[number % len(SPEAKERS)],
            # Half of them in conversations, half notes outside of any.
            "session_id": f"bench-{block}" if block % 2 else "",
            "occurred_at": datetime.fromtimestamp(
                _FIRST_S + _APART_S * (number % _MOMENTS), UTC
            ).isoformat(),
        }

    def question(self, number: int) -> str:
        """Return a question; no two are alike, so that no cache answers it."""
        chance = random.Random(f"{self._seed} q {number}")
        words = " ".join(self._some(chance, chance.randint(3, 7)))
        return f"What did {chance.choice(SPEAKERS)} say about {words}?"

    def _some(self, chance: random.Random, count: int) -> list[str]:
        return chance.choices(self._words, cum_weights=self._weights, k=count)
