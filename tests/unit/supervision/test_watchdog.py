"""Who is frozen: the judgement by silence, state and the watchdog's own lateness."""

from __future__ import annotations

import pytest

from mimo.config import limits
from mimo.config.clock import ManualClock
from mimo.supervision.watchdog import Frozen, SendPing, Slept, Verdict, Watchdog

FAST, IDLE = limits.PING_FAST_S, limits.PING_IDLE_S


class Ward:
    """A watchdog, its clock and a child `a` whose process state is a variable."""

    def __init__(self, state: str | None = "S", busy_max_s: float = 2.0) -> None:
        self.clock = ManualClock()
        self.dog = Watchdog()
        self.state = state
        self.dog.watch("a", 1, 100, busy_max_s)
        self.answers = False
        self.pings = 0
        self.dog.plan(self.clock.monotonic_s())

    def suspect(self) -> list[Verdict]:
        verdicts = self._heed(self.dog.suspect("a", 1, lambda _pid: self.state))
        self.dog.plan(self.clock.monotonic_s())
        return verdicts

    def glance(self) -> list[Verdict]:
        verdicts = self._heed(self.dog.glance(lambda _pid: self.state))
        self.dog.plan(self.clock.monotonic_s())
        return verdicts

    def tick(self, late_s: float = 0.0) -> list[Verdict]:
        self.clock.advance(self.dog.interval_s() + late_s)
        found = self.dog.tick(self.clock.monotonic_s(), lambda _pid: self.state)
        self.dog.plan(self.clock.monotonic_s())
        return self._heed(found)

    def frozen_after_s(self, at_most_s: float, late_s: float = 0.0) -> float | None:
        """Return the time until the verdict; None if there is none within `at_most_s`."""
        began_s = self.clock.monotonic_s()
        while self.clock.monotonic_s() - began_s < at_most_s:
            if any(isinstance(verdict, Frozen) for verdict in self.tick(late_s)):
                return self.clock.monotonic_s() - began_s
        return None

    def _heed(self, verdicts: list[Verdict]) -> list[Verdict]:
        for verdict in verdicts:
            if isinstance(verdict, SendPing):
                self.pings += 1
                if self.answers:
                    self.dog.pong("a", 1, verdict.nonce)
        return verdicts


def test_a_sleeping_child_that_nobody_waits_for_is_left_in_peace() -> None:
    """An idle node costs no battery: state S needs no ping, only a rare one."""
    ward = Ward()
    ward.answers = True
    for _ in range(int(limits.PING_RARE_S / IDLE) - 1):
        assert ward.tick() == []

    ward.tick()

    assert ward.pings == 1
    assert ward.dog.interval_s() == IDLE


def test_a_suspected_child_is_pinged_at_once_and_often_for_a_while() -> None:
    """Somebody waits for it: look every 250 ms, and stop when it answers and nobody asks."""
    ward = Ward()
    ward.answers = True
    assert ward.suspect() == [SendPing("a", 1)]
    assert ward.dog.interval_s() == FAST

    ticks = 0
    while ward.dog.interval_s() == FAST:
        ward.tick()
        ticks += 1

    assert ticks == limits.SUSPECTED_S / FAST


@pytest.mark.parametrize(
    ("state", "busy_max_s", "limit_s"),
    [
        ("T", 2.0, 0.75),
        ("T", 30.0, 0.75),
        ("R", 2.0, 2.0),
        ("S", 2.0, 2.0),
        ("R", 30.0, 30.0),
        ("D", 2.0, 10.0),
        ("t", 2.0, 10.0),
        ("D", 30.0, 30.0),
    ],
)
def test_silence_is_borne_as_long_as_the_state_explains_it(
    state: str, busy_max_s: float, limit_s: float
) -> None:
    """Stopped: three pings. Waiting for the disk: 10 s. Inside a handler: busy_max_s."""
    ward = Ward(state, busy_max_s)
    ward.suspect()

    assert ward.frozen_after_s(60.0) == pytest.approx(limit_s)


def test_only_one_ping_is_out_at_a_time() -> None:
    """Twenty messages to a frozen child would freeze its sender (thespian.md T4)."""
    ward = Ward("R", 30.0)
    ward.suspect()
    ward.frozen_after_s(20.0)

    assert ward.pings == 1


