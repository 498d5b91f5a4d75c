"""The policy as a whole: long runs, and random lives under hypothesis."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mimo.supervision.children import ChildState
from mimo.supervision.messages import NORMAL, SHUTDOWN, ExitReason
from mimo.supervision.specs import (
    ChildSpec,
    RestartStrategy,
    RestartType,
    Shutdown,
    SupervisorFlags,
)
from tests.support.world import CRASHED, GAVE_UP, World, child, subtree


def test_restarts_spread_just_outside_the_period_never_escalate() -> None:
    """An hour of deaths at the sustained rate. Source: D7."""
    w = World(SupervisorFlags(intensity=3, period_s=5.0), child("a"), child("b")).boot()
    deaths = 0
    end_s = w.now_s + 3_600
    while w.now_s < end_s:
        w.die("ab"[deaths % 2])
        deaths += 1
        w.run_for(5.001 / 3)

    assert w.left is None
    assert sum(one.restarts for one in w.policy.children) == deaths > 2_000


@pytest.mark.parametrize("intensity", [0, 1, 3])
def test_escalation_comes_exactly_after_intensity_and_one_deaths(intensity: int) -> None:
    """Not earlier and not later. Source: A17."""
    w = World(SupervisorFlags(intensity=intensity), child("a")).boot()
    for _ in range(intensity):
        w.die("a")
        assert w.left is None
    w.die("a")

    assert w.left is not None
    assert w.left.kind == "gave_up"


def test_a_boot_that_no_further_try_can_mend_says_so_in_the_childs_own_words() -> None:
    """The sentence is the operator's; where it comes from stands in the log. Source: E7, E10."""
    w = World(SupervisorFlags(), child("a"), child("b"))
    w.behave("b", "refuse")
    w.boot()

    assert w.boot_failure == "never"
    assert w.left == ExitReason(kind="start_failed", exit_code=78)


def test_a_boot_that_may_go_better_another_time_names_its_child() -> None:
    """It is tried again by whoever stands above."""
    w = World(SupervisorFlags(), child("a"))
    w.behave("a", "fail")
    w.boot()

    assert w.boot_failure == "a: no"
    assert w.left == ExitReason(kind="start_failed", exit_code=0)


def test_a_group_that_may_be_parked_ends_nothing_whatever_its_reason() -> None:
    """The rest serves without it."""
    w = World(SupervisorFlags(intensity=2, parks_groups=True), child("a"), subtree("g"))
    w.behave("g", "refuse")
    w.boot().run_for(5.0)

    assert w.left is None
    assert w.states() == {"a": "running", "g": "parked"}


REASONS = [NORMAL, SHUTDOWN, CRASHED, GAVE_UP, ExitReason(kind="killed")]
BEHAVIOURS = ["ok", "ok", "ok", "ignore", "fail", "refuse", "die", "hang"]


