"""A year under a manual clock, on a real file: what is kept, what is bounded, what is reported."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.lifecycle import messages as lm
from mimo.actors.lifecycle import sleep
from mimo.actors.lifecycle.forgetting import forgetting, preview
from mimo.storage import integrity
from mimo.storage.commands import Restore, StoreMemories, TouchAccess
from mimo.storage.lifecycle_archive import Recover
from mimo.storage.lifecycle_edits import Protect
from mimo.storage.memories import get, get_many
from mimo.storage.records import NewMemory
from tests.support.sleeping import Sleeper

ARCHIVE_MAX = 40


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Sleeper]:
    made = Sleeper(tmp_path / "data" / "mimo.db", archive_max=ARCHIVE_MAX)
    yield made
    made.close()


def stored(sleeper: Sleeper, content: str, **fields: Any) -> int:
    made = sleeper.apply(StoreMemories(memories=(NewMemory(content=content, **fields),)))
    return int(made[0].id)


def rows(sleeper: Sleeper, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    return sleeper.reader.rows(sql, params)


def stage(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in report["stages"] if one["name"] == name)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_year_forgets_only_what_it_may_and_says_so(sleeper: Sleeper, seed: int) -> None:
    """Issue 3's bar: protected and important never lost, archive bounded, report matches rows."""
    chance = random.Random(seed)
    kept: list[int] = []
    weak: list[int] = []
    everything: list[int] = []
    for day in range(365):
        sleeper.use()
        for number in range(chance.randrange(4)):
            importance = chance.choice([0.05, 0.1, 0.2, 0.4, 0.6, 0.96])
            protected = chance.random() < 0.1
            one = stored(
                sleeper,
                f"{chance.getrandbits(64):x} on day {day}, {number}",
                importance=importance,
                protected=protected,
                category=chance.choice(["fact", "episode"]),
            )
            everything.append(one)
            (kept if protected or importance >= 0.95 else weak).append(one)
        if weak and chance.random() < 0.5:
            live = get_many(sleeper.reader, chance.sample(weak, min(3, len(weak))))
            sleeper.apply(TouchAccess(ids=tuple(live)))
        if chance.random() < 0.3:
            check_night(sleeper)
    check_night(sleeper)

    found = get_many(sleeper.reader, kept)
    assert set(found) == set(kept)
    assert all(one.archived_at_s is None for one in found.values())
    assert rows(sleeper, "SELECT count(*) FROM exported_memories")[0][0] > 0
    exported = {row[0] for row in rows(sleeper, "SELECT memory_id FROM exported_memories")}
    assert set(get_many(sleeper.reader, everything)) | exported == set(everything)
    for one in sorted(exported):
        sleeper.apply(Recover(memory_id=one))
        assert get(sleeper.reader, one).archived_at_s is None
    assert integrity.check(sleeper.reader, full=True).problems == ()


def check_night(sleeper: Sleeper) -> None:
    """Sleep, and compare what is told with the rows and with what was announced."""
    announced = sleeper.drive(preview(sleeper.work(), 100))
    report = sleeper.drive(sleep.run(sleeper.work(), "sleep"))
    run_id = report["run_id"]
    done = dict(
        rows(
            sleeper,
            "SELECT action, count(*) FROM lifecycle_actions WHERE run_id = ? GROUP BY 1",
            run_id,
        )
    )
    assert report["state"] == "done"
    assert stage(report, "forgetting")["archived"] == done.get("archive", 0) == announced["count"]
    assert stage(report, "archive_bound")["exported"] == done.get("export", 0)
    assert stage(report, "clustering")["condensed"] == done.get("condense", 0)
    assert stage(report, "archive_bound")["archived"] <= ARCHIVE_MAX
    named = {one["memory_id"] for one in announced["faded"]}
    acted = rows(
        sleeper,
        "SELECT memory_id FROM lifecycle_actions WHERE run_id = ? AND action = 'archive'",
        run_id,
    )
    assert named == {row[0] for row in acted}
    assert unexplained(sleeper) == []