@pytest.mark.parametrize("state", ["T", "R", "D"])
def test_a_child_that_looks_wrong_is_pinged_without_being_asked_for(state: str) -> None:
    """The slow look sees by the state alone that something may be the matter."""
    ward = Ward(state)

    assert ward.tick() == [SendPing("a", 1)]


def test_a_stopped_child_is_found_at_a_glance() -> None:
    """Between two slow looks; from then on it is looked at often. Source: B4."""
    ward = Ward("T")

    assert ward.glance() == [SendPing("a", 1)]
    assert ward.frozen_after_s(5.0) == pytest.approx(0.75)


@pytest.mark.parametrize("state", ["S", "R", "D", "t", "Z", None])
def test_a_glance_disturbs_nobody_who_is_not_stopped(state: str | None) -> None:
    """Work and waiting look the same at each glance; the slow look asks about them."""
    ward = Ward(state)

    assert ward.glance() == []
    assert ward.dog.interval_s() == IDLE


def test_glances_make_no_silence_longer() -> None:
    """Only ticks count, and one ping is enough."""
    ward = Ward("T")
    ward.suspect()
    for _ in range(50):
        assert ward.glance() == []

    assert ward.frozen_after_s(5.0) == pytest.approx(0.75)


def test_an_answer_ends_the_silence() -> None:
    """After it the count starts again."""
    ward = Ward("R")
    ward.suspect()
    for _ in range(7):
        ward.tick()
    ward.dog.pong("a", 1, 1)

    assert ward.frozen_after_s(60.0) == pytest.approx(2.0 + FAST)


@pytest.mark.parametrize(("name", "incarnation", "nonce"), [("a", 2, 1), ("a", 1, 7), ("b", 1, 1)])
def test_an_answer_to_something_else_is_nothing(name: str, incarnation: int, nonce: int) -> None:
    """Stale nonces and incarnations prove nothing."""
    ward = Ward("T")
    ward.suspect()
    ward.dog.pong(name, incarnation, nonce)

    assert ward.frozen_after_s(5.0) == pytest.approx(0.75)


def test_waking_from_sleep_kills_nobody() -> None:
    """A tick that comes late by more than one interval forgives all ages. Source: B6."""
    ward = Ward("T")
    ward.suspect()
    ward.tick()
    ward.tick()

    assert [type(verdict) for verdict in ward.tick(late_s=10.0)] == [Slept]
    assert ward.frozen_after_s(5.0) == pytest.approx(0.75)


def test_a_starved_watchdog_kills_nobody() -> None:
    """As long as its own ticks come too late, silence proves nothing. Source: B12."""
    ward = Ward("R")
    ward.suspect()

    assert ward.frozen_after_s(120.0, late_s=2 * FAST) is None


def test_a_late_tick_counts_as_one() -> None:
    """The threshold scales with the watchdog's own lag. Source: B12."""
    ward = Ward("R")
    ward.suspect()

    assert ward.frozen_after_s(10.0, late_s=FAST) == pytest.approx(2 * 2.0)


@pytest.mark.parametrize("state", [None, "Z"])
def test_a_dead_child_is_not_judged(state: str | None) -> None:
    """Its death is noticed by another way."""
    ward = Ward(state)
    ward.suspect()

    assert ward.frozen_after_s(20.0) is None


def test_a_forgotten_or_stale_child_is_not_watched() -> None:
    """After `forget`, and for a suspicion about an older incarnation, nothing happens."""
    ward = Ward("T")
    assert ward.dog.suspect("a", 7, lambda _pid: "T") == []
    ward.dog.forget("a")

    assert ward.suspect() == []
    assert ward.dog.interval_s() == IDLE


def test_suspecting_again_and_again_does_not_put_off_the_look() -> None:
    """Many callers wait for one frozen child: the tick that is due stays due."""
    ward = Ward("S")
    now_s = ward.clock.monotonic_s()
    ward.dog.suspect("a", 1, lambda _pid: "S")

    assert ward.dog.plan(now_s) == FAST
    assert ward.dog.plan(now_s + 0.2) is None


def test_the_verdict_comes_once() -> None:
    """The child is forgotten with it."""
    ward = Ward("T")
    ward.suspect()
    ward.frozen_after_s(5.0)

    assert ward.frozen_after_s(5.0) is None
