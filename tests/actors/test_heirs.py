"""Heirs with real processes: owners, heirs and memory are killed, frozen and removed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.config import errors
from mimo.config.clock import SYSTEM_CLOCK
from mimo.storage.shared_tables import SharedTables
from mimo.supervision import heir_protocol as p
from mimo.supervision import platform
from mimo.supervision.specs import ChildSpec, RestartStrategy, SupervisorFlags, group
from tests.support.leftovers import tables_of
from tests.support.owners import HEIR, heir, owner
from tests.support.processes import alive
from tests.support.tree import BootRefused, Tree, running_tree
from tests.support.waiting import eventually

#: The tests kill far more often than a supervisor would bear.
FLAGS = SupervisorFlags(strategy=RestartStrategy.ONE_FOR_ONE, intensity=1_000, period_s=1.0)
PASSING = (
    errors.Unavailable,
    errors.DeadlineExceeded,
    errors.NotFound,
    errors.Busy,
    errors.Crashed,
)


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    folder.mkdir()
    yield folder
    shutil.rmtree(tables_of(folder), ignore_errors=True)


def root(*children: ChildSpec) -> ChildSpec:
    return group("mimo", FLAGS, *children)


def ask(tree: Tree, name: str, request: Any) -> Any:
    """Return an answer, waiting out restarts."""
    answers = []

    def answered() -> bool:
        answers.append(tree.call(name, request, timeout_s=3.0))
        return True

    eventually(answered, within_s=30.0, ignoring=PASSING, what=f"an answer of {name}")
    return answers[-1]


def replaced(tree: Tree, name: str, dead_pid: int) -> int:
    """Wait until another process is `name` and return its pid."""
    return eventually(lambda: (pid := tree.pid(name)) != dead_pid and pid, within_s=30.0)


def kill(tree: Tree, *names: str) -> None:
    """Kill these at one moment and wait for their successors."""
    pids = {name: tree.pid(name) for name in names}
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    for name, pid in pids.items():
        replaced(tree, name, pid)


def status(tree: Tree, table: str = "notes") -> p.TableStatus:
    found: tuple[p.TableStatus, ...] = ask(tree, HEIR, p.ListTables())
    return next(one for one in found if one.table == table)


def wipe(data_dir: Path) -> None:
    """Remove the shared memory under the running tree."""
    shutil.rmtree(tables_of(data_dir))


def logged(tree: Tree, event: str, within_s: float = 20.0) -> dict[str, Any]:
    return eventually(lambda: tree.events(event), within_s=within_s, what=event)[-1]


def test_an_owner_killed_twenty_times_finds_its_table_intact(
    data_dir: Path, tmp_path: Path
) -> None:
    """F4, A6: every acknowledged change is there after each death; lost: 0."""
    with running_tree(root(heir(data_dir), owner("worker", "notes")), tmp_path) as tree:
        for turn in range(20):
            seq = ask(tree, "worker", ("put", "notes", f"k{turn}", turn))
            kill(tree, "worker")
            assert ask(tree, "worker", ("all", "notes")) == {f"k{n}": n for n in range(turn + 1)}
            assert status(tree).seq == seq
        assert len(tree.events("heir.inherited")) > 0
        assert status(tree).state == "owned"


def test_a_change_that_was_never_answered_is_there_whole_or_not_at_all(
    data_dir: Path, tmp_path: Path
) -> None:
    """F1: the owner dies between change and reply; the caller doesn't know, the table does."""
    with running_tree(root(heir(data_dir), owner("worker", "notes")), tmp_path) as tree:
        ask(tree, "worker", ("put", "notes", "a", "before"))
        dead = tree.pid("worker")
        with pytest.raises(PASSING):
            tree.call("worker", ("put_and_die", "notes", "a", "after"), timeout_s=1.0)
        replaced(tree, "worker", dead)
        assert ask(tree, "worker", ("all", "notes")) == {"a": "after"}
        assert status(tree).seq == 2


def test_a_killed_heir_is_not_missed_by_the_owner(data_dir: Path, tmp_path: Path) -> None:
    """A5: the owner works on with the same grant; the next heir holds the same table."""
    with running_tree(root(heir(data_dir), owner("worker", "notes")), tmp_path) as tree:
        ask(tree, "worker", ("put", "notes", "a", 1))
        worker, before = tree.pid("worker"), status(tree)
        heir_pid = tree.kill(HEIR)
        assert tree.call("worker", ("put", "notes", "b", 2)) == 2
        replaced(tree, HEIR, heir_pid)
        after = status(tree)
        assert (after.epoch, after.incarnation) == (before.epoch, before.incarnation)
        assert (after.seq, after.state) == (2, "owned")
        assert tree.pid("worker") == worker
        kill(tree, "worker")
        assert ask(tree, "worker", ("all", "notes")) == {"a": 1, "b": 2}


