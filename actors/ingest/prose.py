"""Plain text into chunks: by paragraphs, sentences, lines, or as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mimo.actors.ingest.chunks import (
    Chunk,
    divided,
    divided_lines,
    packed,
    sentences,
    with_overlap,
)
from mimo.config import limits
from mimo.config.errors import InvalidRequest

_PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")


def paragraphs(text: str) -> Iterator[Chunk]:
    """Yield chunks of whole paragraphs; each begins with the last sentences of the one before."""
    pieces = (
        piece
        for paragraph in _PARAGRAPH_END.split(text)
        if paragraph.strip()
        for piece in divided(paragraph.strip(), room())
    )
    for joined in with_overlap("\n\n".join(group) for group in packed(pieces, room())):
        yield Chunk(text=joined)


def room() -> int:
    """Return how long a chunk of prose may be before it is given its overlap."""
    return limits.CHUNK_CHARS_MAX - limits.CHUNK_OVERLAP_CHARS - 1


def by_sentences(text: str) -> Iterator[Chunk]:
    """Yield chunks of one or a few sentences."""
    longest = limits.CHUNK_SENTENCE_CHARS_MAX
    pieces = (piece for sentence in sentences(text) for piece in divided(sentence, longest))
    for group in packed(pieces, longest, " "):
        yield Chunk(text=" ".join(group))


def lines(text: str) -> Iterator[Chunk]:
    """Yield chunks of whole lines."""
    for piece in divided_lines(text, limits.CHUNK_CHARS_MAX):
        if piece.strip():
            yield Chunk(text=piece)


def whole(text: str) -> Iterator[Chunk]:
    """Yield the text as one chunk.

    Raises:
        InvalidRequest: It is longer than a memory may be.
    """
    size = len(text.encode())
    if size > limits.MEMORY_BYTES_MAX:
        raise InvalidRequest(
            f"expected at most {limits.MEMORY_BYTES_MAX} bytes for strategy 'whole', got {size};"
            " use strategy 'auto'"
        )
    if text.strip():
        yield Chunk(text=text.strip())
