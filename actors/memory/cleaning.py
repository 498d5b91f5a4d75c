"""What reaches the store as text: nothing invisible that could carry instructions past a reader."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

from mimo.config import limits
from mimo.config.errors import InvalidRequest

# Characters that shape what stands beside them: kept one at a time, after a visible non-ASCII one.
_JOINERS = frozenset(["\u200c", "\u200d"] + [chr(code) for code in range(0xFE00, 0xFE10)])
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LATE_SELECTORS = (0xE0100, 0xE01EF)
# Latin to Hebrew, and East Asian: blocks without an invisible character.
_PLAIN = re.compile("[\\n\\t -~\u00a0-\u00ac\u00ae-\u05ff\u3000-\ud7ff]*")
_TAG = re.compile(r"[\w][\w .:/#+@&'-]*")
_METADATA_DEPTH_MAX = 8


def clean_text(text: str) -> str:
    """Return `text` in NFC without control, zero-width, bidirectional and tag characters.

    Newlines and tabs stay; line ends become one newline; white space at both ends goes. Joiners and
    variation selectors stay where they shape a visible character (emoji, Persian, Hindi).

    Source: ours; invisible text in stored memories is a way to smuggle instructions.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if _PLAIN.fullmatch(text):
        return text.strip()
    kept: list[str] = []
    after_visible = False
    for character in text:
        if character in "\n\t":
            kept.append(character)
            after_visible = False
        elif character in _JOINERS:
            if after_visible:
                kept.append(character)
            after_visible = False
        elif not _is_invisible(character):
            kept.append(character)
            after_visible = not character.isascii()
        elif character in "\u2028\u2029":
            kept.append("\n")
            after_visible = False
    # What stood between a letter and its accent may be gone now.
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def _is_invisible(character: str) -> bool:
    if unicodedata.category(character) in _INVISIBLE_CATEGORIES:
        return True
    code = ord(character)
    is_noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return is_noncharacter or _LATE_SELECTORS[0] <= code <= _LATE_SELECTORS[1]


def content_of(text: str, parameter: str = "content") -> str:
    """Return the cleaned text of a memory or a note.

    Raises:
        InvalidRequest: Nothing readable is left, or it is longer than `limits.MEMORY_BYTES_MAX`.
    """
    cleaned = clean_text(text)
    if not cleaned:
        raise InvalidRequest(
            f"expected '{parameter}' to hold readable text, got none; write it out"
        )
    size = len(cleaned.encode())
    if size > limits.MEMORY_BYTES_MAX:
        raise InvalidRequest(
            f"expected '{parameter}' of at most {limits.MEMORY_BYTES_MAX} bytes, got {size};"
            " store a summary, or several memories"
        )
    return cleaned


def query_of(text: str) -> str:
    """Return a search query, cleaned, on one line.

    Raises:
        InvalidRequest: Nothing readable is left.
    """
    cleaned = " ".join(clean_text(text).split())
    if not cleaned:
        raise InvalidRequest("expected 'query' to hold words, got none; say what to look for")
    return cleaned[: limits.QUERY_CHARS_MAX]


def name_of(text: str, parameter: str) -> str:
    """Return the name of a project, speaker, session or source, cleaned, on one line; may be "".

    Raises:
        InvalidRequest: It is longer than `limits.NAME_CHARS_MAX`.
    """
    cleaned = " ".join(clean_text(text).split())
    if len(cleaned) > limits.NAME_CHARS_MAX:
        raise InvalidRequest(
            f"expected '{parameter}' of at most {limits.NAME_CHARS_MAX} characters,"
            f" got {len(cleaned)}; shorten it"
        )
    return cleaned


def tags_of(tags: list[str]) -> tuple[str, ...]:
    """Return tags lower-case, unique and sorted.

    Raises:
        InvalidRequest: One is empty, too long or has other characters than words and ` .:/#+@&'-`.
    """
    found: set[str] = set()
    for given in tags:
        tag = " ".join(clean_text(given).lower().split())
        if len(tag) > limits.TAG_CHARS_MAX or not _TAG.fullmatch(tag):
            raise InvalidRequest(
                f"expected each of 'tags' to be 1 to {limits.TAG_CHARS_MAX} letters, digits or"
                f" .:/#+@&'-, got {given[:80]!r}; for example 'travel' or 'project/mimo'"
            )
        found.add(tag)
    return tuple(sorted(found))


def time_of(text: str, parameter: str) -> float:
    """Return an ISO 8601 date or time as wall seconds UTC; without an offset it is UTC.

    Raises:
        InvalidRequest: It is something else.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"expected '{parameter}' as an ISO 8601 date or time, got {text[:80]!r};"
            " for example '2026-05-03' or '2026-05-03T14:00:00+02:00'"
        ) from None


def metadata_of(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the caller's JSON object, its texts cleaned.

    Raises:
        InvalidRequest: It is over `limits.METADATA_BYTES_MAX`, too deep, or holds no finite number.
    """
    cleaned: dict[str, Any] = _plain(metadata, 1)
    size = len(json.dumps(cleaned, ensure_ascii=False).encode())
    if size > limits.METADATA_BYTES_MAX:
        raise InvalidRequest(
            f"expected 'metadata' of at most {limits.METADATA_BYTES_MAX} bytes as JSON, got {size};"
            " put the text into 'content'"
        )
    return cleaned


def _plain(value: Any, depth: int) -> Any:
    if depth > _METADATA_DEPTH_MAX:
        raise InvalidRequest(
            f"expected 'metadata' nested at most {_METADATA_DEPTH_MAX} deep, got more; flatten it"
        )
    match value:
        case str():
            return clean_text(value)
        case list():
            return [_plain(item, depth + 1) for item in value]
        case dict():
            return {clean_text(str(key)): _plain(item, depth + 1) for key, item in value.items()}
        case float() if not math.isfinite(value):
            raise InvalidRequest(
                f"expected finite numbers in 'metadata', got {value}; use a text instead"
            )
        case _:
            return value
