"""External MCP servers as skills on a real node: called, hung, crashed, drained, replaced."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import CallError, Client
from tests.support.node import Node, running_node
from tests.support.processes import alive
from tests.support.waiting import eventually

SERVER = Path(__file__).parent.parent / "support" / "skill_server.py"
WITHIN_S = 40.0


def entry(**env: str) -> dict[str, Any]:
    return {"command": sys.executable, "args": [str(SERVER)], "env": env}


def write(data_dir: Path, **skills: dict[str, Any]) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "skills.json"
    path.write_text(json.dumps({"mcpServers": skills}))
    path.chmod(0o600)


def settings() -> dict[str, str]:
    return {
        "MIMO_EMBEDDING_PROVIDER": "none",
        "MIMO_SKILLS_COMMANDS": sys.executable,
        "MIMO_SKILLS_CALL_TIMEOUT_S": "3 s",
    }


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    data_dir = tmp_path_factory.mktemp("skills") / "data"
    write(data_dir, one=entry(), two=entry())
    with running_node(data_dir, settings()) as found:
        with found.connect("first") as client:
            eventually(lambda: "two_add" in names(client), within_s=WITHIN_S)
        yield found


def names(client: Client) -> list[str]:
    answer = client.request("tools/list", {}).wait()
    return [each["name"] for each in answer["result"]["tools"]]


def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    return client.request("tools/call", {"name": tool, "arguments": arguments}).result()


def reload(client: Client) -> dict[str, dict[str, Any]]:
    found = call(client, "meta", operation="reload_skills")
    return {each["skill"]: each for each in found["skills"]}


def pid_of(client: Client, skill: str) -> int:
    return int(call(client, f"{skill}_whoami")["structured"]["pid"])


def test_a_tool_of_a_skill_is_listed_with_whose_it_is_and_works(node: Node) -> None:
    with node.connect("user") as client:
        eventually(lambda: "one_add" in names(client), within_s=WITHIN_S)
        listed = client.request("tools/list", {}).wait()["result"]["tools"]
        (tool,) = (each for each in listed if each["name"] == "one_add")
        assert tool["description"] == "[external skill one] Add two numbers."
        assert tool["annotations"]["destructiveHint"] is True

        found = call(client, "one_add", a=2, b=40)

    assert found["output"] == "42"
    assert found["untrusted"].startswith("the skill one")


def test_a_skill_has_a_small_environment(node: Node) -> None:
    with node.connect("env") as client:
        found = call(client, "one_whoami")["structured"]["env"].split(",")

    assert "PATH" in found
    assert not [each for each in found if each.startswith(("MIMO_", "PYTEST"))]


def test_an_error_of_a_skill_is_an_error_with_its_words(node: Node) -> None:
    with node.connect("failing") as client, pytest.raises(CallError, match="skill one says"):
        call(client, "one_fail")


def test_a_crash_is_told_to_its_caller_alone_and_the_next_call_works(node: Node) -> None:
    with node.connect("crashing") as client:
        before = pid_of(client, "one")
        other = pid_of(client, "two")
        with pytest.raises(CallError, match="unavailable"):
            call(client, "one_crash")
        assert pid_of(client, "two") == other

        def works() -> bool:
            return bool(call(client, "one_add", a=1, b=1)["output"] == "2")

        eventually(works, within_s=WITHIN_S, ignoring=(CallError,))
        assert pid_of(client, "one") != before
        assert not alive(before)


def test_a_skill_that_hangs_holds_up_nobody_else(node: Node) -> None:
    with node.connect("hanging") as client, node.connect("other") as other:
        spinning = pid_of(client, "one")
        asked = {"name": "one_hang", "arguments": {}}
        hung = [client.request("tools/call", asked) for _ in range(4)]
        for number in range(20):
            assert call(other, "two_add", a=number, b=1)["output"] == str(number + 1)
            other.call("health")
        for each in hung:
            with pytest.raises(CallError):
                each.result()
        eventually(lambda: not alive(spinning), within_s=WITHIN_S)
        stored = other.store("The node still writes after a skill hung")
        assert stored > 0


def test_a_killed_actor_takes_its_server_along_and_no_call_is_made_twice(
    node: Node, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    with node.connect("killed") as client:
        eventually(
            lambda: call(client, "two_add", a=1, b=1), within_s=WITHIN_S, ignoring=(CallError,)
        )
        server = pid_of(client, "two")
        waiting = {"name": "two_wait", "arguments": {"seconds": 60, "mark": str(mark)}}
        pending = client.request("tools/call", waiting)
        eventually(mark.exists, within_s=WITHIN_S)
        fault = node.signal("tools/skills/two")
        with pytest.raises(CallError):
            pending.result()
        node.await_successor(fault)
        eventually(lambda: not alive(server), within_s=WITHIN_S)
        assert call(client, "two_add", a=1, b=1)["output"] == "2"

    assert mark.read_text() == "begun\n"


def test_a_reload_drains_open_calls_and_offers_what_is_new(node: Node) -> None:
    with node.connect("draining") as client, node.connect("waiting") as other:
        pid_of(other, "two")
        assert "one_add" in names(client)
        answers: list[str] = []
        asked = {"name": "two_wait", "arguments": {"seconds": 1.0}}
        pending = other.request("tools/call", asked)
        write(node.data_dir, two=entry(EXTRA="yes"), bad={"command": "/bin/sh"})
        thread = threading.Thread(target=lambda: answers.append(pending.result()["output"]))
        thread.start()
        rows = reload(client)
        thread.join(WITHIN_S)

        assert answers == ["waited"]
        assert rows["one"]["state"] == "removed"
        assert rows["two"]["left_open"] == 0
        assert "two_extra" in rows["two"]["tools"]
        assert "expected a command among" in rows["bad"]["problem"]
        eventually(lambda: "two_extra" in names(client), within_s=WITHIN_S)
        assert "one_add" not in names(client)
        assert call(client, "two_extra")["output"] == "yes"
        changed = [each["method"] for each in client.notifications]
        assert "notifications/tools/list_changed" in changed


def test_a_skill_that_tells_other_tools_than_it_did_is_not_used(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    write(data_dir, one=entry())
    with running_node(data_dir, settings()) as first, first.connect("user") as client:
        eventually(lambda: "one_add" in names(client), within_s=WITHIN_S)
    place = data_dir / "skills" / "manifest.json"
    table = json.loads(place.read_text())
    table["one"]["known"] = "what it said when the user looked"
    place.write_text(json.dumps(table))
    with running_node(data_dir, settings()) as second, second.connect("user") as client:
        eventually(lambda: "one_add" in names(client), within_s=WITHIN_S)
        with pytest.raises(CallError, match="conflict"):
            call(client, "one_add", a=1, b=1)
        reload(client)
        eventually(
            lambda: call(client, "one_add", a=1, b=1)["output"] == "2",
            within_s=WITHIN_S,
            ignoring=(CallError,),
        )


def test_a_file_that_others_can_write_is_not_read(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    write(data_dir, one=entry())
    (data_dir / "skills.json").chmod(0o666)
    with running_node(data_dir, settings()) as node, node.connect("user") as client:
        rows = reload(client)
        assert "chmod 600" in rows[""]["problem"]
        assert "one_add" not in names(client)
