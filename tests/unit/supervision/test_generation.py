"""When the watchdog replaces a generation, and when the node gives up; no process."""

from __future__ import annotations

import pytest

from mimo.config import limits
from mimo.supervision.generation import Budget, Generation

ADMIN, ROOT = 11, 12
WELL = {ADMIN: "S", ROOT: "S"}
PATIENCE_S = limits.HEARTBEAT_S * limits.HEARTBEATS_MISSED_MAX


def running(since_s: float = 0.0) -> Generation:
    """Return a generation that has just come up."""
    generation = Generation(number=1, since_s=since_s)
    generation.started(ADMIN, ROOT, since_s)
    return generation


def test_a_generation_that_beats_may_stay() -> None:
    """An hour of looks, a beat a second."""
    generation = running()
    for second in range(3_600):
        generation.beat(float(second))
        assert generation.verdict(WELL, second + 0.5) == ""


def test_booting_has_its_own_limit() -> None:
    """A database may need a migration; nothing is looked at before the root has started."""
    generation = Generation(number=1, since_s=0.0)
    assert generation.verdict({}, limits.BOOT_TIMEOUT_S) == ""
    assert "wasn't up" in generation.verdict({}, limits.BOOT_TIMEOUT_S + 0.1)


@pytest.mark.parametrize("state", [None, "Z"])
@pytest.mark.parametrize(("pid", "name"), [(ADMIN, "admin"), (ROOT, "root supervisor")])
def test_a_dead_admin_or_root_ends_it(pid: int, name: str, state: str | None) -> None:
    """A zombie is dead."""
    assert name in running().verdict({**WELL, pid: state}, 0.1)


def test_silence_beyond_patience_ends_it() -> None:
    """Patience is five heartbeats."""
    generation = running()
    assert generation.verdict(WELL, PATIENCE_S) == ""
    assert "no heartbeat" in generation.verdict(WELL, PATIENCE_S + 0.1)


@pytest.mark.parametrize("state", ["D", "t"])
def test_a_root_that_waits_for_the_disk_gets_longer(state: str) -> None:
    """Source: reliability.md, what frozen means."""
    generation = running()
    states = {**WELL, ROOT: state}
    assert generation.verdict(states, limits.DISK_WAIT_S_MAX) == ""
    assert "no heartbeat" in generation.verdict(states, limits.DISK_WAIT_S_MAX + 0.1)


@pytest.mark.parametrize("pid", [ADMIN, ROOT])
def test_a_stopped_process_ends_it_at_the_second_look(pid: int) -> None:
    """Looks that come too close together count as one; a thaw between starts anew."""
    generation = running()
    stopped = {**WELL, pid: "T"}
    assert generation.verdict(stopped, 1.0) == ""
    assert generation.verdict(stopped, 1.1) == ""
    assert generation.verdict(WELL, 2.0) == ""
    assert generation.verdict(stopped, 3.0) == ""
    assert "stopped" in generation.verdict(stopped, 4.0)


def test_a_watchdog_that_slept_itself_forgives_all_ages() -> None:
    """Eight hours with the lid shut (B6)."""
    generation = running()
    generation.verdict({**WELL, ROOT: "T"}, 1.0)
    generation.forgive(28_800.0)
    assert generation.verdict({**WELL, ROOT: "T"}, 28_801.0) == ""
    assert generation.verdict(WELL, 28_800.0 + PATIENCE_S) == ""


def test_stopping_has_its_own_limit_and_needs_no_heartbeat() -> None:
    """The root's end is what is waited for."""
    generation = running()
    generation.stopping(10.0)
    assert generation.verdict(WELL, 10.0 + limits.NODE_STOP_S) == ""
    assert "didn't stop" in generation.verdict(WELL, 10.1 + limits.NODE_STOP_S)
    assert "root" in generation.verdict({**WELL, ROOT: None}, 11.0)


def test_the_budget_allows_so_many_losses_in_its_period() -> None:
    """The next one within the period is one too many; an old loss is forgotten."""
    budget = Budget(losses_max=2, period_s=60.0)
    assert [budget.spend(at_s) for at_s in (0.0, 30.0, 60.0)] == [True, True, False]
    budget = Budget(losses_max=2, period_s=60.0)
    assert [budget.spend(at_s) for at_s in (0.0, 30.0, 60.1)] == [True, True, True]
