"""The terminal in a real tree: commands, sessions, deaths of its worker."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.terminal import messages
from mimo.actors.terminal.orders import LOST
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import ApprovalRequired, InvalidRequest, MimoError, NotFound
from mimo.config.settings import load_settings
from mimo.supervision import messages as m
from mimo.supervision import platform
from mimo.supervision.specs import ChildSpec, SupervisorFlags, group
from tests.support.leftovers import tables_of
from tests.support.tree import Tree, running_tree
from tests.support.waiting import eventually

TERMINAL = "tools/terminal"
_KEYS = (f"key-{number}" for number in itertools.count())


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return the folder in which commands run."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.txt").write_text("one\ntwo\n")
    return folder


@pytest.fixture
def tree(tmp_path: Path, data_dir: Path, workspace: Path) -> Iterator[Tree]:
    """Run a heir and a terminal."""
    overrides = {
        "data_dir": str(data_dir),
        "workspace.roots": str(workspace),
        "terminal.allow": "python3",
    }
    settings = load_settings(overrides)
    store = {
        "store": "mimo.storage.shared_tables.SharedTables",
        "data_dir": str(data_dir),
    }
    heir = ChildSpec(id="heirs/tools", start="mimo.supervision.heir.Heir", args=store)
    terminal = ChildSpec(
        id=TERMINAL,
        start="mimo.actors.terminal.terminal.Terminal",
        args={"settings": settings, "heir": "heirs/tools"},
    )
    root = group("mimo", SupervisorFlags(intensity=50), heir, terminal)
    with running_tree(root, tmp_path) as tree:
        yield tree
    shutil.rmtree(tables_of(data_dir), ignore_errors=True)


def request(command: str, **fields: Any) -> messages.Run:
    """Return a request to run a command."""
    given = {
        "cwd": "",
        "env": {},
        "shell": "sh",
        "timeout_s": 20.0,
        "stays": False,
        "pty": False,
        "name": "",
        "key": next(_KEYS),
        "client": "test",
        "approved": False,
    }
    return messages.Run(command=command, **{**given, **fields})


def run(tree: Tree, command: str, **fields: Any) -> dict[str, Any]:
    """Run a command and return its answer."""
    found: dict[str, Any] = tree.call(TERMINAL, request(command, **fields), timeout_s=40.0).data
    return found


def session(tree: Tree, command: str, **fields: Any) -> dict[str, Any]:
    """Start a session that was approved."""
    return run(tree, command, stays=True, approved=True, **{"timeout_s": 3.0, **fields})


def read(tree: Tree, pid: int, offset: int = -1, timeout_s: float = 3.0) -> dict[str, Any]:
    """Read a session's output."""
    asked = messages.ReadOutput(pid=pid, offset=offset, timeout_s=timeout_s)
    found: dict[str, Any] = tree.call(TERMINAL, asked).data
    return found


def end(tree: Tree, pid: int, *, by_force: bool = True) -> dict[str, Any]:
    """End a session."""
    found: dict[str, Any] = tree.call(TERMINAL, messages.End(pid=pid, by_force=by_force)).data
    return found


def succeed(tree: Tree) -> None:
    """Kill the worker, and wait for its successor."""
    former = tree.kill(TERMINAL)
    eventually(lambda: tree.whereis(TERMINAL).pid != former, within_s=20.0, ignoring=(MimoError,))


def test_a_command_runs_and_its_exit_code_decides(tree: Tree, workspace: Path) -> None:
    """Success is exit code 0, whatever was written (original 1.4)."""
    good = run(tree, "cat a.txt")
    bad = run(tree, "ls nothing")

    assert (good["status"], good["exit_code"], good["output"]) == ("exited", 0, "one\ntwo\n")
    assert bad["exit_code"] == 2
    assert bad["error_category"] == "not_found"
    assert "error_category" not in good


def test_a_pipeline_runs_in_its_folder(tree: Tree, workspace: Path) -> None:
    """Pipes take a shell, which gets what was judged."""
    (workspace / "sub").mkdir()

    found = run(tree, "cat ../a.txt | wc -l && pwd", cwd="sub")

    assert found["output"].split() == ["2", str(workspace / "sub")]


def test_what_changes_something_asks_first_and_changes_nothing(tree: Tree, workspace: Path) -> None:
    """The user is asked; with the answer it runs (mcp.md 7)."""
    with pytest.raises(ApprovalRequired, match="rm removes files"):
        run(tree, "true && rm a.txt")
    assert (workspace / "a.txt").exists()

    assert run(tree, "true && rm a.txt", approved=True)["exit_code"] == 0
    assert not (workspace / "a.txt").exists()


def test_what_is_refused_is_refused_though_approved(tree: Tree, workspace: Path) -> None:
    """No approval opens what is closed: secrets, other users, folders outside."""
    (workspace / ".env").write_text("A=b")

    for command in ("sudo ls", "cat .env", "echo x > /etc/mimo-was-here"):
        with pytest.raises(InvalidRequest, match="may not"):
            run(tree, command, approved=True)
    with pytest.raises(InvalidRequest, match="inside the allowed folders"):
        run(tree, "ls", cwd="/etc", approved=True)
    assert not Path("/etc/mimo-was-here").exists()


def test_a_hanging_command_is_ended_with_all_it_started(tree: Tree) -> None:
    """Also what left its session (bars: isolation)."""
    found = run(tree, "setsid sleep 4711 & sleep 4712", timeout_s=0.5, approved=True)

    assert found["status"] == "timeout"
    assert found["error_category"] == "timeout"
    assert not _sleepers("471")


