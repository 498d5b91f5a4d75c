"""What runs in the terminal while parts of a real node die."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.supervision import platform
from tests.support.node import Node, running_node
from tests.support.waiting import eventually

#: How long parts may take to come back, in seconds.
BACK_WITHIN_S = 60.0


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """Run a node with a workspace; python3 may be run in it."""
    folder = tmp_path / "work"
    folder.mkdir()
    settings = {
        "MIMO_WORKSPACE_ROOTS": str(folder),
        "MIMO_TERMINAL_ALLOW": "python3",
        "MIMO_EMBEDDING_PROVIDER": "none",
    }
    with running_node(tmp_path / "data", settings) as node:
        yield node


def test_a_call_in_flight_is_answered_though_its_worker_dies(node: Node, tmp_path: Path) -> None:
    """The client waits longer, the command has run once (design 3)."""
    log = tmp_path / "work" / "log.txt"
    code = "import time; open('log.txt', 'a').write('x'); time.sleep(1.5); print('done')"
    with node.connect() as client:
        client.call("list_sessions", tool="terminal")
        pending = client.submit("execute", tool="terminal", command=f'python3 -c "{code}"')
        eventually(log.exists, within_s=BACK_WITHIN_S)

        os.kill(node.pid_of("tools/terminal"), signal.SIGKILL)

        found = pending.result(BACK_WITHIN_S)
    assert (found["output"], found["exit_code"]) == ("done\n", 0)
    assert log.read_text() == "x"


def test_a_session_ends_with_the_node_and_not_before(node: Node) -> None:
    """It outlives calls, clients and its worker, but never the node."""
    with node.connect() as client:
        found = client.call("start_process", tool="terminal", command="echo up; sleep 4801")
        pid = found["pid"]
    os.kill(node.pid_of("tools/terminal"), signal.SIGKILL)
    with node.connect() as client:
        rows = client.call("list_sessions", tool="terminal", timeout_s=BACK_WITHIN_S)["sessions"]
    assert [(row["pid"], row["status"]) for row in rows] == [(pid, "running")]
    assert platform.is_alive(pid)

    node.stop()

    assert not platform.is_alive(pid)


def test_a_session_of_a_lost_generation_is_told_as_lost(node: Node) -> None:
    """The watchdog leaves nothing of a generation alive; nothing else is claimed."""
    with node.connect() as client:
        found = client.call("start_process", tool="terminal", command="echo up; sleep 4802")
        root = node.pid_of("mimo")

        os.kill(root, signal.SIGKILL)

        eventually(lambda: not platform.is_alive(found["pid"]), within_s=BACK_WITHIN_S)
        eventually(node.is_up, within_s=BACK_WITHIN_S)

        def status() -> bool:
            rows = client.call("list_sessions", tool="terminal", timeout_s=BACK_WITHIN_S)
            return [row["status"] for row in rows["sessions"]] == ["lost"]

        eventually(status, within_s=BACK_WITHIN_S)


def test_a_hungry_command_harms_nobody_else(node: Node) -> None:
    """Memory, processes and time of a command are its own (bars: isolation)."""
    eater = "x = [bytearray(64_000_000) for _ in range(200)]"
    forker = "import os\nfor _ in range(9): os.fork()\nimport time; time.sleep(30)"
    with node.connect() as client:
        client.call("list_sessions", tool="terminal")
        hungry = client.submit("execute", tool="terminal", command=f"python3 -c '{eater}'")
        forking = client.submit("execute", tool="terminal", command=f"python3 -c '{forker}'")
        for _ in range(20):
            client.call("health")
        assert forking.result(BACK_WITHIN_S)["status"] == "processes"
        ended = hungry.result(BACK_WITHIN_S)
    assert ended["status"] == "memory" or "MemoryError" in ended["output"]
    assert "tools/terminal" not in node.restarts()


def test_a_whole_node_that_is_killed_leaves_no_command(node: Node) -> None:
    """Its keepers watch the watchdog (mcp.md 7: orphans)."""
    with node.connect() as client:
        found = client.call("start_process", tool="terminal", command="echo up; sleep 4803")
        watchdog = node.pid_of("watchdog")
    os.kill(watchdog, signal.SIGKILL)

    eventually(lambda: not platform.is_alive(found["pid"]), within_s=BACK_WITHIN_S)