def spec_of(name: str, draw: int) -> ChildSpec:
    """Return one of the kinds of children that there are."""
    restart = list(RestartType)[draw % 3]
    shutdown = [None, Shutdown.brutal_kill(), Shutdown.after(1.0)][draw // 3 % 3]
    make = subtree if draw % 5 == 0 else child
    return make(
        name,
        restart=restart,
        shutdown=shutdown if make is child else Shutdown.after(9.0),
        start_timeout_s=3.0,
        critical=draw % 2 == 0,
    )


class Lives(RuleBasedStateMachine):
    """A supervisor whose children start, fail, hang, die and are commanded at random."""

    @initialize(
        strategy=st.sampled_from(list(RestartStrategy)),
        parks=st.booleans(),
        intensity=st.integers(0, 4),
        draws=st.lists(st.integers(0, 89), min_size=1, max_size=5),
    )
    def begin(
        self, strategy: RestartStrategy, parks: bool, intensity: int, draws: list[int]
    ) -> None:
        self.flags = SupervisorFlags(strategy=strategy, intensity=intensity, parks_groups=parks)
        self.next_id = len(draws)
        specs = [spec_of(f"c{number}", draw) for number, draw in enumerate(draws)]
        self.w = World(self.flags, *specs)
        self.w.boot()

    @property
    def is_over(self) -> bool:
        return self.w.left is not None

    @precondition(lambda self: not self.is_over)
    @rule(data=st.data(), how=st.sampled_from(BEHAVIOURS))
    def behave(self, data: st.DataObject, how: str) -> None:
        names = [one.name for one in self.w.policy.children]
        if names:
            self.w.behave(data.draw(st.sampled_from(names)), how)

    @precondition(lambda self: not self.is_over)
    @rule(data=st.data(), is_deaf=st.booleans())
    def listen(self, data: st.DataObject, is_deaf: bool) -> None:
        names = [one.name for one in self.w.policy.children]
        if names:
            name = data.draw(st.sampled_from(names))
            self.w.leaves_with(name, None if is_deaf else SHUTDOWN)

    @precondition(lambda self: not self.is_over and self.w.alive)
    @rule(data=st.data(), reason=st.sampled_from(REASONS))
    def die(self, data: st.DataObject, reason: ExitReason) -> None:
        self.w.die(data.draw(st.sampled_from(sorted(self.w.alive))), reason)

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.w.run_for(seconds)

    @precondition(lambda self: not self.is_over)
    @rule(data=st.data(), what=st.integers(0, 4), draw=st.integers(0, 89))
    def command(self, data: st.DataObject, what: int, draw: int) -> None:
        policy = self.w.policy
        names = [one.name for one in policy.children]
        name = data.draw(st.sampled_from([*names, "nobody"]))
        if what == 0:
            self.next_id += 1
            self.w.command(policy.start_child, spec_of(f"c{self.next_id}", draw))
        elif what == 1:
            self.w.command(policy.terminate_child, name)
        elif what == 2:
            self.w.command(policy.delete_child, name)
        else:
            self.w.command(policy.restart_child, name, force=what == 3)

    @precondition(lambda self: not self.is_over)
    @rule()
    def stop(self) -> None:
        self.w.stop()

    @invariant()
    def processes_and_states_agree(self) -> None:
        """One process for each child that has one, none for the others."""
        if hasattr(self, "w"):
            with_process = {one.name for one in self.w.policy.children if one.has_process}
            assert with_process == set(self.w.alive)

    @invariant()
    def only_running_children_are_published(self) -> None:
        """Up means that it has answered `Started` and isn't known to be dead."""
        if hasattr(self, "w"):
            for one in self.w.policy.children:
                assert (one.name in self.w.up) <= one.has_process
                if one.state is ChildState.RUNNING:
                    assert self.w.up[one.name] == one.incarnation

    @invariant()
    def an_ordered_supervisor_has_no_gap(self) -> None:
        """Nothing is starting while something that must come first is wanted and missing."""
        if not hasattr(self, "w") or self.is_over or self.flags.parks_groups:
            return
        if self.flags.strategy not in (RestartStrategy.ONE_FOR_ALL, RestartStrategy.REST_FOR_ONE):
            return
        starting = [one for one in self.w.policy.children if one.state is ChildState.STARTING]
        asked = [one for one in starting if not one.must_stop and one.cause.value != "command"]
        assert len(asked) <= 1

    @invariant()
    def no_period_holds_more_restarts_than_the_intensity(self) -> None:
        """Whatever the strategy, and however the restarts came about."""
        if not hasattr(self, "w") or self.flags.parks_groups:
            return
        counted_s, allowed = self.w.counted_s, self.flags.intensity
        for first_s, beyond_s in zip(counted_s, counted_s[allowed:], strict=False):
            assert beyond_s - first_s > self.flags.period_s or allowed == 0
        assert allowed or not counted_s

    @invariant()
    def nothing_is_left_after_the_end(self) -> None:
        """The supervisor leaves last."""
        if hasattr(self, "w") and self.is_over:
            assert not self.w.alive

    def teardown(self) -> None:
        """A stop always ends, and every administrator got exactly one answer."""
        if not hasattr(self, "w"):
            return
        if not self.is_over:
            self.w.stop()
            # The longest: each of the children takes its shutdown time in turn.
            self.w.run_for(10.0 * (len(self.w.policy.children) + 1))
        assert self.is_over, self.w.states()
        assert len(self.w.answers) == self.w.commands


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
