"""Whoever runs a procedure dies at any moment: each run ends once, whole or wholly undone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.actors.procedures.runner import Runner
from mimo.config.clock import ManualClock
from mimo.storage import procedure_reads
from mimo.storage.database import Database
from tests.support.memories import quick_writer
from tests.support.procedures import (
    SimulatedWorld,
    add,
    prepare,
    random_definition,
    register,
    run_to_its_end,
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