def unexplained(sleeper: Sleeper) -> list[tuple[Any, ...]]:
    """Return archived or exported memories without a row that says why."""
    return rows(
        sleeper,
        "SELECT id FROM memories m WHERE archived_at IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM lifecycle_actions a WHERE a.memory_id = m.id AND a.action = 'archive') "
        "UNION ALL SELECT memory_id FROM exported_memories e WHERE NOT EXISTS "
        "(SELECT 1 FROM lifecycle_actions a WHERE a.memory_id = e.memory_id "
        "AND a.action = 'export')",
    )


@pytest.mark.parametrize("commits", range(14))
def test_a_run_that_dies_at_any_commit_loses_nothing(sleeper: Sleeper, commits: int) -> None:
    """Nothing is archived without a row, nothing is lost, the next run finishes."""
    ids = [stored(sleeper, f"Unimportant {number}", importance=0.05) for number in range(60)]
    sleeper.notes["n"] = note("n", "The deploy key is with Petra", importance=0.9)
    for _ in range(10):
        sleeper.use()

    sleeper.drive(sleep.run(sleeper.work(), "sleep"), commits=commits)

    exported = {row[0] for row in rows(sleeper, "SELECT memory_id FROM exported_memories")}
    assert set(get_many(sleeper.reader, ids)) | exported >= set(ids)
    assert unexplained(sleeper) == []
    promoted = rows(sleeper, "SELECT count(*) FROM memories WHERE content LIKE 'The deploy%'")
    assert promoted[0][0] == 1 or "n" in sleeper.notes

    report = sleeper.drive(sleep.run(sleeper.work(), "sleep"))
    assert report["state"] == "done"
    states = rows(sleeper, "SELECT state, count(*) FROM lifecycle_runs GROUP BY 1")
    assert "running" not in dict(states)
    assert stage(report, "archive_bound")["archived"] == ARCHIVE_MAX
    assert not sleeper.notes
    promoted = rows(sleeper, "SELECT count(*) FROM memories WHERE content LIKE 'The deploy%'")
    assert promoted == [(1,)]
    assert unexplained(sleeper) == []


def test_an_idle_run_visits_the_whole_store_over_several_nights(sleeper: Sleeper) -> None:
    """A run that must end remembers how far it was; the next one goes on there."""
    for part in range(15):
        memories = [NewMemory(content=f"Weak {part} {n}", importance=0.05) for n in range(100)]
        sleeper.apply(StoreMemories(memories=tuple(memories), on_similar="ignore"))
    for _ in range(10):
        sleeper.use()
    archived, nights = 0, 0
    while archived < 1_500:
        work = sleeper.work("idle")
        driven = forgetting(work)
        step = driven.send(None)
        answer = sleeper.answer(step)
        work.is_wanted = False
        try:
            step = driven.send(answer)
            driven.send(sleeper.answer(step))
        except StopIteration as end:
            archived += end.value["archived"]
        nights += 1
        assert nights < 10
    assert nights == 3


def test_what_was_used_or_protected_since_it_was_decided_stays(sleeper: Sleeper) -> None:
    """The edit looks again, in its own transaction."""
    one, other, third = (
        stored(sleeper, f"Unimportant {number}", importance=0.05) for number in range(3)
    )
    for _ in range(10):
        sleeper.use()
    driven = forgetting(sleeper.work())
    step = driven.send(None)
    sleeper.apply(TouchAccess(ids=(one,)))
    sleeper.apply(Protect(memory_id=other, protected=True))

    assert sleeper.answer(step) == [third]


