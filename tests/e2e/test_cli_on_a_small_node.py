"""The command line against a real node with a small tree: look, kill, freeze, restart, stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.config import logs
from mimo.config.errors import Conflict
from mimo.interfaces.cli import lifecycle
from mimo.interfaces.cli.main import main
from mimo.supervision.node import find_node
from tests.support.processes import alive
from tests.support.small_node import small_node
from tests.support.waiting import eventually

IDS = ["mimo", "heirs", "heirs/memory", "memory", "memory/recall/1", "memory/recall/2"]


class Admin:
    """Runs commands on one node, in this process."""

    def __init__(self, data_dir: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.data_dir = data_dir
        self._captured = captured

    def run(self, *argv: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        code = main(["--data-dir", str(self.data_dir), *argv])
        out, err = self._captured.readouterr()
        return code, out, err

    def json(self, *argv: str) -> Any:
        """Return what `--json` printed."""
        return json.loads(self.run(*argv, "--json")[1])

    def row(self, name: str) -> dict[str, Any]:
        """Return one row of the tree; empty while it isn't there."""
        _code, out, _err = self.run("tree", "--json")
        rows = json.loads(out) if out else []
        return next((row for row in rows if row["id"] == name), {})

    def restarted(self, name: str, old_pid: int) -> bool:
        """Tell whether another process serves under this id."""
        row = self.row(name)
        return row.get("state") == "running" and row["pid"] != old_pid


@pytest.fixture(scope="module")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the data directory of a node that several tests use: each leaves it whole."""
    with small_node(tmp_path_factory.mktemp("shared")) as data_dir:
        yield data_dir


@pytest.fixture
def admin(shared_dir: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Admin]:
    yield Admin(shared_dir, capsys)
    logs.configure(None)


@pytest.fixture
def sole_admin(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Admin]:
    with small_node(data_dir):
        yield Admin(data_dir, capsys)
    logs.configure(None)


def test_status_tree_top_and_tables_show_what_runs(admin: Admin) -> None:
    """Pid, restarts, memory, mailbox, state of every process (issue: admin CLI)."""
    status = admin.json("status")
    rows = admin.json("tree")
    code, out, _err = admin.run("tree")
    _code, top, _err = admin.run("top", "--every", "0.2")

    assert (status["state"], status["processes"]) == ("running", len(IDS))
    assert status["memory_bytes"] > 1_000_000
    assert [row["id"] for row in rows] == IDS
    assert all(alive(row["pid"]) for row in rows)
    assert all(row["mailbox"] == 0 for row in rows)
    assert code == 0
    assert "`- memory " in out
    assert " cpu " in top.splitlines()[0]
    assert admin.json("tables") == []
    assert admin.json("breakers") == {}


@pytest.mark.parametrize("name", IDS)
def test_any_id_of_the_tree_can_be_killed_and_comes_back(admin: Admin, name: str) -> None:
    """Catalogue D9: works on every id, and the log has who and why."""
    old = admin.row(name)["pid"]

    code, out, _err = admin.run("kill", name, "--why", "trial")

    assert (code, out) == (0, f"sent SIGKILL to {name}, pid {old}\n")
    eventually(lambda: admin.restarted(name, old), within_s=30)
    told = admin.run("logs", "--event", "supervision.command", "--actor", "cli", "--json")[1]
    entry = json.loads(told.splitlines()[-1])
    assert (entry["command"], entry["child"], entry["reason"]) == ("kill KILL", name, "trial")
    assert entry["by"]


@pytest.mark.parametrize("name", IDS[1:])
def test_any_part_of_the_tree_can_be_restarted(admin: Admin, name: str) -> None:
    """Catalogue D9: in order, and the command returns when it serves again."""
    old = admin.row(name)["pid"]

    code, out, _err = admin.run("restart", name)

    assert code == 0
    assert out.startswith(f"restarted {name}, pid ")
    assert admin.restarted(name, old)


def test_a_frozen_process_is_shown_and_thawed(admin: Admin) -> None:
    """STOP and CONT; whoever thaws it in time keeps it (catalogue B1)."""
    pid = admin.row("memory/recall/1")["pid"]

    admin.run("kill", "memory/recall/1", "--signal", "stop")
    frozen = admin.row("memory/recall/1")
    admin.run("kill", "memory/recall/1", "--signal", "CONT")

    assert frozen["state"] in {"frozen", "running", "restarting"}
    if frozen["state"] == "frozen":
        assert (frozen["pid"], frozen["mailbox"]) == (pid, None)
    eventually(lambda: admin.row("memory/recall/1").get("state") == "running", within_s=30)


def test_an_unknown_id_is_refused_with_those_that_exist(admin: Admin) -> None:
    """Expected and got (aesthetics 4)."""
    code, out, err = admin.run("kill", "memory/recal")

    assert (code, out) == (66, "")
    assert all(name in err for name in IDS)


def test_a_pid_that_is_not_the_nodes_is_never_signalled(admin: Admin) -> None:
    """A recycled number belongs to somebody else (ours)."""
    card = find_node(admin.data_dir / "run")
    assert card is not None
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with pytest.raises(Conflict, match="it has ended meanwhile"):
            lifecycle._send(card, other.pid, "memory", signal.SIGKILL)
        assert other.poll() is None
    finally:
        other.kill()
        other.communicate()


def test_a_pid_that_is_gone_is_a_conflict(admin: Admin) -> None:
    """The process ended between the look and the kill (ours)."""
    card = find_node(admin.data_dir / "run")
    assert card is not None
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)

    with pytest.raises(Conflict):
        lifecycle._send(card, gone, "memory", signal.SIGKILL)


def test_a_second_start_finds_the_node_and_stop_ends_it(sole_admin: Admin) -> None:
    """One node for each data directory (catalogue E15)."""
    admin = sole_admin
    card = find_node(admin.data_dir / "run")
    assert card is not None

    assert admin.run("start")[1] == f"the node runs already, pid {card.watchdog_pid}\n"
    code, out, _err = admin.run("stop", "--why", "test")

    assert (code, out) == (0, f"stopped the node, pid {card.watchdog_pid}\n")
    assert not alive(card.root_pid)
    assert admin.json("status")["state"] == "stopped"


def test_a_backup_is_not_restored_while_the_node_runs(admin: Admin) -> None:
    """The database is in use (catalogue K4)."""
    backup = admin.data_dir / "backups" / "mimo-20260101T000000000Z.db"
    backup.parent.mkdir()
    backup.write_bytes(b"")

    code, _out, err = admin.run("restore", "--yes")

    assert code == 65
    assert "stop it with 'mimo stop' first" in err


def test_a_frozen_root_is_told_within_its_time(admin: Admin) -> None:
    """Operators' commands answer, whatever hangs (catalogue I8)."""
    card = find_node(admin.data_dir / "run")
    assert card is not None
    os.kill(card.root_pid, signal.SIGSTOP)

    code, _out, err = admin.run("tree")

    assert code in {0, 69, 75}
    assert code == 0 or "expected" in err
    eventually(lambda: admin.restarted("mimo", card.root_pid), within_s=30)
