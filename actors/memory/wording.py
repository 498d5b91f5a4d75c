"""What a short statement says, taken apart for comparison: words, numbers, negation, cues.

For English; a text in another language has words and numbers only, and is compared by those.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

#: Most words of a text that are compared: a statement is short, and a document isn't one.
WORDS_MAX: Final = 160
#: Stems that are remembered: most words of a store are the same few thousand.
STEMS_KEPT: Final = 4_096


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words that carry grammar rather than content.
EMPTY: Final = _set(
    """
    a an the this that these those my your his her its our their user users 's s i me we us you he
    she it they them one of in on at to for from by with as into and or so is are was were be been
    being am has have had having do does did done will would shall can could may might must should
    located use used uses there here which who whom whose what when where that than then also just
    very please too some any each such per via about remember note todo fyi since because while
    """
)
#: Words without which a statement is the same.
_ARTICLES: Final = _set("a an the please just also")
_NEGATIONS: Final = _set("not no never none nobody nothing nowhere neither nor without cannot")
_NUMBERS: Final = {
    word: str(value)
    for value, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
            *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
            *("seventeen", "eighteen", "nineteen", "twenty"),
        )
    )
} | {
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
    "hundred": "100",
    "twice": "2",
    "dozen": "12",
}
_IRREGULAR: Final = {
    "ran": "run",
    "went": "go",
    "gone": "go",
    "bought": "buy",
    "met": "meet",
    "built": "build",
    "wrote": "write",
    "written": "write",
    "sold": "sell",
    "gave": "give",
    "took": "take",
    "taken": "take",
    "got": "get",
    "came": "come",
    "wore": "wear",
    "said": "say",
    "told": "tell",
    "paid": "pay",
    "read": "read",
    "won": "win",
    "began": "begin",
    "children": "child",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
    "nightly": "night",
    "kids": "child",
    "kid": "child",
    "metre": "meter",
    "metres": "meter",
    "colour": "color",
    "favourite": "favorite",
    "grey": "gray",
}
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_SHORT_MONTHS: Final = {name[:3]: name for name in _MONTHS} | {"sept": "september"}

#: Months, as `stem` leaves them: day and month stand in either order.
MONTH_STEMS: Final = frozenset(_MONTHS)

_TIME: Final = re.compile(r"\b(\d{1,2})(?::(\d\d))?\s*(am|pm)\b|\b(\d{1,2}):(\d\d)\b")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}\b)")
_TOKEN: Final = re.compile(r"[^\W_]+(?:[.@_/-][^\W_]+)*")
_HAS_DIGIT: Final = re.compile(r"\d")
_ORDINAL: Final = re.compile(r"^(\d+)(?:st|nd|rd|th)$")
_NAMED: Final = re.compile(r"\b(is|are|was|were) (?:called|named)\b")
_CONTRACTED: Final = re.compile(r"\b([a-z]+?)n't\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A statement, taken apart.

    Args:
        plain: The text in lower case, contractions spelt out.
        words: All words in order, stemmed, empty ones too; numbers as digits.
        telling: Those that carry content, in order; without negations.
        numbers: The telling words that are or hold numbers.
        names: The telling words that began with a capital letter inside the text.
        negations: How many words negate.
    """

    plain: str
    words: tuple[str, ...]
    telling: tuple[str, ...]
    numbers: frozenset[str]
    names: frozenset[str]
    negations: int


def take_apart(text: str) -> Wording:
    """Return what a text says, up to its first `WORDS_MAX` words."""
    folded = _folded(text)
    capitals = {
        stem(word.lower())
        for word in _TOKEN.findall(folded)[1 : WORDS_MAX + 1]
        if word[0].isupper()
    }
    plain = _spelt_out(folded.lower())
    words = tuple(stem(word) for word in _TOKEN.findall(plain)[:WORDS_MAX])
    telling = tuple(word for word in words if word not in EMPTY and word not in _NEGATIONS)
    return Wording(
        plain=plain,
        words=words,
        telling=telling,
        numbers=frozenset(word for word in telling if _HAS_DIGIT.search(word)),
        names=frozenset(capitals.intersection(telling)),
        negations=sum(word in _NEGATIONS for word in words),
    )


def telling_words(text: str) -> list[str]:
    """Return the words that carry content as they are written, in order, each once."""
    plain = _folded(text).lower()[: WORDS_MAX * 10]
    found = (word for word in _TOKEN.findall(plain) if len(word) > 1)
    return [
        word
        for word in dict.fromkeys(found)
        if word not in EMPTY and word not in _NEGATIONS and stem(word) not in EMPTY
    ]


def is_worded_alike(one: Wording, other: Wording) -> bool:
    """Tell whether two statements have the same words in the same order, articles aside."""
    return _bare(one.plain) == _bare(other.plain)


def _bare(plain: str) -> list[str]:
    return [word for word in _TOKEN.findall(plain) if word not in _ARTICLES]


def _folded(text: str) -> str:
    """Return the text without accents, its apostrophes plain."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.replace("\u2019", "'"))
    return "".join(one for one in decomposed if not unicodedata.combining(one))


def _spelt_out(text: str) -> str:
    for short, long in (("cannot", "can not"), ("can't", "can not"), ("won't", "will not")):
        text = text.replace(short, long)
    text = _CONTRACTED.sub(r"\1 not", text)
    text = re.sub(r"'(?:s|re|ve|ll|d|m)\b", " ", text)
    text = _NAMED.sub(r"\1 name", text)
    text = _THOUSANDS.sub("", text)
    return _TIME.sub(_clock_time, text)


def _clock_time(match: re.Match[str]) -> str:
    """Return a time of day in one form, such as 18h30."""
    hour, minute, half, hour_24, minute_24 = match.groups()
    if half is None:
        return f"{int(hour_24)}h{minute_24}"
    return f"{int(hour) % 12 + (12 if half == 'pm' else 0)}h{minute or '00'}"


@functools.lru_cache(maxsize=STEMS_KEPT)
def stem(word: str) -> str:  # noqa: PLR0911  a table
    """Return a lower-case English word without its commonest endings; numbers as digits.

    Source: ours; a tenth of Porter's rules, enough for statements that differ in a word.
    """
    if word in _NUMBERS:
        return _NUMBERS[word]
    word = _IRREGULAR.get(word, word)
    if word in _SHORT_MONTHS or word in MONTH_STEMS:
        return _SHORT_MONTHS.get(word, word)
    ordinal = _ORDINAL.match(word)
    if ordinal:
        return ordinal.group(1)
    if not word.isalpha() or len(word) < 4 or word in EMPTY or word in _NEGATIONS:
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("ing") and len(word) > 5:
        return _undoubled(word[:-3])
    if word.endswith("ed") and len(word) > 4:
        return _undoubled(word[:-2])
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-2] if word.endswith(("sses", "ches", "shes", "xes")) else word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def _undoubled(word: str) -> str:
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        return word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word
