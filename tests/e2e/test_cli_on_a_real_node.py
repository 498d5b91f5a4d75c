"""The command line as an admin uses it, on a whole node: the README's run, backups, the doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.catalogue import TOOLS
from mimo.supervision.node import request_node_stop, wait_for_stop
from tests.support import leftovers, node
from tests.support.processes import MARKER
from tests.support.waiting import eventually

#: How long one command may take, in seconds: the first starts the whole node.
COMMAND_S = 120.0


class Admin:
    """Runs `mimo` as a process of its own, as a shell does."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        test_id = os.environ.get(MARKER, "")
        self._environ = node.environment(test_id, {"MIMO_DATA_DIR": str(data_dir)})

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Return what became of a command."""
        return subprocess.run(
            [sys.executable, "-m", "mimo", *argv],
            env=self._environ,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )

    def json(self, *argv: str) -> Any:
        """Return what `--json` printed."""
        found = self.run(*argv, "--json")
        assert found.stdout, found.stderr
        return json.loads(found.stdout)

    def memory(self, **arguments: Any) -> Any:
        """Return the answer of the memory tool."""
        return self.json("call", "memory", json.dumps(arguments))


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admin]:
    """Start a node with `mimo start`; it is stopped with `mimo stop` at the end."""
    data_dir = tmp_path_factory.mktemp("admin")
    admin = Admin(data_dir)
    started = admin.run("start")
    assert started.returncode == 0, started.stderr
    try:
        yield admin
        assert admin.run("stop").returncode == 0
        assert not leftovers.shared_memory(data_dir)
    finally:
        request_node_stop(data_dir / "run")
        wait_for_stop(data_dir / "run", node.GONE_WITHIN_S)


def test_what_was_stored_is_found_after_its_writer_was_killed(admin: Admin) -> None:
    """The README's run (promises 1 and 3)."""
    stored = admin.memory(operation="store", content="Ada prefers metric units", tags=["units"])
    killed = admin.run("kill", "storage/writer", "--why", "the README's run")
    again = admin.memory(operation="store", content="Grace prefers nautical miles")
    found = admin.memory(operation="search", query="metric units Ada")

    assert (killed.returncode, killed.stderr) == (0, "")
    assert stored["memory_id"] < again["memory_id"]
    assert found["memories"][0]["content"] == "Ada prefers metric units"


def test_every_id_of_the_tree_is_shown_running(admin: Admin) -> None:
    """What the tree says is what status says (issue: admin CLI)."""
    eventually(lambda: admin.json("status")["state"] == "running", within_s=30)
    rows = admin.json("tree")
    tables = {table["table"]: table for table in admin.json("tables")}

    assert {"storage/writer", "memory/recall/1", "bridge/mcp_bridge"} <= {row["id"] for row in rows}
    assert tables["working_memory"]["state"] == "owned"
    assert "database" in admin.json("breakers")


def test_one_request_is_followed_through_the_processes(admin: Admin) -> None:
    """One id in every line of every process that touched it (design 6)."""
    admin.memory(operation="health")
    calls = admin.run("logs", "--event", "bridge.call", "--json").stdout.splitlines()
    request_id = json.loads(calls[-1])["request_id"]

    lines = admin.run("logs", "--request", request_id, "--json").stdout.splitlines()

    assert lines
    assert {json.loads(line)["request_id"] for line in lines} == {request_id}


def test_nothing_is_logged_under_an_unknown_name(admin: Admin) -> None:
    """The events are a closed list, also at run time (aesthetics 3)."""
    assert admin.run("logs", "--event", "log.unknown_event", "--json").stdout == ""


def test_the_doctor_finds_nothing_wrong(admin: Admin) -> None:
    """Including a real handshake, tools/list and a call (mcp.md 8)."""
    admin.run("backup")

    found = {one["subject"]: one for one in admin.json("doctor")}

    assert [one for one in found.values() if one["state"] == "failed"] == []
    assert f"{len(TOOLS)} tools, a call answered" in found["handshake"]["detail"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("call", "memory", '{"operation": "nope"}'), 64),
        (("call", "memory", '{"operation": "get", "memory_id": 999999}'), 66),
        (("call", "nobody", "{}"), 64),
        (("restart", "storage/nobody"), 66),
        (("restore", "--yes"), 65),
    ],
)
def test_a_refusal_is_one_sentence_with_its_exit_code(
    admin: Admin, arguments: tuple[str, ...], code: int
) -> None:
    """Bad input gets one clear sentence; the node goes on (issue: bad input)."""
    admin.run("backup")

    found = admin.run(*arguments)

    assert (found.returncode, found.stdout) == (code, "")
    assert found.stderr.startswith("mimo: ")
    assert "Traceback" not in found.stderr


def test_a_backup_brings_back_what_was_there(tmp_path: Path) -> None:
    """A backup that was never restored is a hope (reliability 2.9)."""
    admin = Admin(tmp_path)
    assert admin.run("start").returncode == 0
    try:
        admin.memory(operation="store", content="before the backup")
        backup = admin.json("backup")
        admin.memory(operation="store", content="after the backup")
        admin.run("stop")

        restored = admin.run("restore", Path(backup["path"]).name, "--yes")
        checked = admin.json("check", "--full")
        admin.run("start")
        listed = admin.memory(operation="list")

        assert restored.returncode == 0, restored.stderr
        assert (checked["memories"], checked["problems"]) == (1, [])
        assert [one["content"] for one in listed["memories"]] == ["before the backup"]
    finally:
        admin.run("stop")


def test_a_node_that_cannot_start_says_why(tmp_path: Path) -> None:
    """Its own last sentence, and its exit code's kind (catalogue E7)."""
    admin = Admin(tmp_path)
    (tmp_path / "mimo.db").write_bytes(b"no database at all" * 100)

    found = admin.run("start")

    assert found.returncode == 78
    assert "Traceback" not in found.stderr
    assert found.stderr.startswith("mimo: ")
    assert admin.json("status")["state"] == "stopped"
    # By design the tables of a node that didn't leave in order wait for its successor.
    node.end(node.Node(tmp_path, {}, os.environ[MARKER]))


def test_memories_are_exported_and_imported_again(admin: Admin, tmp_path: Path) -> None:
    """README, "Export and import": a file, a folder of notes, and another maker's export."""
    theirs = tmp_path / "theirs.jsonl"
    theirs.write_text(
        '{"type":"entity","name":"Bo","entityType":"person","observations":["sails on lakes"]}\n'
    )
    first = admin.json("import", str(theirs))
    again = admin.json("import", str(theirs))
    assert (first["form"], first["new"], again["new"]) == ("server-memory", 1, 0)
    (hit,) = admin.memory(operation="search", query="who sails", mode="keyword")["memories"]
    assert hit["content"] == "Bo: sails on lakes"

    whole, notes = tmp_path / "all.jsonl", tmp_path / "notes"
    written = admin.json("export", str(whole))["records"]
    assert written["memory"] == whole.read_text().count('"type": "memory"')
    assert admin.json("export", str(notes), "--format", "markdown")["records"]["note"] >= 1
    for source in (whole, notes):
        assert admin.json("import", str(source))["new"] == 0
    refused = admin.run("import", str(Path(__file__)))
    assert refused.returncode != 0
    assert "expected JSON or JSON Lines" in refused.stderr
