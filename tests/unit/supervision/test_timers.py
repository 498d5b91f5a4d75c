"""Timers fire in the order of their moments."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mimo.supervision.timers import Timers


def test_payloads_that_are_due_together_come_in_the_order_of_their_moments() -> None:
    """Measured on Thespian 4.0.1: wakeups due at once are delivered in reverse."""
    timers = Timers()
    for due_s in (3.0, 1.0, 2.0):
        timers.add(due_s, due_s)
    assert timers.due(2.5) == [1.0, 2.0]
    assert timers.next_s() == 3.0


def test_a_cancelled_timer_never_fires_and_is_not_waited_for() -> None:
    timers = Timers()
    first = timers.add(1.0, "first")
    timers.add(2.0, "second")
    timers.cancel(first)
    timers.cancel(first)
    assert timers.next_s() == 2.0
    assert timers.due(5.0) == ["second"]
    assert timers.next_s() is None


@given(st.lists(st.floats(0, 100), max_size=50), st.lists(st.floats(0, 100), max_size=10))
def test_each_payload_fires_once_and_never_early(dues: list[float], asks: list[float]) -> None:
    timers = Timers()
    for due_s in dues:
        timers.add(due_s, due_s)
    fired: list[float] = []
    for now_s in [*sorted(asks), 101.0]:
        ready = timers.due(now_s)
        assert all(due_s <= now_s for due_s in ready)
        fired.extend(ready)
    assert fired == sorted(dues)
