"""Supervisors with real processes: a selection of OTP's supervisor_SUITE.

The full suite runs against the pure policy in tests/unit/supervision/test_supervisor_suite.py.
"""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mimo.config import errors
from mimo.supervision import messages as m
from mimo.supervision.specs import (
    AutoShutdown,
    ChildSpec,
    RestartStrategy,
    RestartType,
    Shutdown,
    SupervisorFlags,
    group,
)
from tests.support.processes import alive
from tests.support.tree import BootRefused, Tree, running_tree
from tests.support.waiting import eventually
from tests.support.workers import worker

#: The bound for what must happen at once; generous, as the machine may be busy.
SOON_S = 20.0


def root(*children: ChildSpec, **fields: Any) -> ChildSpec:
    strategy = RestartStrategy(fields.pop("strategy", "one_for_one"))
    return group("root", SupervisorFlags(**{"strategy": strategy, **fields}), *children)


def restarted(tree: Tree, name: str, old_pid: int) -> int:
    """Wait until `name` serves in another process and return its pid."""

    def pid() -> int:
        found = tree.pid(name)
        return found if found != old_pid else 0

    return eventually(pid, within_s=SOON_S)


def ended(tree: Tree) -> None:
    """Wait until the root's process is gone."""
    eventually(lambda: not tree.is_up, within_s=SOON_S)


def lines(journal: Path, what: str) -> list[str]:
    """Return the names that the journal has of one kind, in order."""
    pairs = (line.split() for line in journal.read_text().splitlines())
    return [name for kind, name in pairs if kind == what]


# -- Start and stop ----------------------------------------------------------------------------
def test_children_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    """sup_start_normal, order_of_children, over two levels. Source: D5."""
    journal = tmp_path / "journal"
    args = {"journal": str(journal)}
    inner = group("g", SupervisorFlags(), worker("b", args=args), worker("c", args=args))
    with running_tree(
        root(worker("a", args=args), inner, worker("d", args=args)), tmp_path
    ) as tree:
        tree.stop()
        ended(tree)

    assert lines(journal, "start") == ["a", "b", "c", "d"]
    assert lines(journal, "stop") == ["d", "c", "b", "a"]


def test_a_child_that_fails_refuses_the_boot(tmp_path: Path) -> None:
    """sup_start_error_return: those already started are stopped, the parent hears why."""
    journal, broken = tmp_path / "journal", tmp_path / "broken"
    broken.touch()
    spec = root(
        worker("a", args={"journal": str(journal)}), worker("b", args={"fails_while": str(broken)})
    )
    with (
        pytest.raises(BootRefused, match="b: ValueError: told to fail"),
        running_tree(spec, tmp_path),
    ):
        pass

    assert lines(journal, "stop") == ["a"]


def test_a_class_that_is_not_there_refuses_the_boot(tmp_path: Path) -> None:
    """sup_start_fail: the sentence names the path."""
    spec = root(ChildSpec(id="a", start="tests.support.nothing.Here"))
    with (
        pytest.raises(BootRefused, match=r"tests\.support\.nothing\.Here"),
        running_tree(spec, tmp_path),
    ):
        pass


def test_a_child_that_ignores_its_start_stays_down(tmp_path: Path) -> None:
    """sup_start_ignore_child: no process, the spec is kept, the siblings serve."""
    lazy = tmp_path / "lazy"
    lazy.touch()
    with running_tree(
        root(worker("a", args={"ignores_while": str(lazy)}), worker("b")), tmp_path
    ) as tree:
        assert (tree.row("a").state, tree.row("a").pid) == ("down", 0)
        assert tree.pid("b") > 0
        lazy.unlink()

        assert tree.ask_root(m.RestartChild(name="a")).state == "running"


def test_a_child_that_never_answers_start_is_killed(tmp_path: Path) -> None:
    """Start handshake with a limit. Source: D3, thespian.md T7."""
    with running_tree(root(worker("b")), tmp_path) as tree:
        spec = worker("a", args={"mute": True}, start_timeout_s=0.5)
        with pytest.raises(errors.StartError, match=r"no answer to Start within 0\.5 s"):
            tree.ask_root(m.StartChild(spec=spec))

        assert list(tree.rows()) == ["b"]


