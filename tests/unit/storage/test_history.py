"""What the store was: at every past instant the answer is what a replay of the log gives."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import Conflict, InvalidRequest, MimoError, NotFound
from mimo.storage import batches, history, memories, pages, revisions, search
from mimo.storage.database import Database, open_reader
from mimo.storage.records import Filters, Memory, MemoryPatch, NewMemory
from mimo.storage.revisions import Revert, Supersede
from tests.support.memories import NOW_S, apply_one, quick_writer, remember

HISTORIES = 1_000
ALL = Filters(include_deleted=True, include_archived=True, include_superseded=True)
WORDS = ("harbour", "lantern", "granite", "violin", "saffron", "pelican")
TAGS = ("sea", "work", "home")
ASKED = (
    Filters(),
    ALL,
    Filters(project="p", include_superseded=True),
    Filters(tags=("sea",)),
    Filters(categories=("plan",), importance_min=0.4),
    Filters(valid_at_s=NOW_S + 5.0),
)


@pytest.fixture
def past(path: Path, writer: Database) -> Iterator[history.Past]:
    """Open the past of the writer's database."""
    assert writer.is_writer
    found = history.Past(path, SYSTEM_CLOCK)
    yield found
    found.close()


def _at(filters: Filters, as_of_s: float) -> Filters:
    return dataclasses.replace(filters, as_of_s=as_of_s)


# -- The law ----------------------------------------------------------------------------------
def _random_memory(chance: random.Random) -> NewMemory:
    starts_s = chance.choice([None, NOW_S + chance.randrange(10)])
    return NewMemory(
        content=" ".join(chance.sample(WORDS, 2)),
        category=chance.choice(["fact", "plan"]),
        importance=chance.choice([0.2, 0.5, 0.9]),
        tags=tuple(sorted(chance.sample(TAGS, chance.randrange(3)))),
        project=chance.choice(["", "p"]),
        speaker=chance.choice(["", "Ann"]),
        occurred_at_s=chance.choice([None, NOW_S - chance.randrange(100_000_000)]),
        valid_from_s=starts_s,
        valid_until_s=None if starts_s is None else starts_s + 1 + chance.randrange(5),
    )


def _random_patch(chance: random.Random) -> MemoryPatch:
    fields: dict[str, Any] = {
        "content": " ".join(chance.sample(WORDS, 2)),
        "tags": tuple(sorted(chance.sample(TAGS, chance.randrange(3)))),
        "importance": chance.choice([0.2, 0.5, 0.9]),
        "category": chance.choice(["fact", "plan"]),
        "project": chance.choice(["", "p"]),
    }
    return MemoryPatch(fields=dict(chance.sample(sorted(fields.items()), chance.randint(1, 3))))


def _random_command(chance: random.Random, count: int) -> batches.Command:
    one = chance.randint(1, max(count, 1))
    other = chance.randint(1, max(count, 1))
    commands: list[batches.Command] = [
        batches.StoreMemories(memories=(_random_memory(chance),)),
        batches.Update(memory_id=one, patch=_random_patch(chance)),
        batches.Update(memory_id=other, patch=_random_patch(chance)),
        batches.Delete(memory_id=one),
        batches.Restore(memory_id=one),
        Supersede(
            old_id=one, new_id=other, kind=chance.choice(revisions.SUPERSESSIONS), reason="r"
        ),
        Supersede(old_id=one, content=" ".join(chance.sample(WORDS, 2))),
        Revert(memory_id=one, version=chance.randrange(3)),
        batches.TouchAccess(ids=(one,)),
    ]
    return chance.choice(commands)


def _answer(db: Database, filters: Filters, found_by: list[int]) -> Any:
    """Return what list, stats, get and search say, without what isn't history."""
    page, cursor = pages.list_page(db, filters, "newest", limit=4)
    rest = pages.list_page(db, filters, "newest", 100, cursor)[0] if cursor else ()
    counts = memories.stats(db, filters)
    for name in ("database_bytes", "wal_bytes"):
        counts.pop(name)
    return [_plain(one) for one in (*page, *rest)], counts, sorted(found_by)


def _plain(memory: Memory) -> Memory:
    return dataclasses.replace(memory, access_count=0, accessed_at_s=None)


def _now(db: Database, asked_for: list[Filters]) -> list[Any]:
    found = []
    with db.snapshot() as link:
        by_words = [
            [one for one, _ in search.keyword(link, ["harbour", "2022"], asked, 100)]
            for asked in asked_for
        ]
    for asked, ids in zip(asked_for, by_words, strict=True):
        found.append(_answer(db, asked, ids))
    return found


def _then(past: history.Past, as_of_s: float, asked_for: list[Filters]) -> list[Any]:
    db = past.at(as_of_s)
    with db.snapshot() as link:
        by_words = [
            [
                one
                for one, _ in history.keyword(link, ("harbour", "2022"), asked, as_of_s, limit=100)
            ]
            for asked in asked_for
        ]
    return [
        _answer(db, _at(asked, as_of_s), ids)
        for asked, ids in zip(asked_for, by_words, strict=True)
    ]


