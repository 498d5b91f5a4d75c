"""tool_usage, awakening_status and suggestions on a real node: counted against what was called."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mimo.actors.catalogue import TOOLS
from mimo.interfaces.mcp.schemas import result_schema
from tests.support.client import CallError, Client
from tests.support.node import Node, running_node
from tests.support.waiting import eventually

WITHIN_S = 30.0


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    settings = {"MIMO_EMBEDDING_PROVIDER": "none"}
    with running_node(tmp_path_factory.mktemp("insight"), settings) as running:
        yield running


def ask(client: Client, tool: str, operation: str, **arguments: Any) -> dict[str, Any]:
    """Return a result that fits its operation's schema."""
    request = {"name": tool, "arguments": {"operation": operation, **arguments}}
    found = client.request("tools/call", request).result()
    (known,) = (each for each in TOOLS if each.name == tool)
    called = known.operation(operation)
    assert called is not None
    jsonschema.validate(found, result_schema(called))
    return found


def recorded(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as link:
        return int(link.execute("SELECT count(*) FROM interactions").fetchone()[0])


def test_use_is_counted_as_it_was(node: Node) -> None:
    with node.connect("counted") as client:
        for number in range(6):
            client.store(f"The heron number {number} stands in the reeds")
        for _ in range(3):
            client.call("search", query="heron")
        for _ in range(2):
            with pytest.raises(CallError):
                client.call("get", memory_id=10**9)
        eventually(lambda: recorded(node.database) >= 11, within_s=WITHIN_S)

        stats = ask(client, "tool_usage", "stats", days=1, include_daily=True)
        by_name = {(each["tool_name"], each["operation"]): each for each in stats["performance"]}
        assert by_name["memory", "store"]["count"] == 6
        assert by_name["memory", "get"]["failures"] == 2
        assert stats["failures"]["request"]["codes"] == {"not_found": 2}
        assert stats["failures"]["request"]["of"] == stats["summary"]["calls"] >= 11
        assert stats["rankings"][0]["tool_name"] == "memory"
        assert sum(each["count"] for each in stats["daily"]) == stats["summary"]["calls"]
        one = by_name["memory", "store"]
        assert 0 < one["p50_ms"] <= one["p95_ms"] <= one["p99_ms"] <= one["max_ms"]

        detail = ask(client, "tool_usage", "detail", tool_name="memory", days=1)
        given = {each["name"]: each["count"] for each in detail["common_arguments"]}
        assert given["query"] == 3
        trends = ask(client, "tool_usage", "trends", days=1)
        assert {each["trend"] for each in trends["trends"]} <= {"new", "few"}
        assert "the record begins" in trends["remark"]


def test_a_tool_that_was_never_called_is_named_as_such(node: Node) -> None:
    with node.connect("asker") as client, pytest.raises(CallError, match="not_found"):
        ask(client, "tool_usage", "detail", tool_name="telepathy")


def test_the_status_counts_what_is_there_and_promises_nothing(node: Node) -> None:
    with node.connect("status") as client:
        client.store("The ferry leaves at noon")
        status = ask(client, "awakening_status", "status", include_achievements=True)

    assert status["wisdom_stats"]["total_memories"] >= 1
    assert status["unlocked_capabilities"] == []
    assert "unlocks nothing" in status["power_level"]["meaning"]
    assert all({"count", "of", "share"} <= set(each) for each in status["measured"].values())
    assert len(status["achievements"]) == 27


def test_what_followed_before_is_suggested_with_its_hit_rate(node: Node) -> None:
    before = recorded(node.database)
    for number in range(10):
        with node.connect(f"habit{number}") as client:
            client.call("health")
            client.call("stats")
            client.call("held")
    eventually(lambda: recorded(node.database) >= before + 30, within_s=WITHIN_S)

    with node.connect("curious") as client:
        found = ask(
            client, "meta", "suggest_next_tool", recent_tools=["memory.health", "memory.stats"]
        )
        assert (found["suggested_tool"], found["suggested_operation"]) == ("memory", "held")
        rate = found["hit_rate"]
        assert rate["predictions"] > 0
        assert 0 <= rate["first"] <= rate["among_three"] <= 1
        words = ask(client, "meta", "suggest_next_tool", task="store something in memory for later")
        assert words["by_words"][0]["tool"] == "memory"