def test_a_deaf_child_is_killed_after_its_shutdown_time(tmp_path: Path) -> None:
    """sup_stop_timeout. Source: A15."""
    spec = worker("a", args={"deaf": True}, shutdown=Shutdown.after(0.5))
    with running_tree(root(spec, worker("b")), tmp_path) as tree:
        pid = tree.pid("a")
        tree.stop()
        ended(tree)

        assert not alive(pid)
        assert tree.events("supervision.child_killed", "a")


def test_a_brutal_kill_does_not_ask(tmp_path: Path) -> None:
    """sup_stop_brutal_kill: `terminate` doesn't run, and no error is reported."""
    journal = tmp_path / "journal"
    spec = worker("a", args={"journal": str(journal)}, shutdown=Shutdown.brutal_kill())
    with running_tree(root(spec), tmp_path) as tree:
        tree.stop()
        ended(tree)

        assert lines(journal, "stop") == []
        assert {line["level"] for line in tree.events(child="a")} == {"info"}


def test_a_frozen_child_cannot_hold_up_the_stop(tmp_path: Path) -> None:
    """A stopped process hears nothing; it is killed after its time. Source: B8."""
    with running_tree(root(worker("a", shutdown=Shutdown.after(0.5))), tmp_path) as tree:
        tree.kill("a", signal.SIGSTOP)
        tree.stop()
        ended(tree)


def test_a_child_that_breaks_its_link_cannot_hang_the_supervisor(tmp_path: Path) -> None:
    """child_unlink: without the parent-death signal and deaf it is killed all the same."""
    spec = worker("a", args={"free": True, "deaf": True}, shutdown=Shutdown.after(0.5))
    with running_tree(root(spec), tmp_path) as tree:
        pid = tree.pid("a")
        tree.stop()
        ended(tree)

        assert not alive(pid)


def test_a_stop_is_heard_in_a_restart_loop(tmp_path: Path) -> None:
    """hanging_restart_loop. Source: D8."""
    broken = tmp_path / "broken"
    spec = root(worker("a", args={"fails_while": str(broken)}), intensity=1_000_000)
    with running_tree(spec, tmp_path) as tree:
        broken.touch()
        tree.kill("a")
        eventually(lambda: tree.row("a").restarts > 3, within_s=SOON_S)
        tree.stop()
        ended(tree)


# -- Exits ---------------------------------------------------------------------------------------
def test_a_killed_child_is_restarted_and_its_subscribers_hear_it(tmp_path: Path) -> None:
    """permanent_abnormal: one `Down`, one `Up`, a larger incarnation. Source: A1."""
    with running_tree(root(worker("a")), tmp_path) as tree:
        tree.subscribe("a")
        first = tree.listen(SOON_S)
        tree.kill("a")
        down, second = tree.listen(SOON_S), tree.listen(SOON_S)

        assert isinstance(first, m.Up)
        assert isinstance(down, m.Down)
        assert (down.reason.kind, down.reason.detail) == ("killed", "SIGKILL")
        assert isinstance(second, m.Up)
        assert second.incarnation > down.incarnation == first.incarnation
        assert tree.call("a", "pid") == second.pid == tree.pid("a")
        assert tree.listen(0.3) is None


def test_a_segfault_is_a_death_like_another(tmp_path: Path) -> None:
    """Thespian would turn it into an endless loop. Source: thespian.md D1."""
    with running_tree(root(worker("a")), tmp_path) as tree:
        old = tree.pid("a")
        with pytest.raises(errors.DeadlineExceeded):
            tree.call("a", "segfault", timeout_s=0.5)
        restarted(tree, "a", old)

        assert tree.events("supervision.child_exited", "a")[0]["reason"] == "killed: SIGSEGV"


def test_an_exception_ends_the_child_once_with_its_reason(tmp_path: Path) -> None:
    """Let it crash: the caller gets `Crashed`, the report has the error. Source: C1."""
    with running_tree(root(worker("a")), tmp_path) as tree:
        old = tree.pid("a")
        with pytest.raises(errors.Crashed):
            tree.call("a", "raise")
        restarted(tree, "a", old)

        exited = tree.events("supervision.child_exited", "a")
        assert [line["reason"] for line in exited] == ["crashed: RuntimeError: told to raise"]


