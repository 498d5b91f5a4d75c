"""`mimo bench` on a real node of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mimo.supervision.node import find_node
from tests.support import processes
from tests.support.waiting import eventually


@pytest.mark.parametrize("vectors", ["synthetic", "real", "none"])
def test_speed_is_measured_in_a_place_of_its_own(tmp_path: Path, vectors: str) -> None:
    """Each size is filled, measured and reported; nothing is left (issue: bench)."""
    env = {**os.environ, "TMPDIR": str(tmp_path), "MIMO_DATA_DIR": str(tmp_path / "mine")}
    amounts = ["--sizes", "40,120", "--searches", "3", "--stores", "2", "--vectors", vectors]
    ended = subprocess.run(
        [sys.executable, "-m", "mimo", "bench", "speed", *amounts, "--json"],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    reports = json.loads(ended.stdout)
    assert [report["memories"] for report in reports] == [42, 124]
    for report in reports:
        assert report["vectors_are"] == vectors
        assert (report["search"]["count"], report["store"]["count"]) == (3, 2)
        assert 0 < report["search"]["p50_ms"] <= report["search"]["max_ms"]
        assert report["peak_bytes"] > 0
    if vectors != "none":
        assert reports[0]["vectors"] >= 40
    assert not list(tmp_path.glob("mimo-bench-*"))
    assert not (tmp_path / "mine").exists()


def test_a_benchmark_that_is_ended_leaves_nothing(tmp_path: Path) -> None:
    """Ours: neither its node nor its folder."""
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "mimo", "bench", "speed", "--sizes", "1000000"]
    with subprocess.Popen(command, env=env) as running:
        card = eventually(
            lambda: next(tmp_path.glob("mimo-bench-*/data/run/node.json"), None),
            within_s=60,
            what="the benchmark's node",
        )
        node = find_node(card.parent)
        assert node is not None
        running.terminate()
        assert running.wait(60) == 128 + signal.SIGTERM

    assert not processes.alive(node.watchdog_pid)
    assert not list(tmp_path.glob("mimo-bench-*"))
