"""A relay and the node it starts: found, shared, outliving its clients, started again."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from tests.support.node import UP_WITHIN_S, Node, running_node
from tests.support.processes import alive
from tests.support.relay import RelayProcess


def call(request_id: Any, operation: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": "memory", "arguments": {"operation": operation, **arguments}}
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


def relay_of(node: Node, **popen: Any) -> RelayProcess:
    return RelayProcess(node.data_dir, env=node.env, **popen)


def test_two_clients_at_once_on_a_cold_start_share_one_node(tmp_path: Path) -> None:
    """TypeScript v2 starts a second copy to probe with; two copies are normal (mcp.md 2.4)."""
    with running_node(tmp_path / "data", start=False) as node:
        with relay_of(node) as one, relay_of(node) as two:
            one.opened().send(call(1, "store", content="Zoe keeps bees"))
            two.opened().send(call(1, "health"))
            stored, healthy = one.message(UP_WITHIN_S), two.message(UP_WITHIN_S)
            two.send(call(2, "search", query="bees", mode="keyword"))
            found = two.message(UP_WITHIN_S)["result"]["structuredContent"]["memories"]

        assert stored["result"]["structuredContent"]["created"] is True
        assert healthy["result"]["structuredContent"]["ok"] is True
        assert [memory["content"] for memory in found] == ["Zoe keeps bees"]
        assert alive(node.card().watchdog_pid)


def test_a_client_that_is_killed_with_its_group_leaves_the_node_to_the_others(
    tmp_path: Path,
) -> None:
    """Hosts end servers by a signal to the group; the node has a session of its own."""
    with running_node(tmp_path / "data", start=False) as node:
        with relay_of(node, start_new_session=True) as first:
            first.opened().send(call(1, "store", content="Zoe keeps bees"))
            first.message(UP_WITHIN_S)
            watchdog = node.card().watchdog_pid
            os.killpg(first.process.pid, signal.SIGKILL)
            first.wait()

            # The end of its output is seen: nothing that lives on holds the client's pipe open.
            assert first.rest() == b""
        with relay_of(node) as second:
            second.opened().send(call(1, "search", query="bees", mode="keyword"))
            answer = second.message(UP_WITHIN_S)

        assert answer["result"]["structuredContent"]["count"] == 1
        assert node.card().watchdog_pid == watchdog


def test_a_call_survives_the_death_of_everything_behind_it(tmp_path: Path) -> None:
    """The whole node dies: the relay starts another and asks again; nothing is stored twice."""
    with running_node(tmp_path / "data") as node, node.connect() as client:
        for number in range(3):
            waiting = client.submit("store", content=f"fact number {number}")
            node.kill_everything()

            assert waiting.result(UP_WITHIN_S)["memory_id"] == number + 1

        assert client.call("stats", timeout_s=UP_WITHIN_S)["total"] == 3


def test_a_bridge_that_is_killed_again_and_again_fails_no_call(tmp_path: Path) -> None:
    """Design 3: its successor binds the same socket, and the relays repeat what is open."""
    with running_node(tmp_path / "data") as node, relay_of(node) as relay:
        relay.opened()
        for round_number in range(3):
            for number in range(8):
                request_id = f"{round_number}.{number}"
                relay.send(call(request_id, "store", content=f"fact {request_id}"))
            node.await_successor(node.signal("bridge/mcp_bridge"))
            answers = [relay.message(UP_WITHIN_S) for _ in range(8)]

            assert all("structuredContent" in answer["result"] for answer in answers)
        relay.send(call("all", "stats"))

        assert relay.message(UP_WITHIN_S)["result"]["structuredContent"]["total"] == 24
