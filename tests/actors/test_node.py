"""The node: one a data directory, rebuilt when admin or root is lost, gone without a trace."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pytest

from mimo.supervision import node
from mimo.supervision.card import holder_pid, read_card
from tests.support import intruder, processes
from tests.support.bare_node import BareNode, bare_node
from tests.support.waiting import eventually, remains

both = pytest.mark.parametrize("portable", [False, True], ids=["linux", "portable"])


def threads(pid: int) -> int:
    """Return how many threads a process has."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


@both
def test_a_node_boots_answers_and_stops_without_a_trace(tmp_path: Path, portable: bool) -> None:
    """SIGTERM: the root is asked to stop, everything goes, exit code 0 (A14)."""
    with bare_node(tmp_path, portable=portable, args={"children": 2}) as running:
        card = running.wait_up()
        assert running.ask("pid") == card.root_pid
        assert holder_pid(running.run_dir) == card.watchdog_pid == running.process.pid
        assert len(running.pids) >= 7, "watchdog, launcher, admin, logger, root, two children"
        assert running.stop() == (0, "")
        running.wait_gone()
        assert read_card(running.run_dir) is None
        assert node.find_node(running.run_dir) is None
        assert running.events("node.stopped")


def test_what_stands_in_the_run_folder_is_private(tmp_path: Path) -> None:
    """The card has the key: 0600 in a 0700 folder; nobody else reads it."""
    with bare_node(tmp_path) as running:
        running.wait_up()
        assert stat.S_IMODE(running.run_dir.stat().st_mode) == 0o700
        for name in ("node.json", "node.lock"):
            assert stat.S_IMODE((running.run_dir / name).stat().st_mode) == 0o600
        running.stop()


def test_a_node_listens_on_loopback_only(tmp_path: Path) -> None:
    """Read from /proc/net/tcp by the sockets of all its processes (D12)."""
    with bare_node(tmp_path, args={"children": 2}) as running:
        running.wait_up()
        eventually(
            lambda: len(intruder.listeners(running.living())) == 5,
            within_s=20,
            what="admin, logger, root, two children listen",
        )
        found = intruder.listeners(running.living())
        assert {host for host, _ in found} == {"127.0.0.1"}
        running.stop()


def test_a_second_node_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    """One node a data directory, by flock."""
    with bare_node(tmp_path) as first:
        first.wait_up()
        exit_code, errors = BareNode(tmp_path).finish()
        assert exit_code == 78
        assert f"pid {first.process.pid}" in errors
        assert errors.count("\n") == 1
        assert first.ask("pid") == first.wait_up().root_pid
        first.stop()


@both
def test_all_processes_die_with_the_watchdog_and_the_lock_is_free(
    tmp_path: Path, portable: bool
) -> None:
    """SIGKILL of the watchdog: no orphan, and the next node starts at once (A12, E15)."""
    with bare_node(tmp_path, portable=portable, args={"children": 2}) as running:
        former = running.wait_up()
        running.process.kill()
        running.finish()
        running.wait_gone()
        assert holder_pid(running.run_dir) is None
    with bare_node(tmp_path, portable=portable) as running:
        assert running.wait_up().generation > former.generation
        assert running.stop() == (0, "")


@both
@pytest.mark.parametrize("who", ["root", "admin"])
def test_the_death_of_root_or_admin_brings_the_next_generation(
    tmp_path: Path, who: str, portable: bool
) -> None:
    """The rest of the old generation is killed first; another port, another key (A9, A10)."""
    with bare_node(tmp_path, portable=portable, args={"children": 2}) as running:
        old = running.wait_up()
        old_pids = running.pids - {old.watchdog_pid, old.launcher_pid}
        os.kill(getattr(old, f"{who}_pid"), signal.SIGKILL)
        new = running.wait_up(old.generation + 1)
        assert running.ask("pid") == new.root_pid != old.root_pid
        assert (new.port, new.key) != (old.port, old.key)
        assert not [pid for pid in old_pids if processes.alive(pid)]
        assert new.launcher_pid == old.launcher_pid
        assert who in running.events("node.generation_ended")[0]["reason"]
        assert running.stop() == (0, "")


def test_the_death_of_the_launcher_disturbs_nobody(tmp_path: Path) -> None:
    """A new one is forked; the next generation comes from it."""
    with bare_node(tmp_path) as running:
        old = running.wait_up()
        os.kill(old.launcher_pid, signal.SIGKILL)
        eventually(lambda: len(processes.descendants(running.process.pid)) == 4, within_s=10)
        assert running.ask("pid") == old.root_pid
        os.kill(old.root_pid, signal.SIGKILL)
        new = running.wait_up(old.generation + 1)
        assert new.launcher_pid != old.launcher_pid
        assert running.stop() == (0, "")


def test_the_death_of_the_logger_disturbs_nobody(tmp_path: Path) -> None:
    """The admin starts another one; the generation stays (A11, D4)."""
    with bare_node(tmp_path) as running:
        card = running.wait_up()
        (logger,) = processes.descendants(card.admin_pid) - {card.root_pid}
        os.kill(logger, signal.SIGKILL)

        def is_replaced() -> bool:
            others = processes.descendants(card.admin_pid) - {card.root_pid}
            return len(others) == 1 and logger not in others

        eventually(is_replaced, within_s=10)
        assert running.ask("pid") == card.root_pid
        assert running.wait_up() == card
        assert running.stop() == (0, "")


