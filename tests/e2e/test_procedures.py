"""Procedures through a real client of a real node: every operation, and what each promise means."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mimo.actors.procedures.operations import HELLO, ORCHESTRATE
from tests.support.client import CallError, Client
from tests.support.node import Node, running_node
from tests.support.waiting import eventually

ACTOR = "knowledge/procedures"
WRITER = "storage/writer"


@pytest.fixture(scope="module")
def node(
    tmp_path_factory: pytest.TempPathFactory,
    temporary_folder: Path,
) -> Iterator[Node]:
    data_dir = tmp_path_factory.mktemp("procedures") / "data"
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


def refused(client: Client, operation: str, **arguments: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        ask(client, operation, **arguments)
    return caught.value


def define(client: Client, name: str, states: dict[str, Any], **more: Any) -> str:
    first = next(iter(states))
    definition = {"name": name, "version": "1.0", "initial_state": first, "states": states}
    ask(client, "register_procedure", definition=definition | more)
    return name


def store(to: str, text: str = "{{ context.text }}", **more: Any) -> dict[str, Any]:
    """Return a state that stores a memory, and deletes it when the run is undone."""
    return {
        "action": {"tool": "memory", "operation": "store", "arguments": {"content": text}},
        "compensation": {
            "tool": "memory",
            "operation": "delete",
            "arguments": {"memory_id": "{{ result.memory_id }}"},
            "when": {"path": "result.created", "equals": True},
        },
        "transitions": [{"to": to}],
    } | more


END = {"end": "succeeded"}
FAIL = {
    "action": {"tool": "memory", "operation": "get", "arguments": {"memory_id": 999_999_999}},
    "transitions": [{"to": "end"}],
}


def contents(client: Client) -> list[str]:
    return [one["content"] for one in client.call("list", limit=100)["memories"]]


def ended(client: Client, run_id: str) -> dict[str, Any]:
    """Wait for the end of a run and return it."""

    def found() -> dict[str, Any] | None:
        shown = ask(client, "procedure_status", run_id=run_id, limit=100)
        return shown if "finished_at" in shown else None

    return eventually(found, within_s=60.0, ignoring=(CallError,))


# -- Definitions -----------------------------------------------------------------------------------
def test_a_definition_is_kept_by_version_and_never_changes(client: Client) -> None:
    """The same again is known; another text under the same version is refused; newest by number."""
    definition = dict(HELLO) | {"name": "versioned"}
    first = ask(client, "register_procedure", definition=definition)
    again = ask(client, "register_procedure", definition=definition)
    assert (first["created"], again["created"]) == (True, False)
    assert first["sha256"] == again["sha256"]
    changed = definition | {"description": "other"}
    assert refused(client, "register_procedure", definition=changed).code == "conflict"
    for version in ("9.9.0", "10.0.0"):
        ask(client, "register_procedure", definition=changed | {"version": version})
    assert ask(client, "show_procedure", name="versioned")["version"] == "10.0.0"
    assert ask(client, "list_procedures", name="versioned")["count"] == 3
    ask(client, "deactivate_procedure", name="versioned", version="10.0.0")
    run = ask(client, "run_procedure", name="versioned", context={"text": "by number"})
    assert (run["version"], run["status"]) == ("9.9.0", "succeeded")
    gone = refused(client, "run_procedure", name="versioned", version="10.0.0", context={})
    assert "was deactivated" in gone.detail


def test_what_is_shipped_can_be_shown_tried_and_registered(client: Client) -> None:
    """Each example works as it is; one that isn't registered says how to."""
    listed = ask(client, "list_procedures")
    assert {one["name"] for one in listed["examples"]} == {
        "follow_up",
        "record_decision",
        "session_wrap_up",
    }
    missing = refused(client, "run_procedure", name="follow_up", context={"task": "x"})
    assert "register_procedure with example" in missing.detail
    for one in listed["examples"]:
        assert ask(client, "show_procedure", name=one["name"])["definition"]["states"]
        assert ask(client, "register_procedure", example=one["name"])["created"]
    dry = ask(client, "dry_run_procedure", name="record_decision", context={"decision": "tabs"})
    assert (dry["status"], dry["assumed"]) == ("succeeded", ["record", "verify"])
    failing = ask(
        client,
        "dry_run_procedure",
        name="record_decision",
        context={"decision": "tabs", "replaces": 1},
        answers={"verify": {"error": "not_found"}},
    )
    assert (failing["status"], failing["undone"]) == ("rolled_back", ["record", "take_back"])
    assert "tabs" not in contents(client)


