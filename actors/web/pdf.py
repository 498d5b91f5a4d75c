"""Pages of a PDF as text, and what the file says about itself."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mimo.config import limits
from mimo.config.errors import InvalidRequest

#: What pypdf raises over damaged files besides its own errors.
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_VALUE_CHARS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What was read of a PDF.

    Args:
        page_count: Of the whole file.
        pages: (number, text) of those that were asked for.
        metadata: Title, author and the like, as far as the file gives them.
    """

    page_count: int
    pages: tuple[tuple[int, str], ...]
    metadata: dict[str, str]

    @property
    def text(self) -> str:
        """Return the pages, each under its number."""
        return "\n\n".join(f"## Page {number}\n\n{text}" for number, text in self.pages if text)


def read_pdf(raw: bytes, wanted: Sequence[int] = ()) -> Document:
    """Return pages of a PDF.

    Args:
        raw: The file.
        wanted: Numbers of pages, from 1; empty for all.

    Raises:
        InvalidRequest: It is damaged, encrypted, too long, or has no such page.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    # It warns of each oddity of a file; what can't be read raises.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InvalidRequest(
                "expected a PDF without a password, got an encrypted one; save a copy"
            )
        count = len(reader.pages)
        numbers = _numbers(wanted, count)
        pages = tuple((each, _tidy(reader.pages[each - 1].extract_text())) for each in numbers)
        said: Mapping[str, object] = reader.metadata or {}
        metadata = {
            str(name).lstrip("/").lower(): " ".join(str(value).split())[:_VALUE_CHARS_MAX]
            for name, value in said.items()
            if isinstance(value, str) and value.strip()
        }
    except (PyPdfError, DependencyError, *_DAMAGE) as error:
        told = " ".join(str(error).split())[:120]
        raise InvalidRequest(
            f"expected a PDF, got a damaged one ({type(error).__name__}: {told})"
        ) from None
    return Document(page_count=count, pages=pages, metadata=metadata)


def _numbers(wanted: Sequence[int], count: int) -> Sequence[int]:
    if not wanted:
        if count > limits.INGEST_PAGES_MAX:
            raise InvalidRequest(
                f"expected a PDF of at most {limits.INGEST_PAGES_MAX} pages, got {count};"
                " name the 'pages' you want"
            )
        return range(1, count + 1)
    beyond = [number for number in wanted if number > count]
    if beyond:
        raise InvalidRequest(f"expected pages 1 to {count}, got {beyond[0]}; correct 'pages'")
    return sorted(set(wanted))


def _tidy(text: str) -> str:
    lines = (line.rstrip() for line in text.replace("\0", "").splitlines())
    return "\n".join(lines).strip()
