"""Children that start at the first call to them and leave when idle. Source: ours."""

from __future__ import annotations

import pytest

from mimo.config.errors import Conflict, StartError
from mimo.supervision.messages import KILLED, NORMAL
from mimo.supervision.specs import RestartStrategy, SupervisorFlags, check_specs
from tests.support.world import World, child, subtree


def tools(strategy: str = "one_for_one", intensity: int = 1) -> World:
    """Return a booted supervisor with one child that stays and one that rests."""
    flags = SupervisorFlags(strategy=RestartStrategy(strategy), intensity=intensity)
    lazy = child("lazy", on_demand=True, rest_after_s=30.0)
    world = World(flags, child("eager"), lazy, child("last")).boot()
    assert world.take_journal() == "+eager +last"
    return world


def test_a_child_on_demand_rests_until_somebody_calls_it() -> None:
    """The boot doesn't wait for it; the registry is told where to ask."""
    world = tools()

    assert world.is_booted
    assert world.states()["lazy"] == "resting"
    assert world.policy.children.get("lazy").since_s == world.now_s
    assert world.resting == {"lazy"}
    world.demand("lazy")
    world.demand("lazy")
    assert world.take_journal() == "+lazy"
    assert world.states()["lazy"] == "running"


def test_a_child_that_leaves_for_want_of_work_rests_and_counts_as_no_restart() -> None:
    """And comes back at the next call, as often as that happens."""
    world = tools(intensity=0)
    for _ in range(5):
        world.demand("lazy").die("lazy", NORMAL)
        assert world.states()["lazy"] == "resting"

    assert world.take_journal() == "+lazy" + " +lazy" * 4
    assert world.left is None


def test_a_child_on_demand_that_crashes_is_restarted_like_any_other() -> None:
    """Calls in flight wait for its successor."""
    world = tools()
    world.demand("lazy").die("lazy", KILLED)

    assert world.take_journal() == "+lazy +lazy"
    assert world.states()["lazy"] == "running"


def test_a_start_on_demand_that_fails_costs_its_siblings_nothing() -> None:
    """The next call tries again."""
    world = tools(intensity=0)
    world.behave("lazy", "fail", "ok")
    world.demand("lazy")

    assert world.states() == {"eager": "running", "lazy": "resting", "last": "running"}
    assert world.demand("lazy").states()["lazy"] == "running"


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
def test_what_rests_is_not_taken_along(strategy: str) -> None:
    """There is no process to bring into order."""
    world = tools(strategy)
    world.die("eager")

    assert world.states() == {"eager": "running", "lazy": "resting", "last": "running"}


def test_an_administrator_may_start_and_stop_what_rests() -> None:
    """A child that was stopped by hand stays down whoever calls."""
    world = tools()
    world.command(world.policy.restart_child, "lazy")
    assert world.states()["lazy"] == "running"
    world.command(world.policy.terminate_child, "lazy")
    world.demand("lazy")
    assert world.states()["lazy"] == "down"
    assert not isinstance(world.command(world.policy.delete_child, "lazy"), Conflict)


def test_a_child_that_is_added_is_started_also_when_it_may_rest() -> None:
    """Whoever adds it wants it."""
    world = tools()
    world.command(world.policy.start_child, child("new", on_demand=True, rest_after_s=1.0))

    assert world.states()["new"] == "running"


def test_a_supervisor_that_leaves_starts_nothing_any_more() -> None:
    """A call that comes in the middle of the stop finds nobody."""
    world = tools()
    world.leaves_with("eager", None)
    world.stop()
    world.demand("lazy")
    world.run_for(60.0)

    assert "+lazy" not in world.take_journal()
    assert world.left is not None


def test_a_supervisor_does_not_rest() -> None:
    """Its children would be without one."""
    with pytest.raises(StartError, match="let its children rest"):
        check_specs(SupervisorFlags(), (subtree("group", on_demand=True),))
