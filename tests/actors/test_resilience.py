"""Breakers, degradation level and telemetry as processes that are killed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.resilience import messages as r
from mimo.config import errors
from mimo.supervision.breaker import Outcome, Permit
from mimo.supervision.messages import Cast
from mimo.supervision.specs import ChildSpec, SupervisorFlags, group
from tests.support.leftovers import tables_of
from tests.support.owners import HEIR, heir
from tests.support.tree import Tree, running_tree
from tests.support.waiting import eventually

BREAKERS, SERVICES, TELEMETRY = (
    "resilience/breakers",
    "resilience/services",
    "resilience/telemetry",
)
FOLDER = "mimo.actors.resilience"
FLAGS = SupervisorFlags(intensity=1_000, period_s=1.0)
LISTENER = "listener"


def member(name: str, path: str) -> ChildSpec:
    return ChildSpec(id=name, start=path, args={"heir": HEIR})


@pytest.fixture
def tree(data_dir: Path, tmp_path: Path) -> Iterator[Tree]:
    spec = group(
        "mimo",
        FLAGS,
        heir(data_dir),
        member(BREAKERS, f"{FOLDER}.breakers.Breakers"),
        member(SERVICES, f"{FOLDER}.services.Services"),
        member(TELEMETRY, f"{FOLDER}.telemetry.Telemetry"),
        member(LISTENER, "tests.support.owners.Listener"),
    )
    with running_tree(spec, tmp_path) as running:
        yield running
    shutil.rmtree(tables_of(data_dir), ignore_errors=True)


def restart(tree: Tree, name: str) -> None:
    dead = tree.pid(name)
    os.kill(dead, signal.SIGKILL)
    eventually(lambda: tree.pid(name) not in (0, dead), within_s=30.0)


def cast(tree: Tree, name: str, request: Any) -> None:
    up = tree.whereis(name)
    tree.send(up.address, Cast(target=name, incarnation=up.incarnation, request=request))


def call_once(tree: Tree, breaker: str, outcome: Outcome) -> Permit:
    permit = tree.call(BREAKERS, r.Acquire(breaker=breaker))
    assert isinstance(permit, Permit)
    assert tree.call(BREAKERS, r.Record(permit=permit, outcome=outcome, duration_s=0.01))
    return permit


def trip(tree: Tree, breaker: str) -> None:
    for _ in range(5):
        call_once(tree, breaker, "failure")


def status(tree: Tree, breaker: str) -> r.BreakerStatus:
    found: tuple[r.BreakerStatus, ...] = tree.call(BREAKERS, r.ListBreakers())
    return next(one for one in found if one.name == breaker)


def level(tree: Tree) -> str:
    return str(tree.call(SERVICES, r.GetLevel()).level)


# -- Breakers ----------------------------------------------------------------------------------
def test_an_open_breaker_stays_open_over_its_actors_death(tree: Tree) -> None:
    """I6: the state comes back from the table; a permit of before the death still counts."""
    early = tree.call(BREAKERS, r.Acquire(breaker="web"))
    trip(tree, "llm")
    before = status(tree, "llm")
    restart(tree, BREAKERS)
    after = status(tree, "llm")
    assert (after.state, after.generation) == (before.state, before.generation) == ("open", 2)
    with pytest.raises(errors.BreakerOpen) as refused:
        tree.call(BREAKERS, r.Acquire(breaker="llm"))
    assert 0 < (refused.value.retry_after_s or 0) <= 1.2
    assert tree.call(BREAKERS, r.Record(permit=early, outcome="success", duration_s=0.1))
    assert status(tree, "web").outcomes == 1


def test_outcomes_survive_one_by_one(tree: Tree) -> None:
    """Output commit: what was answered as counted is counted by the successor too."""
    for number in range(4):
        call_once(tree, "llm", "failure")
        restart(tree, BREAKERS)
        assert status(tree, "llm").outcomes == number + 1
    call_once(tree, "llm", "failure")
    assert status(tree, "llm").state == "open"


def test_a_probe_closes_it_again(tree: Tree) -> None:
    """I4: half-open one passes, the others are refused."""
    trip(tree, "llm")
    permit = eventually(
        lambda: tree.call(BREAKERS, r.Acquire(breaker="llm")),
        within_s=20.0,
        ignoring=(errors.BreakerOpen,),
    )
    assert permit.is_probe
    restart(tree, BREAKERS)
    with pytest.raises(errors.BreakerOpen):
        tree.call(BREAKERS, r.Acquire(breaker="llm"))
    cast(tree, BREAKERS, r.Record(permit=permit, outcome="success", duration_s=0.1))
    eventually(lambda: status(tree, "llm").state == "closed", within_s=20.0)
    events = [line["event"] for line in tree.events() if line["event"].startswith("breaker.")]
    assert events == ["breaker.opened", "breaker.half_open", "breaker.closed"]


def test_an_operator_can_reset_it_and_unknown_names_are_refused(tree: Tree) -> None:
    """Ours: `mimo breakers`; a typo gets the names that exist."""
    trip(tree, "llm")
    assert tree.call(BREAKERS, r.ResetBreaker(breaker="llm")).state == "closed"
    with pytest.raises(errors.NotFound, match="embedding"):
        tree.call(BREAKERS, r.Acquire(breaker="lmm"))
    stranger = Permit(breaker="lmm", generation=1)
    pid = tree.pid(BREAKERS)
    cast(tree, BREAKERS, r.Record(permit=stranger, outcome="failure", duration_s=1.0))
    assert status(tree, "llm").state == "closed"
    assert tree.pid(BREAKERS) == pid


# -- The level ---------------------------------------------------------------------------------
def test_the_level_follows_breakers_and_facts_over_deaths(tree: Tree) -> None:
    """Design 5: facts are in its table, breakers are asked again."""
    assert level(tree) == "full"
    trip(tree, "llm")
    eventually(lambda: level(tree) == "no_llm", within_s=20.0)
    tree.call(SERVICES, r.ReportFact(fact="disk_full", is_so=True, detail="0 bytes left"))
    assert level(tree) == "read_only"
    restart(tree, SERVICES)
    eventually(lambda: len(tree.call(SERVICES, r.GetLevel()).reasons) == 2, within_s=20.0)
    assert level(tree) == "read_only"
    cast(tree, SERVICES, r.ReportFact(fact="disk_full", is_so=False))
    eventually(lambda: level(tree) == "no_llm", within_s=20.0)
    with pytest.raises(errors.InvalidRequest, match="disk_full"):
        tree.call(SERVICES, r.ReportFact(fact="disc_full", is_so=True))
    cast(tree, SERVICES, r.ReportFact(fact="disc_full", is_so=True))
    assert level(tree) == "no_llm"


def test_subscribers_hear_of_changes_also_from_a_successor(tree: Tree) -> None:
    """Ours: at once, at each change, and after the death of either side."""

    def heard() -> list[str]:
        return [each.level for each in tree.call(LISTENER, "heard")]

    tree.call(SERVICES, r.SubscribeLevel(subscriber=LISTENER))
    tree.call(SERVICES, r.ReportFact(fact="disk_full", is_so=True))
    eventually(lambda: heard()[-1:] == ["read_only"], within_s=20.0)
    restart(tree, SERVICES)
    tree.call(SERVICES, r.ReportFact(fact="storage_unreadable", is_so=True))
    eventually(lambda: heard()[-1:] == ["minimal"], within_s=20.0)
    restart(tree, LISTENER)
    eventually(lambda: heard()[-1:] == ["minimal"], within_s=20.0)
    tree.call(SERVICES, r.SubscribeLevel(subscriber=LISTENER, is_wanted=False))
    before = heard()
    tree.call(SERVICES, r.ReportFact(fact="storage_unreadable", is_so=False))
    assert level(tree) == "read_only"
    assert heard() == before


# -- Telemetry ---------------------------------------------------------------------------------
def test_counts_and_quantiles_survive_and_carry_their_sample_size(tree: Tree) -> None:
    """Honest parity: every number is a measurement with its sample size."""
    assert tree.call(TELEMETRY, r.GetTelemetry()) == r.Telemetry(since_s=None, rows=())
    rows = [r.CallRow("memory.search", "memory/recall/1", "", 0.010) for _ in range(98)]
    rows += [r.CallRow("memory.search", "memory/recall/1", "busy", 1.0)]
    rows += [r.CallRow("memory.store", "", "invalid_request", 0.001)]
    cast(tree, TELEMETRY, r.RecordCalls(rows=tuple(rows)))
    eventually(lambda: len(tree.call(TELEMETRY, r.GetTelemetry()).rows) == 3, within_s=20.0)
    before = tree.call(TELEMETRY, r.GetTelemetry())
    restart(tree, TELEMETRY)
    found = tree.call(TELEMETRY, r.GetTelemetry())
    assert found == before
    search, store, recall = found.rows
    assert (search.kind, search.name, search.count) == ("operation", "memory.search", 99)
    assert (recall.kind, recall.name, recall.count) == ("worker", "memory/recall/1", 99)
    assert search.errors == {"busy": 1}
    assert search.error_rate == pytest.approx(1 / 99)
    assert search.p50_s == pytest.approx(0.010, rel=0.1)
    assert search.p95_s == pytest.approx(0.010, rel=0.1)
    assert search.p99_s == 1.0
    assert search.longest_s == 1.0
    assert (store.count, store.error_rate) == (1, 1.0)


def test_too_many_names_are_counted_together(tree: Tree) -> None:
    """F5: bounded, whatever names come."""
    for part in range(6):
        names = [f"tool.op{part}_{number}" for number in range(100)]
        rows = tuple(r.CallRow(name, "", "", 0.1) for name in names)
        cast(tree, TELEMETRY, r.RecordCalls(rows=rows))

    def total() -> int:
        return sum(row.count for row in tree.call(TELEMETRY, r.GetTelemetry()).rows)

    eventually(lambda: total() == 600, within_s=20.0)
    restart(tree, TELEMETRY)
    assert total() == 600
    assert not tree.events("heir.write_failed")
