"""Percentiles by nearest rank: at least so many in 100 don't exceed them, and no fewer would do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mimo.storage.usage import nearest_rank


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.sampled_from([1, 50, 95, 99, 100]))
def test_a_percentile_is_a_value_that_was_measured(values: list[float], percent: int) -> None:
    ordered = sorted(values)
    found = nearest_rank(ordered, percent)

    assert found in ordered
    assert sum(each <= found for each in ordered) * 100 >= percent * len(ordered)
    assert sum(each < found for each in ordered) * 100 < percent * len(ordered)
