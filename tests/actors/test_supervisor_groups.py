"""Groups under a real root: parking, critical groups, supervisors that are killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from mimo.config import errors
from mimo.supervision import messages as m
from mimo.supervision.specs import ChildSpec, RestartStrategy, SupervisorFlags, group
from tests.support.processes import alive, descendants
from tests.support.tree import Tree, running_tree
from tests.support.waiting import eventually
from tests.support.workers import worker

SOON_S = 20.0


def mimo(**args: object) -> ChildSpec:
    """Return a root that parks groups: heirs (critical), memory, bridge with a worker each."""
    inner = SupervisorFlags(intensity=1)
    return group(
        "mimo",
        SupervisorFlags(strategy=RestartStrategy.REST_FOR_ONE, parks_groups=True),
        group("heirs", inner, worker("heirs/tools"), critical=True),
        group("memory", inner, worker("memory/recall/1", args=dict(args))),
        group("bridge", inner, worker("bridge/mcp")),
    )


ALL = ("heirs", "heirs/tools", "memory", "memory/recall/1", "bridge", "bridge/mcp")


def changed(tree: Tree, old: dict[str, int]) -> set[str]:
    """Return the names whose process isn't the old one."""
    return {name for name, pid in old.items() if tree.pid(name) != pid}


def all_back(tree: Tree, old: dict[str, int], names: set[str]) -> None:
    """Wait until these names serve in new processes."""

    def back() -> bool:
        return all(tree.pid(name) not in (0, old[name]) for name in names)

    eventually(back, within_s=SOON_S)


def test_a_restarting_worker_leaves_everybody_else_alone(tmp_path: Path) -> None:
    """A group that restarts within its own budget disturbs nobody."""
    with running_tree(mimo(), tmp_path) as tree:
        old = tree.pids(*ALL)
        tree.kill("memory/recall/1")
        all_back(tree, old, {"memory/recall/1"})

        assert changed(tree, old) == {"memory/recall/1"}


def test_a_killed_supervisor_takes_its_children_and_is_restarted_alone(tmp_path: Path) -> None:
    """Its children die with it, at once; the other groups keep their processes. Source: A8."""
    with running_tree(mimo(), tmp_path) as tree:
        old = tree.pids(*ALL)
        tree.kill("memory")
        eventually(lambda: not alive(old["memory/recall/1"]), within_s=SOON_S)
        all_back(tree, old, {"memory", "memory/recall/1"})

        assert changed(tree, old) == {"memory", "memory/recall/1"}


def test_subscribers_hear_that_a_killed_supervisors_children_are_down(tmp_path: Path) -> None:
    """Nobody but the registry can tell them."""
    with running_tree(mimo(), tmp_path) as tree:
        tree.subscribe("memory/recall/1")
        up = tree.listen(SOON_S)
        tree.kill("memory")
        down, again = tree.listen(SOON_S), tree.listen(SOON_S)

        assert isinstance(down, m.Down)
        assert down.incarnation == up.incarnation
        assert "its supervisor memory ended" in down.reason.detail
        assert isinstance(again, m.Up)


def test_a_critical_group_takes_along_what_stands_below(tmp_path: Path) -> None:
    """Heirs died: root restarts memory and bridge, in order."""
    with running_tree(mimo(), tmp_path) as tree:
        old = tree.pids(*ALL)
        tree.kill("heirs")
        all_back(tree, old, set(ALL))

        started = [line["child"] for line in tree.events("supervision.child_restarted")]
        assert [name for name in started if "/" not in name] == ["heirs", "memory", "bridge"]


def test_a_group_that_gives_up_is_parked_and_comes_back_on_command(tmp_path: Path) -> None:
    """The bridge serves on meanwhile; the live tree shows the group as parked."""
    broken = tmp_path / "broken"
    with running_tree(mimo(fails_while=str(broken)), tmp_path) as tree:
        old = tree.pids(*ALL)
        broken.touch()
        tree.kill("memory/recall/1")
        eventually(lambda: tree.row("memory").state == "parked", within_s=SOON_S)

        assert changed(tree, old) == {"memory", "memory/recall/1"}
        assert tree.row("memory").last_exit.kind == "gave_up"  # type: ignore[union-attr]
        assert tree.events("supervision.group_parked", "memory")
        with pytest.raises(errors.Unavailable, match="got memory parked; start it with 'mimo"):
            tree.whereis("memory/recall/1")
        broken.unlink()
        assert tree.ask_root(m.RestartChild(name="memory")).state == "running"
        assert tree.pid("memory/recall/1") > 0


def test_a_group_that_cannot_start_does_not_stop_the_boot(tmp_path: Path) -> None:
    """The node boots degraded."""
    broken = tmp_path / "broken"
    broken.touch()
    with running_tree(mimo(fails_while=str(broken)), tmp_path) as tree:
        assert tree.pid("bridge/mcp") > 0
        eventually(lambda: tree.row("memory").state == "parked", within_s=SOON_S)


def test_a_supervisor_killed_while_it_restarts_a_child_leaves_one_of_each(tmp_path: Path) -> None:
    """Its parent takes over; what it had just forked dies with it. Source: A18."""
    with running_tree(mimo(), tmp_path) as tree:
        seen: set[int] = set()
        for _ in range(3):
            old = tree.pids("memory", "memory/recall/1")
            seen.update(old.values())
            os.kill(old["memory/recall/1"], signal.SIGKILL)
            os.kill(old["memory"], signal.SIGKILL)
            all_back(tree, old, set(old))

        assert not any(alive(pid) for pid in seen)
        below = descendants(tree.root_pid)
        assert below == set(tree.pids(*ALL).values())
