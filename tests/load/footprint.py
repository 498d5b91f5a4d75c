"""What a node costs: memory and processor time while idle, and memory after work."""

from __future__ import annotations

import contextlib
import time

import psutil

from mimo.actors.tree import ROOT as TREE
from mimo.supervision.specs import walk
from tests.load import corpus
from tests.load.rows import Row, mib
from tests.support.node import Node
from tests.support.waiting import eventually

IDLE_BYTES_MAX = 220 * 2**20
LOADED_BYTES_MAX = 420 * 2**20
CPU_SHARE_MAX = 0.01
#: Settings with which memory is given back soon enough to be seen here.
SETTINGS = {"MIMO_EMBEDDING_IDLE_RELEASE_S": "5 s", "MIMO_REST_AFTER_S": "2 s"}
RELEASED_WITHIN_S = 60.0


def pss_bytes(node: Node) -> int:
    """Return the proportional memory of all processes of the node, its relays left out."""
    return sum(_pss(pid) for pid in node.pids())


def cpu_s(node: Node) -> float:
    """Return the processor time that the node's living processes have used."""
    total = 0.0
    for pid in node.pids():
        times = psutil.Process(pid).cpu_times()
        total += times.user + times.system
    return total


def measure(node: Node, *, idle_s: float = 30.0, stores: int = 1_000) -> list[Row]:
    """Measure a fresh node at rest, then after stores and searches by meaning, then at rest."""
    with node.connect("quiet") as client:
        _await_rest(node)
        time.sleep(min(3.0, idle_s))
        before_s = cpu_s(node)
        time.sleep(idle_s)
        share = (cpu_s(node) - before_s) / idle_s
        idle = pss_bytes(node)
        for number in range(stores):
            client.store(corpus.sentence(200_000 + number))
        for number in range(max(20, stores // 5)):
            client.find(corpus.question(200_000 + number), mode="meaning")
        loaded = pss_bytes(node)
        released = _released(node, loaded)
    count = len(node.pids())
    return [
        Row(
            what="idle node, memory",
            bar=f"<= {mib(IDLE_BYTES_MAX)} PSS together",
            figure=f"{mib(idle)} in {count} processes",
            how="smaps_rollup of every process of the node, one client connected",
            is_met=idle <= IDLE_BYTES_MAX,
            raw={"bytes": idle, "processes": count},
        ),
        Row(
            what="idle node, processor",
            bar=f"< {CPU_SHARE_MAX:.0%} of a core",
            figure=f"{share:.2%}",
            how=f"cpu times of all its processes over {idle_s:g} s",
            is_met=share < CPU_SHARE_MAX,
            raw={"share": share},
        ),
        Row(
            what=f"after {stores:,} stores and {max(20, stores // 5)} searches by meaning",
            bar=f"<= {mib(LOADED_BYTES_MAX)} PSS together; memory given back when idle",
            figure=f"{mib(loaded)}, {mib(released)} after the model was idle",
            how=f"idle_release_s set to {SETTINGS['MIMO_EMBEDDING_IDLE_RELEASE_S']}",
            is_met=loaded <= LOADED_BYTES_MAX and released < loaded,
            raw={"loaded": loaded, "released": released},
        ),
    ]


def _released(node: Node, loaded: int) -> int:
    """Return the memory once the model's is given back; what it is where that doesn't happen."""
    with contextlib.suppress(AssertionError):
        eventually(lambda: pss_bytes(node) < loaded - 20 * 2**20, within_s=RELEASED_WITHIN_S)
    return pss_bytes(node)


def _pss(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0


def _await_rest(node: Node) -> None:
    """Wait until every worker that may rest does."""
    lazy = {spec.id for spec in walk(TREE) if spec.rest_after_s is not None}
    eventually(
        lambda: all(row.state == "resting" for name, row in node.rows().items() if name in lazy),
        within_s=RELEASED_WITHIN_S,
        what="the rest of what may rest",
    )
