"""Search over a real database: what is found, what is not, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mimo.actors.memory.engine import RecallEngine
from mimo.actors.memory.messages import Search
from mimo.actors.operations import Result
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import InvalidRequest
from mimo.storage import batches, memories
from mimo.storage.commands import Command, Delete, PutVectors, Restore, StoreMemories, Update
from mimo.storage.database import open_reader, open_writer
from mimo.storage.records import Filters, MemoryPatch, NewMemory
from mimo.storage.vectors import to_blob
from tests.support.topics import TopicEmbedder


class Desk:
    """A writer, an embedder that is told when to work, and an engine over the same database."""

    def __init__(self, folder: Path, embedder: TopicEmbedder | None) -> None:
        self.writer = open_writer(folder / "mimo.db", durability="normal")
        self.reader = open_reader(folder / "mimo.db")
        self.embedder = embedder
        self.engine = RecallEngine(self.reader, embedder, SYSTEM_CLOCK)

    def do(self, command: Command) -> Any:
        """Write; return the outcome."""
        (outcome,) = batches.apply(self.writer, [command], now_s=1_700_000_000.0)
        return outcome

    def store(self, *contents: str, **fields: Any) -> list[int]:
        """Store memories that differ in their text only; return their ids."""
        given = tuple(NewMemory(content=content, **fields) for content in contents)
        return [stored.id for stored in self.do(StoreMemories(memories=given))]

    def embed(self) -> None:
        """Give every memory its vector."""
        embedder = self.embedder or TopicEmbedder()
        while rows := memories.unembedded(self.writer, embedder.model_id, 64):
            put = tuple(
                (row.id, row.content_hash, to_blob(vector))
                for row, vector in zip(rows, embedder.embed([r.text for r in rows]), strict=True)
            )
            self.do(PutVectors(model_id=embedder.model_id, vectors=put))

    def search(self, query: str, **fields: Any) -> Result:
        """Search."""
        return self.engine.search(Search(query=query, **{"filters": Filters(), **fields}))

    def found(self, query: str, **fields: Any) -> list[int]:
        """Return the ids that are found, best first."""
        return [hit["memory_id"] for hit in self.search(query, **fields).data["memories"]]

    def close(self) -> None:
        """Close both connections."""
        self.reader.close()
        self.writer.close()


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[Callable[[TopicEmbedder | None], Desk]]:
    """Open desks of one's own, closed at the end."""
    desks: list[Desk] = []

    def opened(embedder: TopicEmbedder | None) -> Desk:
        desks.append(Desk(tmp_path / str(len(desks)), embedder))
        return desks[-1]

    yield opened
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(open_desk: Callable[[TopicEmbedder | None], Desk]) -> Desk:
    """Open a desk with an embedder."""
    return open_desk(TopicEmbedder())


def test_a_memory_is_found_by_its_words_the_moment_it_is_stored(desk: Desk) -> None:
    """Design 7: as soon as its store was acknowledged, with or without its vector."""
    desk.store("It rains today")
    desk.embed()
    (fresh,) = desk.store("The beagle is called Biscuit")

    assert desk.found("what is the beagle called")[0] == fresh


def test_a_memory_is_found_by_its_meaning_once_it_has_a_vector(desk: Desk) -> None:
    """Design 7: hybrid search."""
    (dog, _) = desk.store("Biscuit is my beagle", "Espresso at seven")
    assert desk.found("tell me about the pet", mode="meaning") == []

    desk.embed()

    assert desk.found("tell me about the pet")[0] == dog
    assert desk.found("tell me about the pet", mode="meaning")[0] == dog


def test_a_memory_that_was_changed_is_found_by_its_new_text_only(desk: Desk) -> None:
    """Ours: a vector of the old text says nothing about the new one."""
    (changed,) = desk.store("Biscuit is my beagle")
    desk.embed()
    assert desk.found("beagle") == [changed]

    desk.do(Update(memory_id=changed, patch=MemoryPatch(fields={"content": "Espresso at seven"})))

    assert desk.found("beagle", mode="keyword") == []
    assert desk.found("espresso") == [changed]
    hits = desk.search("pet", mode="meaning", explain=True).data["memories"]
    assert all(hit["explanation"]["cosine"] is None for hit in hits)


def test_a_deleted_memory_is_not_found_until_it_is_restored(desk: Desk) -> None:
    """Memory tool: deleting is soft."""
    (gone, stays) = desk.store("The beagle sleeps", "The beagle barks")
    desk.embed()
    desk.do(Delete(memory_id=gone))

    for mode in ("hybrid", "keyword", "meaning"):
        assert desk.found("beagle", mode=mode) == [stays]

    desk.do(Restore(memory_id=gone))
    assert set(desk.found("beagle")) == {gone, stays}


