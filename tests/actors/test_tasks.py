"""The queue of tasks through a real client of a real node: every operation, each promise."""

from __future__ import annotations

import subprocess
import sys
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
    roots = data_dir.parent / "work"
    roots.mkdir()
    env = {"MIMO_EMBEDDING_PROVIDER": "none", "MIMO_WORKSPACE_ROOTS": str(roots)}
    with running_node(data_dir, env) as found:
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


def test_a_graph_of_tasks_runs_in_order_and_passes_results_on(client: Client) -> None:
    """Names stand for tasks of the same request; a circle and a strange name are refused."""
    add = {"call": "memory.store"}
    read = "{{ tasks.first.result.memory_id }}"
    tasks = [
        {"name": "last", "call": "memory.get", "depends_on": ["first", "second"]}
        | {"arguments": {"memory_id": read}},
        {"name": "second", "query": "graph", "depends_on": ["first"]},
        add | {"name": "first", "arguments": {"content": "first of a graph"}},
    ]
    queued = ask(client, "queue", tasks=tasks)
    assert [one["name"] for one in queued["tasks"]] == ["first", "last", "second"] or [
        one["name"] for one in queued["tasks"]
    ] == ["first", "second", "last"]
    ids = {one["name"]: one["id"] for one in queued["tasks"]}
    last = ended(client, ids["last"])
    assert last["result"]["memory"]["content"] == "first of a graph"
    circle = [
        {"name": "a", "query": "x", "depends_on": ["b"]},
        {"name": "b", "query": "x", "depends_on": ["a"]},
    ]
    assert "in a circle" in str(refused(client, "queue", tasks=circle))
    assert refused(client, "queue", query="x", depends_on=["nobody"]).code == "not_found"
    assert refused(client, "queue", call="memory.nothing").code == "not_available"
    assert refused(client, "queue", call="autonomous.status").code == "invalid_request"
    assert refused(client, "queue", call="memory.store").code == "invalid_request"
    assert refused(client, "queue", command="ls", query="x").code == "invalid_request"
    assert refused(client, "queue").code == "invalid_request"


def test_a_command_runs_by_the_terminals_policy_and_fails_by_its_exit_code(client: Client) -> None:
    """What only looks runs; what changes asks; what destroys is refused before it is queued."""
    good = ended(client, ask(client, "queue", command="echo by a task")["task_id"])
    assert good["status"] == "succeeded"
    assert "by a task" in good["result"]["output"]
    bad = ended(client, ask(client, "queue", command="ls nothing-here", attempts=1)["task_id"])
    assert (bad["status"], bad["error"]["code"]) == ("failed", "exit_code")
    assert refused(client, "queue", command="mkfs /dev/sda").code == "invalid_request"
    asked = ask(client, "queue", command="python3 -c 1")
    assert asked["status"] == "asking"
    assert ask(client, "check_safety", command="python3 -c 1")["verdict"] == "confirm"
    assert ask(client, "check_safety", command="shutdown now")["verdict"] == "refuse"
    assert ask(client, "check_safety", command="ls")["safe"] is True
    assert ask(client, "check_safety", path="/etc/passwd")["verdict"] == "refuse"
    assert ask(client, "check_safety", call="memory.delete")["verdict"] == "confirm"
    assert ask(client, "check_safety", description="wipe all")["verdict"] == "confirm"
    assert ask(client, "deny", task_id=asked["task_id"])["status"] == "cancelled"


def test_an_assistant_cant_approve_and_the_user_can(client: Client, node: Node) -> None:
    """A client that can't ask its user is refused; the command line is the user's."""
    memory = client.call("store", content="to be deleted")["memory_id"]
    order = {"call": "memory.delete", "arguments": {"memory_id": memory}}
    task_id = ask(client, "queue", **order)["task_id"]
    assert refused(client, "approve", task_id=task_id).code == "approval_required"

    def mimo(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "mimo", *arguments, "--data-dir", str(node.data_dir)]
        done = subprocess.run(command, env=node.env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert task_id in mimo("approvals", "list")[1]
    code, text = mimo("approvals", "approve", task_id, "--note", "yes")
    assert code == 0, text
    assert ended(client, task_id)["status"] == "succeeded"
    asked = ask(client, "list_approvals", answered=True)["approvals"]
    assert asked[0]["decided_by"] == "operator"
    assert mimo("approvals", "deny", task_id)[0] == 66
    assert "active" in mimo("tasks", "status")[1]
    assert task_id in mimo("tasks", "list", "--status", "all")[1]
    assert "approved" in mimo("tasks", "show", task_id)[1]
    bad = {"id": "bad", "tool": "memory", "operation": "get", "args": {"memory_id": 999_999_999}}
    plan = [bad | {"on_error": "escalate"}]
    pending = client.submit("execute_plan", tool="orchestrate", plan=plan, wait_s=0)
    run = pending.result()["run_id"]
    eventually(lambda: run in mimo("approvals", "list")[1], within_s=20.0)
    assert mimo("approvals", "approve", run)[0] == 0


def test_a_plan_is_a_task_that_waits_for_its_run(client: Client) -> None:
    """Its result is the run's; cancelling it cancels the run."""
    plan = [{"id": "s", "tool": "memory", "operation": "search", "args": {"query": "graph"}}]
    done = ended(client, ask(client, "queue", plan=plan)["task_id"])
    assert done["status"] == "succeeded"
    assert "memories" in done["result"]["s"]
    bad = {"id": "bad", "tool": "memory", "operation": "get", "args": {"memory_id": 999_999_999}}
    task_id = ask(client, "queue", plan=[bad | {"on_error": "escalate"}])["task_id"]
    waiting = eventually(
        lambda: ask(client, "task_status", task_id=task_id).get("run_id"), within_s=20.0
    )
    ask(client, "cancel", task_id=task_id)
    assert ended(client, task_id)["status"] == "cancelled"
    run = client.submit("status", tool="orchestrate", run_id=waiting).result()
    assert run["status"] == "cancelled"


def test_a_description_that_nobody_knows_how_to_do_waits_for_an_assistant(client: Client) -> None:
    """It isn't reported as done: it is in review until somebody says what became of it."""
    task_id = ask(client, "queue", description="make the customers happy")["task_id"]
    eventually(
        lambda: ask(client, "task_status", task_id=task_id)["status"] == "needs_review",
        within_s=20.0,
    )
    assert ask(client, "resolve", task_id=task_id, decision="done")["status"] == "succeeded"


def test_pause_clear_and_reset_steer_the_queue(client: Client) -> None:
    """Paused, nothing begins, also after a crash; cleared, nothing waits."""
    assert ask(client, "pause")["status"] == "paused"
    waiting = [ask(client, "queue", query=f"paused {number}")["task_id"] for number in range(30)]
    assert ask(client, "status")["paused"] is True
    assert ask(client, "list_queue", limit=100)["count"] >= 30
    assert ask(client, "clear_queue")["cleared"] == 30
    assert {ended(client, one)["status"] for one in waiting} == {"cancelled"}
    assert ask(client, "resume")["status"] == "active"
    assert ask(client, "reset_circuit")["status"] == "reset"
    later = ask(client, "queue", query="later", delay_s=3_600, deadline_s=7_200)["task_id"]
    assert ask(client, "pause", task_id=later)["paused"] is True
    assert ask(client, "resume", task_id=later)["status"] == "queued"
    assert ask(client, "cancel", task_id=later)["status"] == "cancelled"
