"""What was read, as plain values that fit into one answer."""

from __future__ import annotations

import json
import re
from typing import Any

from mimo.actors.ingest.decoding import decoded, is_binary
from mimo.actors.memory.cleaning import clean_text
from mimo.actors.web.downloading import as_utf8
from mimo.actors.web.exchange import Answer
from mimo.config.errors import InvalidRequest

_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([\w-]{2,40})", re.IGNORECASE)
_DECLARED_WITHIN = 2_048
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})


def part_of(text: str, offset: int, limit: int) -> dict[str, Any]:
    """Return a part of a text, cleaned of what is invisible, and where the next one begins.

    Args:
        text: All of it.
        offset: Characters to leave out.
        limit: Most characters.
    """
    end = min(offset + limit, len(text))
    return {
        "text": clean_text(text[offset:end]),
        "total_chars": len(text),
        "next_offset": end if end < len(text) else 0,
    }


def text_in(answer: Answer) -> str:
    """Return the body as text, in the encoding that the server or the page names.

    Raises:
        InvalidRequest: It is no text.
    """
    raw = as_utf8(answer)
    if not answer.head.charset and answer.head.kind in HTML_TYPES:
        declared = _DECLARED.search(raw[:_DECLARED_WITHIN])
        if declared is not None and not _is_utf8(raw):
            try:
                return raw.decode(declared.group(1).decode("ascii"))
            except (LookupError, ValueError):
                pass
    if is_binary(raw):
        raise InvalidRequest(
            f"expected text at {answer.head.url[:200]}, got {answer.head.kind}"
            f" of {len(raw)} bytes; use read_pdf for a PDF, vision for a picture"
        )
    return decoded(raw).text


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def pretty_json(text: str, url: str) -> str:
    """Return JSON with an indent.

    Raises:
        InvalidRequest: It is none.
    """
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(
            f"expected JSON at {url[:200]}, got something else ({str(error)[:80]});"
            " use another 'format'"
        ) from None
