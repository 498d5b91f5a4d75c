"""Plans and descriptions through a real client of a real node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import jsonschema
import pytest

from mimo.actors.procedures.operations import ORCHESTRATE
from tests.support.client import CallError, Client
from tests.support.node import Node, running_node
from tests.support.waiting import eventually

MISSING = {"tool": "memory", "operation": "get", "args": {"memory_id": 999_999_999}}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, temporary_folder: Any) -> Iterator[Node]:
    data_dir = tmp_path_factory.mktemp("plans") / "data"
    data_dir.mkdir(mode=0o700)
    with running_node(data_dir, {"MIMO_EMBEDDING_PROVIDER": "none"}) as found:
        yield found


@pytest.fixture
def client(node: Node) -> Iterator[Client]:
    with node.connect() as found:
        yield found


def ask(client: Client, operation: str, **arguments: Any) -> dict[str, Any]:
    """Call and check the answer against the operation's own schema."""
    found = client.submit(operation, tool="orchestrate", **arguments).result()
    known = ORCHESTRATE.operation(operation)
    assert known is not None
    jsonschema.validate(found, known.result)
    return found


def asks(client: Client, run_id: str) -> Any:
    return ask(client, "status", run_id=run_id).get("asks")


def refused(client: Client, operation: str, **arguments: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        ask(client, operation, **arguments)
    return caught.value


def store(content: str, **more: Any) -> dict[str, Any]:
    return {"tool": "memory", "operation": "store", "args": {"content": content}} | more


def statuses(run: dict[str, Any]) -> dict[str, str]:
    return {step["id"]: step["status"] for step in run["steps"]}


def ended(client: Client, run_id: str) -> dict[str, Any]:
    """Wait for the end of a run and return it."""

    def found() -> dict[str, Any] | None:
        shown = ask(client, "status", run_id=run_id)
        return shown if "finished_at" in shown else None

    return eventually(found, within_s=30.0, ignoring=(CallError,))


def test_results_pass_from_step_to_step_with_their_types(client: Client) -> None:
    """A later step reads what an earlier one found, also within a text."""
    plan = [
        store("the first step", id="first"),
        {
            "id": "second",
            "tool": "memory",
            "operation": "get",
            "args": {"memory_id": "{{ steps.first.result.memory_id }}"},
        },
        store("it was {{ steps.second.result.memory.content }}", id="third"),
    ]
    run = ask(client, "execute_plan", plan=plan)
    assert run["status"] == "succeeded", run
    assert statuses(run) == dict.fromkeys(("first", "second", "third"), "succeeded")
    found = client.call("get", memory_id=run["result"]["third"]["memory_id"])
    assert found["memory"]["content"] == "it was the first step"


def test_a_failing_step_halts_continues_or_escalates_as_its_policy_says(client: Client) -> None:
    """Halt ends the plan, continue passes the error on, escalate asks a person."""
    halted = ask(client, "execute_plan", plan=[MISSING | {"id": "bad"}, store("never", id="after")])
    assert halted["status"] == "failed"
    assert statuses(halted) == {"bad": "failed", "after": "skipped"}
    bad = MISSING | {"id": "bad", "on_error": "continue"}
    after = store("went on after {{ steps.bad.error.code }}", id="after")
    run = ask(client, "execute_plan", plan=[bad, after])
    assert run["status"] == "succeeded"
    assert statuses(run) == {"bad": "failed", "after": "succeeded"}
    assert run["result"]["bad"]["code"] == "not_found"
    for decision, expected in (("approve_procedure", "succeeded"), ("reject_procedure", "failed")):
        plan = [MISSING | {"id": "bad", "on_error": "escalate"}, store(decision, id="after")]
        run = ask(client, "execute_plan", plan=plan, wait_s=0)
        run_id = run["run_id"]
        asked = eventually(partial(asks, client, run_id), within_s=20.0)
        assert "not_found" in asked[0]["question"]
        client.submit(decision, tool="orchestrate", run_id=run["run_id"]).result()
        assert ended(client, run["run_id"])["status"] == expected


def test_parallel_steps_are_all_done_before_what_follows_them(client: Client) -> None:
    """Branches of one step and of several; what follows reads from all."""
    plan = [
        {"parallel": [store("left", id="a"), [store("right", id="b"), store("more", id="c")]]},
        store("{{ steps.a.result.memory_id }} {{ steps.c.result.memory_id }}", id="both"),
    ]
    run = ask(client, "execute_plan", plan=plan)
    assert run["status"] == "succeeded"
    ids = [run["result"][name]["memory_id"] for name in ("a", "c")]
    found = client.call("get", memory_id=run["result"]["both"]["memory_id"])
    assert found["memory"]["content"] == f"{ids[0]} {ids[1]}"


def test_a_condition_leaves_a_step_out_and_what_was_done_can_be_undone(client: Client) -> None:
    """`when` reads earlier results; `undo` takes a step's effect back when a later one fails."""
    search = {"id": "s", "tool": "memory", "operation": "search", "args": {"query": "zzzqqq"}}
    none = {"path": "steps.s.result.memories.0", "exists": True}
    run = ask(client, "execute_plan", plan=[search, store("left out", id="kept", when=none)])
    assert statuses(run) == {"s": "succeeded", "kept": "skipped"}
    undo = {"operation": "delete", "args": {"memory_id": "{{ result.memory_id }}"}}
    plan = [store("taken back again", id="made", undo=undo), MISSING | {"id": "bad"}]
    run = ask(client, "execute_plan", plan=plan)
    assert run["status"] == "rolled_back"
    assert run["undone"] == ["made"]


def test_a_dry_run_calls_nothing_and_a_wrong_plan_is_refused(client: Client) -> None:
    """The machine walks with assumed answers; sentences say what is wrong."""
    before = client.call("list", limit=100)["memories"]
    plan = [store("dry", id="one"), store("{{ steps.one.result.memory_id }}", id="two")]
    found = ask(client, "execute_plan", plan=plan, dry_run=True)
    assert found["status"] == "succeeded"
    assert found["assumed"] == ["one", "two"]
    assert client.call("list", limit=100)["memories"] == before
    wrong = [
        ([store("x", id="One")], "expected a-z"),
        ([store("x", id="a"), store("x", id="a")], "expected each id once"),
        ([store("{{ steps.later.result.x }}", id="a"), store("x", id="later")], "before this one"),
        ([{"tool": "memory", "operation": "stor", "args": {}}], "did you mean memory.store"),
        ([{"tool": "orchestrate", "operation": "execute", "args": {}}], "may call"),
        ([store("x", on_error="ignore")], "expected one of halt"),
        ([{"parallel": [store("x")]}], "expected a list of 2"),
    ]
    for plan, sentence in wrong:
        error = refused(client, "execute_plan", plan=plan)
        assert error.code == "invalid_request"
        assert sentence in str(error)


def test_a_description_is_done_by_recipes_or_a_procedure_and_else_escalated(
    client: Client,
) -> None:
    """Nothing is guessed: what no recipe is known for is said to need reasoning."""
    found = ask(client, "classify", description="Remember that the sky is blue, then recall sky")
    assert found["classification"] == "orchestrated"
    run = ask(client, "execute", description="Remember that the sky is blue, then recall sky")
    assert run["status"] == "succeeded"
    assert run["result"]["step_2"]["memories"][0]["content"] == "the sky is blue"
    escalated = ask(client, "execute", description="make the customers happy")
    assert escalated["status"] == "escalated"
    assert "make the customers happy" in escalated["reason"]
    planned = ask(client, "smart_plan", description="recall sky; delete the memory of the sky")
    assert planned["classification"] == "needs_reasoning"
    assert planned["confidence"] == 0.5
    assert planned["near"][0]["operations"][0]["tool"] == "memory"
    client.submit("register_procedure", tool="orchestrate", example="session_wrap_up").result()
    named = ask(client, "classify", description="please run session wrap up")
    assert named["name"] == "session_wrap_up"
    assert ask(client, "status")["ended"] >= 1


def test_plans_are_no_procedures_that_anybody_sees_or_names(client: Client) -> None:
    """A compiled plan isn't listed, and its name is refused to others."""
    run = ask(client, "execute_plan", plan=[store("hidden", id="x")])
    listed = ask(client, "list_procedures")
    assert run["plan_id"] not in json.dumps(listed)
    definition = {"name": "plan-x", "initial_state": "a", "states": {"a": {"end": "succeeded"}}}
    assert "begin with" in str(refused(client, "register_procedure", definition=definition))


def test_a_plan_goes_on_after_the_death_of_whoever_runs_it(client: Client, node: Node) -> None:
    """SIGKILL while a question is open: the successor takes the answer and goes on."""
    plan = [MISSING | {"id": "bad", "on_error": "escalate"}, store("after the crash", id="after")]
    run = ask(client, "execute_plan", plan=plan, wait_s=0)
    node.await_successor(node.signal("knowledge/procedures"))
    eventually(
        lambda: ask(client, "status", run_id=run["run_id"]).get("asks"),
        within_s=20.0,
        ignoring=(CallError,),
    )
    client.submit("approve_procedure", tool="orchestrate", run_id=run["run_id"]).result()
    assert ended(client, run["run_id"])["status"] == "succeeded"
