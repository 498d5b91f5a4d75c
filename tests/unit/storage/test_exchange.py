"""Out of one database and into another: nothing is lost, and twice is once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.config.errors import InvalidRequest
from mimo.storage import batches, exchange, history
from mimo.storage.commands import Delete, StoreMemories, Update
from mimo.storage.connection import Database
from mimo.storage.exchange import TakeIn
from mimo.storage.links import MemoryLink, put
from mimo.storage.records import Filters, MemoryPatch, NewMemory
from mimo.storage.search import keyword
from tests.support.memories import quick_writer


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Open new databases, closed at the end."""
    opened: list[Database] = []

    def one() -> Database:
        opened.append(quick_writer(tmp_path / str(len(opened)) / "mimo.db"))
        return opened[-1]

    yield one
    for db in opened:
        db.close()


def do(db: Database, command: batches.Command, now_s: float) -> Any:
    """Write; return the outcome."""
    (outcome,) = batches.apply(db, [command], now_s=now_s)
    return outcome


def exported(db: Database, *, limit: int = 3, project: str | None = None) -> list[dict[str, Any]]:
    """Return every record, read in small pages."""
    found: list[dict[str, Any]] = []
    place: tuple[int, int] | None = (0, 0)
    while place is not None:
        records, place = exchange.page(db, after=place, limit=limit, project=project)
        assert len(records) <= limit
        found += records
    return found


def texts(records: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the records as they travel."""
    return tuple(json.dumps(record) for record in records)


def full(db: Database) -> None:
    """Store memories in all states, with versions and links."""
    given = tuple(
        NewMemory(
            content=f"Fact {n} — naïve ☂",
            tags=("a", f"t{n}"),
            project="p" if n % 2 else "",
            speaker="Ada" if n % 3 else "",
            occurred_at_s=1_000.5 + n,
            valid_until_s=9_000.0 if n == 2 else None,
            metadata={"n": [n, None, "x"]},
            protected=n == 3,
        )
        for n in range(8)
    )
    do(db, StoreMemories(memories=given), 2_000.0)
    do(db, Update(memory_id=1, patch=MemoryPatch(fields={"importance": 0.9})), 2_001.0)
    do(db, Update(memory_id=1, patch=MemoryPatch(fields={"content": "Fact 0, mended"})), 2_002.25)
    do(db, Delete(memory_id=5), 2_003.0)
    with db.transaction() as link:
        link.execute("UPDATE memories SET superseded_by = 8, updated_at = 2004.0 WHERE id = 4")
        link.execute("UPDATE memories SET archived_at = 2005.0 WHERE id = 6")
        put(link, MemoryLink(source_id=8, target_id=4, kind="supersedes", weight=1.0), 2_004.0)
        put(link, MemoryLink(source_id=2, target_id=7, kind="similar", weight=0.7), 2_004.5)


def test_an_export_taken_in_elsewhere_is_exported_the_same(
    fresh: Callable[[], Database],
) -> None:
    """Lossless: state, versions, supersessions and links."""
    here, there = fresh(), fresh()
    full(here)
    do(there, StoreMemories(memories=(NewMemory(content="was here before"),)), 1.0)
    records = exported(here)

    outcome = do(there, TakeIn(records=texts(records)), 5_000.0)

    assert outcome == {"new": len(records), "known": 0, "left_out": 0}
    mine = {json.dumps(one, sort_keys=True) for one in records}
    assert mine < {json.dumps(one, sort_keys=True) for one in exported(there)}
    assert {one["type"] for one in records} == set(exchange.PHASES)


def test_taking_in_again_changes_nothing(fresh: Callable[[], Database]) -> None:
    """Also half of it first: an import that was interrupted is simply repeated."""
    here, there = fresh(), fresh()
    full(here)
    records = exported(here)
    do(there, TakeIn(records=texts(records[:7])), 5_000.0)
    do(there, TakeIn(records=texts(records)), 5_001.0)
    before = exported(there)

    outcome = do(there, TakeIn(records=texts(records)), 5_002.0)

    assert outcome == {"new": 0, "known": len(records), "left_out": 0}
    assert exported(there) == before == records


def test_what_was_taken_in_is_found_by_its_words_and_waits_for_its_vector(
    fresh: Callable[[], Database],
) -> None:
    """A memory that came in is like one that was stored."""
    here, there = fresh(), fresh()
    full(here)
    do(there, TakeIn(records=texts(exported(here))), 5_000.0)
    with there.snapshot() as link:
        assert [found for found, _ in keyword(link, ["mended"], Filters(), 5)] == [1]
        assert link.execute("SELECT count(*) FROM embedding_queue").fetchall()[0][0] == 7
        assert [one.change for one in history.versions(link, 1)] == ["update", "update", ""]


def test_a_project_is_exported_alone(fresh: Callable[[], Database]) -> None:
    """Its memories, and what belongs to them; links to others are left out on the way in."""
    here, there = fresh(), fresh()
    full(here)
    records = exported(here, project="p")
    assert {one["project"] for one in records if one["type"] == "memory"} == {"p"}
    outcome = do(there, TakeIn(records=texts(records)), 5_000.0)
    assert outcome["new"] + outcome["left_out"] == len(records)


def test_a_memory_that_was_changed_here_stays_as_it_is(fresh: Callable[[], Database]) -> None:
    """An import brings what is missing; it never overwrites."""
    here, there = fresh(), fresh()
    full(here)
    records = exported(here)
    do(there, TakeIn(records=texts(records)), 5_000.0)
    do(there, Update(memory_id=2, patch=MemoryPatch(fields={"content": "newer"})), 6_000.0)
    before = exported(there)
    do(there, TakeIn(records=texts(records)), 7_000.0)
    assert exported(there) == before


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"type": "song"}, "record 1: expected type memory, version, supersession, link"),
        ({"type": "memory", "uid": "x"}, "expected record 1 as an export has it"),
        ({"type": "memory", "uid": "x", "content": " "}, "record 1: expected text"),
        ({"type": "memory", "uid": "x", "content": 7}, "expected content of the type"),
        ({"type": "memory", "uid": "x", "content": "a", "importance": True}, "importance"),
        ({"type": "memory", "uid": "x", "content": "a", "tags": [1]}, "expected"),
        ({"type": "memory", "uid": "x", "content": "a", "tags": 5}, "expected"),
        ({"type": "memory", "uid": "x", "content": "a", "metadata": [1]}, "metadata"),
        ({"type": "memory", "uid": "x", "content": "a", "created_at": {}}, "expected"),
        ({"type": "memory", "uid": "x", "content": "a", "deleted_at": [1]}, "expected"),
        ({"type": "memory", "uid": "x", "content": "a", "access_count": "y"}, "expected"),
        ({"type": ["memory"], "uid": "x", "content": "a"}, "expected"),
        ({"type": "link", "kind": [], "source": "a", "target": "b"}, "expected"),
        ({"type": "link", "kind": "hates", "source": "a", "target": "b"}, "expected kind"),
        ({"type": "version", "uid": "x"}, None),
    ],
)
def test_a_record_that_is_not_right_takes_nothing_in(
    fresh: Callable[[], Database], record: dict[str, Any], said: str | None
) -> None:
    """All of a command or nothing; what names an unknown memory is counted instead."""
    db = fresh()
    outcome = do(db, TakeIn(records=texts([record])), 1.0)
    if said is None:
        assert outcome == {"new": 0, "known": 0, "left_out": 1}
    else:
        assert isinstance(outcome, InvalidRequest)
        assert said in outcome.message
    assert exported(db) == []
