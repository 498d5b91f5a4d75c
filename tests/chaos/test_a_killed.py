"""A. Killed: SIGKILL to any one process under load. Source: reliability.md section 4 A.

Budgets are for two noisy cores; the exact figures go to build/chaos.json.
"""

from __future__ import annotations

import random
import signal
import time

import pytest

from tests.support import strace
from tests.support.campaign import Campaign
from tests.support.node import Node
from tests.support.processes import alive
from tests.support.waiting import eventually

#: Far beyond the catalogue's budgets of 0.5 to 5 s: a busy machine isn't the node's fault.
ONE_S = 8.0
BRANCH_S = 15.0


def test_a1_a_killed_reader_is_not_noticed(warm: Node, chance: random.Random) -> None:
    """A1: its sibling serves, it is started again; calls in flight are answered."""
    with Campaign(warm, "A1", chance) as case:
        fault = case.strike("memory/recall/1")
        case.heals(fault, "get", "search")
    case.require(recover_s_max=ONE_S)


def test_a2_a_killed_writer_loses_nothing_and_reads_go_on(
    warm: Node, chance: random.Random
) -> None:
    """A2: callers wait for the successor; reads go on throughout."""
    with Campaign(warm, "A2", chance) as case:
        fault = case.strike("storage/writer")
        case.heals(fault, "store", "get")
        reads = [op for op in case.traffic.history.ops("get", "search") if op.began_s > fault.at_s]
    assert reads
    case.require(recover_s_max=ONE_S, slowest_read_ms=max(op.duration_s for op in reads) * 1000)


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a3_a_writer_killed_at_its_nth_write_to_disk_is_old_or_new(
    warm: Node, chance: random.Random, nth: int
) -> None:
    """A3: killed inside a commit, at a pwrite64 or a sync; every N is in the storage crash test."""
    strace.require_strace()
    mix = {"store": 70, "get": 20, "keyword": 10}
    with Campaign(warm, f"A3-{nth}", chance, mix=mix) as case:
        up = warm.actor("storage/writer")
        with strace.injected(up.pid, f"pwrite64,fdatasync,fsync:signal=KILL:when={nth}"):
            eventually(lambda: not alive(up.pid), within_s=ONE_S, what="the writer to die")
        case.traffic.await_oks(20)
        eventually(lambda: warm.actor("storage/writer").incarnation > up.incarnation)
    case.require()


@pytest.mark.parametrize(
    "name",
    [
        "memory/recall/2",
        "memory/embedder",
        "memory/working_memory",
        "resilience/breakers",
        "resilience/services",
        "resilience/telemetry",
        "storage/maintenance",
        "bridge/mcp_bridge",
    ],
)
def test_a4_each_worker_in_turn_degrades_its_own_function_only(
    warm: Node, chance: random.Random, name: str
) -> None:
    """A4: no call fails, neither to the killed worker nor to another."""
    with Campaign(warm, f"A4 {name}", chance) as case:
        fault = case.strike(name)
        case.heals(fault)
    case.require(recover_s_max=ONE_S)


@pytest.mark.parametrize("name", ["storage", "resilience", "memory", "bridge", "heirs"])
def test_a8_a_killed_supervisor_takes_its_children_along_and_comes_back(
    warm: Node, chance: random.Random, name: str
) -> None:
    """A8: no orphan; the parent restarts the branch; calls in flight are answered."""
    children = warm.tree_pids(f"{name}/")
    assert children
    with Campaign(warm, f"A8 {name}", chance) as case:
        fault = case.strike(name)
        eventually(lambda: not any(map(alive, children)), within_s=5, what="the children's end")
        case.recovers(fault, "store", dead_s=time.monotonic())
        warm.await_successor(fault)
    case.require(recover_s_max=BRANCH_S)


@pytest.mark.parametrize("name", ["mimo", "admin", "launcher", "logger"])
def test_a9_a10_a_killed_root_or_admin_is_replaced_whole(
    warm: Node, chance: random.Random, name: str
) -> None:
    """A9, A10, A11: the watchdog boots the next generation; the relays hold the calls."""
    generation = warm.generation()
    case_id = {"mimo": "A9", "admin": "A10", "launcher": "A10 launcher", "logger": "A11"}[name]
    with Campaign(warm, case_id, chance, is_logged=False) as case:
        tree = warm.tree_pids() if name in ("mimo", "admin") else set()
        fault = case.strike(name)
        eventually(lambda: not any(map(alive, tree)), within_s=BRANCH_S, what="the tree's end")
        case.recovers(fault, "store", dead_s=time.monotonic())
    assert (warm.generation() > generation) == bool(tree)
    case.require(recover_s_max=BRANCH_S)


def test_a12_a_killed_watchdog_takes_everything_along(warm: Node, chance: random.Random) -> None:
    """A12: all descendants are gone; the relays start the next node; nothing is lost."""
    with Campaign(warm, "A12", chance, is_logged=False) as case:
        before = warm.pids()
        fault = case.strike("watchdog")
        eventually(lambda: not any(map(alive, before)), within_s=5, what="the descendants' end")
        case.recovers(fault, "store", dead_s=time.monotonic())
    case.require(recover_s_max=BRANCH_S)


def test_a13_everything_killed_at_once_starts_clean(warm: Node, chance: random.Random) -> None:
    """A13: crash-only start, three times in CI and twenty in the load suite."""
    with Campaign(warm, "A13", chance, is_logged=False) as case:
        for _ in range(3):
            at_s = warm.kill_everything()
            case.recover_ms.append(case.traffic.recover_ms(at_s, "store"))
    case.require(recover_s_max=BRANCH_S, errors_max=0)


def test_a14_sigterm_under_load_drains_and_stops_in_order(
    node: Node, chance: random.Random
) -> None:
    """A14: what was accepted is answered, then the node is gone; what failed says why."""
    with Campaign(node, "A14", chance, is_logged=False) as case:
        before = node.pids()
        fault = case.strike("watchdog", signal.SIGTERM)
        eventually(lambda: not any(map(alive, before)), within_s=30, what="the node to leave")
        case.recovers(fault, "store", dead_s=time.monotonic())
    codes = {op.code for op in case.traffic.history.errors()}
    assert codes <= {"shutting_down"}, codes
    case.require(errors_max=40)
    stopped = [line for line in node.log() if line["event"] == "node.stopped"]
    assert stopped
    assert "stopped" in stopped[0]["reason"]
