"""A node with a small tree and no database: what the command line needs to be tested quickly."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from mimo.config.settings import load_settings
from mimo.supervision.node import find_node, request_node_stop, run_node, wait_for_stop
from mimo.supervision.specs import SUPERVISOR_CLASS, ChildSpec, SupervisorFlags, group
from tests.support import leftovers, processes
from tests.support.source import ROOT
from tests.support.waiting import eventually

#: How long it may take to serve, and to leave, in seconds.
UP_WITHIN_S = 30.0
GONE_WITHIN_S = 30.0

_WORKER = "mimo.supervision.gen_server.GenServer"


def tree(data_dir: Path) -> ChildSpec:
    """Return the root: one heir, two workers that only tell their statistics."""
    heir = ChildSpec(
        id="heirs/memory",
        start="mimo.supervision.heir.Heir",
        args={"store": "mimo.storage.shared_tables.SharedTables", "data_dir": str(data_dir)},
    )
    workers = (ChildSpec(id=f"memory/recall/{number}", start=_WORKER) for number in (1, 2))
    return ChildSpec(
        id="mimo",
        start=SUPERVISOR_CLASS,
        type="supervisor",
        flags=SupervisorFlags(intensity=10, parks_groups=True),
        children=(
            group("heirs", SupervisorFlags(intensity=10), heir),
            group("memory", SupervisorFlags(intensity=10), *workers),
        ),
    )


def main() -> int:
    """Be the node."""
    settings = load_settings({"data_dir": sys.argv[1]})
    return run_node(settings, tree(settings.data_dir), ("mimo.supervision.heir",))


@contextlib.contextmanager
def small_node(data_dir: Path) -> Iterator[Path]:
    """Give a running node's data directory; nothing of it is left afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from tests.support.small_node import main; main()", str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    run_dir = data_dir / "run"
    try:
        eventually(lambda: find_node(run_dir), within_s=UP_WITHIN_S, what="the small node")
        yield data_dir
    finally:
        request_node_stop(run_dir)
        if not wait_for_stop(run_dir, GONE_WITHIN_S):
            processes.kill_all(processes.descendants(os.getpid()))
        process.wait(GONE_WITHIN_S)
        for path in leftovers.shared_memory(data_dir):
            shutil.rmtree(path)
