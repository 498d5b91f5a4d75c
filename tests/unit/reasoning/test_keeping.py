"""Sessions in the table and the database: whoever dies when, what was answered is there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.reasoning.keeping import Keeper
from mimo.actors.reasoning.session import Branch, Challenge, Issue, Session, Step
from mimo.config import limits
from mimo.config.errors import NotFound
from mimo.storage import reasoning
from mimo.storage.database import Database
from mimo.storage.reasoning import CountTopic, SaveSession
from tests.support.memories import NOW_S, apply_one, quick_writer


class Rows:
    """A table as its owner uses it, in memory; it outlives whoever writes it."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}

    def items(self) -> list[tuple[str, Any, float | None]]:
        return [(key, value, None) for key, value in self.rows.items()]

    def write(self, puts: Any, deletes: Any = ()) -> tuple[str, ...]:
        self.rows.update({key: value for key, value, _ in puts})
        self.delete(*deletes)
        return ()

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.rows.pop(key, None)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = quick_writer(tmp_path / "data" / "mimo.db")
    yield opened
    opened.close()


def session(name: str = "reason_1") -> Session:
    return Session(
        id=name,
        kind="guided",
        strategy="cot",
        problem="Why?",
        source="test",
        started_at_s=NOW_S,
        updated_at_s=NOW_S,
    )


def think(one: Session, text: str) -> Session:
    changed = one.copy()
    step = Step(number=len(one.steps) + 1, branch="main", kind="thought", text=text, at_s=NOW_S)
    step.checks = [{"claim": text, "status": "held", "by": "computed", "why": "so it is"}]
    changed.steps.append(step)
    return changed


def save(keeper: Keeper, db: Database, name: str = "reason_1") -> SaveSession:
    command = keeper.saving(name)
    apply_one(db, command)
    return command


def test_a_session_comes_back_as_it_was_with_all_its_parts(db: Database) -> None:
    one = think(session(), "7 * 6 = 42")
    one.branches.append(Branch("b1", "main", 1, "otherwise"))
    one.challenges.append(Challenge("c1", "gap", "must_address", "What of it?", "a word"))
    one.issues.append(Issue("i1", "leap", "minor", "too far", [1]))
    keeper = Keeper(db, Rows())
    keeper.put(one)
    keeper.saved(save(keeper, db))
    assert Keeper(db, Rows()).get("reason_1") == one


def test_rows_leave_the_table_once_the_writer_has_them_and_not_before(db: Database) -> None:
    rows = Rows()
    keeper = Keeper(db, rows)
    keeper.put(think(session(), "first"))
    command = save(keeper, db)
    keeper.put(think(keeper.get("reason_1"), "second, while the first is on its way"))
    keeper.saved(command)
    assert set(rows.rows) == {"h:reason_1", "s:reason_1:2"}
    assert keeper.unsaved == ("reason_1",)
    keeper.saved(save(keeper, db))
    assert not rows.rows
    assert not keeper.unsaved


def test_many_long_steps_are_saved_in_several_commands(db: Database) -> None:
    rows = Rows()
    keeper = Keeper(db, rows)
    one = session()
    for number in range(30):
        one = think(one, f"{number} " + "word " * 1_000)
    keeper.put(one)
    commands = 0
    while keeper.unsaved:
        keeper.saved(save(keeper, db))
        commands += 1
    assert commands > 1
    assert not rows.rows
    assert Keeper(db, Rows()).get("reason_1").steps == one.steps


def test_an_unknown_session_is_not_found(db: Database) -> None:
    with pytest.raises(NotFound, match="begin one with guided"):
        Keeper(db, Rows()).get("reason_nobody")


def test_sessions_beyond_those_that_are_held_come_from_the_database(db: Database) -> None:
    keeper = Keeper(db, Rows())
    for number in range(limits.REASONING_SESSIONS_HELD_MAX + 10):
        keeper.put(think(session(f"reason_{number}"), f"thought {number}"))
        keeper.saved(save(keeper, db, f"reason_{number}"))
    assert keeper.get("reason_0").steps[0].text == "thought 0"


@pytest.mark.parametrize("seed", range(40))
def test_killed_at_any_moment_nothing_that_was_put_is_lost(db: Database, seed: int) -> None:
    """The process dies between any two moves; saves come late, twice, or never."""
    dice = random.Random(seed)
    rows = Rows()
    keeper = Keeper(db, rows)
    expected: dict[str, list[str]] = {}
    late: list[SaveSession] = []
    for turn in range(60):
        name = f"reason_{dice.randrange(3)}"
        move = dice.random()
        if move < 0.5:
            known = keeper.find(name) or session(name)
            keeper.put(think(known, f"turn {turn}"))
            expected.setdefault(name, []).append(f"turn {turn}")
        elif move < 0.7 and keeper.unsaved:
            command = keeper.saving(dice.choice(keeper.unsaved))
            apply_one(db, command)
            late.append(command)
            if dice.random() < 0.6:
                keeper.saved(command)
        elif move < 0.8 and late:
            apply_one(db, dice.choice(late))
        elif move > 0.9:
            keeper = Keeper(db, rows)
    keeper = Keeper(db, rows)
    while keeper.unsaved:
        command = keeper.saving(keeper.unsaved[0])
        apply_one(db, command)
        keeper.saved(command)
    assert not rows.rows
    for name, texts in expected.items():
        stored = reasoning.session(db, name)
        assert stored is not None
        assert [row.content for row in stored[1]] == texts
        assert [step.text for step in Keeper(db, Rows()).get(name).steps] == texts


def test_an_older_state_never_takes_the_place_of_a_younger_one(db: Database) -> None:
    keeper = Keeper(db, Rows())
    keeper.put(think(session(), "old"))
    old = keeper.saving("reason_1")
    keeper.put(think(keeper.get("reason_1"), "new"))
    assert apply_one(db, keeper.saving("reason_1")) == 2
    assert apply_one(db, old) == 2
    assert reasoning.totals(db) == {
        "sessions": 1,
        "steps": 2,
        "claims_held": 2,
        "claims_refuted": 0,
        "claims_unchecked": 0,
    }


def test_topics_count_how_often_too_little_was_known(db: Database) -> None:
    for unsure in (True, False, True):
        level = "low" if unsure else "high"
        apply_one(
            db,
            CountTopic(
                terms="crane harbour", topic="harbour crane", unsure=unsure, level=level, gap="x"
            ),
        )
    apply_one(db, CountTopic(terms="a", topic="a", unsure=False, level="high", gap="none"))
    (topic,) = reasoning.topics(db, 10, unsure_only=True)
    assert (topic.topic, topic.asked, topic.unsure) == ("harbour crane", 3, 2)
    counted = reasoning.topic_counts(db)
    assert (counted["total_queries"], counted["unique_topics"]) == (4, 2)
    assert counted["levels"] == {"high": 1, "low": 1}
