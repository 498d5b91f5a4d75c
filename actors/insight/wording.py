"""Which operations a task's words speak of: shared words, rarer ones count more; pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

_WORD: Final = re.compile(r"[a-z]{3,}")
#: Endings that don't make another word of it, the longest first.
_ENDINGS: Final = ("ations", "ation", "ings", "ing", "ies", "ed", "es", "s", "y", "e")
#: Words that say nothing of a task.
_EMPTY: Final = frozenset(
    re.findall(
        r"\w+",
        "the and for with that this from what which when how are was were will can its into all"
        " any not but you your have has about does did them then there one some each only also",
    )
)


class Match(NamedTuple):
    """An operation whose description shares words with a task.

    Args:
        label: `tool.operation`.
        score: Sum of the words' inverse document frequencies; only its order means something.
        words: The shared words.
    """

    label: str
    score: float
    words: tuple[str, ...]


def matches(task: str, described: Mapping[str, str], limit: int) -> list[Match]:
    """Return the operations that share words with the task, those that share the rarest first.

    Args:
        task: In plain words.
        described: Description by label.
        limit: Most of them.
    """
    words = {label: _stems(f"{label} {text}") for label, text in described.items()}
    known = Counter(word for each in words.values() for word in each)
    wanted = _stems(task)
    found = [
        Match(
            label,
            round(sum(math.log(1 + len(words) / known[word]) for word in shared), 3),
            tuple(sorted(wanted[word] for word in shared)),
        )
        for label, each in words.items()
        if (shared := wanted.keys() & each.keys())
    ]
    return sorted(found, key=lambda one: (-one.score, one.label))[:limit]


def _stems(text: str) -> dict[str, str]:
    """Return the words by their stems."""
    return {_stem(word): word for word in _told(text)}


def _told(text: str) -> Iterable[str]:
    return (word for word in _WORD.findall(text.lower()) if word not in _EMPTY)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def clipped(text: str, most: int) -> str:
    """Return the beginning of a text on one line.

    Args:
        text: Any.
        most: Longest result, in characters.
    """
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
