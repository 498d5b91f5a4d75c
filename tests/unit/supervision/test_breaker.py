"""The circuit breaker, by hand and against random sequences of events."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mimo.supervision.breaker import (
    Breaker,
    BreakerRules,
    BreakerState,
    Outcome,
    Permit,
    Refusal,
    outcome_of,
)

RULES = BreakerRules(slow_s=2.0, jitter=0.0, probe_s_max=10.0)


def permit_of(breaker: Breaker, now_s: float = 0.0) -> Permit:
    answer = breaker.acquire(now_s)
    assert isinstance(answer, Permit)
    return answer


def wait_of(breaker: Breaker, now_s: float) -> float:
    answer = breaker.acquire(now_s)
    assert isinstance(answer, Refusal)
    return answer.retry_after_s


def feed(breaker: Breaker, outcomes: str, now_s: float = 0.0) -> None:
    """Make calls with these outcomes: g(ood), b(ad), s(low), i(gnored)."""
    for letter in outcomes:
        outcome: Outcome = {"b": "failure", "i": "ignored"}.get(letter, "success")  # type: ignore[assignment]
        breaker.record(permit_of(breaker, now_s), outcome, 3.0 if letter == "s" else 0.1, now_s)


def opened(now_s: float = 0.0, rules: BreakerRules = RULES) -> Breaker:
    breaker = Breaker("llm", rules)
    feed(breaker, "bbbbb", now_s)
    assert breaker.state is BreakerState.OPEN
    return breaker


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("bbbb", "closed"),
        ("bbbbb", "open"),
        ("sssss", "open"),
        ("ggbsb", "open"),
        ("gggbb", "closed"),
        ("gggbbb", "open"),
        ("g" * 20 + "b" * 9, "closed"),
        ("g" * 20 + "b" * 10, "open"),
        ("i" * 50, "closed"),
        ("bbbb" + "i" * 50, "closed"),
    ],
)
def test_it_opens_at_half_bad_of_the_last_twenty_and_at_least_five(
    outcomes: str, state: str
) -> None:
    """Reliability 2.6: failures and slow calls count, the caller's mistakes never do."""
    breaker = Breaker("llm", RULES)
    feed(breaker, outcomes)
    assert breaker.state == state


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (None, "success"),
        ("invalid_request", "ignored"),
        ("not_found", "ignored"),
        ("deadline_exceeded", "failure"),
        ("storage_failed", "failure"),
    ],
)
def test_an_answer_tells_about_the_dependency_or_about_the_caller(
    code: str | None, outcome: str
) -> None:
    """Reliability 2.6: InvalidRequest and NotFound never count."""
    assert outcome_of(code) == outcome


def test_open_it_refuses_with_the_exact_time_to_wait() -> None:
    """Ours: retry_after is exact; one moment before it is too early."""
    breaker = opened(now_s=100.0)
    assert wait_of(breaker, 100.25) == pytest.approx(0.75)
    assert isinstance(breaker.acquire(100.0 + 0.999), Refusal)
    assert permit_of(breaker, 101.0).is_probe


def test_half_open_exactly_one_probe_passes() -> None:
    """I4: of a hundred callers one goes."""
    breaker = opened()
    answers = [breaker.acquire(1.0) for _ in range(100)]
    assert sum(isinstance(answer, Permit) for answer in answers) == 1
    assert breaker.state is BreakerState.HALF_OPEN


def test_a_good_probe_closes_it_and_it_starts_anew() -> None:
    """Reliability 2.6: closed again, with nothing counted."""
    breaker = opened()
    assert breaker.record(permit_of(breaker, 1.0), "success", 0.1, 1.1)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.counted == (0, 0)
    feed(breaker, "bbbb", 2.0)
    assert breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize(("outcome", "duration_s"), [("failure", 0.1), ("success", 2.5)])
def test_a_bad_probe_opens_it_twice_as_long_up_to_the_limit(
    outcome: Outcome, duration_s: float
) -> None:
    """Reliability 2.6: 1 s doubling to 30 s; slow is bad."""
    breaker = opened()
    waits, now_s = [], 0.0
    for _ in range(8):
        waits.append(breaker.retry_after_s(now_s))
        now_s += waits[-1]
        breaker.record(permit_of(breaker, now_s), outcome, duration_s, now_s)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_probe_that_was_the_callers_mistake_gives_its_place_to_the_next() -> None:
    """Ours: it says nothing about the dependency and must not block."""
    breaker = opened()
    probe = permit_of(breaker, 1.0)
    assert isinstance(breaker.acquire(1.0), Refusal)
    assert not breaker.record(probe, "ignored", 0.1, 1.0)
    assert permit_of(breaker, 1.0).is_probe


def test_a_probe_that_never_reports_is_given_up() -> None:
    """Ours: its caller died; the breaker must not stay shut for ever, nor believe it later."""
    breaker = opened()
    lost = permit_of(breaker, 1.0)
    assert wait_of(breaker, 2.0) == pytest.approx(9.0)
    second = permit_of(breaker, 11.0)
    assert not breaker.record(lost, "failure", 0.1, 11.0)
    assert breaker.record(second, "success", 0.1, 11.1)
    assert breaker.state is BreakerState.CLOSED


