"""What a question asks for, read without a model: its words, pairs, phrases and kind."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

#: Most words of a question that are looked for, and most phrases.
WORDS_MAX = 48
PHRASES_MAX = 8
#: Shortest word of a name by which its bearer is recognised.
NAME_CHARS_MIN = 2

#: Words that say nothing about what is asked for.
STOP_WORDS: Final = frozenset(
    """
    a about after again all also am an and any are aren as at be because been before being between
    both but by can could couldn d did didn do does doesn doing don down during each either ever
    few for from further get had hadn has hasn have haven having he her here hers herself him
    himself his how i if in into is isn it its itself just ll m many may me might mine more most
    much must my myself no nor not of off on once only or other our ours ourselves out over own
    please re s same shall she should so some such t tell than that the their theirs them
    themselves then there these they this those through to too under until up upon us ve very
    was wasn we were weren what whatever when where whether which while who whom whose why will
    with won would wouldn you your yours yourself yourselves
    """.split()  # noqa: SIM905  a paragraph is easier to read
)

_WORD: Final = re.compile(r"[^\W_]+")
_QUOTED: Final = re.compile(r'"([^"]+)"|“([^”]+)”|«([^»]+)»')
_POSSESSIVE: Final = r"(?:['\u2019]s?)?"
_WHEN: Final = re.compile(
    r"\bwhen\b|\b(?:what|which) (?:date|day|month|year|time)\b|\bhow (?:long|recent|recently)\b",
    re.IGNORECASE,
)
_AMOUNT: Final = re.compile(r"\bhow (?:many|much|long|old|often|far)\b", re.IGNORECASE)
_TIME_WORDS: Final = frozenset(
    """
    yesterday today tonight tomorrow last next ago since day days week weeks weekend weekends month
    months year years morning mornings evening evenings night nights recently monday tuesday
    wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays
    saturdays sundays january february march april june july august september october november
    december
    """.split()  # noqa: SIM905
)
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")
_DIGIT: Final = re.compile(r"\d")
_AMOUNT_WORDS: Final = frozenset(
    """
    one two three four five six seven eight nine ten dozen dozens once twice couple several hundred
    hundreds thousand thousands
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question, taken apart.

    Args:
        text: As it was asked, without what can't be stored: NUL and lone surrogates.
        words: Its telling words in order, lower-case, each once; all its words if none is telling.
        pairs: Telling words that stand side by side.
        phrases: What was put in quotation marks.
        asks_when: Whether it asks for a time.
        asks_amount: Whether it asks for a number.
    """

    text: str
    words: tuple[str, ...]
    pairs: tuple[str, ...]
    phrases: tuple[str, ...]
    asks_when: bool
    asks_amount: bool


def clean(text: str) -> str:
    """Return `text` without NUL and lone surrogates."""
    return text.replace("\0", " ").encode("utf-8", "ignore").decode("utf-8")


def words_of(text: str) -> list[str]:
    """Return the words of `text` in order, lower-case; punctuation and symbols are no words."""
    return _WORD.findall(text.lower())


def analyse(text: str) -> Query:
    """Return the question taken apart; no text is wrong.

    Source: ours; pairs and stop words measured on LoCoMo and BEAM.
    """
    text = clean(text)
    found = words_of(text)
    telling = [word for word in found if word not in STOP_WORDS] or found
    telling = telling[:WORDS_MAX]
    quoted = (next(filter(None, match.groups())) for match in _QUOTED.finditer(text))
    phrases = [" ".join(words) for part in quoted if (words := words_of(part))]
    return Query(
        text=text,
        words=tuple(dict.fromkeys(telling)),
        pairs=tuple(
            dict.fromkeys(f"{first} {second}" for first, second in itertools.pairwise(telling))
        ),
        phrases=tuple(dict.fromkeys(phrases))[:PHRASES_MAX],
        asks_when=bool(_WHEN.search(text)),
        asks_amount=bool(_AMOUNT.search(text)),
    )


def names_in(query: Query, speakers: Iterable[str]) -> frozenset[str]:
    """Return the words of the question that are (part of) a known speaker's name.

    Args:
        query: The question.
        speakers: Names, case-folded.
    """
    known = {
        word
        for speaker in speakers
        for word in words_of(speaker)
        if len(word) >= NAME_CHARS_MIN and word not in STOP_WORDS
    }
    return frozenset(words_of(query.text)) & known


def without(text: str, names: Iterable[str]) -> str:
    """Return `text` without these words and their possessive; unchanged if nothing would be left.

    A question that names a speaker is pulled towards all that this speaker ever said.

    Source: ours; recall@10 of the vectors alone rose from 0.42 to 0.62 on LoCoMo.
    """
    alternatives = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    if not alternatives:
        return text
    stripped = re.sub(rf"\b(?:{alternatives})\b{_POSSESSIVE}", " ", text, flags=re.IGNORECASE)
    stripped = " ".join(stripped.split())
    return stripped if _WORD.search(stripped) else text


def tells_time(text: str, words: Iterable[str]) -> bool:
    """Return whether a text, of these words in lower case, names a time."""
    return not _TIME_WORDS.isdisjoint(words) or _YEAR.search(text) is not None


def tells_amount(text: str, words: Iterable[str]) -> bool:
    """Return whether a text, of these words in lower case, names a number."""
    return _DIGIT.search(text) is not None or not _AMOUNT_WORDS.isdisjoint(words)


def is_question(text: str) -> bool:
    """Return whether `text` ends with a question mark; what follows in brackets is no text."""
    text = text.rstrip()
    while text.endswith("]") and "[" in text:
        text = text[: text.rindex("[")].rstrip()
    return text.endswith(("?", "？", "؟"))  # noqa: RUF001  other scripts' question marks