@pytest.mark.parametrize("who", ["root", "admin"])
def test_a_stopped_root_or_admin_is_replaced(tmp_path: Path, who: str) -> None:
    """State T at two looks in a row (B4, B5)."""
    with bare_node(tmp_path) as running:
        old = running.wait_up()
        os.kill(getattr(old, f"{who}_pid"), signal.SIGSTOP)
        new = running.wait_up(old.generation + 1)
        assert running.ask("pid") == new.root_pid
        assert "stopped" in running.events("node.generation_ended")[0]["reason"]
        assert running.stop() == (0, "")


def test_a_root_without_a_heartbeat_is_replaced(tmp_path: Path) -> None:
    """Alive and sleeping is not enough: it must handle messages."""
    limits = {"HEARTBEATS_MISSED_MAX": 2}
    with bare_node(tmp_path, args={"silent": True}, limits=limits) as running:
        running.wait_up(2)
        assert "no heartbeat" in running.events("node.generation_ended")[0]["reason"]
        assert running.stop() == (0, "")


def test_a_machine_that_slept_kills_nobody(tmp_path: Path) -> None:
    """SIGSTOP to everything, longer than all patience, then SIGCONT (B6)."""
    with bare_node(tmp_path, args={"children": 1}, limits={"HEARTBEATS_MISSED_MAX": 2}) as running:
        card = running.wait_up()
        everybody = sorted(running.living())
        for pid in everybody:
            os.kill(pid, signal.SIGSTOP)
        remains(lambda: all(processes.alive(pid) for pid in everybody), for_s=4.0)
        for pid in everybody:
            os.kill(pid, signal.SIGCONT)
        assert running.ask("pid") == card.root_pid
        remains(lambda: running.card() == card, for_s=2.5)
        assert not running.events("node.generation_ended")
        assert running.stop() == (0, "")


def test_a_node_gives_up_after_too_many_lost_generations(tmp_path: Path) -> None:
    """Six within a minute: exit code 70 and one sentence with the last reason (A17)."""
    with bare_node(tmp_path, args={"fails": True}) as running:
        exit_code, errors = running.finish()
        assert exit_code == 70
        assert "told to fail" in errors
        assert errors.count("\n") == 1
        assert len(running.events("node.generation_ended")) == 6
        assert running.events("node.gave_up")


def test_a_start_that_no_further_try_can_mend_ends_the_node_at_once(tmp_path: Path) -> None:
    """One generation, the exit code of the error, and its sentence alone. Source: E7, E10, E12."""
    with bare_node(tmp_path, args={"fails": True, "exit_code": 65}) as running:
        code, said = running.finish()
        assert code == 65
        assert said == "mimo: told to fail\n"
        assert len(running.events("node.generation_ended")) == 1


def test_a_module_that_can_not_be_imported_ends_the_node_at_once(tmp_path: Path) -> None:
    """Another boot would not find it either."""
    with bare_node(tmp_path, preload=["tests.support.no_such_module"]) as running:
        exit_code, errors = running.finish()
        assert exit_code == 70
        assert "no_such_module" in errors


def test_a_root_that_does_not_stop_is_killed_in_the_end(tmp_path: Path) -> None:
    """`mimo stop` waits `NODE_STOP_S`, then sweeps."""
    with bare_node(tmp_path, args={"stubborn": True}, limits={"NODE_STOP_S": 0.5}) as running:
        running.wait_up()
        assert running.stop() == (0, "")
        running.wait_gone()
        assert "didn't stop" in running.events("node.stopped")[0]["reason"]


def test_a_second_sigterm_ends_the_node_at_once(tmp_path: Path) -> None:
    """For an operator who doesn't want to wait."""
    with bare_node(tmp_path, args={"stubborn": True}) as running:
        running.wait_up()
        running.process.send_signal(signal.SIGTERM)
        remains(lambda: running.process.poll() is None, for_s=0.3)
        assert running.stop() == (0, "")
        running.wait_gone()


def test_a_node_can_be_stopped_while_it_boots(tmp_path: Path) -> None:
    """SIGTERM before the first generation is up."""
    with bare_node(tmp_path, preload=["tests.support.actors_small", "sqlite3"]) as running:
        eventually(lambda: running.run_dir.joinpath("watch.sock").exists(), within_s=20)
        assert running.stop() == (0, "")
        running.wait_gone()


def test_whoever_forks_actors_has_one_thread(tmp_path: Path) -> None:
    """Watchdog, launcher, admin and root (D14)."""
    with bare_node(tmp_path) as running:
        card = running.wait_up()
        forkers = (card.watchdog_pid, card.launcher_pid, card.admin_pid, card.root_pid)
        assert [threads(pid) for pid in forkers] == [1, 1, 1, 1]
        running.stop()


def test_the_watchdog_imports_neither_thespian_nor_what_actors_need(tmp_path: Path) -> None:
    """It stays small and can't fail with them; only the launcher imports."""
    with bare_node(tmp_path, preload=["tests.support.actors_small", "numpy"]) as running:
        card = running.wait_up()
        assert "numpy" not in Path(f"/proc/{card.watchdog_pid}/maps").read_text()
        assert "numpy" in Path(f"/proc/{card.root_pid}/maps").read_text()
        running.stop()


def test_a_node_stops_on_request_from_another_process(tmp_path: Path) -> None:
    """As the bridge asks when its last client left long ago, and as `mimo stop` does."""
    with bare_node(tmp_path) as running:
        running.wait_up()
        assert node.request_node_stop(running.run_dir) == running.process.pid
        assert running.finish() == (0, "")
        assert node.wait_for_stop(running.run_dir, within_s=5)
        assert node.request_node_stop(running.run_dir) is None


def test_a_data_directory_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    """One sentence: what was expected, what came, what to do."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    exit_code, errors = BareNode(blocked / "data").finish()
    assert exit_code == 78
    assert str(blocked / "data") in errors
    assert errors.count("\n") == 1