def test_filters_hold_in_every_mode(desk: Desk) -> None:
    """Design 7: filters in SQL before anything is scored."""
    desk.store("The beagle sleeps", project="other")
    (wanted,) = desk.store("The beagle barks", project="mine", tags=("loud",))
    desk.embed()

    for mode in ("hybrid", "keyword", "meaning"):
        for filters in (Filters(project="mine"), Filters(tags=("loud",))):
            assert desk.found("beagle", mode=mode, filters=filters) == [wanted]
    assert desk.found("beagle", filters=Filters(project="none")) == []


def test_a_filter_sees_what_was_written_since_it_was_last_used(desk: Desk) -> None:
    """Ours: what is remembered about a filter ends with the next write."""
    filters = Filters(project="mine")
    first = desk.store("The beagle sleeps", project="mine")
    desk.embed()
    assert desk.found("beagle", filters=filters, mode="meaning") == first

    second = desk.store("The puppy barks", project="mine")
    desk.embed()

    assert set(desk.found("beagle", filters=filters, mode="meaning")) == {*first, *second}


def test_neighbours_stand_around_a_hit_when_asked_for(desk: Desk) -> None:
    """Retrieval: neighbours cover more of what answers a question."""
    ids = desk.store("one", "two", "the beagle", "four", "five", session_id="s", speaker="Ana")
    desk.store("elsewhere", session_id="t")
    desk.embed()

    (hit,) = desk.search("beagle", context=1, limit=1).data["memories"]

    assert [(n["offset"], n["memory_id"], n["content"]) for n in hit["context"]] == [
        (-1, ids[1], "two"),
        (1, ids[3], "four"),
    ]
    (alone,) = desk.search("elsewhere", context=2, limit=1).data["memories"]
    assert alone["context"] == []


def test_an_answer_is_found_through_the_question_before_it(desk: Desk) -> None:
    """Retrieval: the words asked for are spread over turns that follow one another."""
    asked, answer, *_ = desk.store(
        "Which beagle did you adopt?", "Biscuit, from Lisbon.", "Nice.", session_id="s"
    )
    desk.store(*(f"Something else, number {n}" for n in range(20)), session_id="t")

    assert desk.found("which beagle did you adopt")[:2] in ([asked, answer], [answer, asked])


def test_names_of_speakers_stay_out_of_the_meaning_of_a_question(desk: Desk) -> None:
    """Retrieval 3.2: recall of the vectors alone rose by half."""
    desk.store("I walk the dog", speaker="Ana Silva")
    desk.embed()

    desk.search("what does Ana Silva's pet do")

    assert isinstance(desk.embedder, TopicEmbedder)
    assert desk.embedder.asked == ["what does pet do"]


def test_a_quoted_phrase_lifts_what_has_it(desk: Desk) -> None:
    """Ours: quotation marks are the user's explicit wish."""
    _, exact = desk.store("the green big door", "a big green door")

    assert desk.found('"big green door"')[0] == exact


def test_repetitions_do_not_fill_a_page(desk: Desk) -> None:
    """Issue: no five copies of one fact."""
    for day in range(5):
        desk.store("The beagle barks at the postman every day", project=f"p{day}")
    (other,) = desk.store("A beagle needs a walk")

    assert other in desk.found("does the beagle bark at the postman every day", limit=2)


def test_an_explanation_adds_up(desk: Desk) -> None:
    """Ours: what is shown is what counted."""
    desk.store("Biscuit is my beagle", "Espresso", "Rain")
    desk.embed()

    hit, *_ = desk.search("beagle", explain=True).data["memories"]

    assert abs(sum(hit["explanation"]["terms"].values()) - hit["score"]) < 0.001
    assert hit["explanation"]["bm25"] > 0
    assert hit["explanation"]["cosine"] > 0.5


def test_without_an_embedder_words_serve_and_the_answer_says_so(
    open_desk: Callable[[TopicEmbedder | None], Desk],
) -> None:
    """Design 5: each answer that was affected says so in `degraded`."""
    desk = open_desk(None)
    stored = desk.store("Biscuit is my beagle")

    result = desk.search("beagle")

    assert [hit["memory_id"] for hit in result.data["memories"]] == stored
    assert result.data["mode"] == "keyword"
    assert result.degraded
    assert desk.search("beagle", mode="keyword").degraded == ()


