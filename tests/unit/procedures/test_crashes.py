"""Whoever runs a procedure dies at any moment: each run ends once, whole or wholly undone."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.actors.procedures.definition import Procedure
from mimo.actors.procedures.runner import Runner
from mimo.config.clock import ManualClock
from mimo.storage import procedure_reads
from mimo.storage.database import Database
from tests.support.memories import quick_writer
from tests.support.procedures import (
    Killed,
    SimulatedWorld,
    add,
    prepare,
    random_definition,
    register,
    take_over,
    wrong_effects,
)

RUNS = 100


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = quick_writer(tmp_path / "data" / "mimo.db")
    prepare(opened)
    yield opened
    opened.close()


def run_to_its_end(
    db: Database,
    procedure: Procedure,
    row: int,
    run_id: str,
    *,
    kills: Iterator[int],
    trouble: float = 0.0,
) -> tuple[str, int, int]:
    """Run, die at each of these moments of successive processes, and return how it ended.

    Returns:
        The status, the moments of the last process, and how many died.
    """
    clock, chance = ManualClock(), random.Random(row)
    died = 0
    while True:
        world = SimulatedWorld(db, clock, chance, killed_at=next(kills, 0), trouble=trouble)
        try:
            if procedure_reads.runs(db, limit=1) and _exists(db, run_id):
                runner = take_over(world, {row: procedure})
            else:
                runner = Runner(world, "procedures")
                runner.start(procedure, row, run_id, {}, "test", lambda _value: None)
            world.run_until_quiet(runner)
        except Killed:
            died += 1
            continue
        return procedure_reads.run(db, run_id).status, world.moments, died


def _exists(db: Database, run_id: str) -> bool:
    return bool(db.value("SELECT count(*) FROM procedure_runs WHERE run_id = ?", (run_id,)))


def test_a_run_killed_at_each_single_moment_ends_whole_or_undone(db: Database) -> None:
    """The bar: every step of 100 random runs, before and after each save and each effect."""
    kills, ends = 0, Counter[str]()
    for number in range(RUNS):
        definition = random_definition(random.Random(number), f"random_{number}")
        procedure, row = register(db, definition)
        plain, moments, _ = run_to_its_end(db, procedure, row, f"{number}-plain", kills=iter(()))
        assert not wrong_effects(db, f"{number}-plain")
        ends[plain] += 1
        for moment in range(1, moments + 1):
            run_id = f"{number}-{moment}"
            status, _, died = run_to_its_end(db, procedure, row, run_id, kills=iter((moment,)))
            assert died == 1
            assert (status, wrong_effects(db, run_id)) == (plain, []), (number, moment)
            kills += 1
    assert ends["succeeded"] >= RUNS // 4
    assert ends["rolled_back"] >= RUNS // 8
    assert kills >= 10 * RUNS


def test_a_run_killed_again_and_again_amid_trouble_ends_whole_or_undone(db: Database) -> None:
    """Each process lives for a few moments only; calls and answers get lost on the way."""
    kills = 0
    for number in range(RUNS):
        chance = random.Random(1_000 + number)
        procedure, row = register(db, random_definition(chance, f"troubled_{number}"))
        lives = iter([chance.randint(2, 6) for _ in range(60)])
        status, _, died = run_to_its_end(db, procedure, row, f"t{number}", kills=lives, trouble=0.3)
        assert status in ("succeeded", "rolled_back", "failed")
        assert not wrong_effects(db, f"t{number}"), number
        kills += died
    assert kills >= 2 * RUNS


def test_a_call_that_must_not_be_repeated_goes_to_a_person(db: Database) -> None:
    """An interrupted call that isn't idempotent waits for somebody who finds out."""
    definition = {
        "name": "once",
        "version": "1.0",
        "initial_state": "a",
        "states": {
            "a": add("a", "b", operation="add_once"),
            "b": add("b", "end", operation="add_once"),
            "end": {"end": "succeeded"},
        },
    }
    procedure, row = register(db, definition)
    _, moments, _ = run_to_its_end(db, procedure, row, "plain", kills=iter(()))
    reviewed = 0
    for moment in range(1, moments + 1):
        run_id = f"once-{moment}"
        status, _, _ = run_to_its_end(db, procedure, row, run_id, kills=iter((moment,)))
        run = procedure_reads.run(db, run_id)
        whats = [step.what for step in procedure_reads.steps(db, run.row)]
        reviewed += "needs_review" in whats
        assert status == "succeeded"
        sums = db.rows(
            "SELECT name, sum(amount), count(*) FROM effects WHERE name LIKE ? GROUP BY name",
            (f"{run_id} %",),
        )
        assert [(total, count) for _, total, count in sums] == [(1, 1), (1, 1)]
    assert reviewed >= 4


def test_a_process_that_was_taken_for_dead_changes_nothing(db: Database) -> None:
    """Two runners of one run: the second save of the same revision is refused."""
    definition = {
        "name": "two",
        "version": "1.0",
        "initial_state": "a",
        "states": {"a": add("a", "b"), "b": add("b", "end"), "end": {"end": "succeeded"}},
    }
    procedure, row = register(db, definition)
    clock = ManualClock()
    old = SimulatedWorld(db, clock, random.Random(1))
    stale = Runner(old, "procedures")
    stale.start(procedure, row, "r", {}, "test", lambda _value: None)
    old._todo.pop()()
    young = SimulatedWorld(db, clock, random.Random(2))
    young.run_until_quiet(take_over(young, {row: procedure}))
    old.run_until_quiet(stale)
    assert young.ended_runs == ["r"]
    assert old.lost_runs == ["r"]
    assert not wrong_effects(db, "r")
