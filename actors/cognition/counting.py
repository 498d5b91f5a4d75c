"""Counting letters, characters and words, and what else a word's spelling decides."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from mimo.actors.cognition.verdict import Verdict, judged

_WORDS: Final = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    "|sixteen|seventeen|eighteen|nineteen|twenty"
)
#: Numbers by their names.
VALUES: Final = {"no": 0, "a": 1, "an": 1} | {
    word: value for value, word in enumerate(_WORDS.split("|"))
}
#: A number of things: digits, or a word up to twenty.
COUNT: Final = rf"(?P<count>\d{{1,6}}|no|a|an|{_WORDS})"
_QUOTED: Final = r"(?:'(?P<{0}1>[^'\n]{{1,200}})'|\"(?P<{0}2>[^\"\n]{{1,2000}})\")"
_SUBJECT: Final = _QUOTED.format("text")
_OTHER: Final = _QUOTED.format("other")
_NAMED: Final = r"(?:(?:the|this) (?:word|string|text|phrase|sentence|name) )?"
_BARE: Final = r"(?P<bare>[A-Za-z]{2,40})"
_HOLDS: Final = r"(?:has|contains|consists of|is made of|includes)"
_OCCURS: Final = r"(?:appears|occurs)"
_MUCH: Final = r"(?:exactly |only )?"
_SYMBOL: Final = r"(?:'(?P<symbol1>[^'\n])'|\"(?P<symbol2>[^\"\n])\"|(?P<symbol3>[A-Za-z]))"
_LETTERS: Final = rf"(?:(?:letters? |times the letter )?{_SYMBOL}(?:'?s|es)?(?: letters?)?)"
_SIZES: Final = r"(?P<size>letters?|characters?|chars?|words?|vowels?|consonants?|digits?)"
_END: Final = r"(?=$|[\s,.;:!)]|s\b)"

#: Who writes it: "'strawberry' has 3 r's", "there are 3 r's in strawberry", ...
_LETTER_FORMS: Final = tuple(
    re.compile(form + _END, re.IGNORECASE)
    for form in (
        rf"{_NAMED}{_SUBJECT} {_HOLDS} {_MUCH}{COUNT} {_LETTERS}",
        rf"(?:the|this) (?:word|string|name) {_BARE} {_HOLDS} {_MUCH}{COUNT} {_LETTERS}",
        rf"^{_BARE} (?:has|contains) {_MUCH}{COUNT} {_LETTERS}(?=$|[.;,!])",
        rf"there (?:are|is) {_MUCH}{COUNT} {_LETTERS} in {_NAMED}(?:{_SUBJECT}|{_BARE})",
        rf"(?:the )?letter {_SYMBOL} {_OCCURS} {_MUCH}{COUNT} times? in {_NAMED}{_SUBJECT}",
        rf"(?:the )?letter {_SYMBOL} {_OCCURS} {_MUCH}{COUNT} times? in {_NAMED}{_BARE}",
    )
)
_SIZE_FORMS: Final = tuple(
    re.compile(form + _END, re.IGNORECASE)
    for form in (
        rf"{_NAMED}{_SUBJECT} (?:{_HOLDS}|is) {_MUCH}{COUNT} {_SIZES}(?: long)?",
        rf"(?:the|this) word {_BARE} (?:{_HOLDS}|is) {_MUCH}{COUNT} {_SIZES}(?: long)?",
        rf"there (?:are|is) {_MUCH}{COUNT} {_SIZES} in {_NAMED}{_SUBJECT}",
    )
)
_PAIR_FORM: Final = re.compile(
    rf"{_NAMED}{_SUBJECT} (?P<verb>reversed is|backwards is|is an anagram of|starts with"
    rf"|begins with|ends with|contains|comes before|comes after|is a substring of)"
    rf" {_NAMED}{_OTHER}",
    re.IGNORECASE,
)
_PALINDROME: Final = re.compile(rf"{_NAMED}{_SUBJECT} is (?P<not>not )?a palindrome", re.IGNORECASE)

_VOWELS: Final = frozenset("aeiou")

_PAIRS: Final[dict[str, Callable[[str, str], bool]]] = {
    "reversed is": lambda text, other: text[::-1] == other,
    "backwards is": lambda text, other: text[::-1] == other,
    "is an anagram of": lambda text, other: _letters(text) == _letters(other) and text != other,
    "starts with": str.startswith,
    "begins with": str.startswith,
    "ends with": str.endswith,
    "contains": lambda text, other: other in text,
    "comes before": lambda text, other: text.casefold() < other.casefold(),
    "comes after": lambda text, other: text.casefold() > other.casefold(),
    "is a substring of": lambda text, other: text in other,
}


def count_letter(text: str, letter: str) -> int:
    """Return how often a letter stands in a text; small and capital letters are the same."""
    return _folded(text).count(_folded(letter))


def count_characters(text: str) -> int:
    """Return how many characters a text has, each with its accents, spaces included."""
    return sum(1 for each in unicodedata.normalize("NFC", text) if not unicodedata.combining(each))


def count_words(text: str) -> int:
    """Return how many words a text has: what stands between white space and holds a letter."""
    return sum(1 for word in text.split() if any(each.isalnum() for each in word))


def sizes(text: str) -> dict[str, set[int]]:
    """Return the counts of a text by what is counted; two where a count can be read two ways."""
    folded = unicodedata.normalize("NFD", text.casefold())
    letters = [each for each in folded if each.isalpha()]
    vowels = sum(each in _VOWELS for each in letters)
    parts = count_words(re.sub(r"[-/\u2013]", " ", text))
    return {
        "letter": {len(letters)},
        "character": {count_characters(text), len(text)},
        "char": {count_characters(text), len(text)},
        "word": {count_words(text), parts},
        "vowel": {vowels, vowels + letters.count("y")},
        "consonant": {len(letters) - vowels, len(letters) - vowels - letters.count("y")},
        "digit": {sum(each.isdigit() for each in text)},
    }


def check(sentence: str) -> list[Verdict]:
    """Return the verdicts on the claims about spelling in one sentence."""
    found = [_letter(match) for form in _LETTER_FORMS for match in form.finditer(sentence)]
    if not found:
        for form in _SIZE_FORMS:
            found += [each for match in form.finditer(sentence) if (each := _size(match))]
    found += [each for match in _PAIR_FORM.finditer(sentence) if (each := _pair(match))]
    found += [_palindrome(match) for match in _PALINDROME.finditer(sentence)]
    return found


def amount(word: str) -> int:
    """Return the number that a word or digits stand for: `three` -> 3, `no` -> 0."""
    return int(word) if word.isdecimal() else VALUES[word.lower()]


def _letter(match: re.Match[str]) -> Verdict:
    text = _first(match, "text1", "text2", "bare")
    letter = _first(match, "symbol1", "symbol2", "symbol3")
    counts = {count_letter(text, letter), text.count(letter)}
    told = _count(max(counts))
    return judged(
        amount(match["count"]) in counts,
        "counting",
        f"{_short(text)} has {told} {letter!r}",
        match[0],
    )


def _size(match: re.Match[str]) -> Verdict | None:
    text = _first(match, "text1", "text2", "bare")
    kind = match["size"].lower().removesuffix("s")
    counts = sizes(text).get(kind)
    if counts is None:
        return None
    told = " or ".join(str(each) for each in sorted(counts))
    return judged(
        amount(match["count"]) in counts, "counting", f"{_short(text)} has {told} {kind}s", match[0]
    )


def _pair(match: re.Match[str]) -> Verdict | None:
    text, other = _first(match, "text1", "text2"), _first(match, "other1", "other2")
    verb = match["verb"].lower()
    holds = _PAIRS[verb](text, other) or _PAIRS[verb](_folded(text), _folded(other))
    if not holds and verb == "contains" and not match[0].lower().startswith(("the ", "this ")):
        # What is quoted may be the name of a file.
        return None
    told = f"backwards it is {text[::-1]!r}" if "is" in verb.split()[1:2] else "by its spelling"
    return judged(
        holds, "spelling", f"{_short(text)} {'' if holds else 'not: '}{verb}: {told}", match[0]
    )


def _palindrome(match: re.Match[str]) -> Verdict:
    text = _first(match, "text1", "text2")
    letters = [each for each in _folded(text) if each.isalnum()]
    is_one = letters == letters[::-1]
    told = "is" if is_one else "is not"
    return judged(
        is_one != bool(match["not"]),
        "spelling",
        f"{_short(text)} {told} the same backwards",
        match[0],
    )


def _first(match: re.Match[str], *names: str) -> str:
    groups = match.groupdict()
    return next((groups[name] for name in names if groups.get(name)), "")


def _letters(text: str) -> list[str]:
    return sorted(each for each in _folded(text) if each.isalnum())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _count(value: int) -> str:
    return "no" if value == 0 else str(value)
