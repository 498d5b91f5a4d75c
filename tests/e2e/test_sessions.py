"""Sessions of real clients on a real node: recorded, resumed, learnt from, condensed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import Node, running_node
from tests.support.waiting import eventually

WITHIN_S = 30.0
SECRET = "ghp_" + "a1B2c3D4e5" * 4


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Return a node for the tests of this module."""
    with running_node(tmp_path_factory.mktemp("sessions")) as found:
        yield found


def rows(database: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return rows of the node's database, read from outside."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as link:
        return link.execute(sql, values).fetchall()


def calls_of(node: Node, client: str) -> list[tuple[Any, ...]]:
    """Return what is recorded of a client's calls."""
    return rows(
        node.database,
        "SELECT i.operation, i.outcome, i.arguments, i.memory_ids, i.session, i.duration_ms "
        "FROM interactions i WHERE i.client = ? ORDER BY i.id",
        client,
    )


def test_every_call_is_recorded_without_secrets_and_texts(node: Node) -> None:
    with node.connect("recorded") as client:
        stored = client.store("Ada keeps bees behind the mill", project="apiary")
        client.call("search", query=f"bees of {SECRET}")
        client.request(
            "tools/call", {"name": "memory", "arguments": {"operation": "get", "memory_id": 10**9}}
        ).wait()
        eventually(lambda: len(calls_of(node, "recorded 1")) == 3, within_s=WITHIN_S)

    found = calls_of(node, "recorded 1")
    assert [(each[0], each[1]) for each in found] == [
        ("store", "ok"),
        ("search", "ok"),
        ("get", "not_found"),
    ]
    assert json.loads(found[0][3]) == [stored]
    assert stored in json.loads(found[1][3])
    assert "bees" not in found[0][2], "what was stored stands in the memory only"
    assert "[redacted: GitHub token]" in found[1][2]
    assert SECRET not in "".join(str(each) for each in found)
    assert len({each[4] for each in found}) == 1
    assert all(each[5] > 0 for each in found)


def test_a_client_that_comes_back_resumes_its_session(node: Node) -> None:
    with node.connect("returning") as client:
        client.call("health")
        eventually(lambda: len(calls_of(node, "returning 1")) == 1, within_s=WITHIN_S)
    eventually(
        lambda: (
            rows(node.database, "SELECT state FROM sessions WHERE client = 'returning 1'")
            == [("closed",)]
        ),
        within_s=WITHIN_S,
    )
    with node.connect("returning") as client:
        client.call("health")
        eventually(lambda: len(calls_of(node, "returning 1")) == 2, within_s=WITHIN_S)

    found = rows(
        node.database, "SELECT calls, resumed FROM sessions WHERE client = 'returning 1'"
    )
    assert found == [(2, 1)]


def test_eight_clients_of_one_name_have_eight_sessions(node: Node) -> None:
    clients = [node.connect("crowd") for _ in range(8)]
    for turn in range(3):
        for number, client in enumerate(clients):
            client.store(f"Client {number} counts to {turn}")
    eventually(lambda: len(calls_of(node, "crowd 1")) == 24, within_s=WITHIN_S)
    for client in clients:
        client.close()

    found = rows(node.database, "SELECT calls FROM sessions WHERE client = 'crowd 1'")
    assert found == [(3,)] * 8
