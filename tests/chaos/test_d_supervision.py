"""D. Supervision, on the real tree. Source: reliability.md section 4 D; D1 has its own suite."""

from __future__ import annotations

import json
import random
import subprocess
import sys

from tests.support import checkers, figures
from tests.support.campaign import Campaign
from tests.support.node import Node


def mimo(node: Node, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the admin CLI against the node."""
    return subprocess.run(
        [sys.executable, "-m", "mimo", *arguments, "--data-dir", str(node.data_dir)],
        env=node.env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_d6_killing_storage_restarts_what_needs_it_and_no_heir(
    warm: Node, chance: random.Random
) -> None:
    """D6: rest_for_one: heirs live on with their pids; what stands below storage serves again."""
    heirs = {name: row.pid for name, row in warm.rows().items() if name.startswith("heirs")}
    with Campaign(warm, "D6", chance) as case:
        fault = case.strike("storage")
        case.heals(fault, "store")
    case.require()
    after = {name: row.pid for name, row in warm.rows().items() if name.startswith("heirs")}
    assert after == heirs


def test_d9_kill_and_restart_work_on_every_id_and_are_logged(warm: Node) -> None:
    """D9: `mimo kill` by turns with `mimo restart` on every id of the tree, with who and why."""
    names = sorted(warm.rows())
    assert len(names) > 10
    failed = {}
    for number, name in enumerate(names):
        row = warm.rows()[name]
        # What rests has no process to kill, and can be started.
        command = "kill" if number % 2 and row.pid else "restart"
        before = row.incarnation
        done = mimo(warm, command, name, "--why", f"case D9 {number}")
        if done.returncode:
            failed[name] = done.stderr
            continue
        with warm.connect("after") as client:
            client.store(f"stored after {command} of {name}")
        fault_is_over = checkers.events(warm.log(), "supervision.command", child=name)
        assert any(f"case D9 {number}" in json.dumps(line) for line in fault_is_over), name
        assert all(line.get("by") or line.get("supervisor") for line in fault_is_over), name
        assert warm.rows()[name].incarnation >= before
        warm.await_steady()
    figures.record_chaos("D9", errors=len(failed), restarts=warm.restarts())
    assert not failed
