"""The degradation level and the histogram: pure."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.resilience.histogram import Histogram
from mimo.actors.resilience.levels import BREAKERS, FACTS, Level, level_of


@pytest.mark.parametrize(
    ("breakers", "facts", "level"),
    [
        ({}, {}, "full"),
        ({"llm": "closed", "web": "open"}, {}, "full"),
        ({"llm": "open"}, {}, "no_llm"),
        ({"llm": "half_open"}, {}, "no_llm"),
        ({"llm": "open", "embedding": "open"}, {}, "no_embedding_service"),
        ({"llm": "open"}, {"embedder_unavailable": "no model"}, "keyword_only"),
        ({"database": "open"}, {"embedder_unavailable": ""}, "read_only"),
        ({}, {"writer_read_only": "damaged"}, "read_only"),
        ({}, {"disk_full": ""}, "read_only"),
        ({"llm": "open"}, {"disk_full": "", "storage_unreadable": "gone"}, "minimal"),
    ],
)
def test_the_worst_that_is_known_decides_the_level(
    breakers: dict[str, str], facts: dict[str, str], level: str
) -> None:
    """Design 5: full, no LLM, no embedding service, keyword only, read-only, minimal."""
    assert level_of(breakers, facts)[0] == level


def test_every_reason_is_told_the_worst_first() -> None:
    """Design 5: each answer that was affected says why."""
    _, reasons = level_of({"llm": "half_open"}, {"disk_full": "0 bytes left"})
    assert reasons == ("disk_full: 0 bytes left", "llm: breaker half open")
    assert level_of({}, {}) == (Level.FULL, ())


@given(
    st.dictionaries(st.sampled_from(sorted(BREAKERS)), st.sampled_from(["closed", "open"])),
    st.dictionaries(st.sampled_from(sorted(FACTS)), st.just("")),
    st.sampled_from(sorted(FACTS)),
)
def test_one_more_trouble_never_makes_the_level_better(
    breakers: dict[str, str], facts: dict[str, str], more: str
) -> None:
    """Ours: levels are ordered."""
    order = list(Level)
    before, _ = level_of(breakers, facts)
    after, _ = level_of(breakers, facts | {more: ""})
    assert order.index(after) >= order.index(before)


@given(st.lists(st.floats(1e-5, 900), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_is_within_ten_per_cent_of_the_true_one(
    durations: list[float], share: float
) -> None:
    """The definition by nearest rank, on the sorted list."""
    histogram = Histogram()
    for duration_s in durations:
        histogram.add(duration_s)
    true_s = sorted(durations)[math.ceil(share * len(durations)) - 1]
    assert histogram.quantile_s(share) == pytest.approx(true_s, rel=0.1)
    assert histogram.count == len(durations)
    assert histogram.longest_s == max(durations)
    again = Histogram(histogram.to_row())
    assert again.to_row() == histogram.to_row()
    assert again.quantile_s(share) == histogram.quantile_s(share)


def test_odd_durations_are_counted_and_break_nothing() -> None:
    """Ours: clocks and machines do odd things; memory stays constant."""
    histogram = Histogram()
    assert histogram.quantile_s(0.5) == 0.0
    for duration_s in (-1.0, 0.0, 1e-9, 1e9):
        histogram.add(duration_s)
    assert histogram.quantile_s(0.5) <= 1e-5
    assert histogram.quantile_s(1.0) == 1e9
    assert histogram.count == 4
