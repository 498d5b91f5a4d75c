"""Workers that start at the first call to them and leave when idle, with real processes."""

from __future__ import annotations

from pathlib import Path

from mimo.supervision.specs import ChildSpec, SupervisorFlags, group
from tests.support.processes import alive
from tests.support.tree import Tree, running_tree
from tests.support.waiting import eventually
from tests.support.workers import worker

SOON_S = 20.0
#: Short enough to be seen, long enough for a slow machine's answer.
REST_S = 0.5


def tree_with(journal: Path, **args: str) -> ChildSpec:
    lazy = worker(
        "tools/lazy",
        args={"journal": str(journal), **args},
        on_demand=True,
        rest_after_s=REST_S,
    )
    return group(
        "root", SupervisorFlags(), worker("asker"), group("tools", SupervisorFlags(), lazy)
    )


def starts(journal: Path) -> int:
    return journal.read_text().count("start tools/lazy") if journal.exists() else 0


def state(tree: Tree) -> str:
    return tree.row("tools/lazy").state


def test_a_call_starts_a_worker_that_rests_and_idleness_ends_it(tmp_path: Path) -> None:
    """Each time; the caller sees nothing of it but time."""
    journal = tmp_path / "journal"
    with running_tree(tree_with(journal), tmp_path) as tree:
        assert state(tree) == "resting"
        for round_ in (1, 2, 3):
            pid = tree.call("asker", ("ask", "tools/lazy", "pid"))
            assert alive(pid)
            assert starts(journal) == round_
            eventually(lambda: state(tree) == "resting", within_s=SOON_S)
            assert not alive(pid)

        assert tree.row("tools/lazy").restarts == 0
        assert journal.read_text().count("stop") == 3


def test_a_worker_with_work_of_its_own_does_not_rest(tmp_path: Path) -> None:
    """`may_rest` decides."""
    busy = tmp_path / "busy"
    busy.touch()
    with running_tree(tree_with(tmp_path / "journal", busy_while=str(busy)), tmp_path) as tree:
        pid = tree.call("asker", ("ask", "tools/lazy", "pid"))
        assert tree.listen(4 * REST_S) is None
        assert tree.pid("tools/lazy") == pid
        busy.unlink()
        eventually(lambda: state(tree) == "resting", within_s=SOON_S)


def test_a_worker_killed_at_work_is_back_and_the_call_with_it(tmp_path: Path) -> None:
    """On demand changes nothing of a restart."""
    with running_tree(tree_with(tmp_path / "journal"), tmp_path) as tree:
        first = tree.call("asker", ("ask", "tools/lazy", "pid"))
        tree.kill("tools/lazy")
        second = tree.call("asker", ("ask", "tools/lazy", "pid"))

        assert second != first


def test_a_supervisor_that_dies_knows_again_what_rests(tmp_path: Path) -> None:
    """And a call that comes meanwhile is answered by the successor's child."""
    with running_tree(tree_with(tmp_path / "journal"), tmp_path) as tree:
        tree.kill("tools")

        assert alive(tree.call("asker", ("ask", "tools/lazy", "pid")))


def test_an_administrator_finds_what_rests(tmp_path: Path) -> None:
    """Asking where it is starts it."""
    with running_tree(tree_with(tmp_path / "journal"), tmp_path) as tree:
        assert eventually(lambda: tree.pid("tools/lazy"), within_s=SOON_S)


def test_a_worker_that_cannot_start_is_tried_a_bounded_number_of_times(tmp_path: Path) -> None:
    """One call is no reason to fork for ever; once it can, the next call starts it."""
    journal, broken = tmp_path / "journal", tmp_path / "broken"
    broken.touch()
    with running_tree(tree_with(journal, fails_while=str(broken)), tmp_path) as tree:
        assert tree.pid("tools/lazy") == 0
        eventually(lambda: journal.exists() and "init" in journal.read_text(), within_s=SOON_S)
        assert tree.listen(1.0) is None

        assert journal.read_text().count("init tools/lazy") <= 2
        broken.unlink()
        assert alive(tree.call("asker", ("ask", "tools/lazy", "pid")))