def _sleepers(digits: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if line.startswith(b"sleep\0" + digits.encode()):
                found.append(int(entry.name))
    return found


def test_long_output_is_shown_from_both_ends_and_paged(tree: Tree) -> None:
    """The middle can be read afterwards."""
    found = run(tree, "seq 1 40000")

    assert found["truncated"]
    assert found["output"].startswith("1\n2\n")
    assert found["output"].endswith("40000\n")
    assert len(found["output"]) < 40_000
    page = read(tree, found["pid"], offset=20_000)
    assert page["offset"] == 20_000
    assert page["has_more"]
    whole = "".join(f"{number}\n" for number in range(1, 40_001))
    assert page["output"] == whole[20_000 : page["next_offset"]]


def test_secrets_are_taken_out_of_output(tree: Tree, workspace: Path) -> None:
    """Redacted in results (issue: security)."""
    (workspace / "notes.txt").write_text("key AKIA" + "IOSFODNN7EXAMPLA" + "\n")

    found = run(tree, "cat notes.txt")

    assert "redacted: AWS key id" in found["output"]


def test_the_environment_is_small(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of the node reaches a command (mcp.md 7: minimal environment)."""
    found = run(tree, "env")

    names = {line.partition("=")[0] for line in found["output"].splitlines()}
    assert "PATH" in names
    assert not [name for name in names if name.startswith(("MIMO", "PYTEST", "AWS"))]


def test_a_dialogue_goes_on_over_calls(tree: Tree) -> None:
    """A session survives the call that started it (original 1.4: it didn't)."""
    started = session(tree, "python3 -i -q", pty=True)
    pid = started["pid"]

    found = tree.call(
        TERMINAL, messages.Interact(pid=pid, input="6*7\n", timeout_s=10.0, approved=False)
    ).data

    assert started["status"] == "running"
    assert "42" in found["output"]
    assert end(tree, pid)["status"] == "stopped"


def test_what_is_typed_into_a_shell_is_judged(tree: Tree, workspace: Path) -> None:
    """A shell that was approved is no way around the policy."""
    pid = session(tree, "sh", timeout_s=0.1)["pid"]

    def type_(text: str, *, approved: bool = False) -> dict[str, Any]:
        asked = messages.Interact(pid=pid, input=text, timeout_s=1.0, approved=approved)
        found: dict[str, Any] = tree.call(TERMINAL, asked).data
        return found

    assert type_("cat a.txt\n")["output"] == "one\ntwo\n"
    with pytest.raises(ApprovalRequired):
        type_("rm a.txt\n")
    with pytest.raises(InvalidRequest, match="whole lines"):
        type_("r")
    assert (workspace / "a.txt").exists()
    type_("cd /\n", approved=True)
    with pytest.raises(ApprovalRequired, match="another folder"):
        type_("echo x > tmp/x\n")
    end(tree, pid)


def test_only_own_sessions_are_killed(tree: Tree) -> None:
    """Whatever pid is given (original 1.4: force_kill of any process)."""
    own = session(tree, "sleep 4720", timeout_s=0.1)["pid"]
    stranger = tree.pid(TERMINAL)

    for pid in (stranger, 1, 2**31):
        for by_force in (False, True):
            with pytest.raises(NotFound, match="pid of a session"):
                end(tree, pid, by_force=by_force)
    assert platform.is_alive(stranger)
    assert end(tree, own, by_force=False)["status"] in ("signal", "stopped")
    eventually(lambda: not platform.is_alive(own))


def test_a_session_survives_its_worker(tree: Tree) -> None:
    """The keeper holds it, the table tells the successor (issue: heir-held)."""
    pid = session(tree, "sh -c 'echo before; sleep 1; echo after; sleep 4730'")["pid"]

    succeed(tree)
    rows = tree.call(TERMINAL, messages.ListSessions()).data["sessions"]

    assert [(row["pid"], row["status"]) for row in rows] == [(pid, "running")]
    output = eventually(
        lambda: (text := read(tree, pid, 0)["output"]).endswith("after\n") and text, within_s=10.0
    )
    assert output == "before\nafter\n"
    assert end(tree, pid)["status"] == "stopped"


def test_the_same_key_runs_a_command_once(tree: Tree, workspace: Path) -> None:
    """The call is repeated to the successor, which finds the command running (design 3)."""
    asked = request("sh -c 'echo x >> log.txt; sleep 1; echo done'", approved=True, key="once")
    tree.send(tree.whereis(TERMINAL).address, _call(tree, asked))
    eventually((workspace / "log.txt").exists)
    succeed(tree)

    found = tree.call(TERMINAL, asked, timeout_s=20.0).data

    assert found["output"] == "done\n"
    assert (workspace / "log.txt").read_text() == "x\n"


def _call(tree: Tree, asked: messages.Run) -> Any:
    up = tree.whereis(TERMINAL)
    return m.Call(
        id=1,
        target=TERMINAL,
        incarnation=up.incarnation,
        request=asked,
        deadline_s=SYSTEM_CLOCK.monotonic_s() + 30.0,
    )


def test_processes_are_listed(tree: Tree) -> None:
    """With what they use, the busiest first."""
    found = tree.call(TERMINAL, messages.ListProcesses(limit=3)).data

    assert len(found["processes"]) == 3
    assert found["count"] > 3
    assert found["processes"][0]["pid"] > 0


def test_a_keeper_that_is_killed_is_told_as_lost(tree: Tree) -> None:
    """Nobody waits for ever, and nothing is claimed."""
    pid = session(tree, "sleep 4740", timeout_s=0.1)["pid"]
    keeper = platform.parent_of(pid)

    os.kill(keeper, signal.SIGKILL)

    def is_lost() -> bool:
        rows = tree.call(TERMINAL, messages.ListSessions()).data["sessions"]
        return bool(rows[0]["status"] == LOST)

    eventually(is_lost)
    eventually(lambda: not platform.is_alive(pid), what="its command to be gone")
