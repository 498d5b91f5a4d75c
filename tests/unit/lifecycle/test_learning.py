"""What is learnt from use, what a session comes to, and that each is done once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.bridge.recording import memory_ids_of, summary_of
from mimo.actors.lifecycle.curation import drafts_of
from mimo.actors.lifecycle.feedback import USED_WITHIN_S, lessons
from mimo.actors.memory.ranking import Ranked
from mimo.actors.memory.use import USE_WEIGHTS, with_use
from mimo.config import limits
from mimo.config.errors import NotFound
from mimo.storage import batches, interactions, sessions
from mimo.storage.commands import RecordInteractions, StoreMemories
from mimo.storage.connection import Database
from mimo.storage.database import open_writer
from mimo.storage.records import Interaction, NewMemory
from mimo.storage.sessions import Call, CloseSessions, Session
from mimo.storage.sessions_curating import KeepSession, Kept
from mimo.storage.sessions_learning import (
    CO_ACCESS_MAX,
    HALF_LIFE_S,
    Evidence,
    GiveFeedback,
    Learn,
    evidence_of,
    faded,
    strengthened,
    used_together,
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """Return a database with twenty memories."""
    found = open_writer(tmp_path / "mimo.db", durability="normal")
    memories = tuple(NewMemory(content=f"Memory number {at}") for at in range(20))
    batches.apply(found, [StoreMemories(memories=memories)], now_s=0.0)
    yield found
    found.close()


def do(db: Database, command: Any, now_s: float = 0.0) -> Any:
    """Do one command and return its outcome."""
    (outcome,) = batches.apply(db, [command], now_s=now_s)
    return outcome


def call(number: int, operation: str, ids: tuple[int, ...] = (), **fields: Any) -> Call:
    """Return a call of session 1, a second after the one before."""
    values: dict[str, Any] = {
        "session": 1,
        "at_s": float(number),
        "tool": "memory",
        "outcome": "ok",
        "duration_ms": 1.0,
        "arguments": {"memory_id": ids[0]} if ids else {},
        "memory_ids": ids,
        **fields,
    }
    return Call(id=number, operation=operation, **values)


def recorded(at_s: float, **fields: Any) -> Interaction:
    """Return a call as the bridge records it."""
    values = {"client": "c 1", "connection": "one", **fields}
    return Interaction(
        tool="memory", operation="health", outcome="ok", duration_ms=1.0, at_s=at_s, **values
    )


# -- Feedback ---------------------------------------------------------------------------------
def test_only_what_was_shown_and_then_used_was_useful() -> None:
    taught = lessons(
        [call(1, "search", (1, 2, 3)), call(2, "get", (2,)), call(3, "get", (9,))], after=0
    )

    assert taught.signals == [(2, 0.5)]


def test_a_memory_shown_once_proves_useful_once() -> None:
    calls = [call(1, "search", (1,)), *(call(at, "get", (1,)) for at in range(2, 9))]

    assert lessons(calls, after=0).signals == [(1, 0.5)]


def test_a_use_long_after_the_search_teaches_nothing() -> None:
    late = call(2, "get", (1,), at_s=1.0 + USED_WITHIN_S + 1.0)

    assert lessons([call(1, "search", (1,)), late], after=0).signals == []


def test_sessions_do_not_teach_each_other() -> None:
    other = call(2, "get", (1,), session=2)

    assert lessons([call(1, "search", (1,)), other], after=0).signals == []


@given(st.integers(0, 12))
def test_calls_teach_the_same_in_one_batch_and_in_two(cut: int) -> None:
    calls = [
        call(at, *(("search", (1, 2, 3)) if at % 4 == 1 else ("get", (1 + at % 3,))))
        for at in range(1, 13)
    ]
    whole = lessons(calls, after=0)
    first, second = lessons(calls[:cut], after=0), lessons(calls, after=cut)

    assert whole.signals == first.signals + second.signals
    assert whole.pairs == first.pairs + second.pairs


def test_learning_the_same_calls_twice_counts_once(db: Database) -> None:
    learn = Learn(since=0, upto=7, signals=((1, 1.0),), pairs=((1, 2),))

    assert do(db, learn) == {"signals": 1, "pairs": 1}
    assert do(db, learn) == {"signals": 0, "pairs": 0}
    assert evidence_of(db.connection, (1,), 0.0)[1].helpful == 1.0


def test_evidence_halves_with_time_and_usefulness_falls_to_the_middle(db: Database) -> None:
    do(db, GiveFeedback(memory_ids=(1,), helpful=True), now_s=0.0)
    now = evidence_of(db.connection, (1,), 0.0)[1]
    later = evidence_of(db.connection, (1,), HALF_LIFE_S)[1]

    assert later.helpful == pytest.approx(now.helpful / 2)
    assert 0.5 < later.usefulness < now.usefulness < 1.0


def test_feedback_on_a_memory_that_is_not_there_changes_nothing(db: Database) -> None:
    outcome = do(db, GiveFeedback(memory_ids=(1, 999), helpful=False))

    assert isinstance(outcome, NotFound)
    assert evidence_of(db.connection, (1,), 0.0) == {}


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(-1e9, 1e9))
def test_usefulness_is_a_share(helpful: float, unhelpful: float, age_s: float) -> None:
    assert 0.0 < faded(Evidence(helpful, unhelpful), age_s).usefulness < 1.0


# -- Co-access --------------------------------------------------------------------------------
@given(st.integers(1, 200))
def test_a_link_grows_and_stays_below_one(times: int) -> None:
    weight = 0.0
    for _ in range(times):
        assert weight <= strengthened(weight) <= 1.0
        weight = strengthened(weight)


def test_a_memory_keeps_so_many_links_of_use(db: Database) -> None:
    strong = tuple((1, 2) for _ in range(3))
    do(db, Learn(since=0, upto=1, signals=(), pairs=strong))
    others = tuple((1, other) for other in range(3, 20))
    do(db, Learn(since=1, upto=2, signals=(), pairs=others))

    links = used_together(db.connection, range(1, 21))
    assert len(links) == CO_ACCESS_MAX
    assert max(links, key=lambda each: each[2])[:2] == (1, 2)


# -- Ranking ----------------------------------------------------------------------------------
@given(st.lists(st.floats(0, 1), min_size=1, max_size=80))
def test_without_use_the_order_stays(scores: list[float]) -> None:
    found = [Ranked(id=at, score=score) for at, score in enumerate(scores)]
    ranked = sorted(found, key=lambda one: (-one.score, -one.id))

    assert with_use(ranked, {}, {}) == ranked


@given(
    st.lists(st.floats(0, 1), min_size=60, max_size=80),
    st.dictionaries(st.integers(0, 79), st.floats(0, 1)),
    st.dictionaries(st.tuples(st.integers(0, 39), st.integers(40, 79)), st.floats(0, 1)),
)
def test_use_raises_a_little_and_keeps_the_rest_in_order(
    scores: list[float], useful: dict[int, float], together: dict[tuple[int, int], float]
) -> None:
    found = [Ranked(id=at, score=score) for at, score in enumerate(scores)]
    ranked = sorted(found, key=lambda one: (-one.score, -one.id))
    before = {one.id: one.score for one in ranked}
    after = with_use(ranked, together, useful)

    assert [one.score for one in after] == sorted((one.score for one in after), reverse=True)
    assert {one.id for one in after} == set(before)
    most = sum(USE_WEIGHTS.values()) + 1e-9
    assert all(0 <= one.score - before[one.id] <= most for one in after)


# -- Sessions ---------------------------------------------------------------------------------
def session_rows(db: Database) -> list[tuple[int, int, str]]:
    """Return (calls, resumed, state) of each session."""
    return [(one.calls, one.resumed, one.state) for one in reversed(sessions.newest(db, 100))]


def test_the_same_client_resumes_only_what_it_left_and_soon(db: Database) -> None:
    pause_s = limits.SESSION_RESUMED_WITHIN_S
    do(db, RecordInteractions(interactions=(recorded(0.0), recorded(1.0, connection="beside"))))
    assert session_rows(db) == [(1, 0, "active"), (1, 0, "active")]
    do(db, CloseSessions(connection="one"))
    do(db, RecordInteractions(interactions=(recorded(60.0, connection="two"),)))
    assert sorted(session_rows(db)) == [(1, 0, "active"), (2, 1, "active")]
    do(db, CloseSessions(connection="two"))
    do(db, RecordInteractions(interactions=(recorded(60.0 + pause_s, connection="three"),)))
    assert len(session_rows(db)) == 3


def test_a_call_outside_of_connections_belongs_to_no_session(db: Database) -> None:
    do(db, RecordInteractions(interactions=(recorded(0.0, connection=""),)))

    assert session_rows(db) == []
    assert len(interactions.newest(db)) == 1


# -- Curation ---------------------------------------------------------------------------------
SESSION = Session(
    id=1,
    client="c 1",
    connection="one",
    project="mill",
    state="closed",
    started_at_s=0.0,
    last_at_s=9.0,
    calls=3,
    failures=0,
    resumed=0,
    summary="",
    curated_at_s=None,
)


def test_mere_reading_comes_to_nothing() -> None:
    calls = [call(1, "search", (1,), arguments={"query": "mill"}), call(2, "get", (1,))]

    assert drafts_of(SESSION, calls, {1: "The mill"}) == []


def test_what_was_stored_missed_and_mended_is_told_and_cited() -> None:
    calls = [
        call(1, "search", arguments={"query": "price of flour"}),
        call(2, "search", arguments={"query": "owner of the mill"}),
        call(3, "search", (1,), arguments={"query": "the mill's owner"}),
        call(4, "update", outcome="not_found", arguments={"memory_id": 7}),
        call(5, "update", (1,), arguments={"memory_id": 1}),
        call(6, "store", (2,), arguments={}),
    ]
    done, missed, mended = drafts_of(SESSION, calls, {1: "The mill", 2: "The wheel"})

    assert '"The wheel"' in done.content
    assert set(done.cites) == {1, 2}
    assert "price of flour" in missed.content
    assert "owner" not in missed.content
    assert mended.calls == (4, 5)


def test_a_failure_that_passes_is_no_lesson() -> None:
    calls = [call(1, "health", outcome="busy"), call(2, "health", arguments={"a": 1})]

    assert drafts_of(SESSION, calls, {}) == []


def test_keeping_a_session_twice_stores_once(db: Database) -> None:
    do(db, RecordInteractions(interactions=(recorded(0.0),)))
    (one,) = sessions.newest(db, 1)
    (made,) = sessions.calls_of(db, one.id, 10)
    memory = NewMemory(content="The mill was repaired", category="episode", trust="tool")
    keep = KeepSession(
        session=one.id, upto=made.id, kept=(Kept(memory, (made.id,), (1,)),), summary="repaired"
    )

    assert do(db, keep)["created"] == 1
    assert do(db, keep) == {"memory_ids": [], "created": 0}
    assert sessions.finished(db, 10.0**9, 5) == []
    assert sessions.calls_of(db, one.id, 10, only_new=True) == []


# -- The record -------------------------------------------------------------------------------
def test_arguments_are_short_and_without_secrets_and_texts() -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 4
    text = summary_of(
        {"query": f"{'x ' * 70}{secret}", "content": "mine", "tags": [secret, "b"], "limit": 3}
    )

    assert secret not in text
    assert "ghp_" not in text
    assert "mine" not in text
    assert '"limit": 3' in text


@given(
    st.dictionaries(
        st.text(max_size=20), st.text(max_size=400) | st.lists(st.text(max_size=200)), max_size=20
    )
)
def test_arguments_never_exceed_their_limit(arguments: dict[str, Any]) -> None:
    assert len(summary_of(arguments).encode()) <= limits.CALL_BYTES_MAX


def test_ids_are_those_of_the_results_and_not_of_what_stands_beside() -> None:
    data = {
        "memories": [{"memory_id": 3, "context": [{"memory_id": 4}]}, {"memory_id": 1}],
        "similar": [{"memory_id": 5}],
        "memory_ids": [2, 3],
    }

    assert memory_ids_of(data) == (3, 1, 2)
