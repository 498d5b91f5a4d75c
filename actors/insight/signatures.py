"""What makes two errors the same one: what they say, without what differs each time; pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

#: Share of a signature's words that a text must have to be like it.
ALIKE: Final = 0.7
#: Fewest words of a message that tell it apart from others of its kind.
WORDS_MIN: Final = 2
#: Of a text no more is looked at than this, in characters.
_LOOKED_AT: Final = 20_000

# What differs from case to case, in the order in which it is replaced.
_VARYING: Final = (
    (re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s'\"<>)\]]{1,1000}"), "<url>"),
    (
        re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
        "<id>",
    ),
    (re.compile(r"\b0x[0-9a-f]{1,40}\b"), "<address>"),
    (re.compile(r"(?<![\w<])(?:[a-z]:\\|~?/|\.{1,2}/)[^\s'\":;,<>)\]]{1,500}"), "<path>"),
    (re.compile(r"(?<![\w/<.])[\w.-]{1,100}(?:/[\w.@-]{1,100}){1,20}(?![\w/])"), "<path>"),
    (re.compile(r"\b(?=[a-f]{0,40}\d)[0-9a-f]{12,64}\b"), "<id>"),
    (re.compile(r"(?<![\w<])[-+]?\d+(?:[.,_:]\d+)*(?![\w>])"), "<n>"),
)
_WORD: Final = re.compile(r"<\w+>|\w+")


class Likeness(NamedTuple):
    """How much of an error a text speaks of.

    Args:
        share: Of the signature's words, 0 to 1, that the text has.
        is_same: Whether it says the very message.
        names_kind: Whether it names the error's kind.
    """

    share: float
    is_same: bool
    names_kind: bool

    @property
    def counts(self) -> bool:
        """Tell whether the text is about the error."""
        return self.is_same or (self.names_kind and self.share >= ALIKE)


def normalised(text: str) -> str:
    """Return a text in which addresses, paths, ids and numbers are only named as such."""
    found = text[:_LOOKED_AT].lower()
    for pattern, name in _VARYING:
        found = pattern.sub(name, found)
    return " ".join(found.split())


def signature(kind: str, message: str) -> str:
    """Return what an error has in common with others of its kind."""
    said = normalised(message)
    return f"{kind.lower()}: {said}" if kind and said else kind.lower() or said


def likeness(kind: str, message: str, text: str) -> Likeness:
    """Return how much of an error a text speaks of.

    Args:
        kind: The error's kind; "" if it has none.
        message: What it says.
        text: Such as a memory.
    """
    said, there = normalised(message), normalised(text)
    wanted = _words(said)
    known = set(_words(there))
    named = bool(kind) and kind.lower().rsplit(".", 1)[-1] in known
    share = sum(each in known for each in wanted) / len(wanted) if wanted else 0.0
    is_short = len(wanted) < WORDS_MIN
    is_same = bool(wanted) and f" {' '.join(wanted)} " in f" {' '.join(_words(there))} "
    if is_short:
        # Such a message says little: its kind must be named beside it.
        is_same = is_same and named
    if not wanted:
        share, is_same = (1.0, True) if named else (0.0, False)
    return Likeness(round(share, 4), is_same, named or not kind)


def _words(text: str) -> list[str]:
    return _WORD.findall(text)
