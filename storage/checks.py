"""What a memory must be before it is written; a second line behind the interface's schemas."""

from __future__ import annotations

import json
import math
from typing import Any

from mimo.config import limits
from mimo.config.errors import InvalidRequest
from mimo.storage.records import NewMemory
from mimo.storage.schema import CATEGORIES, TRUST_LEVELS


def check_memory(memory: NewMemory) -> None:
    """Refuse a memory that the tables couldn't hold as it is.

    Raises:
        InvalidRequest: What was expected and what came.
    """
    _check_content(memory.content)
    _check_choice("category", memory.category, CATEGORIES)
    _check_choice("trust", memory.trust, TRUST_LEVELS)
    if not 0.0 <= memory.importance <= 1.0:
        raise InvalidRequest(f"expected importance from 0.0 to 1.0, got {memory.importance}")
    for name in ("project", "speaker", "session_id", "source"):
        _check_name(name, getattr(memory, name), limits.NAME_CHARS_MAX)
    _check_tags(memory.tags)
    _check_times(memory)


def _check_content(content: str) -> None:
    if not content.strip():
        raise InvalidRequest("expected text to remember, got only white space")
    size = len(_encoded("content", content))
    if size > limits.MEMORY_BYTES_MAX:
        raise InvalidRequest(
            f"expected 1 to {limits.MEMORY_BYTES_MAX} bytes of text, got {size}; split it"
        )


def _encoded(name: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            f"expected Unicode text as {name}, got a lone surrogate at character {error.start}"
        ) from error


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidRequest(f"expected {name} to be one of {', '.join(choices)}, got {value!r}")


def _check_name(name: str, value: str, chars_max: int) -> None:
    _encoded(name, value)
    if len(value) > chars_max:
        raise InvalidRequest(f"expected at most {chars_max} characters of {name}, got {len(value)}")


def _check_tags(tags: tuple[str, ...]) -> None:
    if len(tags) > limits.TAGS_MAX:
        raise InvalidRequest(f"expected at most {limits.TAGS_MAX} tags, got {len(tags)}")
    if len(set(tags)) != len(tags) or "" in tags:
        raise InvalidRequest(f"expected different tags with text in them, got {list(tags)}")
    for tag in tags:
        _check_name("tag", tag, limits.TAG_CHARS_MAX)


def _check_times(memory: NewMemory) -> None:
    for name in ("occurred_at_s", "valid_from_s", "valid_until_s"):
        value = getattr(memory, name)
        if value is not None and not math.isfinite(value):
            raise InvalidRequest(f"expected {name} as finite seconds, got {value}")
    starts, ends = memory.valid_from_s, memory.valid_until_s
    if starts is not None and ends is not None and starts >= ends:
        raise InvalidRequest(f"expected valid_from before valid_until, got {starts} and {ends}")


def metadata_json(metadata: dict[str, Any]) -> str:
    """Return metadata as JSON with sorted keys.

    Raises:
        InvalidRequest: It isn't plain JSON, or too large.
    """
    if not metadata:
        return "{}"
    try:
        text = json.dumps(metadata, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"expected metadata as plain JSON, got: {error}") from error
    size = len(_encoded("metadata", text))
    if size > limits.METADATA_BYTES_MAX:
        raise InvalidRequest(
            f"expected at most {limits.METADATA_BYTES_MAX} bytes of metadata, got {size}"
        )
    return text