def test_the_notes_of_a_session_become_memories(client: Client) -> None:
    """The shipped session_wrap_up, as a user would use it."""
    for text in ("chose tabs", "asked Ada about units"):
        client.call("hold", content=text, session_id="wrap")
    ask(client, "register_procedure", example="session_wrap_up")
    run = ask(client, "run_procedure", name="session_wrap_up", context={"session_id": "wrap"})
    assert (run["status"], run["result"]["kept"]) == ("succeeded", 2)
    assert {"chose tabs", "asked Ada about units"} <= set(contents(client))
    empty = ask(client, "run_procedure", name="session_wrap_up", context={"session_id": "none"})
    assert empty["result"] == {"kept": 0, "memories": []}


@pytest.mark.parametrize(
    ("operation", "arguments", "sentence"),
    [
        ("run_procedure", {"name": "nobody"}, "expected a procedure 'nobody', got none"),
        ("run_procedure", {"name": "hello"}, "expected context.text, got nothing"),
        ("run_procedure", {"name": "hello", "version": "x"}, "expected a version such as"),
        ("procedure_status", {"run_id": "nobody"}, "expected a run, got 'nobody'"),
        ("cancel_procedure", {"run_id": "nobody"}, "expected a run"),
        ("register_procedure", {}, "expected 'definition' or 'example'"),
        ("register_procedure", {"example": "nobody"}, "expected one of follow_up"),
        ("register_procedure", {"definition": {"name": "x"}}, "to hold an object 'states'"),
        ("register_procedure", {"definition": {"states": {}}}, "states: expected at least one"),
        ("run_procedure", {"name": "a\u202eb"}, "expected 'name' of letters"),
        ("dry_run_procedure", {"name": "nobody"}, "expected a procedure"),
        ("deactivate_procedure", {"name": "nobody"}, "expected a procedure"),
        (
            "register_procedure",
            {"definition": {"name": "x" * 50_000, "states": {}}},
            "of at most 40000 bytes",
        ),
    ],
)
def test_what_cannot_be_done_is_said(
    client: Client, operation: str, arguments: dict[str, Any], sentence: str
) -> None:
    """Empty, unknown, too large: one sentence, and the node lives."""
    ask(client, "register_procedure", definition=dict(HELLO) | {"name": "hello"})
    assert sentence in refused(client, operation, **arguments).detail


def test_all_that_is_wrong_is_listed(client: Client) -> None:
    """validate_procedure: problems with their places, or none."""
    good = ask(client, "validate_procedure", definition=dict(HELLO))
    assert (good["valid"], good["problems"]) == (True, [])
    bad = ask(client, "validate_procedure", definition={"name": "X", "states": {"a": {}}})
    assert len(bad["problems"]) == 2


# -- Runs ------------------------------------------------------------------------------------------
def test_a_run_that_fails_is_undone_newest_first(client: Client) -> None:
    """The memories are gone; the journal tells what was undone."""
    states = {
        "one": store("two", "undo one"),
        "two": store("three", "undo two"),
        "three": FAIL,
        "end": END,
    }
    name = define(client, "undone", states)
    run = ask(client, "run_procedure", name=name)
    assert (run["status"], run["undone"]) == ("rolled_back", ["two", "one"])
    assert run["error"]["code"] == "not_found"
    assert not {"undo one", "undo two"} & set(contents(client))


