"""Output in pages: what an answer shows of it, and where the next one begins."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from mimo.actors.terminal.presentation import category_of, readable, standing
from mimo.config import limits

#: Of a long output, the beginning and the end are shown: the end tells more.
_HEAD_BYTES: Final = limits.TERMINAL_PAGE_BYTES // 3
_TAIL_BYTES: Final = limits.TERMINAL_PAGE_BYTES - _HEAD_BYTES


def page(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of a session's output and how the session stands."""
    data, begin, total = _part(told)
    end = begin + len(data)
    return {
        **standing(dict(told)),
        "output": readable(data),
        "offset": begin,
        "next_offset": end,
        "total_bytes": total,
        "has_more": end < total,
    }


def page_of_end(told: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the answer for a command that ended, and whether it shows all of the output."""
    data, begin, total = _part(told)
    is_whole = begin == 0 and len(data) <= limits.TERMINAL_PAGE_BYTES
    if is_whole:
        output = readable(data)
    else:
        head, tail = readable(data[:_HEAD_BYTES]), readable(data[-_TAIL_BYTES:])
        left = total - _HEAD_BYTES - _TAIL_BYTES
        output = f"{head}\n[... {left} bytes left out; read_output shows them ...]\n{tail}"
    found = {**standing(dict(told)), "output": output}
    if not is_whole:
        found |= {"truncated": True, "total_bytes": total}
    category = category_of(told["reason"], found.get("exit_code"), output)
    return ({**found, "error_category": category} if category else found), is_whole


def _part(told: Mapping[str, Any]) -> tuple[bytes, int, int]:
    if not told["parts"]:
        return b"", 0, 0
    part = told["parts"][0]
    return base64.b64decode(part["data"]), part["begin"], part["total"]
