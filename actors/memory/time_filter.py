"""The filter `time_filter`: an expression becomes instants, and the answer says which."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import tzinfo
from typing import Any, Final

from mimo.actors.memory.cleaning import time_of
from mimo.actors.memory.presentation import iso_time
from mimo.actors.memory.query import STOP_WORDS, words_of
from mimo.actors.memory.time_expressions import parse
from mimo.config.errors import InvalidRequest
from mimo.storage.records import Filters

#: Hits among which the one that an expression leans on is looked for.
ANCHORS: Final = 5

#: Finds memories by a phrase among those that filters let pass: plain values, best first.
Find = Callable[[str, Filters, int], list[dict[str, Any]]]


def resolved(
    filters: Filters, now_s: float, find: Find, zone: tzinfo | None = None
) -> tuple[Filters, dict[str, Any]]:
    """Return the filters with their expression as instants, and how it was understood.

    Args:
        filters: With `when` set; `since_s` and `until_s` restrict further.
        now_s: When it is said, wall seconds UTC.
        find: Finds the memory that "the release" means; among those of the same project.
        zone: Where it is said; None is the machine's own zone.

    Raises:
        InvalidRequest: It can't be read, or nothing can be in all three restrictions.
    """
    shown: dict[str, Any] = {"text": filters.when}
    among = Filters(project=filters.project)

    def moment_of(phrase: str) -> float | None:
        hit = _anchor(phrase, find(phrase, among, ANCHORS))
        if hit is None:
            return None
        shown["anchor"] = {key: hit[key] for key in ("memory_id", "content", "occurred_at")}
        return time_of(hit["occurred_at"], "occurred_at")

    found = parse(filters.when, now_s, zone=zone, resolve=moment_of)
    since_s = _later(filters.since_s, found.since_s)
    until_s = _earlier(filters.until_s, found.until_s)
    if since_s is not None and until_s is not None and since_s >= until_s:
        raise InvalidRequest(
            f"expected 'time_filter' to meet 'since' and 'until', got {filters.when!r}, which is "
            "outside of them; leave one of them out"
        )
    shown |= {"since": iso_time(since_s), "until": iso_time(until_s)}
    return dataclasses.replace(filters, since_s=since_s, until_s=until_s), shown


def _anchor(phrase: str, hits: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the best hit that has all telling words of the phrase, or their beginnings."""
    wanted = [word for word in words_of(phrase) if word not in STOP_WORDS]
    for hit in hits:
        words = words_of(hit["content"])
        if wanted and all(any(_alike(word, one) for one in words) for word in wanted):
            return hit
    return None


def _alike(word: str, other: str) -> bool:
    shorter = min(len(word), len(other))
    return word == other or (shorter >= 4 and word[: shorter - 1] == other[: shorter - 1])


def _later(first: float | None, second: float | None) -> float | None:
    known = [one for one in (first, second) if one is not None]
    return max(known, default=None)


def _earlier(first: float | None, second: float | None) -> float | None:
    known = [one for one in (first, second) if one is not None]
    return min(known, default=None)
