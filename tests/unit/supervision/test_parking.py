"""Groups under a supervisor that parks them. Source: ours; design section 4."""

from __future__ import annotations

from typing import Any

import pytest

from mimo.config import limits
from mimo.config.errors import StartError
from mimo.supervision.messages import KILLED, ExitReason
from mimo.supervision.specs import RestartStrategy, SupervisorFlags
from tests.support.world import CRASHED, GAVE_UP, World, subtree


def mimo(**fields: Any) -> World:
    """Return a root like Mimo's, not yet booted: two critical groups above three others."""
    flags = SupervisorFlags(
        **{"strategy": RestartStrategy.REST_FOR_ONE, "parks_groups": True, **fields}
    )
    return World(
        flags,
        subtree("heirs", critical=True),
        subtree("storage", critical=True),
        subtree("resilience"),
        subtree("memory"),
        subtree("bridge"),
    )


def booted(**fields: Any) -> World:
    w = mimo(**fields).boot()
    assert w.take_journal() == "+heirs +storage +resilience +memory +bridge"
    return w


def test_a_group_that_gave_up_is_parked_and_the_rest_serves_on() -> None:
    """It counts against nobody's budget and disturbs nobody."""
    w = booted(intensity=0)
    w.die("memory", GAVE_UP)

    assert w.states()["memory"] == "parked"
    assert w.take_journal() == ""
    assert w.left is None
    assert "group_parked" in w.events("memory")


def test_a_parked_group_is_tried_again_at_growing_intervals() -> None:
    """30 s, doubling up to 30 minutes."""
    w = booted()
    waits = []
    for _ in range(9):
        w.die("memory", GAVE_UP)
        w.take_journal()
        began_s = w.now_s
        while not w.take_journal():
            w.run_for(1.0)
        waits.append(round(w.now_s - began_s))

    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]


def test_a_group_that_ran_well_is_parked_briefly_again() -> None:
    """Having served longer than it was parked, it begins anew."""
    w = booted()
    for _ in range(3):
        w.die("memory", GAVE_UP).run_for(120.0)
    w.run_for(130.0)
    w.die("memory", GAVE_UP)

    assert w.policy.children.get("memory").parked_s == limits.PARKED_S_MIN


def test_a_retry_that_fails_parks_it_longer() -> None:
    """Also a group that can't even start."""
    w = booted()
    w.behave("memory", "fail")
    w.die("memory", GAVE_UP).run_for(30.0)

    assert w.states()["memory"] == "parked"
    assert w.policy.children.get("memory").parked_s == 60.0


def test_a_parked_group_starts_on_command() -> None:
    """`mimo restart memory` doesn't wait for the timer, and the old timer is stale then."""
    w = booted()
    w.die("memory", GAVE_UP)

    assert w.command(w.policy.restart_child, "memory") == "running"
    w.take_journal()
    w.run_for(3_600)
    assert w.take_journal() == ""


def test_a_command_that_fails_leaves_it_parked() -> None:
    """The administrator is told, and the timer goes on."""
    w = booted()
    w.die("memory", GAVE_UP)
    w.behave("memory", "fail", "ok")

    assert isinstance(w.command(w.policy.restart_child, "memory"), StartError)
    assert w.states()["memory"] == "parked"
    w.run_for(60.0)
    assert w.states()["memory"] == "running"


def test_a_parked_group_can_be_left_down() -> None:
    """`TerminateChild` on it ends the retries."""
    w = booted()
    w.die("memory", GAVE_UP)
    w.command(w.policy.terminate_child, "memory")
    w.run_for(3_600)

    assert w.states()["memory"] == "down"


@pytest.mark.parametrize("why", [KILLED, CRASHED, ExitReason(kind="frozen")])
def test_a_group_that_died_is_restarted_alone(why: ExitReason) -> None:
    """Although the root is rest_for_one: what stands below it keeps its processes."""
    w = booted()
    w.die("resilience", why)

    assert w.take_journal() == "+resilience"


def test_a_group_that_keeps_dying_is_parked_in_the_end() -> None:
    """Its deaths have a budget of their own, so a flapping learner can't take the bridge down."""
    w = booted(intensity=3)
    for _ in range(4):
        w.die("memory")

    assert w.states()["memory"] == "parked"
    assert w.left is None


def test_a_group_that_cannot_start_is_parked_and_the_boot_goes_on() -> None:
    """The node boots degraded instead of not at all."""
    w = mimo(intensity=2)
    w.behave("resilience", "fail")
    w.boot()

    assert w.is_booted
    assert w.states()["resilience"] == "parked"
    assert w.states()["bridge"] == "running"


@pytest.mark.parametrize("critical", ["heirs", "storage"])
def test_a_critical_group_that_cannot_start_ends_the_boot(critical: str) -> None:
    """Without heirs or storage there is nothing to serve."""
    w = mimo()
    w.behave(critical, "fail")
    w.boot()

    assert w.boot_failure == f"{critical}: no"


@pytest.mark.parametrize("why", [GAVE_UP, KILLED])
def test_below_a_critical_group_everything_is_restarted(why: ExitReason) -> None:
    """Heirs or storage gave up or died: root restarts what stands below, in order. Source: D6."""
    w = booted()
    w.die("storage", why)

    assert w.take_journal() == ("-bridge -memory -resilience +storage +resilience +memory +bridge")
    assert "heirs" in w.up


def test_root_gives_up_past_its_own_budget() -> None:
    """Then the generation ends and the watchdog boots the next. Source: A17."""
    w = booted(intensity=1)
    w.die("storage", GAVE_UP)
    w.take_journal()
    w.die("storage", GAVE_UP)

    assert w.take_journal() == "-bridge -memory -resilience -heirs"
    assert w.left is not None
    assert w.left.kind == "gave_up"


def test_a_group_does_not_restart_while_a_critical_one_is_down() -> None:
    """What stands lower needs what stands higher."""
    w = booted(intensity=10)
    w.behave("storage", "hang", "ok")
    w.die("storage")
    assert w.take_journal() == "-bridge -memory -resilience +storage"

    w.die("storage")

    assert w.take_journal() == "+storage +resilience +memory +bridge"


def test_a_critical_restart_wakes_a_parked_group() -> None:
    """As in OTP the restart starts all that stand below it."""
    w = booted()
    w.die("memory", GAVE_UP)
    w.die("storage")

    assert w.states()["memory"] == "running"


def test_two_groups_restart_side_by_side() -> None:
    """A slow start of one doesn't hold up the other."""
    w = booted()
    w.behave("resilience", "hang")
    w.die("resilience")
    w.die("memory")

    assert w.take_journal() == "+resilience +memory"
    assert w.states()["memory"] == "running"


def test_a_parked_group_does_not_hold_up_the_stop() -> None:
    """It has no process; the others stop from right to left."""
    w = booted()
    w.die("memory", GAVE_UP)
    w.stop()

    assert w.take_journal() == "-bridge -resilience -storage -heirs"
    assert w.left is not None
