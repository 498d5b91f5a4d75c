"""Frozen children and supervisors, and those that only look so; with real processes."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mimo.config import errors, limits
from mimo.supervision import messages as m
from mimo.supervision.specs import ChildSpec, SupervisorFlags, group
from tests.support.tree import Tree, running_tree
from tests.support.waiting import eventually, remains
from tests.support.workers import worker

SOON_S = 30.0


def tree_of(*children: ChildSpec) -> ChildSpec:
    return group("root", SupervisorFlags(intensity=10), group("g", SupervisorFlags(), *children))


def suspect(tree: Tree, name: str) -> None:
    """Say to its supervisor, as a waiting caller does, that `name` should be looked at."""
    up = tree.whereis(name)
    tree.send(up.supervisor, m.Suspect(name=name, incarnation=up.incarnation))


def replaced(tree: Tree, name: str, old_pid: int) -> None:
    eventually(lambda: tree.pid(name) not in (0, old_pid), within_s=SOON_S)


def test_a_stopped_child_is_killed_while_somebody_waits_for_it(tmp_path: Path) -> None:
    """State T and three missed pings; the report names state and silence. Source: B1."""
    with running_tree(tree_of(worker("a")), tmp_path) as tree:
        up = tree.whereis("a")
        os.kill(up.pid, signal.SIGSTOP)

        def is_replaced() -> bool:
            # Many callers wait: each look of ours suspects the child again.
            tree.send(up.supervisor, m.Suspect(name="a", incarnation=up.incarnation))
            return tree.pid("a") not in (0, up.pid)

        eventually(is_replaced, within_s=SOON_S)

        assert "in state T" in tree.events("supervision.child_frozen", "a")[0]["reason"]
        assert tree.events("supervision.child_exited", "a")[0]["reason"].startswith("frozen")


def test_a_stopped_child_is_found_even_if_nobody_asks(tmp_path: Path) -> None:
    """The slow look sees state T."""
    with running_tree(tree_of(worker("a")), tmp_path) as tree:
        old = tree.kill("a", signal.SIGSTOP)
        replaced(tree, "a", old)


def test_an_endless_loop_is_killed_after_busy_max(tmp_path: Path) -> None:
    """State R inside a handler. Source: B11."""
    with running_tree(tree_of(worker("a", busy_max_s=0.5)), tmp_path) as tree:
        old = tree.pid("a")
        with pytest.raises(errors.DeadlineExceeded):
            tree.call("a", "loop", timeout_s=0.2)
        suspect(tree, "a")
        replaced(tree, "a", old)

        assert tree.events("supervision.child_frozen", "a")


def test_a_child_that_answers_pings_is_left_alone(tmp_path: Path) -> None:
    """Suspicion alone kills nobody: the caller may simply wait for a slow answer."""
    with running_tree(tree_of(worker("a", busy_max_s=0.5)), tmp_path) as tree:
        old = tree.pid("a")
        for _ in range(3):
            with pytest.raises(errors.DeadlineExceeded):
                tree.call("a", "silence", timeout_s=0.4)
            suspect(tree, "a")

        assert tree.pid("a") == old


def test_a_frozen_supervisor_is_killed_by_its_parent(tmp_path: Path) -> None:
    """Watched like any child; its branch restarts. Source: B4."""
    with running_tree(tree_of(worker("a")), tmp_path) as tree:
        old = tree.pid("a")
        suspect(tree, "g")
        frozen = tree.kill("g", signal.SIGSTOP)
        suspect(tree, "g")
        replaced(tree, "g", frozen)
        replaced(tree, "a", old)


def test_a_root_with_a_heartbeat_finds_a_frozen_group_long_before_the_slow_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It glances at its children at each beat, when it is awake anyhow. Source: B4."""
    monkeypatch.setattr(limits, "PING_IDLE_S", 3_600.0)
    heartbeat = {"path": "watch.sock", "generation": 1}
    spec = replace(tree_of(worker("a")), args={"heartbeat": heartbeat})
    with running_tree(spec, tmp_path) as tree:
        frozen = tree.kill("g", signal.SIGSTOP)
        replaced(tree, "g", frozen)


def test_the_tree_is_told_within_a_second_with_a_frozen_supervisor(tmp_path: Path) -> None:
    """Its part is shown as it is known: from its last answer, or from the registry."""
    with running_tree(tree_of(worker("a")), tmp_path) as tree:
        pid = tree.pid("a")
        tree.kill("g", signal.SIGSTOP)
        began_s = time.monotonic()
        rows = tree.rows()

        assert rows["a"].pid == pid
        assert time.monotonic() - began_s < 5.0


def test_a_frozen_supervisor_cannot_hold_up_the_stop(tmp_path: Path) -> None:
    """Supervisors have all the time to leave, but not while they are frozen. Source: T8."""
    with running_tree(tree_of(worker("a")), tmp_path) as tree:
        tree.kill("g", signal.SIGSTOP)
        tree.stop()
        eventually(lambda: not tree.is_up, within_s=SOON_S)


def test_waking_from_sleep_kills_nobody(tmp_path: Path) -> None:
    """All processes stop and go on: ages are counted in the supervisor's own ticks. Source: B6."""
    with running_tree(tree_of(worker("a"), worker("b")), tmp_path) as tree:
        old = tree.pids("g", "a", "b")
        everybody = (tree.root_pid, *old.values())
        suspect(tree, "a")
        for pid in everybody:
            os.kill(pid, signal.SIGSTOP)
        remains(lambda: True, for_s=2.0)
        for pid in reversed(everybody):
            os.kill(pid, signal.SIGCONT)
        remains(lambda: tree.pids("g", "a", "b") == old, for_s=1.0)

        assert tree.events("supervision.child_frozen") == []


def test_supervision_works_on_the_portable_fallbacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without pidfd, parent-death signal and /proc: deaths are polled, states come from psutil."""
    monkeypatch.setenv("MIMO_PORTABLE", "1")
    with running_tree(tree_of(worker("a"), worker("b")), tmp_path) as tree:
        old = tree.pids("g", "a", "b")
        tree.kill("a")
        replaced(tree, "a", old["a"])
        tree.kill("b", signal.SIGSTOP)
        suspect(tree, "b")
        replaced(tree, "b", old["b"])
        second = tree.pids("a", "b")
        tree.kill("g")
        replaced(tree, "g", old["g"])
        for name, pid in second.items():
            replaced(tree, name, pid)
