"""What a document is cut into, and how pieces are packed into chunks.

Chunks are closed where the text says so, not where a count says so: after an edit the cuts soon
fall where they fell before, and the chunks behind it are the same as before.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mimo.config import limits

#: About one piece in so many ends a chunk that is half full.
_CUT_EACH = 4
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[。！？]+[”’）]*|\n{2,}")  # noqa: RUF001


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One piece of a document, to be one memory.

    Args:
        text: What it says, with where it stands (heading, symbol) before it.
        metadata: Where it stands, for programs.
        speaker: Who said it, in a chat.
        session_id: The conversation, in a chat; "" for the document itself.
        occurred_at_s: When it was said, wall seconds UTC; None if nobody knows.
    """

    text: str
    metadata: dict[str, Any] = field(default_factory=dict)
    speaker: str = ""
    session_id: str = ""
    occurred_at_s: float | None = None


def packed(
    pieces: Iterable[str], chars_max: int = limits.CHUNK_CHARS_MAX, joint: str = "\n\n"
) -> Iterator[list[str]]:
    """Yield the pieces in groups of at most `chars_max` characters, joined by `joint`.

    Args:
        pieces: Each at most `chars_max` long.
        chars_max: Most characters of a group.
        joint: What will stand between two pieces.
    """
    group: list[str] = []
    size = 0
    for piece in pieces:
        if group and size + len(joint) + len(piece) > chars_max:
            yield group
            group, size = [], 0
        group.append(piece)
        size += len(piece) + (len(joint) if len(group) > 1 else 0)
        if size * 2 >= chars_max and zlib.crc32(piece.encode("utf-8", "replace")) % _CUT_EACH == 0:
            yield group
            group, size = [], 0
    if group:
        yield group


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, white space around them removed."""
    ends = [0, *(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]
    parts = (text[start:end].strip() for start, end in itertools.pairwise(ends))
    return [part for part in parts if part]


def divided(text: str, chars_max: int) -> list[str]:
    """Return a text as pieces of at most `chars_max`: cut between sentences, words, or anywhere."""
    if len(text) <= chars_max:
        return [text]
    pieces: list[str] = []
    for sentence in sentences(text):
        pieces += _by(sentence, chars_max, str.split, " ")
    return [" ".join(group) for group in packed(pieces, chars_max, " ")]


def divided_lines(text: str, chars_max: int) -> list[str]:
    """Return a text as pieces of at most `chars_max`: cut between lines, or anywhere."""
    if len(text) <= chars_max:
        return [text]
    lines = [part for line in text.split("\n") for part in _cut(line, chars_max)]
    return ["\n".join(group) for group in packed(lines, chars_max, "\n")]


def _by(
    text: str, chars_max: int, split: Callable[[str], Sequence[str]], joint: str
) -> Iterator[str]:
    if len(text) <= chars_max:
        yield text
        return
    words = [part for word in split(text) for part in _cut(word, chars_max)]
    for group in packed(words, chars_max, joint):
        yield joint.join(group)


def _cut(text: str, chars_max: int) -> list[str]:
    if len(text) <= chars_max:
        return [text]
    return [text[start : start + chars_max] for start in range(0, len(text), chars_max)]


def with_overlap(
    texts: Iterable[str], overlap_chars: int = limits.CHUNK_OVERLAP_CHARS
) -> Iterator[str]:
    """Yield each text after the last sentences of the one before, of so many characters at most."""
    tail = ""
    for text in texts:
        yield f"{tail} {text}" if tail else text
        tail = _tail(text, overlap_chars)


def _tail(text: str, chars_max: int) -> str:
    kept: list[str] = []
    room = chars_max
    for sentence in reversed(sentences(text[-chars_max * 4 :])[1:]):
        room -= len(sentence) + 1
        if room < 0:
            break
        kept.insert(0, sentence)
    return " ".join(kept)
