"""L. Random: a seeded nemesis against a whole node. Source: reliability.md section 4 L.

CHAOS_SECONDS makes it longer (nightly: 600), MIMO_SEED repeats a run.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.support import checkers, disks, figures
from tests.support.nemesis import Nemesis
from tests.support.node import running_node
from tests.support.traffic import Traffic

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
    with disks.small_disk(tmp_path / "disk", 64) as disk:
        data_dir = disk / "data"
        data_dir.mkdir(mode=0o700)
        seed = str(chance.randrange(10**6))
        settings = {"MIMO_EMBEDDING_PROVIDER": "none"}
        with running_node(data_dir, settings) as node:
            nemesis = Nemesis(node, random.Random(seed), disk)
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