def test_at_every_past_instant_the_answer_equals_a_replay_of_the_log(tmp_path: Path) -> None:
    """1,000 random histories; list, pages, stats, search and filters (issue 3, bar "as_of")."""
    for seed in range(HISTORIES):
        chance = random.Random(seed)
        path = tmp_path / str(seed) / "mimo.db"
        db = quick_writer(path)
        now_s = NOW_S
        asked = [ALL, *chance.sample(ASKED, 2)]
        said: dict[float, list[Any]] = {now_s - 1.0: _now(db, asked)}
        for _ in range(chance.randint(3, 8)):
            count = int(db.value("SELECT count(*) FROM memories"))
            batches.apply(db, [_random_command(chance, count)], now_s=now_s)
            said[now_s] = _now(db, asked)
            now_s += chance.choice([0.0, 0.5, 3.0])
        past = history.Past(path, SYSTEM_CLOCK)
        instants = sorted(said)
        for at_s, following_s in itertools.zip_longest(instants, instants[1:]):
            between_s = at_s + 100.0 if following_s is None else (at_s + following_s) / 2
            assert _then(past, at_s, asked) == said[at_s], f"seed {seed} at {at_s - NOW_S}"
            assert _then(past, between_s, asked) == said[at_s], f"seed {seed} after {at_s - NOW_S}"
        past.close()
        db.close()


def test_a_clock_that_is_set_back_makes_no_two_states_of_one_instant(
    writer: Database, past: history.Past
) -> None:
    """Versions follow each other without gap or overlap. Source: ours, NTP."""
    one = remember(writer, "first")
    for step, content in ((10.0, "second"), (-5.0, "third"), (20.0, "fourth")):
        apply_one(
            writer,
            batches.Update(memory_id=one, patch=MemoryPatch(fields={"content": content})),
            now_s=NOW_S + step,
        )
    states = history.versions(writer.connection, one)

    assert [state.since_s for state in states[1:]] == [state.until_s for state in states[:-1]]
    for at_s, content in ((0.0, "first"), (10.0, "third"), (20.0, "fourth")):
        assert memories.get(past.at(NOW_S + at_s), one).content == content


# -- Versions ---------------------------------------------------------------------------------
def test_each_change_keeps_what_was_with_time_and_kind(writer: Database) -> None:
    """Append-only. Source: ours; original/memory.md 3."""
    one = remember(writer, "Ann sails", tags=("sea",))
    changes: tuple[tuple[batches.Command, float], ...] = (
        (batches.Update(memory_id=one, patch=MemoryPatch(fields={"content": "Ann rows"})), 1.0),
        (
            batches.Update(
                memory_id=one, patch=MemoryPatch(fields={"tags": ()}), reason="tags are noise"
            ),
            2.0,
        ),
        (batches.Delete(memory_id=one), 3.0),
        (batches.Restore(memory_id=one), 4.0),
        (Revert(memory_id=one, version=1, reason="she does sail"), 5.0),
    )
    for command, at_s in changes:
        apply_one(writer, command, now_s=NOW_S + at_s)
    states = history.versions(writer.connection, one)

    assert [(state.change, state.since_s - NOW_S) for state in states] == [
        ("update", 0.0),
        ("update", 1.0),
        ("delete", 2.0),
        ("restore", 3.0),
        ("revert", 4.0),
        ("", 5.0),
    ]
    assert [state.memory.content for state in states[:2]] == ["Ann sails", "Ann rows"]
    assert [state.memory.tags for state in states] == [("sea",), ("sea",), (), (), (), ("sea",)]
    assert states[1].reason == "tags are noise"
    assert states[4].reason == "she does sail"
    assert states[-1].memory.content == "Ann sails"


def test_what_changes_nothing_makes_no_version(writer: Database) -> None:
    """Being read is no change, nor is saying the same again. Source: ours."""
    one = remember(writer, "Ann sails")
    same = batches.Update(memory_id=one, patch=MemoryPatch(fields={"content": "Ann sails"}))
    for command in (batches.TouchAccess(ids=(one,)), same, batches.Restore(memory_id=one)):
        apply_one(writer, command, now_s=NOW_S + 1.0)
    remember(writer, "Ann sails")

    assert len(history.versions(writer.connection, one)) == 1


def test_a_version_is_never_changed(writer: Database) -> None:
    """Not even by a statement of our own. Source: ours."""
    one = remember(writer, "Ann sails")
    apply_one(writer, batches.Delete(memory_id=one))

    with pytest.raises(InvalidRequest, match="never changed"):
        writer.execute("UPDATE memory_versions SET content = 'x'")