@pytest.mark.parametrize(
    ("restart", "kind", "state"),
    [
        (RestartType.PERMANENT, "normal", "running"),
        (RestartType.TRANSIENT, "normal", "down"),
        (RestartType.TRANSIENT, "crashed", "running"),
        (RestartType.TEMPORARY, "crashed", None),
    ],
)
def test_the_restart_type_decides(
    tmp_path: Path, restart: RestartType, kind: Any, state: str | None
) -> None:
    """permanent_normal, transient_normal, transient_abnormal, temporary_abnormal. Source: D4."""
    with running_tree(root(worker("a", restart=restart)), tmp_path) as tree:
        old = tree.pid("a")
        tree.call("a", m.ExitReason(kind=kind))
        eventually(lambda: tree.pid("a") != old, within_s=SOON_S)

        def settled() -> bool:
            row = tree.rows().get("a")
            return (row.state if row else None) == state

        eventually(settled, within_s=SOON_S)


def test_siblings_that_die_together_are_all_restarted(tmp_path: Path) -> None:
    """multiple_restarts; Thespian loses such notices. Source: thespian.md D2."""
    names = [f"w{number}" for number in range(5)]
    with running_tree(root(*map(worker, names), intensity=100), tmp_path) as tree:
        old = tree.pids(*names)
        for pid in old.values():
            os.kill(pid, signal.SIGKILL)
        for name in names:
            restarted(tree, name, old[name])

        assert all(tree.row(name).restarts == 1 for name in names)


def test_a_failed_restart_is_tried_again_and_counted(tmp_path: Path) -> None:
    """Each attempt counts; once the cause is gone, the child serves. Source: D2."""
    broken = tmp_path / "broken"
    spec = root(worker("a", args={"fails_while": str(broken)}), intensity=100_000, period_s=1.0)
    with running_tree(spec, tmp_path) as tree:
        broken.touch()
        old = tree.kill("a")
        eventually(lambda: tree.row("a").restarts >= 3, within_s=SOON_S)
        broken.unlink()

        restarted(tree, "a", old)


def test_a_stale_incarnation_is_not_heard(tmp_path: Path) -> None:
    """Neither last words nor a stop meant for an earlier process do anything. Source: B7."""
    with running_tree(root(worker("a")), tmp_path) as tree:
        up = tree.whereis("a")
        stale = up.incarnation - 1
        tree.send_root(m.Exiting(name="a", incarnation=stale, reason=m.NORMAL))
        tree.send_root(m.Unregister(name="a", incarnation=stale, reason=m.NORMAL))
        tree.send(up.address, m.Stop(incarnation=stale))

        assert tree.call("a", "pid") == up.pid


def test_a_fork_that_fails_is_a_failed_start(tmp_path: Path) -> None:
    """Counted, tried again, healed when processes can be made again. Source: H4."""
    full = tmp_path / "full"
    spec = replace(
        root(worker("a"), intensity=100_000, period_s=1.0),
        start="tests.support.workers.Forkless",
        args={"forkless_while": str(full)},
    )
    with running_tree(spec, tmp_path) as tree:
        full.touch()
        old = tree.kill("a")
        eventually(lambda: tree.row("a").restarts >= 3, within_s=SOON_S)
        full.unlink()

        restarted(tree, "a", old)
        assert tree.events("supervision.child_start_failed", "a")


# -- Strategies ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("strategy", "changed"),
    [("one_for_one", "b"), ("one_for_all", "abc"), ("rest_for_one", "bc")],
)
def test_the_strategy_decides_who_is_restarted(tmp_path: Path, strategy: str, changed: str) -> None:
    """one_for_one, one_for_all, rest_for_one with three children; the second is killed."""
    with running_tree(root(*map(worker, "abc"), strategy=strategy), tmp_path) as tree:
        old = tree.pids(*"abc")
        tree.kill("b")
        for name in changed:
            restarted(tree, name, old[name])

        kept = set("abc") - set(changed)
        assert {name for name in "abc" if tree.pid(name) == old[name]} == kept


def test_a_supervisor_past_its_intensity_is_restarted_by_its_parent(tmp_path: Path) -> None:
    """one_for_one_escalation: the third death within the period ends the group. Source: A17."""
    inner = group("g", SupervisorFlags(intensity=2), worker("a"), worker("b"))
    with running_tree(root(inner), tmp_path) as tree:
        old = tree.pids("g", "a", "b")
        pid = old["a"]
        for _ in range(3):
            tree.kill("a")
            pid = restarted(tree, "a", pid)

        assert restarted(tree, "g", old["g"])
        assert restarted(tree, "b", old["b"])
        assert tree.events("supervision.gave_up")[0]["supervisor"] == "g"
        assert tree.row("g").last_exit == m.ExitReason(
            kind="gave_up",
            detail="a needed more than 2 restarts in 5 s; last killed SIGKILL",
        )