def test_a_restored_memory_is_not_forgotten_again_at_once(sleeper: Sleeper) -> None:
    """Restoring is a use."""
    one = stored(sleeper, "Unimportant", importance=0.05)
    for _ in range(10):
        sleeper.use()
    sleeper.drive(sleep.run(sleeper.work(), "sleep"))
    assert get(sleeper.reader, one).archived_at_s is not None

    sleeper.apply(Restore(memory_id=one))
    sleeper.drive(sleep.run(sleeper.work(), "sleep"))

    assert get(sleeper.reader, one).archived_at_s is None


def test_spaced_accesses_count_and_massed_ones_count_once(sleeper: Sleeper) -> None:
    """Ten accesses in an hour are one; on ten days they are ten."""
    massed, spaced = stored(sleeper, "Read in one go"), stored(sleeper, "Read now and then")
    for _ in range(10):
        sleeper.use()
        sleeper.apply(TouchAccess(ids=(spaced,)))
    for _ in range(10):
        sleeper.clock.advance(360)
        sleeper.apply(TouchAccess(ids=(massed,)))

    counted = dict(rows(sleeper, "SELECT memory_id, spaced FROM memory_spacing"))
    assert counted == {massed: 1, spaced: 10}


def test_similar_episodes_become_one_memory_that_cites_them(sleeper: Sleeper) -> None:
    """The sources stay and fade faster; nothing that differs between them is hidden."""
    ids = [
        stored(
            sleeper, f"Ran the nightly backup on host {name} without any error", category="episode"
        )
        for name in ("atlas", "borealis", "castor")
    ]
    alone = stored(sleeper, "Bought a green bicycle from a neighbour", category="episode")

    report = sleeper.drive(sleep.run(sleeper.work(), "sleep"))

    assert stage(report, "clustering")["condensed"] == 1
    links = rows(sleeper, "SELECT source_id, target_id FROM memory_links WHERE kind = 'cites'")
    (made,) = {row[0] for row in links}
    assert {row[1] for row in links} == set(ids)
    assert made not in {*ids, alone}
    content = get(sleeper.reader, made).content
    assert all(name in content for name in ("atlas", "borealis", "castor"))
    again = sleeper.drive(sleep.run(sleeper.work(), "sleep"))
    assert stage(again, "clustering")["condensed"] == 0


@pytest.mark.parametrize(
    ("told", "method"),
    [
        ("The nightly backup ran on three hosts without an error.", "generated"),
        ("The nightly backup ran on 17 hosts without an error.", "extractive"),
        ("", "extractive"),
    ],
)
def test_a_model_may_word_the_summary_but_invent_no_number(
    sleeper: Sleeper, told: str, method: str
) -> None:
    """What isn't faithful is replaced by the episodes' own sentences."""
    for name in ("atlas", "borealis", "castor"):
        content = f"Ran the nightly backup on host {name} without any error"
        stored(sleeper, content, category="episode")
    sleeper.told = told

    report = sleeper.drive(sleep.run(sleeper.work(), "sleep"))

    assert stage(report, "clustering")["generated"] == (method == "generated")
    (made,) = rows(sleeper, "SELECT DISTINCT source_id FROM memory_links WHERE kind = 'cites'")
    assert get(sleeper.reader, made[0]).metadata["method"] == method


def note(key: str, content: str, *, importance: float = 0.5, reads: int = 0) -> lm.Note:
    return lm.Note(
        key=key,
        content=content,
        session_id="s",
        project="",
        importance=importance,
        reads=reads,
        held_at_s=1.0,
    )


def test_notes_are_promoted_by_importance_repetition_and_reading(sleeper: Sleeper) -> None:
    """What is none of these stays a note."""
    for one in (
        note("a", "Important", importance=0.9),
        note("b", "Said again", reads=1),
        note("c", "said  AGAIN"),
        note("d", "Often read", reads=3),
        note("e", "In passing"),
    ):
        sleeper.notes[one.key] = one

    report = sleeper.drive(sleep.run(sleeper.work(), "sleep"))

    assert stage(report, "consolidation")["promoted"] == 3
    assert list(sleeper.notes) == ["e"]
