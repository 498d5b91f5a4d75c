"""The words of thoughts: what they are about, and what of it is covered."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from mimo.actors.memory.query import STOP_WORDS, is_question
from mimo.actors.memory.synthesis import sentences
from mimo.actors.memory.wording import Wording, take_apart

#: Sentences of one text that are looked at.
SENTENCES_MAX: Final = 60
#: Fewest telling words of a sentence that can be checked against memory.
CLAIM_TERMS_MIN: Final = 2
#: Share of common terms from which two texts say much the same.
ALIKE: Final = 0.8

_BULLET: Final = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)]|step\s+\d+\s*[:.])\s*", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"^\s*(thought|action|observation|attempt|lesson|reflection)\s*:\s*", re.IGNORECASE
)
_INTENTION: Final = re.compile(
    r"^(?:let'?s|let us|i'?ll|i will|i would|we'?ll|we will|we should|we could|i should|i could|"
    r"i want|we want|we need to|i need to|try|next|plan|suppose|assume|assuming|imagine|what if|"
    r"maybe|perhaps|possibly|consider|check|look|run|find|read|compare|if)\b",
    re.IGNORECASE,
)
_HEDGE: Final = re.compile(
    r"\b(?:maybe|perhaps|possibly|probably|might|could be|may be|i guess|i think|i believe|"
    r"presumably|it seems|likely|unclear|not sure)\b",
    re.IGNORECASE,
)


class Cover(NamedTuple):
    """How much of what is wanted is there.

    Args:
        covered: Wanted terms that are there.
        missing: Those that aren't.
    """

    covered: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def share(self) -> float:
        """Return the covered share, 0 to 1; 1 if nothing is wanted."""
        wanted = len(self.covered) + len(self.missing)
        return len(self.covered) / wanted if wanted else 1.0


def label_of(text: str) -> tuple[str, str]:
    """Return the label that a thought begins with, such as `action`, and the rest; "" if none."""
    found = _LABEL.match(text)
    return (found.group(1).lower(), text[found.end() :]) if found else ("", text)


def statements(text: str) -> list[str]:
    """Return the sentences of a text without bullets and labels."""
    found: list[str] = []
    for line in text.splitlines():
        bare = label_of(_BULLET.sub("", line))[1]
        found += sentences(bare)
    return found[:SENTENCES_MAX]


@functools.lru_cache(maxsize=4_096)
def apart(sentence: str) -> Wording:
    """Return a sentence taken apart."""
    return take_apart(sentence)


@functools.lru_cache(maxsize=1_024)
def terms_of(text: str) -> tuple[str, ...]:
    """Return the stems of a text's telling words, in order, each once."""
    found = (term for sentence in statements(text) for term in apart(sentence).telling)
    return tuple(term for term in dict.fromkeys(found) if term not in STOP_WORDS)


def terms_of_all(texts: Iterable[str]) -> frozenset[str]:
    """Return the terms of several texts."""
    return frozenset(term for text in texts for term in terms_of(text))


def cover(wanted: Sequence[str], given: Iterable[str]) -> Cover:
    """Return which of the wanted terms are given."""
    have = frozenset(given)
    return Cover(
        tuple(term for term in wanted if term in have),
        tuple(term for term in wanted if term not in have),
    )


def overlap(one: Iterable[str], other: Iterable[str]) -> float:
    """Return the share of terms that two texts have in common (Jaccard); 0 if one has none."""
    first, second = frozenset(one), frozenset(other)
    both = first | second
    return len(first & second) / len(both) if first and second else 0.0


def is_hedged(sentence: str) -> bool:
    """Tell whether a sentence says that it isn't sure."""
    return _HEDGE.search(sentence) is not None


@functools.lru_cache(maxsize=256)
def claims_of(text: str) -> tuple[str, ...]:
    """Return the sentences that claim something which can be checked, those with more terms first.

    Questions, intentions and what is said to be unsure claim nothing.
    """
    found = [
        sentence
        for sentence in statements(text)
        if len(apart(sentence).telling) >= CLAIM_TERMS_MIN
        and not is_question(sentence)
        and not _INTENTION.match(sentence)
        and not is_hedged(sentence)
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda each: -len(apart(each).telling)))
