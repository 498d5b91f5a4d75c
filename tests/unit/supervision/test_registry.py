"""The registry of names: newest incarnation wins, subscriptions are leases."""

from __future__ import annotations

from typing import Any

import pytest

from mimo.config.errors import NotFound, Restarting
from mimo.supervision import messages as m
from mimo.supervision.registry import DEMAND_KEPT_S, Notice, Registry


def entry(
    name: str, incarnation: int, *, supervisor: Any = "root", address: Any = ""
) -> m.Register:
    return m.Register(
        name=name,
        address=address or f"{name}@{incarnation}",
        incarnation=incarnation,
        pid=incarnation,
        supervisor=supervisor,
    )


def gone(name: str, incarnation: int, reason: m.ExitReason = m.KILLED) -> m.Unregister:
    return m.Unregister(name=name, incarnation=incarnation, reason=reason)


def heard(notices: list[Notice]) -> list[str]:
    """Return notices as `receiver:Up name/incarnation`, or `receiver:Wake name`."""
    return [
        f"{address}:Wake {fact.name}"
        if isinstance(fact, m.Wake)
        else f"{address}:{type(fact).__name__} {fact.name}/{fact.incarnation}"
        for address, fact in notices
    ]


def test_a_subscriber_hears_of_ups_and_downs_of_its_names_only() -> None:
    """Others' names are not its business."""
    registry = Registry()
    registry.subscribe("client", ("a",), 60.0, 0.0)

    assert heard(registry.register(entry("a", 1), 1.0)) == ["client:Up a/1"]
    assert heard(registry.register(entry("b", 2), 1.0)) == []
    assert heard(registry.unregister(gone("a", 1), 2.0)) == ["client:Down a/1"]


def test_a_new_subscriber_is_told_who_is_up() -> None:
    """A `Down` is only sent on a change."""
    registry = Registry()
    registry.register(entry("a", 1), 0.0)

    found = registry.subscribe("client", ("a", "b"), 60.0, 0.0)

    assert [up.name for up in found] == ["a"]


@pytest.mark.parametrize("stale", [1, 2])
def test_an_older_incarnation_never_replaces_a_newer_one(stale: int) -> None:
    """Neither while the newer one serves nor after its end. Source: B7, F3."""
    registry = Registry()
    registry.register(entry("a", 2), 0.0)

    assert registry.register(entry("a", stale), 1.0) == []
    assert registry.whereis("a").incarnation == 2
    registry.unregister(gone("a", 2), 2.0)
    assert registry.register(entry("a", stale), 3.0) == []
    with pytest.raises(Restarting):
        registry.whereis("a")


def test_a_late_unregister_of_an_older_incarnation_is_nothing() -> None:
    """Order between two senders isn't kept (thespian.md D8)."""
    registry = Registry()
    registry.register(entry("a", 1), 0.0)
    registry.register(entry("a", 2), 1.0)

    assert registry.unregister(gone("a", 1), 2.0) == []
    assert registry.whereis("a").incarnation == 2


def test_with_a_supervisor_goes_all_that_it_registered() -> None:
    """Also what its own child supervisors registered: all of them died with it. Source: A8."""
    registry = Registry()
    registry.register(entry("g", 1, address="g@"), 0.0)
    registry.register(entry("g/h", 2, supervisor="g@", address="h@"), 0.0)
    registry.register(entry("g/h/a", 3, supervisor="h@"), 0.0)
    registry.register(entry("b", 4), 0.0)
    registry.subscribe("client", ("g", "g/h/a", "b"), 60.0, 0.0)

    notices = registry.unregister(gone("g", 1), 1.0)

    assert heard(notices) == ["client:Down g/h/a/3", "client:Down g/1"]
    assert [up.name for up in registry.all()] == ["b"]
    assert "its supervisor g/h ended" in notices[0][1].reason.detail  # type: ignore[union-attr]


def test_a_dead_supervisors_late_report_is_refused() -> None:
    """It may be on its way while the root learns of the death; the child died with it."""
    registry = Registry()
    registry.register(entry("g", 1_000, address="g@"), 1.0)
    registry.unregister(gone("g", 1_000), 2.0)

    assert registry.register(entry("g/a", 1_500_000, supervisor="g@"), 2.1) == []
    assert registry.all() == ()
    registry.register(entry("g/a", 2_500_000, supervisor="g@"), 3.0)
    assert [up.name for up in registry.all()] == ["g/a"]