def test_a_model_that_fails_degrades_to_words(desk: Desk) -> None:
    """Design 5: keyword only is a level, not a failure."""
    stored = desk.store("Biscuit is my beagle")
    assert desk.embedder is not None
    desk.embedder.is_broken = True

    for mode in ("hybrid", "meaning"):
        result = desk.search("beagle", mode=mode)
        assert [hit["memory_id"] for hit in result.data["memories"]] == stored
        assert "expected a model" in result.degraded[0]


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "meaning"])
def test_as_many_are_returned_as_asked_for(desk: Desk, mode: str) -> None:
    """Ours: the limit of a page is also one that search can fill."""
    stored = desk.store(*(f"beagle number {n} of the kennel" for n in range(100)))
    desk.store(*(f"something else {n}" for n in range(60)))
    desk.embed()

    assert set(desk.found("beagle", mode=mode, limit=100)) == set(stored)


def test_an_unknown_mode_is_refused(desk: Desk) -> None:
    """Ours: expected, got."""
    with pytest.raises(InvalidRequest, match="expected mode hybrid, keyword, meaning, got 'magic'"):
        desk.search("beagle", mode="magic")


def test_an_empty_store_finds_nothing(desk: Desk) -> None:
    """Ours: no division by nothing."""
    assert desk.search("anything").data == {
        "memories": [],
        "count": 0,
        "mode": "hybrid",
        "next_cursor": "",
    }


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "meaning"])
def test_pages_of_a_search_hold_each_memory_once(desk: Desk, mode: str) -> None:
    """Keyset: a page begins after the last hit of the page before; the last one says so."""
    stored = desk.store(*(f"beagle number {n} of the kennel" for n in range(35)))
    desk.embed()

    pages: list[list[int]] = []
    cursor = ""
    while not pages or cursor:
        data = desk.search("beagle", mode=mode, limit=10, cursor=cursor).data
        pages.append([hit["memory_id"] for hit in data["memories"]])
        cursor = data["next_cursor"]

    assert [len(page) for page in pages] == [10, 10, 10, 5]
    assert sorted(one for page in pages for one in page) == sorted(stored)


def test_a_cursor_of_another_search_is_refused(desk: Desk) -> None:
    """It would lead to an arbitrary place."""
    desk.store(*(f"beagle number {n}" for n in range(12)))
    cursor = desk.search("beagle", mode="keyword", limit=5).data["next_cursor"]
    with pytest.raises(InvalidRequest, match="expected a cursor of this list"):
        desk.search("kennel", mode="keyword", limit=5, cursor=cursor)


def test_deleted_memories_do_not_crowd_out_live_ones(desk: Desk) -> None:
    """Ours: the nearest vectors may all be of deleted memories."""
    gone = desk.store(*(f"beagle beagle number {n}" for n in range(150)))
    (stays,) = desk.store("a vehicle and a beagle")
    desk.embed()
    for memory_id in gone:
        desk.do(Delete(memory_id=memory_id))

    assert desk.found("pet", mode="meaning") == [stays]


@pytest.mark.parametrize(
    "query",
    [
        '"',
        '""',
        "NEAR(a b)",
        "a AND OR NOT",
        "body:secret",
        "beagle*",
        "^beagle",
        "(((",
        "%_%",
        "';DROP TABLE memories;--",
        "\0beagle\0",
        "\ud800beagle",
        "🐶🐶🐶",
        "私の犬",
        "كلب",
        "beagle " * 600,
        "x" * 4096,
        "-- {} [] \\ / ~ `",
        " ",
        "",
    ],
)
def test_no_query_is_syntax(desk: Desk, query: str) -> None:
    """Peers: FTS syntax errors are what their users complain of."""
    desk.store("The beagle sleeps", "私の犬 🐶")
    desk.embed()

    for mode in ("hybrid", "keyword", "meaning"):
        assert desk.search(query, mode=mode).data["count"] <= 2


def test_a_query_of_a_megabyte_is_answered(desk: Desk) -> None:
    """Ours: longer than any request may be."""
    (stored,) = desk.store("The beagle sleeps")
    desk.embed()

    assert desk.found("beagle " + "word " * 200_000) == [stored]


def test_words_of_other_scripts_and_accents_are_found(desk: Desk) -> None:
    """FTS5 unicode61 remove_diacritics 2."""
    first, second, third = desk.store("Grüße aus Zürich", "Привет из Москвы", "naïve café")

    assert desk.found("zurich", mode="keyword") == [first]
    assert desk.found("москвы", mode="keyword") == [second]
    assert desk.found("CAFÉ", mode="keyword") == [third]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(query=st.text(st.characters(codec=None), max_size=60))
def test_any_text_is_a_query(desk: Desk, query: str) -> None:
    """Ours."""
    if not desk.found("beagle"):
        desk.store("The beagle sleeps")
        desk.embed()

    assert desk.search(query).data["count"] <= 1