def test_heir_and_owner_killed_together_lose_nothing(data_dir: Path, tmp_path: Path) -> None:
    """A7: the table is found again by its name in shared memory."""
    with running_tree(root(heir(data_dir), owner("worker", "notes")), tmp_path) as tree:
        for turn in range(5):
            ask(tree, "worker", ("put", "notes", f"k{turn}", turn))
            kill(tree, HEIR, "worker")
            assert ask(tree, "worker", ("all", "notes")) == {f"k{n}": n for n in range(turn + 1)}
        assert tree.events("heir.reinherited")
        assert not tree.events("heir.table_lost")


def test_heir_owner_and_memory_lost_together_fall_back_to_the_snapshot_and_say_so(
    data_dir: Path, tmp_path: Path
) -> None:
    """A7: what is lost is reported with its age, never silent."""
    with running_tree(root(heir(data_dir), owner("worker", "notes")), tmp_path) as tree:
        ask(tree, "worker", ("put", "notes", "a", 1))
        assert ask(tree, HEIR, p.SnapshotTables()) == 1
        ask(tree, "worker", ("put", "notes", "late", 2))
        wipe(data_dir)
        kill(tree, HEIR, "worker")
        assert ask(tree, "worker", ("all", "notes")) == {"a": 1}
        lost = logged(tree, "heir.table_lost")
        assert (lost["table"], lost["source"]) == ("notes", "snapshot")
        assert lost["age_s"] >= 0


def test_an_owner_reseeds_a_heir_that_lost_the_memory(data_dir: Path, tmp_path: Path) -> None:
    """F2, A5: the owner still has the file open that everybody else lost."""
    with running_tree(root(heir(data_dir), owner("worker", "notes")), tmp_path) as tree:
        for n in range(5):
            ask(tree, "worker", ("put", "notes", f"k{n}", n))
        worker, heir_pid = tree.pid("worker"), tree.pid(HEIR)
        wipe(data_dir)
        tree.kill(HEIR)
        replaced(tree, HEIR, heir_pid)
        logged(tree, "heir.reseeded")
        assert tree.pid("worker") == worker
        kill(tree, "worker")
        assert ask(tree, "worker", ("all", "notes")) == {f"k{n}": n for n in range(5)}
        assert status(tree).seq > 5


def test_a_heir_that_lives_makes_removed_memory_again(data_dir: Path, tmp_path: Path) -> None:
    """Ours: somebody cleaned /dev/shm; nothing is lost and the worker needn't die of it."""
    spec = root(heir(data_dir, snapshot_s=0.2), owner("worker", "notes"))
    with running_tree(spec, tmp_path) as tree:
        ask(tree, "worker", ("put", "notes", "a", 1))
        wipe(data_dir)
        logged(tree, "heir.rebuilt")
        eventually(lambda: status(tree).state == "owned", within_s=20.0)
        assert ask(tree, "worker", ("put", "notes", "b", 2)) > 1
        kill(tree, "worker")
        assert ask(tree, "worker", ("all", "notes")) == {"a": 1, "b": 2}


def test_a_frozen_owner_that_thaws_after_its_successor_claimed_is_refused_and_leaves(
    data_dir: Path, tmp_path: Path
) -> None:
    """B7: stale writes 0; the zombie says nothing to its caller, logs, and goes."""
    with running_tree(root(heir(data_dir), owner("worker", "notes")), tmp_path) as tree:
        ask(tree, "worker", ("put", "notes", "a", "zombie's"))
        zombie = tree.whereis("worker")
        os.kill(zombie.pid, signal.SIGSTOP)
        successor = int(SYSTEM_CLOCK.monotonic_s() * 1e6)
        claim = p.Claim(spec=p.TableSpec(name="notes"), owner="worker", incarnation=successor)
        transfer = tree.call(HEIR, claim)
        table = SharedTables.open_owned(transfer.path, transfer.epoch, SYSTEM_CLOCK)
        table.put("a", "successor's")
        os.kill(zombie.pid, signal.SIGCONT)
        with pytest.raises(PASSING):
            tree.call("worker", ("put", "notes", "a", "stale"), timeout_s=1.0)
        assert table.get("a") == "successor's"
        eventually(lambda: not alive(zombie.pid), within_s=20.0)
        assert logged(tree, "heir.stale_write")["child"] == "worker"
        assert table.get("a") == "successor's"
        replaced(tree, "worker", zombie.pid)
        with pytest.raises(errors.StaleIncarnation):
            table.put("a", "a third one's")
        assert ask(tree, "worker", ("all", "notes")) == {"a": "successor's"}
        table.close()


def test_of_two_claimants_the_later_incarnation_wins(data_dir: Path, tmp_path: Path) -> None:
    """F3: owners = 1."""
    with running_tree(root(heir(data_dir)), tmp_path) as tree:

        def claim(incarnation: int, name: str = "worker") -> p.TableTransfer:
            found = tree.call(
                HEIR, p.Claim(spec=p.TableSpec(name="t"), owner=name, incarnation=incarnation)
            )
            assert isinstance(found, p.TableTransfer)
            return found

        first, second = claim(10), claim(20)
        assert claim(20) == second
        with pytest.raises(errors.Conflict):
            claim(10)
        with pytest.raises(errors.Conflict):
            claim(30, "somebody else")
        stale = SharedTables.open_owned(first.path, first.epoch, SYSTEM_CLOCK)
        with pytest.raises(errors.StaleIncarnation):
            stale.put("a", 1)
        stale.close()