def test_a_lease_that_runs_out_is_silent_and_forgotten() -> None:
    """Nobody tells the registry that a subscriber died; sending to the dead is expensive."""
    registry = Registry()
    registry.subscribe("client", ("a",), 60.0, 0.0)

    assert registry.register(entry("a", 1), 60.0) == []
    assert registry.prune(60.0) == 0


def test_a_renewed_lease_goes_on() -> None:
    """It is renewed by sending it again; other names of the same subscriber keep theirs."""
    registry = Registry()
    registry.subscribe("client", ("a", "b"), 60.0, 0.0)
    registry.subscribe("client", ("a",), 60.0, 50.0)

    assert registry.prune(70.0) == 1
    assert heard(registry.register(entry("a", 1), 70.0)) == ["client:Up a/1"]
    assert registry.register(entry("b", 2), 70.0) == []


def test_a_dead_process_is_no_subscriber_any_more() -> None:
    """What is known to be dead isn't written to, lease or not."""
    registry = Registry()
    registry.register(entry("a", 1, address="a@"), 0.0)
    registry.subscribe("a@", ("b",), 60.0, 0.0)
    registry.unregister(gone("a", 1), 1.0)

    assert registry.register(entry("b", 2), 2.0) == []


def test_whereis_tells_restarting_from_unknown() -> None:
    """A caller may wait for the one and must mend its call for the other."""
    registry = Registry()
    registry.register(entry("a", 1), 0.0)
    registry.unregister(gone("a", 1), 1.0)

    with pytest.raises(Restarting):
        registry.whereis("a")
    with pytest.raises(NotFound):
        registry.whereis("b")


def test_below_tells_what_one_supervisor_registered() -> None:
    """For the rows of a supervisor that doesn't answer."""
    registry = Registry()
    registry.register(entry("a", 1, supervisor="g@"), 0.0)
    registry.register(entry("b", 2, supervisor="h@"), 0.0)

    assert [up.name for up in registry.below("g@")] == ["a"]
    assert len(registry) == 2


def test_a_demand_wakes_what_rests() -> None:
    """It goes to the supervisor that said so, until the name serves."""
    registry = Registry()
    resting = m.Resting(name="a", supervisor="sup")

    assert heard(registry.rest(resting, 0.0)) == []
    assert heard(registry.demand("a", 1.0)) == ["sup:Wake a"]
    registry.register(entry("a", 1), 2.0)
    assert heard(registry.demand("a", 3.0)) == []
    with pytest.raises(NotFound):
        registry.whereis("b")


def test_a_demand_that_comes_before_the_rest_is_remembered_for_a_while() -> None:
    """A caller may hear of the end before the registry hears that it rests."""
    registry = Registry()
    resting = m.Resting(name="a", supervisor="sup")
    registry.demand("a", 0.0)

    assert heard(registry.rest(resting, DEMAND_KEPT_S - 1.0)) == ["sup:Wake a"]
    assert heard(registry.rest(resting, DEMAND_KEPT_S + 1.0)) == []


def test_what_rested_below_a_dead_supervisor_is_forgotten_until_its_successor_says_so() -> None:
    """A demand meanwhile is remembered."""
    registry = Registry()
    registry.register(entry("group", 1), 0.0)
    registry.rest(m.Resting(name="a", supervisor=registry.whereis("group").address), 0.0)
    registry.unregister(gone("group", 1), 1.0)

    assert heard(registry.demand("a", 1.0)) == []
    assert heard(registry.rest(m.Resting(name="a", supervisor="new"), 2.0)) == ["new:Wake a"]


def test_a_child_that_cannot_start_is_not_woken_for_ever_by_one_demand() -> None:
    """It rests again after each failure; the next call is the next try."""
    registry = Registry()
    resting = m.Resting(name="a", supervisor="sup")
    registry.rest(resting, 0.0)

    assert heard(registry.demand("a", 1.0)) == ["sup:Wake a"]
    assert heard(registry.rest(resting, 1.1)) == ["sup:Wake a"]
    assert heard(registry.rest(resting, 1.2)) == []
    assert heard(registry.demand("a", 2.0)) == ["sup:Wake a"]
