"""How memories fade: laws of the arithmetic, and the half-lives that are documented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.lifecycle import decay
from mimo.storage.lifecycle import DAY_S, Trace

DAYS = decay.ActiveDays(range(20_000))


def trace(importance: float = 0.5, **fields: object) -> Trace:
    usual = Trace(
        memory_id=1,
        importance=importance,
        is_protected=False,
        spaced=0,
        access_count=0,
        used_at_s=0.0,
        is_condensed=False,
        in_document=False,
    )
    return usual._replace(**fields)  # type: ignore[arg-type]


traces = st.builds(
    trace,
    importance=st.floats(0, 1),
    spaced=st.integers(0, 1_000),
    is_condensed=st.booleans(),
    used_at_s=st.integers(0, 1_000).map(lambda day: day * DAY_S),
)


@pytest.mark.parametrize(
    ("importance", "half_life"),
    [(0.9, 6931.5), (0.7, 693.1), (0.5, 138.6), (0.3, 34.7), (0.1, 6.9)],
)
def test_a_memory_is_half_gone_after_its_half_life(importance: float, half_life: float) -> None:
    """The table in the module and the README."""
    found = decay.half_life_days(trace(importance))

    assert found == pytest.approx(half_life, rel=0.01)
    assert decay.retention(found, found) == pytest.approx(0.5)


@given(traces, st.integers(0, 5_000), st.integers(0, 5_000))
def test_what_is_unused_never_gets_stronger(one: Trace, days: int, more: int) -> None:
    """Score and retention fall with each active day."""
    early = decay.fading(one, decay.ActiveDays(range(days)), 0.1)
    late = decay.fading(one, decay.ActiveDays(range(days + more)), 0.1)

    assert 0 <= late.score <= early.score <= 1


@given(traces)
def test_an_access_with_time_before_it_lengthens_the_half_life(one: Trace) -> None:
    """Spacing effect, up to the floor of the rate."""
    once_more = decay.half_life_days(one._replace(spaced=one.spaced + 1))

    assert once_more >= decay.half_life_days(one)


@given(traces, st.integers(1, 10_000))
def test_massed_accesses_change_nothing(one: Trace, count: int) -> None:
    """Only spaced accesses are counted."""
    massed = one._replace(access_count=count)

    assert decay.fading(massed, DAYS, 0.1) == decay.fading(one, DAYS, 0.1)


@given(traces, st.floats(0.01, 1))
def test_the_predicted_day_is_the_first_on_which_it_is_forgotten(
    one: Trace, threshold: float
) -> None:
    """`forgotten_in_active_days` against the decision itself."""
    one = one._replace(used_at_s=0.0)
    left = decay.fading(one, decay.ActiveDays([0]), threshold).days_left
    if left is None:
        assert one.importance >= decay.IMPORTANCE_KEPT
        return
    if left > 50_000:
        return

    def is_forgotten_after(days: int) -> bool:
        found = decay.fading(one, decay.ActiveDays(range(days + 1)), threshold)
        return decay.is_forgotten(found, threshold)

    assert is_forgotten_after(left + 1)
    assert left == 0 or not is_forgotten_after(left - 1)


@given(traces, st.integers(0, 15_000))
def test_protected_and_important_memories_are_never_forgotten(one: Trace, days: int) -> None:
    """By flag, by importance, by a document that is kept, by recent use."""
    for kept in (
        one._replace(is_protected=True),
        one._replace(importance=max(one.importance, 0.95)),
        one._replace(in_document=True),
        one._replace(used_at_s=days * DAY_S),
    ):
        found = decay.fading(kept, decay.ActiveDays(range(days + decay.RECENT_DAYS)), 1.0)
        assert not decay.is_forgotten(found, 1.0)


def test_days_without_use_do_not_count() -> None:
    """A holiday makes nobody forget: ten active days in two years fade as ten days."""
    rare = decay.ActiveDays(range(0, 730, 73))

    assert decay.fading(trace(), rare, 0.1).idle_days == len(rare) - 1
