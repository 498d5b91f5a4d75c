"""What real clients are told unasked: experience, a first briefing; and what is remembered."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import CallError, Client
from tests.support.node import Node, running_node
from tests.support.waiting import eventually

WITHIN_S = 30.0
BASE = {"MIMO_EMBEDDING_PROVIDER": "none"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with running_node(tmp_path_factory.mktemp("hindsight"), BASE) as found:
        yield found


def show(client: Client, name: str) -> dict[str, Any]:
    arguments = {"operation": "show_procedure", "name": name}
    request = {"name": "orchestrate", "arguments": arguments}
    return client.request("tools/call", request).result()


def missed(client: Client) -> str:
    with pytest.raises(CallError) as refused:
        show(client, "nowhere")
    return refused.value.detail


def test_what_failed_five_times_is_told_and_what_mended_it_is_remembered(node: Node) -> None:
    with node.connect("learner") as client:
        first = [missed(client) for _ in range(5)]
        eventually(lambda: "failed 5 of the last 5" in missed(client), within_s=WITHIN_S)
        worked = show(client, "session_wrap_up")
        assert "of the last 5 times" in worked["experience"]
        assert not any("of the last" in each for each in first)

        def lesson() -> str:
            found = client.call("list", tags=["auto"])["memories"]
            return str(found[0]["content"]) if found else ""

        told = eventually(lesson, within_s=WITHIN_S)
        assert "show_procedure failed" in told
        assert "session_wrap_up" in told
        (one,) = client.call("list", tags=["auto"], response_format="detailed")["memories"]
        assert (one["trust"], one["source"]) == ("tool", "mimo auto-memory")


def test_a_successor_knows_the_past(node: Node) -> None:
    with node.connect("survivor") as client:
        with contextlib.suppress(CallError):
            for _ in range(5):
                client.call("get", memory_id=10**9)
        for _ in range(5):
            with pytest.raises(CallError):
                client.call("get", memory_id=10**9)

        def told() -> bool:
            with pytest.raises(CallError) as refused:
                client.call("get", memory_id=10**9)
            return "of the last 5 times" in refused.value.detail

        eventually(told, within_s=WITHIN_S)
        node.await_successor(node.signal("bridge/mcp_bridge"))

        assert told()


def test_a_new_client_is_briefed_once(node: Node) -> None:
    with node.connect("author") as client:
        client.store("Decided: the mill turns on Mondays", category="plan", importance=0.9)
    with node.connect("newcomer") as client:
        answers = [client.call("health") for _ in range(20)]
        told = [each["briefing"] for each in answers if "briefing" in each]
        told += [
            each["briefing"]
            for each in [client.call("health") for _ in range(3)]
            if "briefing" in each
        ]

    assert len(told) == 1
    assert "the mill turns on Mondays" in told[0]


def test_both_can_be_switched_off(tmp_path: Path) -> None:
    settings = BASE | {
        "MIMO_BRIEFING_FIRST_CALL": "false",
        "MIMO_AUTO_MEMORY_ENABLED": "false",
    }
    with running_node(tmp_path, settings) as quiet, quiet.connect("any") as client:
        client.store("Decided: the mill turns on Mondays", category="plan", importance=0.9)
        for _ in range(5):
            missed(client)
        eventually(lambda: "of the last" in missed(client), within_s=WITHIN_S)
        show(client, "session_wrap_up")
        eventually(lambda: "of the last" in missed(client), within_s=WITHIN_S)
        with quiet.connect("other") as other:
            assert not any("briefing" in other.call("health") for _ in range(10))
        assert client.call("list", tags=["auto"])["memories"] == []
