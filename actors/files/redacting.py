"""Answers without the secrets that stand in files."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mimo.actors.memory.scrubbing import scrub

#: Fields that hold what stands in files.
_SHOWN = frozenset({"content", "text", "before", "after", "diff", "diff_preview", "signature"})


def without_secrets(data: dict[str, Any]) -> dict[str, Any]:
    """Return an answer whose texts hold `[redacted: <kind>]` where a secret stood.

    How many of each kind there were stands in `redacted`.
    """
    found: Counter[str] = Counter()
    shown = {name: _scrubbed(value, name, found) for name, value in data.items()}
    return shown | {"redacted": dict(found)} if found else shown


def _scrubbed(value: Any, name: str, found: Counter[str]) -> Any:
    match value:
        case str() if name in _SHOWN:
            scrubbed = scrub(value)
            found.update(scrubbed.found)
            return scrubbed.text
        case list():
            return [_scrubbed(each, name, found) for each in value]
        case dict():
            return {key: _scrubbed(each, key, found) for key, each in value.items()}
        case _:
            return value
