"""Calls between real processes: one effect, one answer, whatever dies in between."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.config.errors import Crashed, InvalidRequest
from mimo.supervision import messages as m
from mimo.supervision.specs import ChildSpec, SupervisorFlags, group
from tests.support.servers import Append, Forward
from tests.support.tree import Tree, running_tree
from tests.support.waiting import eventually

FLAGS = SupervisorFlags(intensity=20, period_s=5.0)


def _spec(journal: Path) -> ChildSpec:
    folder = "tests.support.servers"
    return group(
        "root",
        FLAGS,
        ChildSpec(id="callee", start=f"{folder}.Callee", args={"journal": str(journal)}),
        ChildSpec(id="relay", start=f"{folder}.Relay"),
    )


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gen_server") / "journal"


@pytest.fixture(scope="module")
def tree(journal: Path) -> Iterator[Tree]:
    with running_tree(_spec(journal), journal.parent) as running:
        yield running


def lines(journal: Path, line: str) -> int:
    return journal.read_text().splitlines().count(line) if journal.exists() else 0


def _has_run(journal: Path, line: str, times: int) -> bool:
    return lines(journal, line) == times


def _await_idle(tree: Tree) -> None:
    eventually(lambda: tree.call("relay", m.GetStatistics()).outstanding == 0, within_s=10)


def test_an_exception_gives_its_caller_crashed_and_its_effect_happens_once(
    tree: Tree, journal: Path
) -> None:
    """C1. Plain Thespian 4.0.1 would run the handler a second time and keep the actor."""
    before = tree.pid("callee")
    with pytest.raises(Crashed):
        tree.call("callee", Append("once", then="raise"))
    eventually(lambda: tree.pid("callee") not in (0, before), within_s=10)
    assert lines(journal, "once") == 1


def test_a_call_whose_worker_is_killed_is_answered_by_the_successor(
    tree: Tree, journal: Path
) -> None:
    """Ours: a client must not notice that one worker was killed."""
    hangs = Forward("callee", Append("slow", then="hang"), timeout_s=3.0, wait=False)
    assert tree.call("relay", hangs) == ()
    eventually(lambda: lines(journal, "slow") == 1, within_s=10)
    tree.call("relay", Forward("callee", "innocent", wait=False))
    os.kill(tree.pid("callee"), signal.SIGKILL)
    eventually(lambda: lines(journal, "slow") == 2, within_s=10)
    eventually(lambda: tree.call("relay", "values") == ("innocent",), within_s=10)


def test_a_call_that_outlives_its_workers_alone_ends_as_crashed(tree: Tree, journal: Path) -> None:
    """C2: a poison message is given up after two deaths, and its caller is told."""
    _await_idle(tree)
    request = Forward("callee", Append("poison", then="hang"), key="k", wait=False)
    assert tree.call("relay", request) == ()
    for death in (1, 2):
        eventually(functools.partial(_has_run, journal, "poison", death), within_s=10)
        os.kill(tree.pid("callee"), signal.SIGKILL)
    (failure,) = eventually(lambda: tree.call("relay", "values"), within_s=10)
    assert failure.code == "crashed"
    assert lines(journal, "poison") == 2


def test_calls_in_flight_beside_a_poison_are_answered(tree: Tree, journal: Path) -> None:
    """C2: they are sent again, and alone after two deaths."""
    _await_idle(tree)
    poison = Forward("callee", Append("beside", then="hang"), key="b", wait=False)
    tree.call("relay", poison)
    innocent = Append("innocent", then="hang twice")
    tree.call("relay", Forward("callee", innocent, count=5, key="i", wait=False))
    for death in (1, 2):
        eventually(functools.partial(_has_run, journal, "innocent", 5 * death), within_s=10)
        os.kill(tree.pid("callee"), signal.SIGKILL)
    eventually(functools.partial(_has_run, journal, "beside", 3), within_s=10)
    assert lines(journal, "innocent") == 10
    os.kill(tree.pid("callee"), signal.SIGKILL)
    eventually(lambda: len(tree.call("relay", "values")) == 5, within_s=10)
    assert all(value.startswith("innocent by") for value in tree.call("relay", "values"))
    _await_idle(tree)
    assert lines(journal, "beside") == 3


def test_many_calls_at_once_are_each_answered_once(tree: Tree) -> None:
    values = tree.call("relay", Forward("callee", "x", count=200))
    assert values == ("x",) * 200


def test_the_same_key_has_one_effect_and_the_same_answer(tree: Tree, journal: Path) -> None:
    first = tree.call("relay", Forward("callee", Append("keyed"), key="same"))
    again = tree.call("relay", Forward("callee", Append("keyed"), key="same"))
    assert first == again
    assert lines(journal, "keyed") == 1


def test_a_reply_after_the_deadline_is_dropped_and_the_next_call_gets_its_own(tree: Tree) -> None:
    """C3. On plain Thespian 4.0.1 the next ask would get the late reply."""
    late = tree.call("relay", Forward("callee", "late", timeout_s=0.1))
    assert [failure.code for failure in late] == ["deadline_exceeded"]
    assert tree.call("relay", Forward("callee", "mine")) == ("mine",)
    eventually(
        lambda: tree.call("relay", m.GetStatistics()).late_replies >= 1,
        within_s=10,
    )
    assert tree.call("relay", Forward("callee", "mine too")) == ("mine too",)


def test_an_unknown_request_is_refused_and_harms_nobody(tree: Tree) -> None:
    """C5."""
    before = tree.pid("relay")
    with pytest.raises(InvalidRequest, match="expected a request that relay answers"):
        tree.call("relay", "what?")
    tree.send(tree.whereis("relay").address, ("no", "protocol"))
    assert tree.call("relay", Forward("callee", "still here")) == ("still here",)
    assert tree.pid("relay") == before


def test_statistics_tell_what_was_handled(tree: Tree) -> None:
    found = tree.call("callee", m.GetStatistics())
    assert isinstance(found, m.Statistics)
    assert found.name == "callee"
    assert found.handled > 0
    assert found.mailbox >= 0
