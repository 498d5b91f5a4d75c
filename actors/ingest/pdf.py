"""The text of a PDF, page by page."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from collections.abc import Iterator

from mimo.actors.ingest.chunks import Chunk
from mimo.actors.ingest.prose import paragraphs
from mimo.config import limits
from mimo.config.errors import InvalidRequest

#: What pypdf raises over damaged files besides its own errors.
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def pages(raw: bytes) -> Iterator[Chunk]:
    """Yield chunks of paragraphs, none over two pages; each knows its page.

    Raises:
        InvalidRequest: It is damaged, encrypted, too long, or has no text.
    """
    found = False
    for number, text in enumerate(_texts(raw), 1):
        for chunk in paragraphs(text):
            found = True
            yield Chunk(text=chunk.text, metadata={"page": number})
    if not found:
        raise InvalidRequest(
            "expected a PDF with text, got pictures only; run text recognition (OCR) over it first"
        )


def _texts(raw: bytes) -> Iterator[str]:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    # It warns of each oddity of a file; what can't be read raises.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    damage = (PyPdfError, DependencyError, *_DAMAGE)
    try:
        reader = PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InvalidRequest(
                "expected a PDF without a password, got an encrypted one; save a copy"
            )
        count = len(reader.pages)
    except damage as error:
        raise _damaged(error) from None
    if count > limits.INGEST_PAGES_MAX:
        raise InvalidRequest(
            f"expected a PDF of at most {limits.INGEST_PAGES_MAX} pages, got {count}; split it"
        )
    for index in range(count):
        try:
            yield reader.pages[index].extract_text()
        except damage as error:
            raise _damaged(error) from None


def _damaged(error: Exception) -> InvalidRequest:
    told = " ".join(str(error).split())[:120]
    return InvalidRequest(f"expected a PDF, got a damaged one ({type(error).__name__}: {told})")