def test_outcomes_of_an_older_generation_are_ignored() -> None:
    """I5: calls from before it opened come back late."""
    breaker = Breaker("llm", RULES)
    old = [permit_of(breaker) for _ in range(10)]
    for permit in old[:5]:
        breaker.record(permit, "failure", 0.1, 0.0)
    assert breaker.state is BreakerState.OPEN
    until_s = breaker.retry_after_s(0.0)
    assert not any(breaker.record(permit, "failure", 0.1, 0.5) for permit in old[5:])
    assert breaker.retry_after_s(0.0) == until_s
    probe = permit_of(breaker, 1.0)
    assert not breaker.record(old[5], "success", 0.1, 1.0)
    assert breaker.to_row()["state"] == "half_open"
    breaker.record(probe, "success", 0.1, 1.0)
    assert not breaker.record(probe, "failure", 0.1, 1.0)


def test_the_jitter_is_bounded_and_repeatable() -> None:
    """Ours: seeded, so a run can be repeated; different breakers differ."""
    rules = BreakerRules(jitter=0.2)
    waits = {}
    for name in ("llm", "web", "embedding"):
        breaker = Breaker(name, rules, seed=7)
        feed(breaker, "bbbbb")
        waits[name] = breaker.retry_after_s(0.0)
        again = Breaker(name, rules, seed=7)
        feed(again, "bbbbb")
        assert again.retry_after_s(0.0) == waits[name]
    assert all(0.8 <= wait <= 1.2 for wait in waits.values())
    assert len(set(waits.values())) == 3


def test_reset_closes_it_whatever_it_was() -> None:
    """Ours: for `mimo breakers --reset`."""
    breaker = opened()
    breaker.reset()
    assert breaker.state is BreakerState.CLOSED
    feed(breaker, "bbbbb")
    assert breaker.retry_after_s(0.0) == 1.0


def test_after_a_reboot_no_wait_is_longer_than_the_rules_allow() -> None:
    """Ours: the monotonic clock starts anew; a stored moment of the old one means nothing."""
    breaker = opened(now_s=1_000_000.0)
    permit_of(breaker, 1_000_001.0)
    for state in (breaker, opened(now_s=1_000_000.0)):
        again = Breaker("llm", RULES)
        again.restore(state.to_row(), now_s=3.0)
        assert again.retry_after_s(3.0) <= RULES.open_s_max
        assert isinstance(again.acquire(3.0 + RULES.open_s_max), Permit)


@given(st.text("gbsi", max_size=60), st.floats(0, 100))
def test_a_restored_breaker_goes_on_as_the_first_would(outcomes: str, later_s: float) -> None:
    """I6: the state survives its actor whole, through JSON."""
    first = Breaker("llm", BreakerRules(slow_s=2.0), seed=3)
    for letter in outcomes:
        answer = first.acquire(0.0)
        if isinstance(answer, Permit):
            outcome: Outcome = "failure" if letter == "b" else "success"
            first.record(answer, outcome, 3.0 if letter == "s" else 0.1, 0.0)
    second = Breaker("llm", BreakerRules(slow_s=2.0), seed=3)
    second.restore(json.loads(json.dumps(first.to_row())), 0.0)
    assert second.to_row() == first.to_row()
    assert second.acquire(later_s) == first.acquire(later_s)


class BreakerMachine(RuleBasedStateMachine):
    """Callers that come, report late, twice or never, under a clock that only rises."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker("web", BreakerRules(slow_s=2.0, probe_s_max=10.0))
        self.now_s = 0.0
        self.out: list[Permit] = []
        self.generation = 0
        self.probes: list[float] = []

    @rule(seconds=st.floats(0, 40))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds

    @rule()
    def a_caller_comes(self) -> None:
        answer = self.breaker.acquire(self.now_s)
        if isinstance(answer, Refusal):
            assert 0 < answer.retry_after_s <= 36
            return
        self.out.append(answer)
        if answer.is_probe:
            self.probes = [at_s for at_s in self.probes if self.now_s - at_s < 10.0]
            assert not self.probes, "two probes at once"
            self.probes.append(self.now_s)

    @precondition(lambda self: self.out)
    @rule(data=st.data(), outcome=st.sampled_from(["success", "failure", "ignored"]))
    def a_caller_reports(self, data: st.DataObject, outcome: Outcome) -> None:
        permit = data.draw(st.sampled_from(self.out))
        counted = self.breaker.record(permit, outcome, 0.1, self.now_s)
        if permit.is_probe and (counted or outcome == "ignored"):
            self.probes.clear()

    @rule()
    def its_actor_is_replaced(self) -> None:
        row = self.breaker.to_row()
        self.breaker = Breaker("web", self.breaker.rules)
        self.breaker.restore(row, self.now_s)

    @rule()
    def a_refused_caller_waits_as_told_and_passes(self) -> None:
        answer = self.breaker.acquire(self.now_s)
        if isinstance(answer, Refusal):
            self.now_s += answer.retry_after_s + 1e-9
            self.a_caller_comes()
            assert self.breaker.state is not BreakerState.OPEN
        else:
            self.out.append(answer)
            self.probes = [self.now_s] if answer.is_probe else self.probes

    @invariant()
    def generations_only_rise(self) -> None:
        assert self.breaker.generation >= self.generation
        self.generation = self.breaker.generation


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
