"""Reads: pages that cover each row once, filters that mean what a predicate means."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mimo.config.errors import InvalidRequest, NotFound
from mimo.storage import interactions, memories
from mimo.storage.batches import Delete, RecordInteractions, TouchAccess
from mimo.storage.database import Database
from mimo.storage.filters import where
from mimo.storage.pages import ORDERS
from mimo.storage.records import Filters, Interaction, Memory, NewMemory
from mimo.storage.schema import CATEGORIES, TRUST_LEVELS
from mimo.storage.text import speaker_key
from tests.support.memories import NOW_S, apply_one, quick_writer, remember, store

EVERYTHING = Filters(include_deleted=True, include_archived=True, include_superseded=True)


def _ids(db: Database, filters: Filters, order: str, limit: int) -> list[int]:
    """Walk all pages."""
    found: list[int] = []
    cursor = ""
    while True:
        page, cursor = memories.list_page(db, filters, order, limit, cursor)
        found += [memory.id for memory in page]
        if not cursor:
            return found


# -- By id --------------------------------------------------------------------------------------
@pytest.mark.parametrize("memory_id", [0, -1, 5, 2**63, 10**40])
def test_an_unknown_id_is_not_found(reader: Database, memory_id: int) -> None:
    """Numbers of any size. Source: ours, J3."""
    with pytest.raises(NotFound, match=f"got {memory_id}"):
        memories.get(reader, memory_id)
    assert memories.get_many(reader, [memory_id]) == {}


def test_many_are_read_at_once_with_their_tags(writer: Database, reader: Database) -> None:
    """Those that exist, deleted or not. Source: ours."""
    ids = [remember(writer, f"m{n}", tags=("odd",) * (n % 2)) for n in range(5)]
    apply_one(writer, Delete(memory_id=ids[0]))
    found = memories.get_many(reader, [*ids, 99])

    assert found == {memory_id: memories.get(reader, memory_id) for memory_id in ids}
    assert [found[memory_id].tags for memory_id in ids] == [(), ("odd",), (), ("odd",), ()]


# -- Pages ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("order", ORDERS)
def test_pages_are_in_order_and_the_id_breaks_ties(writer: Database, order: str) -> None:
    """Newest by when it occurred; never accessed comes last. Source: ours."""
    times = [5.0, 1.0, 5.0, 3.0, -7.5]
    for number, at_s in enumerate(times):
        remember(writer, f"m{number}", occurred_at_s=at_s, importance=at_s / 10 % 1)
    apply_one(writer, TouchAccess(ids=(2, 4)), now_s=10.0)
    apply_one(writer, TouchAccess(ids=(3,)), now_s=5.0)
    expected = {
        "newest": [3, 1, 4, 2, 5],
        "oldest": [5, 2, 4, 1, 3],
        "importance": [3, 1, 4, 5, 2],
        "accessed": [4, 2, 3, 5, 1],
    }

    assert _ids(writer, Filters(), order, 2) == expected[order]
    assert _ids(writer, Filters(), order, 100) == expected[order]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([1.0, 1.5, 2.0, 1e9 + 0.1]), min_size=1, max_size=25),
    st.integers(1, 7),
    st.sampled_from(ORDERS),
    st.data(),
)
def test_each_row_is_on_exactly_one_page_while_others_are_stored_and_deleted(
    times: list[float], limit: int, order: str, data: st.DataObject
) -> None:
    """Rows that were there at the first page and stay. Source: ours."""
    with tempfile.TemporaryDirectory() as folder:
        db = quick_writer(Path(folder) / "mimo.db")
        for number, at_s in enumerate(times):
            remember(db, f"m{number}", occurred_at_s=at_s, importance=at_s % 1)
        original = set(range(1, len(times) + 1))
        deleted: set[int] = set()
        seen: list[int] = []
        cursor = ""
        while True:
            page, cursor = memories.list_page(db, Filters(), order, limit, cursor)
            seen += [memory.id for memory in page]
            if not cursor:
                break
            remember(db, f"n{len(seen)}", occurred_at_s=data.draw(st.sampled_from(times)))
            victim = data.draw(st.integers(1, len(times)))
            apply_one(db, Delete(memory_id=victim))
            deleted.add(victim)
        db.close()

    assert len(seen) == len(set(seen))
    assert original - deleted <= set(seen)


def test_a_cursor_of_another_list_is_refused(writer: Database) -> None:
    """Other filters or another order would silently give other rows. Source: ours."""
    for number in range(3):
        remember(writer, f"m{number}")
    _, cursor = memories.list_page(writer, Filters(), "newest", 1)

    for filters, order in ((Filters(project="p"), "newest"), (Filters(), "oldest")):
        with pytest.raises(InvalidRequest, match="other filters or another order"):
            memories.list_page(writer, filters, order, 1, cursor)


def _packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "ü",
        "AAAA",
        _packed(None),
        _packed({}),
        _packed([]),
        _packed(["s", 1.0]),
        _packed(["s", "1", 2]),
        _packed(["s", 1.0, 0]),
        _packed(["s", True, 1]),
        _packed(["s", 1e999, 1]),
        _packed(["s", 1.0, 2**70]),
        _packed([1] * 3),
        "W" * 10_000,
    ],
)
def test_a_cursor_that_is_none_is_refused(reader: Database, cursor: str) -> None:
    """Whatever it is. Source: ours, J3."""
    with pytest.raises(InvalidRequest, match="expected a cursor as the page before gave it"):
        memories.list_page(reader, Filters(), "newest", 1, cursor)


@given(text=st.text(min_size=1))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_makes_a_cursor(reader: Database, text: str) -> None:
    """Nor anything but a clear refusal. Source: ours, J3."""
    with pytest.raises(InvalidRequest):
        memories.list_page(reader, Filters(), "newest", 1, text)


@pytest.mark.parametrize(
    ("order", "limit", "words"),
    [("random", 1, "expected order"), ("newest", 0, "got 0"), ("newest", 101, "got 101")],
)
def test_a_page_has_an_order_and_a_size(
    reader: Database, order: str, limit: int, words: str
) -> None:
    """Within the limits. Source: ours."""
    with pytest.raises(InvalidRequest, match=words):
        memories.list_page(reader, Filters(), order, limit)


# -- Filters
# ----------------------------------------------------------------------------------------
_NAMES = ("", "ann", "Ann", "ÉLISE", "élise")
_TIMES = (0.0, 1.5, 1e9)
_MEMORIES = st.builds(
    NewMemory,
    content=st.sampled_from(["ant", "bee", "cat"]),
    category=st.sampled_from(CATEGORIES[:3]),
    importance=st.sampled_from([0.0, 0.5, 1.0]),
    tags=st.sets(st.sampled_from(["t1", "t2", "t3"])).map(lambda tags: tuple(sorted(tags))),
    project=st.sampled_from(["", "p"]),
    speaker=st.sampled_from(_NAMES),
    session_id=st.sampled_from(["", "s"]),
    occurred_at_s=st.sampled_from(_TIMES),
    source=st.sampled_from(["", "chat"]),
    trust=st.sampled_from(TRUST_LEVELS[:3]),
)


def _maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


def _some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(st.sampled_from(values), max_size=2).map(lambda found: tuple(sorted(found)))


_FILTERS = st.builds(
    Filters,
    project=_maybe("", "p", "q"),
    categories=_some(CATEGORIES[:4]),
    tags=_some(("t1", "t2", "t4")),
    speaker=_maybe(*_NAMES),
    session_id=_maybe("", "s"),
    source=_maybe("", "chat"),
    trust=_some(TRUST_LEVELS),
    importance_min=_maybe(0.0, 0.5, 0.75),
    since_s=_maybe(*_TIMES),
    until_s=_maybe(*_TIMES),
    include_deleted=st.booleans(),
    include_archived=st.booleans(),
    include_superseded=st.booleans(),
)


def _passes(memory: Memory, filters: Filters) -> bool:
    """What the documentation of `Filters` says, in Python."""
    f = filters
    return (
        (f.project is None or memory.project == f.project)
        and (not f.categories or memory.category in f.categories)
        and set(f.tags) <= set(memory.tags)
        and (f.speaker is None or speaker_key(memory.speaker) == speaker_key(f.speaker))
        and (f.session_id is None or memory.session_id == f.session_id)
        and (f.source is None or memory.source == f.source)
        and (not f.trust or memory.trust in f.trust)
        and (f.importance_min is None or memory.importance >= f.importance_min)
        and (f.since_s is None or memory.occurred_at_s >= f.since_s)
        and (f.until_s is None or memory.occurred_at_s < f.until_s)
        and (f.include_deleted or memory.deleted_at_s is None)
        and (f.include_archived or memory.archived_at_s is None)
        and (f.include_superseded or memory.superseded_by is None)
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(_MEMORIES, min_size=1, max_size=12), st.lists(_FILTERS, min_size=1, max_size=20))
def test_filters_mean_what_their_documentation_says(
    some: list[NewMemory], many_filters: list[Filters]
) -> None:
    """SQL and a predicate in Python agree, also in stats. Source: ours."""
    with tempfile.TemporaryDirectory() as folder:
        db = quick_writer(Path(folder) / "mimo.db")
        store(db, *some)
        for number, column in enumerate(("deleted_at", "archived_at", "superseded_by")):
            db.rows(f"UPDATE memories SET {column} = 1 WHERE id % 5 = ?", (number,))  # noqa: S608
        everything, _ = memories.list_page(db, EVERYTHING, "newest", 100)
        for filters in many_filters:
            expected = {memory.id for memory in everything if _passes(memory, filters)}
            assert set(_ids(db, filters, "newest", 5)) == expected
            assert memories.stats(db, filters)["count"] == len(expected)
        db.close()


def test_no_filter_is_still_a_condition() -> None:
    """So that it may be followed by AND. Source: ours."""
    assert where(EVERYTHING) == ("1", [])


# -- Figures
# ----------------------------------------------------------------------------------------
def test_stats_count_what_is_there(writer: Database, reader: Database) -> None:
    """By category, project, tag and state, in bytes and in time. Source: ours."""
    remember(writer, "äöü", category="plan", project="p", tags=("a", "b"), occurred_at_s=1.0)
    remember(writer, "bee", tags=("a",), occurred_at_s=2.0, protected=True)
    gone = remember(writer, "gone", occurred_at_s=3.0)
    apply_one(writer, Delete(memory_id=gone))
    found = memories.stats(reader, Filters())

    assert found.pop("database_bytes") > 0
    assert found.pop("wal_bytes") > 0
    assert found == {
        "count": 2,
        "by_category": {"fact": 1, "plan": 1},
        "by_project": {"": 1, "p": 1},
        "by_tag": {"a": 2, "b": 1},
        "live": 2,
        "deleted": 1,
        "archived": 0,
        "superseded": 0,
        "protected": 1,
        "with_vector": 0,
        "content_bytes": 9,
        "oldest_s": 1.0,
        "newest_s": 2.0,
    }


def test_stats_of_nothing_are_zero(reader: Database) -> None:
    """Not missing. Source: ours."""
    found = memories.stats(reader, Filters(project="nobody's"))

    assert (found["count"], found["content_bytes"], found["oldest_s"]) == (0, 0, None)


def _calls(*outcomes: str) -> RecordInteractions:
    return RecordInteractions(
        interactions=tuple(
            Interaction(
                tool="memory",
                operation="store",
                outcome=outcome,
                duration_ms=float(number),
                at_s=NOW_S + number,
                client="claude",
                request_id=f"r{number}",
            )
            for number, outcome in enumerate(outcomes)
        )
    )


def test_tool_calls_are_recorded_and_summarised(writer: Database, reader: Database) -> None:
    """Failures are what isn't ok; no arguments are kept. Source: ours."""
    command = _calls("ok", "not_found", "ok")
    assert apply_one(writer, command) == 3

    assert interactions.newest(reader, 2) == tuple(reversed(command.interactions))[:2]
    assert interactions.summary(reader, since_s=NOW_S + 1) == [
        {
            "tool": "memory",
            "operation": "store",
            "calls": 2,
            "failures": 1,
            "mean_ms": 1.5,
            "max_ms": 2.0,
        }
    ]


def test_tool_calls_are_bounded(writer: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go, by themselves. Source: ours."""
    with writer.transaction() as link:
        interactions.record(link, _calls(*["ok"] * 900).interactions)
        assert interactions.prune(link, keep=400) == 500
    prune: Callable[..., int] = interactions.prune
    monkeypatch.setattr(interactions, "prune", lambda link: prune(link, keep=50))
    apply_one(writer, _calls(*["ok"] * 150))

    assert writer.value("SELECT count(*) FROM interactions") == 50