def test_branches_run_side_by_side(client: Client) -> None:
    """Both effects, one result; and both undone when one of them fails."""
    branches = {
        side: {"initial_state": "s", "states": {"s": store("end", f"on the {side}"), "end": END}}
        for side in ("left", "right")
    }
    fork = {"parallel": branches, "transitions": [{"to": "end"}]}
    name = define(client, "forked", {"fork": fork, "end": END})
    assert ask(client, "run_procedure", name=name)["status"] == "succeeded"
    assert {"on the left", "on the right"} <= set(contents(client))
    broken = {
        "left": {"initial_state": "s", "states": {"s": store("end", "half"), "end": END}},
        "right": {"initial_state": "s", "states": {"s": FAIL, "end": END}},
    }
    fork = {"parallel": broken, "transitions": [{"to": "end"}]}
    name = define(client, "forked_badly", {"fork": fork, "end": END})
    assert ask(client, "run_procedure", name=name)["status"] in ("failed", "rolled_back")
    assert "half" not in contents(client)


def test_a_question_waits_for_a_person(client: Client) -> None:
    """Asked, approved, done; asked, rejected, undone; the journal says by whom."""
    question = {
        "approval": {"question": "Keep {{ context.text }}?"},
        "transitions": [{"on": "approved", "to": "keep"}],
    }
    states = {"before": store("ask"), "ask": question, "keep": store("end", "kept"), "end": END}
    name = define(client, "asking", states)
    context = {"text": "first draft"}
    run = ask(client, "run_procedure", name=name, context=context, wait_s=0)
    eventually(
        lambda: ask(client, "procedure_status", run_id=run["run_id"]).get("asks"), within_s=30.0
    )
    shown = ask(client, "procedure_status", run_id=run["run_id"])
    assert shown["asks"] == [{"at": "ask", "kind": "approval", "question": "Keep first draft?"}]
    assert refused(client, "approve_procedure", run_id=run["run_id"], at="x").code == (
        "invalid_request"
    )
    ask(client, "approve_procedure", run_id=run["run_id"], note="Ada said so")
    done = ended(client, run["run_id"])
    assert done["status"] == "succeeded"
    decided = [line["detail"] for line in done["journal"] if line["what"] == "approved"]
    assert decided[0]["note"] == "Ada said so"
    assert decided[0]["by"].startswith("client")
    assert refused(client, "approve_procedure", run_id=run["run_id"]).code == "conflict"

    run = ask(client, "run_procedure", name=name, context={"text": "second draft"}, wait_s=0)
    eventually(
        lambda: ask(client, "procedure_status", run_id=run["run_id"]).get("asks"), within_s=30.0
    )
    ask(client, "reject_procedure", run_id=run["run_id"])
    assert ended(client, run["run_id"])["status"] == "rolled_back"
    assert "second draft" not in contents(client)


def test_a_call_is_tried_again_while_its_worker_is_frozen(client: Client, node: Node) -> None:
    """The writer doesn't answer: the call times out, is repeated, and has its effect once."""
    state = store("end", "in spite of all")
    state["action"] |= {
        "timeout_s": 0.2,
        "retry": {"attempts": 50, "first_s": 0.1, "most_s": 0.2},
    }
    wait = {"wait": {"event": "go"}, "transitions": [{"on": "go", "to": "store"}]}
    name = define(client, "patient", {"wait": wait, "store": state, "end": END})
    run = ask(client, "run_procedure", name=name, wait_s=0)
    ask(client, "signal_procedure", run_id=run["run_id"], event="go")
    os.kill(node.pid_of(WRITER), signal.SIGSTOP)
    done = ended(client, run["run_id"])
    assert done["status"] == "succeeded"
    assert contents(client).count("in spite of all") == 1


def test_a_run_that_takes_too_long_is_undone(client: Client) -> None:
    """timeout_s of the whole run; its wait is cut short."""
    forever = {"wait": {"event": "never"}, "transitions": [{"on": "never", "to": "end"}]}
    states = {"one": store("wait", "for a second"), "wait": forever, "end": END}
    name = define(client, "hasty", states, timeout_s=1)
    run = ask(client, "run_procedure", name=name, wait_s=20)
    assert (run["status"], run["error"]["code"]) == ("rolled_back", "run_timeout")
    assert "for a second" not in contents(client)


