"""Trends, classes, levels and guidance: pure functions of counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.bridge.outcomes import MEANINGS, class_of, outcome_of
from mimo.actors.insight import awakening
from mimo.actors.insight.answers import guidance, share
from mimo.actors.insight.usage import failure_classes, trend_of, trends
from mimo.actors.operations import Result
from mimo.config.errors import all_error_types
from mimo.storage.standing import Counts
from mimo.supervision.messages import Failure

NOTHING = Counts(*(0 for _ in Counts._fields))


@pytest.mark.parametrize(
    ("before", "now", "trend"),
    [
        (0, 4, "few"),
        (0, 5, "new"),
        (5, 0, "abandoned"),
        (100, 121, "growing"),
        (100, 120, "steady"),
        (100, 80, "steady"),
        (100, 79, "declining"),
    ],
)
def test_a_trend_is_more_than_a_fifth(before: int, now: int, trend: str) -> None:
    assert trend_of(before, now) == trend


def test_the_greatest_difference_stands_first() -> None:
    rows = trends({("a", "x"): 10, ("b", "x"): 1}, {("a", "x"): 11, ("c", "x"): 9}, 10)

    assert [each["tool_name"] for each in rows] == ["c", "a", "b"]


def test_every_error_of_mimo_has_a_class() -> None:
    assert {class_of(code) for code in all_error_types()} <= set(MEANINGS)
    assert class_of("not_found") == "request"
    assert class_of("deadline_exceeded") == "passing"
    assert class_of("some_new_code") == "fault"


def test_a_command_that_failed_is_no_success() -> None:
    assert outcome_of(Result(data={"exit_code": 2})) == "exit_nonzero"
    assert outcome_of(Result(data={"exit_code": 0})) == "ok"
    assert outcome_of(Result(data={"exit_code": True})) == "ok"
    assert outcome_of(Failure(code="busy", message="")) == "busy"


def test_failures_are_counted_by_class_with_all_calls_beside_them() -> None:
    found = failure_classes(
        [("a", "x", "not_found", 3), ("a", "y", "conflict", 1), ("b", "x", "busy", 2)], 60
    )

    assert found["request"] == {
        "count": 4,
        "of": 60,
        "share": 0.0667,
        "codes": {"not_found": 3, "conflict": 1},
    }
    assert found["passing"]["count"] == 2


@given(st.integers(0, 10**7), st.integers(0, 10**6))
def test_more_points_never_make_a_lower_level(points: int, more: int) -> None:
    before, after = awakening.level_of(points), awakening.level_of(points + more)

    assert before["level"] <= after["level"]
    assert 0 <= before["progress_percent"] <= 100
    assert ("next_level_xp" in before) == (before["level"] < 6)


def test_levels_are_a_function_of_counts_alone() -> None:
    counts = NOTHING._replace(memories=10, facts=5, procedures=1, sessions=2)

    assert awakening.points_of(NOTHING) == 0
    assert awakening.points_of(counts) == 10 * 5 + 5 * 10 + 50 + 2 * 20
    assert awakening.level_of(awakening.points_of(counts))["name"] == "Enhanced"
    unlocked = [each["id"] for each in awakening.achievements(counts) if each["unlocked"]]
    assert unlocked == [
        *("memories_1", "memories_10", "sessions_1", "facts_1", "procedures_1"),
        *("level_2", "xp_100"),
    ]


def test_nothing_is_advised_from_few_calls() -> None:
    few = {name: share(1, 2) for name in ("calls_ok", "searches_found", "looks")}
    poor = {
        "calls_ok": share(50, 100),
        "searches_found": share(2, 20),
        "looks": share(20, 100),
    }

    assert guidance(few)[0].startswith("too few calls")
    assert [text.split()[0] for text in guidance(poor)] == ["18", "50"]
