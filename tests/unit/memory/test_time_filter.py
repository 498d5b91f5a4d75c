"""The filter `time_filter`: instants out of words, and what the answer says of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mimo.actors.memory.time_filter import resolved
from mimo.config.errors import InvalidRequest
from mimo.storage.records import Filters

NOW_S = datetime(2026, 11, 24, 15, 30, tzinfo=UTC).timestamp()
SHIPPED = {
    "memory_id": 7,
    "content": "We shipped the first public release of the parser",
    "occurred_at": "2026-10-01T09:00:00Z",
}
LUNCH = {"memory_id": 8, "content": "Lunch with Ada", "occurred_at": "2026-10-02T12:00:00Z"}


def finding(*hits: dict[str, Any]) -> Any:
    """Return a search that always finds these, and notes what it was asked."""

    def find(phrase: str, filters: Filters, limit: int) -> list[dict[str, Any]]:
        find.asked.append((phrase, filters))  # type: ignore[attr-defined]
        return list(hits)[:limit]

    find.asked = []  # type: ignore[attr-defined]
    return find


def test_an_expression_becomes_instants_and_is_shown() -> None:
    """The answer says how the words were read."""
    filters, shown = resolved(Filters(when="yesterday"), NOW_S, finding(), UTC)
    assert (filters.since_s, filters.until_s) == (
        datetime(2026, 11, 23, tzinfo=UTC).timestamp(),
        datetime(2026, 11, 24, tzinfo=UTC).timestamp(),
    )
    assert shown == {
        "text": "yesterday",
        "since": "2026-11-23T00:00:00Z",
        "until": "2026-11-24T00:00:00Z",
    }


def test_an_anchor_is_the_best_memory_that_has_all_its_words() -> None:
    """Only among memories of the project that is searched; the answer names the memory."""
    find = finding(LUNCH, SHIPPED)
    asked = Filters(project="parser", when="two weeks before the release", tags=("x",))
    filters, shown = resolved(asked, NOW_S, find, UTC)
    assert filters.until_s == datetime(2026, 10, 1, 9, tzinfo=UTC).timestamp()
    assert shown["anchor"] == SHIPPED
    assert find.asked == [("the release", Filters(project="parser"))]


def test_an_anchor_that_no_memory_tells_of_is_an_error() -> None:
    """A hit that merely is the nearest is no answer."""
    with pytest.raises(InvalidRequest, match="no memory that tells when 'the wedding' was"):
        resolved(Filters(when="after the wedding"), NOW_S, finding(LUNCH, SHIPPED), UTC)


def test_other_limits_of_time_restrict_further() -> None:
    """The later beginning and the earlier end hold."""
    since_s = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
    filters, _ = resolved(Filters(when="yesterday", since_s=since_s), NOW_S, finding(), UTC)
    assert filters.since_s == since_s


def test_limits_that_exclude_one_another_are_refused() -> None:
    """Nothing could be found, and nobody would know why."""
    with pytest.raises(InvalidRequest, match="outside of them"):
        resolved(Filters(when="yesterday", until_s=0.0), NOW_S, finding(), UTC)
