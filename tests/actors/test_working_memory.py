"""Working memory as a process: notes that last, expire, and survive whoever holds them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mimo.actors.memory import messages as memory
from mimo.actors.memory.operations import MEMORY
from mimo.actors.operations import Result
from mimo.config import errors, limits
from mimo.supervision import heir_protocol as p
from mimo.supervision.messages import GetStatistics
from mimo.supervision.specs import ChildSpec, SupervisorFlags, group
from tests.support.leftovers import tables_of
from tests.support.owners import HEIR, heir
from tests.support.tree import Tree, running_tree
from tests.support.waiting import eventually

NAME = "memory/working_memory"
FLAGS = SupervisorFlags(intensity=1_000, period_s=1.0)


@pytest.fixture
def tree(data_dir: Path, tmp_path: Path) -> Iterator[Tree]:
    worker = ChildSpec(
        id=NAME,
        start="mimo.actors.memory.working_memory.WorkingMemory",
        args={"heir": HEIR},
    )
    with running_tree(group("mimo", FLAGS, heir(data_dir), worker), tmp_path) as running:
        yield running
    shutil.rmtree(tables_of(data_dir), ignore_errors=True)


def hold(tree: Tree, content: str, *, session: str = "s", ttl_s: float = 600, key: str = "") -> Any:
    """Hold a note and return it as shown; the result must fit the operation's schema."""
    request = memory.Hold(content=content, session_id=session, ttl_s=ttl_s, key=key or content)
    return shown(tree, "hold", request)["note"]


def held(tree: Tree, session: str = "", limit: int = 20) -> list[str]:
    request = memory.Held(session_id=session, limit=limit)
    return [note["content"] for note in shown(tree, "held", request)["notes"]]


def shown(tree: Tree, operation: str, request: Any) -> Any:
    result = tree.call(NAME, request)
    assert isinstance(result, Result)
    found = MEMORY.operation(operation)
    assert found is not None
    jsonschema.validate(result.data, found.result)
    return result.data


def test_notes_come_back_newest_first_by_session(tree: Tree) -> None:
    """Held: the notes of a session, or of all."""
    for content, session in (("one", "a"), ("two", "b"), ("three", "a")):
        hold(tree, content, session=session)
    assert held(tree, "a") == ["three", "one"]
    assert held(tree) == ["three", "two", "one"]
    assert held(tree, limit=1) == ["three"]
    assert held(tree, "nobody") == []


def test_the_same_key_holds_one_note_also_across_a_kill(tree: Tree) -> None:
    """C4: repeated five times, also by a successor that remembers no replies: one note, one id."""
    first = hold(tree, "once", key="k")
    assert [hold(tree, "again", key="k")["note_id"] for _ in range(3)] == [first["note_id"]] * 3
    restart(tree)
    again = hold(tree, "again", key="k")
    assert (again["note_id"], again["content"]) == (first["note_id"], "once")
    assert held(tree) == ["once"]


def restart(tree: Tree) -> None:
    dead = tree.pid(NAME)
    os.kill(dead, signal.SIGKILL)
    eventually(lambda: tree.pid(NAME) not in (0, dead), within_s=30.0)


def test_notes_survive_twenty_kills_and_their_ids_rise(tree: Tree) -> None:
    """A6, F4: the successor has every note that was acknowledged."""
    ids = []
    for turn in range(20):
        ids.append(hold(tree, f"note {turn}")["note_id"])
        restart(tree)
    assert held(tree, limit=100) == [f"note {turn}" for turn in reversed(range(20))]
    assert ids == sorted(set(ids))


def test_a_note_is_gone_when_its_time_is_over_and_then_from_the_table(tree: Tree) -> None:
    """Ours: never shown after its expiry; one timer frees the room."""
    hold(tree, "short", ttl_s=limits.NOTE_TTL_S_MIN)
    hold(tree, "long")
    assert held(tree) == ["long", "short"]
    eventually(lambda: held(tree) == ["long"], within_s=20.0)
    eventually(lambda: tree.call(HEIR, p.ListTables())[0].rows == 1, within_s=20.0)


def test_a_note_that_expired_while_nobody_was_there_is_not_shown(tree: Tree) -> None:
    """Ours: its time goes on without its process."""
    hold(tree, "short", ttl_s=limits.NOTE_TTL_S_MIN)
    os.kill(pid := tree.pid(NAME), signal.SIGKILL)
    eventually(lambda: tree.pid(NAME) not in (0, pid), within_s=30.0)
    eventually(lambda: held(tree) == [], within_s=20.0)
    eventually(lambda: tree.call(HEIR, p.ListTables())[0].rows == 0, within_s=20.0)


def test_at_its_limit_the_oldest_note_goes(tree: Tree) -> None:
    """F5: bounded in bytes; it forgets what was held for longest, and counts it."""
    size = limits.MEMORY_BYTES_MAX
    count = limits.NOTES_BYTES_MAX // size + 2
    for number in range(count):
        hold(tree, f"{number:04}" + "x" * (size - 4), key=f"k{number}")
    statistics = tree.call(NAME, GetStatistics())
    assert statistics.extra["evicted"] >= 2
    assert statistics.extra["notes"] + statistics.extra["evicted"] == count
    answer = tree.call(NAME, memory.Held(session_id="", limit=100))
    assert answer.data["notes"][0]["content"].startswith(f"{count - 1:04}")
    assert answer.data["count"] < answer.data["total"] == statistics.extra["notes"]
    table = tree.call(HEIR, p.ListTables())[0]
    assert table.bytes <= table.bytes_max


@pytest.mark.parametrize(
    ("content", "ttl_s"),
    [("", 10), ("x" * (limits.MEMORY_BYTES_MAX + 1), 10), ("x", 0), ("x", 1e9), ("\ud800", 10)],
)
def test_a_bad_note_is_refused_and_harms_nothing(tree: Tree, content: str, ttl_s: float) -> None:
    """J3: one clear sentence; the process that got it goes on."""
    pid = tree.pid(NAME)
    with pytest.raises(errors.InvalidRequest, match="expected"):
        tree.call(NAME, memory.Hold(content=content, session_id="s", ttl_s=ttl_s, key="k"))
    assert held(tree) == []
    assert tree.pid(NAME) == pid
