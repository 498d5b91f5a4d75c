"""A17: what can't be healed is tried exactly so often, then the next level takes over."""

from __future__ import annotations

import contextlib
import random
import time

from mimo.actors.tree import ROOT
from mimo.config import limits
from mimo.supervision.card import holder_pid
from tests.support import checkers, figures
from tests.support.campaign import Campaign
from tests.support.node import Node
from tests.support.processes import alive
from tests.support.waiting import eventually


def test_a17_a_writer_killed_too_often_escalates_at_intensity_plus_one(
    node: Node, chance: random.Random
) -> None:
    """A17: `storage` gives up at one death more than its intensity; the branch restarts."""
    flags = next(child.flags for child in ROOT.children if child.id == "storage")
    assert flags is not None
    heirs = node.tree_pids("heirs/")
    with Campaign(node, "A17", chance, is_logged=False) as case:
        began_s = time.monotonic()
        for _ in range(flags.intensity + 1):
            fault = case.strike("storage/writer")
            node.await_successor(fault)
            # A call that dies with every successor would count as poison.
            case.recovers(fault, "store")
        took_s = time.monotonic() - began_s
    gave_up = checkers.events(node.log(), "supervision.gave_up")
    is_fast = took_s < flags.period_s
    case.require(
        expected=frozenset({"supervision.gave_up"}), gave_up=len(gave_up), within_period=is_fast
    )
    if is_fast:
        assert [line["supervisor"] for line in gave_up] == ["storage"], gave_up
    assert node.tree_pids("heirs/") == heirs


def test_a17_a_root_killed_too_often_ends_the_node_with_its_reason(node: Node) -> None:
    """A17: past the watchdog's own budget the node leaves with exit code 70 and one sentence."""
    node.close_clients()
    watchdog = node.card().watchdog_pid
    kills = 0
    while alive(watchdog) and kills <= limits.GENERATIONS_LOST_MAX + 1:
        generation = node.generation()
        with contextlib.suppress(ProcessLookupError, AssertionError):
            node.signal("mimo")
            kills += 1
        eventually(
            lambda: not alive(watchdog) or node_generation(node) > generation,  # noqa: B023
            within_s=30,
            what="the next generation, or the end",
        )
    eventually(lambda: not node.pids(), within_s=10, what="the node's end")
    told = checkers.events(node.log(), "node.gave_up")
    figures.record_chaos("A17 root", restarts={"generations": kills}, gave_up=len(told))
    assert kills == limits.GENERATIONS_LOST_MAX + 1
    assert len(told) == 1
    assert told[0]["reason"]
    words = (node.data_dir / "logs" / "node.out").read_text(encoding="utf-8").strip()
    assert "gave up" in words.splitlines()[-1]
    assert holder_pid(node.run_dir) is None


def node_generation(node: Node) -> int:
    """Return the generation that serves, 0 while none does."""
    try:
        return node.card().generation
    except AssertionError:
        return 0