def test_a_table_is_given_away_and_survives_its_receivers_death(
    data_dir: Path, tmp_path: Path
) -> None:
    """OTP ets:give_away/3: the receiver owns it, the heir stays the heir."""
    spec = root(heir(data_dir), owner("giver", "own"), owner("taker", takes=("notes",)))
    with running_tree(spec, tmp_path) as tree:
        ask(tree, "giver", ("claim", "notes"))
        ask(tree, "giver", ("put", "notes", "a", 1))
        ask(tree, "giver", ("give", "notes", "taker"))
        assert ask(tree, "taker", ("all", "notes")) == {"a": 1}
        assert tree.call("taker", "received") == [("notes", HEIR)]
        ask(tree, "taker", ("put", "notes", "b", 2))
        kill(tree, "taker")
        assert ask(tree, "taker", ("all", "notes")) == {"a": 1, "b": 2}
        kill(tree, HEIR)
        assert ask(tree, "taker", ("put", "notes", "c", 3)) == 3
        assert status(tree).owner == "taker"
        with pytest.raises(errors.InvalidRequest, match="our own"):
            tree.call("giver", ("give", "own", "taker"))


def test_an_orderly_stop_keeps_everything_on_disk_and_no_memory(
    data_dir: Path, tmp_path: Path
) -> None:
    """Ours: a stopped node leaves nothing in shared memory; the next one has every change."""
    spec = root(heir(data_dir), owner("worker", "notes"))
    with running_tree(spec, tmp_path) as tree:
        ask(tree, "worker", ("put", "notes", "a", 1))
        assert tables_of(data_dir).exists()
        tree.stop()
        eventually(lambda: not tree.is_up, within_s=20.0)
        assert not tables_of(data_dir).exists()
    with running_tree(spec, tmp_path) as tree:
        assert ask(tree, "worker", ("all", "notes")) == {"a": 1}
        assert tree.events("heir.restored")
        assert not tree.events("heir.table_lost")


def test_snapshots_are_taken_while_something_changes(data_dir: Path, tmp_path: Path) -> None:
    """Design 5: a bounded interval; an unchanged table isn't written again."""
    spec = root(heir(data_dir, snapshot_s=0.1), owner("worker", "notes"))
    with running_tree(spec, tmp_path) as tree:
        ask(tree, "worker", ("put", "notes", "a", 1))
        eventually(lambda: status(tree).snapshot_seq == 1, within_s=20.0)
        age_s = status(tree).snapshot_age_s
        assert age_s is not None
        eventually(lambda: (status(tree).snapshot_age_s or 0) > age_s + 0.3, within_s=20.0)


def test_a_second_owner_of_the_same_table_doesnt_start(data_dir: Path, tmp_path: Path) -> None:
    """Ours: a mistake in the tree is told at its start, with both names."""
    spec = root(heir(data_dir), owner("first", "notes"), owner("second", "notes"))
    with pytest.raises(BootRefused, match="first"), running_tree(spec, tmp_path):
        pass


def test_an_owner_starts_before_its_heir_and_serves_once_it_is_there(
    data_dir: Path, tmp_path: Path
) -> None:
    """Ours: the start is asynchronous; a heir that restarts delays an owner and doesn't fail it."""
    with running_tree(root(heir(data_dir), owner("worker", "notes")), tmp_path) as tree:
        ask(tree, "worker", ("put", "notes", "a", 1))
        os.kill(heir_pid := tree.pid(HEIR), signal.SIGKILL)
        tree.kill("worker")
        replaced(tree, HEIR, heir_pid)
        assert ask(tree, "worker", ("all", "notes")) == {"a": 1}
        assert not tree.events("supervision.child_start_failed")


@pytest.mark.skipif(platform.is_portable(), reason="the fallback has no shared memory")
@pytest.mark.parametrize("prepare", [Path.mkdir, lambda path: path.symlink_to("/tmp")])
def test_shared_memory_that_somebody_else_prepared_is_not_used(
    data_dir: Path, tmp_path: Path, prepare: Callable[[Path], None]
) -> None:
    """Ours: /dev/shm is open to all users; a folder or link that isn't ours alone is left alone."""
    place = tables_of(data_dir)
    prepare(place)
    if not place.is_symlink():
        os.chown(place, 12345, 12345)
    try:
        with running_tree(root(heir(data_dir), owner("worker", "notes")), tmp_path) as tree:
            ask(tree, "worker", ("put", "notes", "a", 1))
            assert logged(tree, "heir.no_shared_memory")
            assert list((data_dir / "run" / "tables").rglob("notes.table"))
    finally:
        place.unlink() if place.is_symlink() else place.rmdir()