def test_the_root_past_its_intensity_ends(tmp_path: Path) -> None:
    """The node's watchdog boots the next generation then."""
    with running_tree(root(worker("a"), intensity=0), tmp_path) as tree:
        tree.kill("a")
        ended(tree)


def test_a_significant_child_ends_its_supervisor(tmp_path: Path) -> None:
    """significant_transient with any_significant."""
    spec = worker("a", restart=RestartType.TRANSIENT, significant=True)
    with running_tree(
        root(spec, worker("b"), auto_shutdown=AutoShutdown.ANY_SIGNIFICANT), tmp_path
    ) as tree:
        tree.call("a", m.NORMAL)
        ended(tree)


# -- Administration ------------------------------------------------------------------------------
def test_children_are_administered_by_calls(tmp_path: Path) -> None:
    """child_adm, which_children, count_children with a live supervisor. Source: D9."""
    with running_tree(root(worker("a")), tmp_path) as tree:
        row = tree.ask_root(m.StartChild(spec=worker("b")))
        assert (row.name, row.state, alive(row.pid)) == ("b", "running", True)
        with pytest.raises(errors.Conflict):
            tree.ask_root(m.StartChild(spec=worker("b")))

        tree.ask_root(m.TerminateChild(name="b"))
        assert not alive(row.pid)
        with pytest.raises(errors.Unavailable, match="got b down"):
            tree.whereis("b")
        counts = {"specs": 2, "active": 1, "supervisors": 0, "workers": 2}
        assert tree.ask_root(m.CountChildren()) == counts

        again = tree.ask_root(m.RestartChild(name="b"))
        forced = tree.ask_root(m.RestartChild(name="b", force=True))
        assert len({row.pid, again.pid, forced.pid}) == 3
        tree.ask_root(m.TerminateChild(name="b"))
        tree.ask_root(m.DeleteChild(name="b"))
        with pytest.raises(errors.NotFound):
            tree.ask_root(m.RestartChild(name="b"))
        assert list(tree.rows()) == ["a"]


def test_dynamic_children_come_and_go(tmp_path: Path) -> None:
    """simple_one_for_one: added at run time, restarted alone, forgotten when terminated."""
    with running_tree(root(strategy="dynamic"), tmp_path) as tree:
        for name in "abc":
            tree.ask_root(m.StartChild(spec=worker(name)))
        old = tree.pids(*"abc")
        tree.kill("b")
        restarted(tree, "b", old["b"])
        tree.ask_root(m.TerminateChild(name="c"))

        assert list(tree.rows()) == ["a", "b"]
        tree.stop()
        ended(tree)


def test_the_root_knows_everybody(tmp_path: Path) -> None:
    """AllRegistered and WhichChildren agree over levels; the root has a name as well."""
    inner = group("g", SupervisorFlags(), group("h", SupervisorFlags(), worker("a")))
    with running_tree(root(inner, worker("b")), tmp_path) as tree:
        registered = {up.name: up.pid for up in tree.ask_root(m.AllRegistered())}

        assert registered == {
            "root": tree.root_pid,
            **{name: row.pid for name, row in tree.rows().items()},
        }
        assert sorted(registered) == ["a", "b", "g", "h", "root"]


def test_processes_tell_their_statistics(tmp_path: Path) -> None:
    """A supervisor is a gen-server: it answers `GetStatistics`."""
    with running_tree(root(worker("a")), tmp_path) as tree:
        found = tree.ask_root(m.GetStatistics())

        assert found.extra == {"children": 1, "restarts": 0}


def test_an_unknown_request_is_refused_and_harms_nobody(tmp_path: Path) -> None:
    """Unknown messages are answered or logged, not fatal. Source: OTP supervisor."""
    with running_tree(root(worker("a")), tmp_path) as tree:
        with pytest.raises(errors.InvalidRequest):
            tree.ask_root("hello")
        with pytest.raises(errors.InvalidRequest, match="expected a child spec, got str"):
            tree.ask_root(m.StartChild(spec="a"))
        tree.send_root("hello")

        assert tree.pid("a") > 0
