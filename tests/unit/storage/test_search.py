"""Reads for searching, over real files."""

from __future__ import annotations

from typing import Any

import pytest

from mimo.storage import batches, search
from mimo.storage.commands import Delete, StoreMemories
from mimo.storage.connection import Database
from mimo.storage.migrations import m0001_memories
from mimo.storage.records import Filters, NewMemory


def store(writer: Database, *contents: str, **fields: Any) -> list[int]:
    """Store memories; return their ids."""
    given = tuple(NewMemory(content=content, **fields) for content in contents)
    (stored,) = batches.apply(writer, [StoreMemories(memories=given)], now_s=0.0)
    assert isinstance(stored, tuple)
    return [one.id for one in stored]


def found(db: Database, *terms: str, **filters: Any) -> list[int]:
    """Return the ids found by words, best first."""
    return [i for i, _ in search.keyword(db.connection, terms, Filters(**filters), 10)]


def test_words_are_found_in_any_form_and_the_rarer_counts_more(
    writer: Database, reader: Database
) -> None:
    """FTS5 porter; bm25."""
    ids = store(writer, "running dogs", "a dog", "a dog house", "cats run")

    assert set(found(reader, "dogs", "runs")) == set(ids)
    assert found(reader, "dogs", "runs")[0] == ids[0]
    scores = [score for _, score in search.keyword(reader.connection, ["dog"], Filters(), 10)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0


def test_speaker_tags_and_date_are_words_of_a_memory(writer: Database, reader: Database) -> None:
    """Retrieval 3.1: date and speaker in the index lift recall."""
    (stored,) = store(
        writer, "hello", speaker="Ana", tags=("greeting",), occurred_at_s=1_683_504_000.0
    )

    for term in ("ana", "greeting", "May 2023"):
        assert found(reader, term) == [stored]


@pytest.mark.parametrize(
    "term", ['"', "a OR b", "x AND", "NEAR(a b)", "body : a", "a*", "^a", "{a}", "(", "+", "'", ""]
)
def test_nothing_in_a_term_is_syntax(writer: Database, reader: Database, term: str) -> None:
    """SQLite fts5.html, "FTS5 Strings": what is quoted is no syntax."""
    store(writer, "plain words")

    assert found(reader, term) == []
    assert search.document_count(reader.connection, term) == 0


def test_the_limit_counts_what_passes_the_filters(writer: Database, reader: Database) -> None:
    """Design 7: filters in SQL first."""
    store(writer, *(f"beagle number {n}" for n in range(30)), project="other")
    (wanted,) = store(writer, "a long text about very many things and one beagle", project="mine")

    assert found(reader, "beagle", project="mine") == [wanted]


def test_words_are_counted(writer: Database, reader: Database) -> None:
    """Ours: how common a word or a phrase is."""
    store(writer, "red door", "red house", "blue door")

    counts = [search.document_count(reader.connection, t) for t in ("red", "door", "red door", "x")]

    assert counts == [2, 2, 1, 0]
    assert search.size(reader.connection) == 3


def test_speakers_are_listed_once_and_case_folded(writer: Database, reader: Database) -> None:
    """Ours: each name costs one seek."""
    store(writer, "a", "b", speaker="Zoë")
    store(writer, "c", speaker="ANA")
    store(writer, "d")

    assert search.speakers(reader.connection) == ["ana", "zoë"]


def test_neighbours_are_of_the_same_session_and_project(writer: Database, reader: Database) -> None:
    """Ours: in the order stored; deleted ones are passed over."""
    a, b, c, d = store(writer, "a", "b", "c", "d", session_id="s", project="p")
    (other,) = store(writer, "e", session_id="s", project="q")
    (alone,) = store(writer, "f")
    batches.apply(writer, [Delete(memory_id=b)], now_s=0.0)
    link = reader.connection

    beside = search.beside(link, [a, c, d, other, alone])

    assert beside == {
        a: (a, 0, 0, c),
        c: (c, a, 0, d),
        d: (d, c, a, 0),
        other: (other, 0, 0, 0),
    }
    assert search.around(link, d, 5) == ([a, c], [])
    assert search.around(link, a, 1) == ([], [c])
    assert search.around(link, alone, 5) == ([], [])


def test_neighbours_are_found_by_the_index(writer: Database, reader: Database) -> None:
    """Ours: a session of any length costs a seek, not a scan."""
    store(writer, "a", session_id="s")
    plan = reader.rows(f"EXPLAIN QUERY PLAN {search._BESIDE}", ("[1]",))

    steps = [str(row[3]) for row in plan if " p " in str(row[3])]
    assert len(steps) == 3
    assert all("memories_session (session_id=? AND project=? AND rowid" in step for step in steps)


def test_cards_tell_what_ranking_needs(writer: Database, reader: Database) -> None:
    """Ours."""
    plain, turn = *store(writer, "a"), *store(writer, "b", session_id="s", speaker="Ana")
    link = reader.connection

    cards = search.cards(link, [plain, turn, 999], Filters(), "m")

    assert set(cards) == {plain, turn}
    assert (cards[plain].session, cards[plain].speaker) == (None, "")
    assert (cards[turn].session, cards[turn].speaker) == (("", "s"), "ana")
    assert not cards[turn].has_vector
    assert set(search.cards(link, [plain, turn], Filters(speaker="ANA"), "m")) == {turn}
    assert [text.content for text in search.texts(link, [turn])] == ["b"]


def test_the_tokenizer_is_the_one_of_the_index(reader: Database) -> None:
    """Ours: words are compared as the index has them."""
    assert f"tokenize = '{' '.join((search.TOKENIZER[0], *search.TOKENIZER[1]))}'" in " ".join(
        m0001_memories.STATEMENTS
    )

    tokens = search.tokenizer(reader.connection)

    assert tokens("Running Dogs, naïve!") == ["run", "dog", "naiv"]
    assert tokens("\ud800 \0") == []