def test_a_run_is_cancelled_and_undone(client: Client) -> None:
    """cancel_procedure, also twice; list_runs shows it."""
    forever = {"wait": {"event": "never"}, "transitions": [{"on": "never", "to": "end"}]}
    name = define(
        client, "stopped", {"one": store("wait", "soon gone"), "wait": forever, "end": END}
    )
    run = ask(client, "run_procedure", name=name, wait_s=0)
    open_runs = ask(client, "list_runs", name=name, status="open")
    assert [one["run_id"] for one in open_runs["runs"]] == [run["run_id"]]
    ask(client, "cancel_procedure", run_id=run["run_id"], note="not needed")
    assert ended(client, run["run_id"])["status"] == "cancelled"
    assert ask(client, "cancel_procedure", run_id=run["run_id"])["status"] == "cancelled"
    assert "soon gone" not in contents(client)
    assert ask(client, "list_runs", name=name, status="cancelled")["count"] == 1


def test_a_run_goes_on_after_the_whole_node_was_killed(client: Client, node: Node) -> None:
    """Timers and events too: what waits, waits on in the next node."""
    wait = {
        "wait": {"event": "go", "save_as": "said"},
        "transitions": [{"on": "go", "to": "store"}],
    }
    states = {"wait": wait, "store": store("end", "after {{ context.said.what }}"), "end": END}
    run = ask(client, "run_procedure", name=define(client, "lasting", states), wait_s=0)
    node.kill_everything()
    with node.connect() as other:
        payload = {"what": "the crash"}
        ask(other, "signal_procedure", run_id=run["run_id"], event="go", payload=payload)
        assert ended(other, run["run_id"])["status"] == "succeeded"
        assert contents(other).count("after the crash") == 1


def test_many_callers_that_wait_keep_nobody_from_the_actor(client: Client) -> None:
    """Ten runs that wait for ever, each awaited: an eleventh question is answered at once."""
    forever = {"wait": {"event": "never"}, "transitions": [{"on": "never", "to": "end"}]}
    name = define(client, "waiting", {"wait": forever, "end": END})
    pending = [
        client.submit("run_procedure", tool="orchestrate", name=name, wait_s=50) for _ in range(10)
    ]
    eventually(lambda: sum(one.is_done for one in pending) >= 6, within_s=20.0)
    runs = ask(client, "list_runs", name=name, status="open")
    assert runs["count"] == 10
    for run in runs["runs"]:
        ask(client, "cancel_procedure", run_id=run["run_id"])
    assert {one.result()["name"] for one in pending} == {name}


def test_the_command_line_shows_runs_and_passes_decisions_on(client: Client, node: Node) -> None:
    """`mimo procedures`: register, run, status, approve, runs; exit code 1 for a failed run."""
    question = {"approval": {"question": "Go?"}, "transitions": [{"on": "approved", "to": "end"}]}
    name = define(client, "by_hand", {"ask": question, "end": END})

    def mimo(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "mimo", "procedures", *arguments]
        place = ["--data-dir", str(node.data_dir)]
        done = subprocess.run(
            [*command, *place], env=node.env, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    assert "follow_up" in mimo("list")[1]
    assert mimo("register", "follow_up")[0] == 0
    assert '"initial_state"' in mimo("show", name)[1]
    code, text = mimo("run", name, "--wait", "0", "--json")
    assert code == 0
    run_id = json.loads(text)["run_id"]
    assert "ask asks: Go?" in mimo("status", run_id)[1]
    assert run_id in mimo("runs", "--status", "open")[1]
    assert mimo("approve", run_id, "--note", "yes")[0] == 0
    assert ended(client, run_id)["status"] == "succeeded"
    run_id = json.loads(mimo("run", name, "--wait", "0", "--json")[1])["run_id"]
    mimo("reject", run_id)
    assert ended(client, run_id)["status"] == "failed"
    assert mimo("status", run_id)[0] == 1
    assert mimo("cancel", "nobody") == (66, mimo("cancel", "nobody")[1])
    assert "expected the context as a JSON object" in mimo("run", name, "{")[1]