def test_an_archiving_by_whoever_is_kept_with_its_time(
    writer: Database, past: history.Past
) -> None:
    """A trigger keeps it, so no writer can forget to. Source: ours."""
    one = remember(writer, "Ann sails")
    writer.execute("UPDATE memories SET archived_at = ? WHERE id = ?", (NOW_S + 9.0, one))

    assert [state.change for state in history.versions(writer.connection, one)] == ["archive", ""]
    assert memories.get(past.at(NOW_S + 8.0), one).archived_at_s is None
    assert memories.get(past.at(NOW_S + 9.0), one).archived_at_s == NOW_S + 9.0


def test_a_memory_is_not_there_before_it_was_stored(writer: Database, past: history.Past) -> None:
    """Source: ours."""
    one = remember(writer, "Ann sails")

    with pytest.raises(NotFound):
        memories.get(past.at(NOW_S - 1.0), one)


def test_the_past_can_not_be_written(writer: Database, past: history.Past) -> None:
    """The file stands open for reading only. Source: SQLite uri.html, mode=ro."""
    remember(writer, "Ann sails")

    with pytest.raises(MimoError):
        past.at(NOW_S).rows("DELETE FROM main.memories")


# -- Supersede and revert ---------------------------------------------------------------------
def test_a_superseded_memory_is_hidden_kept_and_linked(writer: Database) -> None:
    """Both rows stay; the kind stands in one place. Source: original/memory.md 3, 31."""
    old = remember(writer, "Ann lives in Turin", tags=("home",), project="p")
    done = apply_one(
        writer, Supersede(old_id=old, content="Ann lives in Milan", reason="moved"), now_s=NOW_S + 5
    )
    new = memories.get(writer, done["new_id"])
    was = memories.get(writer, old)

    assert done == {"old_id": old, "new_id": new.id, "type": "update", "created": True}
    assert (new.tags, new.project) == (("home",), "p")
    assert (was.superseded_by, was.valid_until_s) == (new.id, NOW_S + 5)
    assert [one.id for one in pages.list_page(writer, Filters())[0]] == [new.id]
    assert revisions.kinds_of(writer.connection, new.id) == {old: "update"}
    assert [one.id for one in revisions.chain(writer.connection, old)] == [old, new.id]


@pytest.mark.parametrize("kind", ["correction", "refinement", "merge"])
def test_only_an_update_ends_the_validity_of_what_it_follows(writer: Database, kind: str) -> None:
    """What was wrong was never valid until then. Source: ours."""
    old, new = remember(writer, "Ann is 34"), remember(writer, "Ann is 35")
    apply_one(writer, Supersede(old_id=old, new_id=new, kind=kind))

    assert memories.get(writer, old).valid_until_s is None


def test_a_chain_neither_forks_nor_closes(writer: Database) -> None:
    """One successor each, no ring. Source: original/memory.md 3, `Repo.one` raises."""
    one, two, three = (remember(writer, f"note {name}") for name in ("a", "b", "c"))
    apply_one(writer, Supersede(old_id=one, new_id=two))
    apply_one(writer, Supersede(old_id=two, new_id=three))

    for command, error in (
        (Supersede(old_id=one, new_id=three), Conflict),
        (Supersede(old_id=three, new_id=one), Conflict),
        (Supersede(old_id=one, new_id=one), InvalidRequest),
        (Supersede(old_id=9, new_id=one), NotFound),
        (Supersede(old_id=three, content="note c"), InvalidRequest),
    ):
        with pytest.raises(error):
            apply_one(writer, command)
    assert [found.id for found in revisions.chain(writer.connection, two)] == [one, two, three]


def test_a_revert_gives_back_place_validity_and_index(writer: Database) -> None:
    """A supersession that was wrong is undone whole. Source: ours."""
    old = remember(writer, "Ann lives in Turin")
    apply_one(writer, Supersede(old_id=old, content="Ann lives in Milan"))
    apply_one(writer, Revert(memory_id=old))
    found = memories.get(writer, old)

    assert (found.superseded_by, found.valid_until_s) == (None, None)
    assert len(pages.list_page(writer, Filters())[0]) == 2
    assert revisions.kinds_of(writer.connection, 2) == {}


def test_a_revert_wants_a_version_that_is_there(writer: Database) -> None:
    """Source: ours."""
    one = remember(writer, "Ann lives in Turin")

    for version in (0, 1, 7):
        with pytest.raises(NotFound, match="see 'history'"):
            apply_one(writer, Revert(memory_id=one, version=version))


def test_the_views_of_one_connection_are_not_seen_by_others(
    path: Path, writer: Database, past: history.Past
) -> None:
    """Source: SQLite lang_createview.html, TEMP."""
    one = remember(writer, "Ann sails")
    past.at(NOW_S - 1.0)
    reader = open_reader(path)

    assert memories.get(reader, one).content == "Ann sails"
    reader.close()
