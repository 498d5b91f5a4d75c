"""What the store's words are worth: how common each is, whose names there are, what a text has.

Caches over one connection. Counts may be a little old, since a word's weight changes slowly; names
and words of a memory are as new as the database.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from mimo.actors.memory import query as questions
from mimo.storage import search
from mimo.storage.search import Card, Text

Words = frozenset[str]

#: Most words whose count is remembered.
COUNTS_KEPT_MAX = 4_096
#: Most words of memories that are remembered, all memories together; about 100 bytes each.
WORDS_KEPT_MAX = 200_000
#: A count is taken again once the store has grown by this share.
_GROWTH_MAX: Final = 0.1


class Said(NamedTuple):
    """What ranking reads out of a memory's text.

    Args:
        words: Of its date, speaker, tags and text, as the index has them.
        is_question: Whether it asks something itself.
        tells_time: Whether it names a time.
        tells_amount: Whether it names a number.
    """

    words: Words
    is_question: bool
    tells_time: bool
    tells_amount: bool


class Worth(NamedTuple):
    """What a word of a question is worth.

    Args:
        word: As it was asked.
        stem: As the index has it; "" if the index has no such word.
        memories: How many have it, counted up to a limit.
        information: 0 if all have it, more the rarer it is.
    """

    word: str
    stem: str
    memories: int
    information: float


class Lexicon:
    """Words of the store behind one connection.

    Args:
        link: An open connection; it must be the one that is read with.
    """

    def __init__(self, link: search.Link) -> None:
        self._link = link
        self._cut: Callable[[str], list[str]] = search.tokenizer(link)
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._names: tuple[int, list[str]] = (-1, [])
        self._said: OrderedDict[int, tuple[float, Said]] = OrderedDict()
        self._said_size = 0

    def has_names_of(self, version: int) -> bool:
        """Return whether the speakers of this `data_version` are known without reading."""
        return self._names[0] == version

    def names(self, version: int) -> list[str]:
        """Return the known speakers, case-folded.

        Args:
            version: The database's `data_version`: names are read once for each.
        """
        if not self.has_names_of(version):
            self._names = (version, search.speakers(self._link))
        return self._names[1]

    def stems(self, text: str) -> Words:
        """Return the words of a text as the index has them."""
        return frozenset(self._cut(text))

    def worth(self, words: tuple[str, ...]) -> list[Worth]:
        """Return what each of these words is worth, in order."""
        size = search.size(self._link)
        found = []
        for word in words:
            count = self._count(word, size)
            stem = next(iter(self._cut(word)), "")
            found.append(Worth(word, stem, count, information(count, size)))
        return found

    def said(self, cards: Iterable[Card]) -> dict[int, Said]:
        """Return what these memories say, by id; those read before and unchanged cost nothing."""
        found: dict[int, Said] = {}
        unread: dict[int, Card] = {}
        for card in cards:
            known = self._said.get(card.id)
            if known is not None and known[0] == card.changed_at_s:
                found[card.id] = known[1]
            else:
                unread[card.id] = card
        if unread:
            for text in search.texts(self._link, unread):
                found[text.id] = self._read(text)
                self._keep(unread[text.id], found[text.id])
        return found

    def _read(self, text: Text) -> Said:
        plain = questions.words_of(text.content)
        return Said(
            words=self.stems(text.body),
            is_question=questions.is_question(text.content),
            tells_time=questions.tells_time(text.content, plain),
            tells_amount=questions.tells_amount(text.content, plain),
        )

    def _keep(self, card: Card, said: Said) -> None:
        replaced = self._said.pop(card.id, None)
        if replaced is not None:
            self._said_size -= len(replaced[1].words)
        self._said[card.id] = (card.changed_at_s, said)
        self._said_size += len(said.words)
        while self._said_size > WORDS_KEPT_MAX:
            _, (_, dropped) = self._said.popitem(last=False)
            self._said_size -= len(dropped.words)

    def _count(self, word: str, size: int) -> int:
        known = self._counts.get(word)
        if known is not None and known[1] <= size <= known[1] * (1 + _GROWTH_MAX):
            return known[0]
        count = search.document_count(self._link, word)
        self._counts[word] = (count, size)
        if len(self._counts) > COUNTS_KEPT_MAX:
            self._counts.popitem(last=False)
        return count


def information(count: int, size: int) -> float:
    """Return how much a word tells that `count` of `size` memories have.

    Source: Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework": idf of BM25.
    """
    present = min(count, size)
    return math.log(1 + (size - present + 0.5) / (present + 0.5))
