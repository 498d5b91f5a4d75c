"""Whoever works off the queue dies at any moment: no task is lost, no effect happens twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.storage import task_reads
from mimo.storage.database import Database
from tests.support.memories import quick_writer
from tests.support.procedures import prepare
from tests.support.tasks import random_tasks, run_to_its_end, wrong_ends

GRAPHS = 15


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = quick_writer(tmp_path / "data" / "mimo.db")
    prepare(opened)
    yield opened
    opened.close()


def test_a_queue_killed_at_each_single_moment_loses_and_doubles_nothing(db: Database) -> None:
    """Before and after each save and each effect of random graphs."""
    kills = 0
    for number in range(GRAPHS):
        chance = random.Random(number)
        tasks = random_tasks(random.Random(number), f"{number}-plain", 1_000.0)
        moments, _ = run_to_its_end(db, tasks, kills=iter(()))
        assert not wrong_ends(db, tasks)
        for moment in chance.sample(range(1, moments + 1), k=min(moments, 15)):
            tasks = random_tasks(random.Random(number), f"{number}-{moment}", 1_000.0)
            _, died = run_to_its_end(db, tasks, kills=iter((moment,)))
            assert died == 1
            assert not wrong_ends(db, tasks), (number, moment)
            kills += 1
    assert kills >= 10 * GRAPHS


def test_kills_and_troubled_calls_together_lose_and_double_nothing(db: Database) -> None:
    """Calls are refused, get lost or answer to nobody while the process dies again and again."""
    for number in range(GRAPHS):
        chance = random.Random(1_000 + number)
        tasks = random_tasks(chance, f"t{number}", 1_000.0)
        kills = iter([chance.randint(1, 20) for _ in range(5)])
        run_to_its_end(db, tasks, kills=kills, trouble=0.2)
        assert not wrong_ends(db, tasks), number


def test_what_was_asked_and_answered_is_kept(db: Database) -> None:
    """Each question has its answer; none is left open when all tasks have ended."""
    for number in range(GRAPHS):
        tasks = random_tasks(random.Random(number), f"a{number}", 1_000.0)
        run_to_its_end(db, tasks, kills=iter((7, 9)))
    assert not task_reads.questions(db)
    asked = task_reads.questions(db, pending=False, limit=1_000)
    assert {one.decision for one in asked} == {"approved", "withdrawn"} or asked
    assert {one.kind for one in asked} == {"approval", "review"}
