"""L. Random: a seeded nemesis against a whole node. Source: reliability.md section 4 L.

CHAOS_SECONDS makes it longer (nightly: 600), MIMO_SEED repeats a run.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from pathlib import Path

from tests.load.kills import lost_notes
from tests.support import checkers, disks, figures
from tests.support.history import History
from tests.support.nemesis import JUMP_S_MAX, JUMPS_S, Nemesis
from tests.support.node import Node, running_node
from tests.support.traffic import Traffic
from tests.support.wall_clock import WallClock, require, wall_clock

#: Without the model there is less to write to a small disk.
SMALL = {"MIMO_EMBEDDING_PROVIDER": "none"}
SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
#: Codes with which a call may fail while faults are active: refused, or unknown and said so.
HONEST = {
    "disk_full",
    "busy",
    "restarting",
    "unavailable",
    "deadline_exceeded",
    "storage_failed",
    "storage",
    "crashed",
    "connection_closed",
    "breaker_open",
}


def test_l1_safety_always_and_liveness_once_the_faults_are_over(
    tmp_path: Path, chance: random.Random
) -> None:
    """L1: whatever the nemesis does, nothing acknowledged is lost or doubled, and it comes back."""
    with disks.small_disk(tmp_path / "disk", 64) as disk, wall_clock(tmp_path / "clock") as clock:
        data_dir = disk / "data"
        data_dir.mkdir(mode=0o700)
        seed = str(chance.randrange(10**6))
        settings = SMALL | (clock.settings() if clock else {})
        with running_node(data_dir, settings) as node:
            nemesis = Nemesis(node, random.Random(seed), disk, clock)
            with Traffic(node, clients=4, seed=f"L1-{seed}") as traffic:
                nemesis.run(SECONDS)
                traffic.await_oks(20)
            node.await_steady()
            verdict = checkers.judge_file(traffic.history, node.database)
            restarts = node.restarts()
    failed = traffic.history.errors()
    figures.record_chaos(
        "L1",
        errors=len(failed),
        lost=verdict.lost,
        duplicated=verdict.duplicated,
        restarts=restarts,
        seed=seed,
        availability=traffic.history.availability(),
        calls=len(traffic.history),
        acts=nemesis.counts(),
    )
    assert not verdict.violations, (seed, nemesis.acts, verdict.violations[:10])
    codes = {op.code for op in failed}
    assert codes <= HONEST, (seed, nemesis.acts, codes - HONEST)
    assert {"kill", "stop"} & set(nemesis.counts())


#: Events of which each would tell that somebody took the wall clock for time that passes.
TRIPPED = (
    "supervision.slept",
    "supervision.child_frozen",
    "supervision.child_exited",
    "node.generation_ended",
)
#: Years: the end of 32-bit time, and before its beginning.
FAR_S = (20 * 366 * 86_400, -60 * 365 * 86_400)


def test_l1_jumps_of_the_wall_clock_lose_double_and_trip_nothing(
    data_dir: Path, tmp_path: Path, chance: random.Random
) -> None:
    """L1, G1, G2: writes, reads and notes go on; nobody is killed, no call fails."""
    near = [chance.randint(-JUMP_S_MAX, JUMP_S_MAX) for _ in range(4)]
    jumps = [*JUMPS_S, *near, *FAR_S, 0]
    mix = {"store": 45, "get": 20, "keyword": 15, "note": 20}
    with wall_clock(tmp_path / "clock") as found:
        clock = require(found)
        with running_node(data_dir, SMALL | clock.settings()) as node:
            generation, restarts = node.generation(), node.restarts()
            with Traffic(node, clients=4, seed="L1 clock", mix=mix) as traffic:
                seen = [_sees(node, traffic, clock, offset_s) for offset_s in jumps]
            node.await_steady()
            verdict = checkers.judge_file(traffic.history, node.database)
            notes_lost = lost_notes(node, traffic)
            tripped = [line for line in node.log() if line["event"] in TRIPPED]
            assert node.generation() == generation
            assert node.restarts() == restarts
    failed = traffic.history.errors()
    figures.record_chaos(
        "L1 clock",
        errors=len(failed),
        lost=verdict.lost + notes_lost,
        duplicated=verdict.duplicated,
        calls=len(traffic.history),
        jumps=jumps,
    )
    assert all(seen), dict(zip(jumps, seen, strict=True))
    verdict.require_clean()
    assert notes_lost == 0
    assert not failed, [f"{op.kind} {op.code} {op.detail[:200]}" for op in failed[:5]]
    assert not tripped


def _sees(node: Node, traffic: Traffic, clock: WallClock, offset_s: int) -> int:
    """Jump, let clients work, and return how many writes the writer dated by the new time."""
    clock.jump(offset_s)
    jumped_s = time.monotonic()
    traffic.await_oks(60)
    return _dated(traffic.history, node.database, jumped_s, offset_s)


def _dated(history: History, database: Path, since_s: float, offset_s: int) -> int:
    """Count the writes since a moment that were dated within their call, seen by that clock."""
    to_wall_s = time.time() - time.monotonic() + offset_s
    link = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    dated = dict(link.execute("SELECT content, created_at FROM memories"))
    link.close()
    return sum(
        op.began_s - 0.01 <= dated[op.arguments["content"]] - to_wall_s <= op.ended_s + 0.01
        for op in history.ops("store", end="ok")
        if op.began_s > since_s and op.ended_s is not None
    )
