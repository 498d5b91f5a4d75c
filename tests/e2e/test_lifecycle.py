"""The lifecycle through a real node and a real client."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.node import Node, running_node
from tests.support.waiting import eventually

DAY_S = 86_400.0


@pytest.fixture
def node(data_dir: Path) -> Iterator[Node]:
    settings = {"MIMO_LIFECYCLE_IDLE_AFTER_S": "0.5", "MIMO_LIFECYCLE_MIN_GAP_S": "0"}
    with running_node(data_dir, settings) as running:
        yield running


def runs(client: Client, **asked: Any) -> list[dict[str, Any]]:
    found = client.call("sleep_report", **asked)["runs"]
    assert isinstance(found, list)
    return found


def age(database: Path, days: int) -> None:
    """Make the store as old as if it had been used on so many days since."""
    link = sqlite3.connect(database)
    with link:
        link.execute("DROP TRIGGER memories_versioned")
        link.execute("UPDATE memories SET created_at = created_at - ?", (days * DAY_S,))
        link.execute("UPDATE memories SET updated_at = created_at")
        (today,) = link.execute("SELECT max(day) FROM active_days").fetchone()
        for back in range(1, days + 1):
            link.execute("INSERT INTO active_days VALUES (?, 0)", (today - back,))
    link.close()


def test_it_sleeps_by_itself_once_nobody_calls(node: Node) -> None:
    """Each stage reports; the day is counted as active."""
    with node.connect() as client:
        client.store("The cat sleeps on the server")
    with node.connect() as client:

        def finished() -> list[dict[str, Any]]:
            return [
                run
                for run in runs(client, limit=50)
                if run["cause"] == "idle" and run["state"] == "done"
            ]

        found = eventually(finished, within_s=60)
        assert found[0]["stages"][0]["name"] == "integrity"
        assert client.call("decay_check")["active_days"] == 1


def test_what_is_previewed_is_forgotten_and_restored(node: Node) -> None:
    """Preview, forget, the row that says why and how to undo it, restore; protect keeps."""
    with node.connect() as client:
        weak = client.call("store", content="Weak", importance=0.05)["memory_id"]
        kept = client.call("store", content="Kept though weak", importance=0.05)["memory_id"]
        assert client.call("protect", memory_id=kept)["protected"]
        eventually(lambda: client.call("decay_check")["active_days"], within_s=10)
    node.stop()
    age(node.database, 20)
    with node.connect() as client:
        announced = client.call("forgetting_preview")
        assert [one["memory_id"] for one in announced["faded"]] == [weak]
        assert client.call("forget", dry_run=True)["count"] == 1
        done = client.call("forget")
        assert done["stages"][0]["archived"] == 1
        (action,) = runs(client, run_id=done["run_id"])[0]["action_list"]
        assert action["memory_id"] == weak
        assert action["undo"] == f"restore memory_id={weak}"
        assert "half-life" in action["reason"]
        assert client.call("restore", memory_id=weak)["memory"]["archived_at"] == ""


def test_a_note_is_stored_for_good_and_gone_from_working_memory(node: Node) -> None:
    """`consolidate`, from `hold` to `search`."""
    with node.connect() as client:
        client.call("hold", content="Petra has the deploy key", importance=0.9)
        client.call("hold", content="In passing")
        stage = client.call("consolidate")["stages"][0]
        assert (stage["promoted"], stage["left"]) == (1, 1)
        assert [note["content"] for note in client.call("held")["notes"]] == ["In passing"]
        assert "Petra has the deploy key" in client.find("deploy key")


def test_a_killed_lifecycle_comes_back_and_its_run_is_marked(node: Node) -> None:
    """The successor reads everything from the database."""
    with node.connect() as client:
        run_id = client.call("sleep")["run_id"]
        node.signal("memory/lifecycle")
        again = client.call("sleep", timeout_s=30)
        assert again["run_id"] > run_id
        assert {run["state"] for run in runs(client)} <= {"done", "interrupted"}


def test_what_left_the_table_is_not_found_until_it_is_recovered(data_dir: Path) -> None:
    """An archive of no size: the memory goes into a file, searches go on, and it comes back."""
    with running_node(data_dir, {"MIMO_LIFECYCLE_ARCHIVE_MAX": "0"}) as node:
        with node.connect() as client:
            text = "A weak memory of heliotropes"
            weak = client.call("store", content=text, importance=0.05, tags=["flower"])["memory_id"]
            client.store("A strong memory of heliotropes")
            eventually(lambda: client.call("decay_check")["active_days"], within_s=10)
            node.await_embedded()
        node.stop()
        age(node.database, 20)
        with node.connect() as client:
            asked = {"include_archived": True, "limit": 10}
            assert text in client.find("heliotropes", mode="meaning", **asked)
            done = {stage["name"]: stage for stage in client.call("sleep")["stages"]}
            assert done["archive_bound"]["exported"] == 1
            for mode in ("meaning", "keyword", "hybrid"):
                found = client.find("heliotropes", mode=mode, **asked)
                assert found == ["A strong memory of heliotropes"]
            assert client.call("recover", memory_id=weak)["recovered"] == "from a file"
            assert client.call("get", memory_id=weak)["memory"]["tags"] == ["flower"]
            assert text in client.find("heliotropes", mode="keyword")


def test_the_node_sleeps_before_it_leaves(data_dir: Path) -> None:
    """The cycle that is due runs between the last client and the end of the node."""
    with running_node(data_dir, {"MIMO_IDLE_EXIT_S": "1"}) as node:
        with node.connect() as client:
            client.store("The last thing said")
        eventually(lambda: not node.is_up(), within_s=60)
        with node.connect() as client:
            assert "exit" in {run["cause"] for run in runs(client, limit=10)}
