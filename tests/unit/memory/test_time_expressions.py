"""Time expressions: the original's forms, natural ones, and an error for the rest.

Said on Tuesday, 24 November 2026, 15:30 UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.memory.time_expressions import parse
from mimo.config.errors import InvalidRequest

NOW_S = datetime(2026, 11, 24, 15, 30, tzinfo=UTC).timestamp()
RELEASE_S = datetime(2026, 10, 1, 9, tzinfo=UTC).timestamp()
OPEN = "-"


def resolve(phrase: str) -> float | None:
    """Return when the release was; nothing else is known."""
    return RELEASE_S if phrase == "the release" else None


def shown(at_s: float | None) -> str:
    """Return a moment without what is zero."""
    if at_s is None:
        return OPEN
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")


@pytest.mark.parametrize(
    ("said", "since", "until"),
    [
        ("today", "2026-11-24", "2026-11-25"),
        ("Yesterday", "2026-11-23", "2026-11-24"),
        ("the day before yesterday", "2026-11-22", "2026-11-23"),
        ("yesterday evening", "2026-11-23 18:00:00", "2026-11-24"),
        ("last night", "2026-11-23 18:00:00", "2026-11-24 06:00:00"),
        ("tonight", "2026-11-24 18:00:00", "2026-11-25 06:00:00"),
        ("this week", "2026-11-23", "2026-11-30"),
        ("this month", "2026-11-01", "2026-12-01"),
        ("last week", "2026-11-17 15:30:00", "2026-11-24 15:30:01"),
        ("last month", "2026-10-24 15:30:00", "2026-11-24 15:30:01"),
        ("previous week", "2026-11-16", "2026-11-23"),
        ("last hour", "2026-11-24 14:30:00", "2026-11-24 15:30:01"),
        ("last 24 hours", "2026-11-23 15:30:00", "2026-11-24 15:30:01"),
        ("3 days ago", "2026-11-21 15:30:00", "2026-11-24 15:30:01"),
        ("a couple of weeks ago", "2026-11-10 15:30:00", "2026-11-24 15:30:01"),
        ("past 2 weeks", "2026-11-10 15:30:00", "2026-11-24 15:30:01"),
        ("since 2 hours ago", "2026-11-24 13:30:00", "2026-11-24 15:30:01"),
        ("in the last fortnight", "2026-11-10 15:30:00", "2026-11-24 15:30:01"),
        ("last weekend", "2026-11-21", "2026-11-23"),
        ("last quarter", "2026-07-01", "2026-10-01"),
        ("last year", "2025-01-01", "2026-01-01"),
        ("last Tuesday", "2026-11-17", "2026-11-18"),
        ("on Friday", "2026-11-20", "2026-11-21"),
        ("this friday", "2026-11-27", "2026-11-28"),
        ("last Monday morning", "2026-11-23 05:00:00", "2026-11-23 12:00:00"),
        ("in March", "2026-03-01", "2026-04-01"),
        ("in december", "2025-12-01", "2026-01-01"),
        ("last November", "2025-11-01", "2025-12-01"),
        ("early march 2025", "2025-03-01", "2025-03-11"),
        ("the end of March", "2026-03-21", "2026-04-01"),
        ("last summer", "2026-06-01", "2026-09-01"),
        ("between 3 and 5 May", "2026-05-03", "2026-05-06"),
        ("3-5 May", "2026-05-03", "2026-05-06"),
        ("from May 3 to 5", "2026-05-03", "2026-05-06"),
        ("May 3rd to June 2nd", "2026-05-03", "2026-06-03"),
        ("2026-05-03 to 2026-05-07", "2026-05-03", "2026-05-08"),
        ("march 2024 to june 2024", "2024-03-01", "2024-07-01"),
        ("december to february", "2025-12-01", "2026-03-01"),
        ("between Monday and now", "2026-11-23", "2026-11-24 15:30:01"),
        ("2026-05", "2026-05-01", "2026-06-01"),
        ("2026-05-03T14:20", "2026-05-03 14:20:00", "2026-05-03 14:21:00"),
        ("q2 2025", "2025-04-01", "2025-07-01"),
        ("2024", "2024-01-01", "2025-01-01"),
        ("5 May 2025", "2025-05-05", "2025-05-06"),
        ("on May 5, 2025", "2025-05-05", "2025-05-06"),
        ("on the 12th", "2026-11-12", "2026-11-13"),
        ("29 February", "2024-02-29", "2024-03-01"),
        ("before 2026-01-01", OPEN, "2026-01-01"),
        ("after last friday", "2026-11-21", OPEN),
        ("since january", "2026-01-01", OPEN),
        ("until yesterday", OPEN, "2026-11-24"),
        ("two weeks before the release", "2026-09-17 09:00:00", "2026-10-01 09:00:00"),
        ("3 days after the release", "2026-10-01 09:00:01", "2026-10-04 09:00:01"),
        ("since the release", "2026-10-01 09:00:00", OPEN),
        ("around the release", "2026-09-30", "2026-10-03"),
        ("during the release", "2026-10-01", "2026-10-02"),
        ("between the release and last friday", "2026-10-01 09:00:00", "2026-11-21"),
    ],
)
def test_an_expression_means_this_stretch_of_time(said: str, since: str, until: str) -> None:
    """The forms of the original, and natural ones; the ends of "between" are counted in."""
    found = parse(said, NOW_S, zone=UTC, resolve=resolve)
    assert (shown(found.since_s), shown(found.until_s)) == (since, until)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "soonish",
        "the week before last",
        "31 february 2025",
        "2026-13-01",
        "99999 years ago",
        "9999 years ago",
        "two weeks before the party",
        "between friday and monday the 99th",
        "2026-05-07 to 2026-05-03",
        "last",
        "in",
    ],
)
def test_what_cannot_be_read_is_an_error_with_examples(said: str) -> None:
    """In the original it was ignored, and the results came back unfiltered."""
    with pytest.raises(InvalidRequest, match="expected a time"):
        parse(said, NOW_S, zone=UTC, resolve=resolve)


def test_an_anchor_needs_somebody_who_knows_it() -> None:
    """Without memories to look into, "the release" is no time."""
    with pytest.raises(InvalidRequest):
        parse("since the release", NOW_S, zone=UTC)


def test_days_begin_where_the_speaker_is() -> None:
    """At 15:30 UTC it is already tomorrow in Auckland."""
    zone = timezone(timedelta(hours=13))
    found = parse("today", NOW_S, zone=zone)
    assert shown(found.since_s) == "2026-11-24 11:00:00"


_WORDS = """
    last this next since before between and to may march 3 31 2026 ago two weeks days the of on
    friday monday yesterday now release early end 2026-02-30 99 - q3 around morning weekend
"""
_PARTS = st.sampled_from(_WORDS.split())


@given(st.one_of(st.lists(_PARTS, max_size=7).map(" ".join), st.text(max_size=40)))
def test_any_text_is_either_read_or_refused(said: str) -> None:
    """No text crashes; what is read begins before it ends."""
    try:
        found = parse(said, NOW_S, zone=UTC, resolve=resolve)
    except InvalidRequest:
        return
    if found.since_s is not None and found.until_s is not None:
        assert found.since_s < found.until_s
