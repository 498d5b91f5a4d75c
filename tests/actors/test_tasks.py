"""The queue of tasks through a real client of a real node: every operation, each promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from mimo.actors.tasks.operations import AUTONOMOUS
from tests.support.client import CallError, Client
from tests.support.node import Node, running_node
from tests.support.waiting import eventually

ACTOR = "tools/tasks"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, temporary_folder: Any) -> Iterator[Node]:
    data_dir = tmp_path_factory.mktemp("tasks") / "data"
    data_dir.mkdir(mode=0o700)
    with running_node(data_dir, {"MIMO_EMBEDDING_PROVIDER": "none"}) as found:
        yield found


@pytest.fixture
def client(node: Node) -> Iterator[Client]:
    with node.connect() as found:
        yield found


def ask(client: Client, operation: str, **arguments: Any) -> dict[str, Any]:
    """Call and check the answer against the operation's own schema."""
    found = client.submit(operation, tool="autonomous", **arguments).result()
    known = AUTONOMOUS.operation(operation)
    assert known is not None
    jsonschema.validate(found, known.result)
    return found


def refused(client: Client, operation: str, **arguments: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        ask(client, operation, **arguments)
    return caught.value


def ended(client: Client, task_id: str) -> dict[str, Any]:
    """Wait for the end of a task and return it."""

    def found() -> dict[str, Any] | None:
        shown = ask(client, "task_status", task_id=task_id, limit=100)
        return shown if "finished_at" in shown else None

    return eventually(found, within_s=30.0, ignoring=(CallError,))


def test_a_task_runs_by_itself_and_keeps_its_result(client: Client) -> None:
    """Queued, run, journalled; the result is that of the call."""
    queued = ask(client, "queue", call="memory.store", arguments={"content": "by a task"})
    assert queued["status"] in {"queued", "waiting", "running", "succeeded"}
    task = ended(client, queued["task_id"])
    assert task["status"] == "succeeded"
    assert task["result"]["created"] is True
    assert next(line["what"] for line in task["journal"]) == "queued"
    found = ended(client, ask(client, "queue", query="by a task")["task_id"])
    assert found["result"]["memories"][0]["content"] == "by a task"
