"""Search in the store as it was: by the words, filters and meaning of then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.actors.memory.embedding import OnnxEmbedder
from mimo.actors.memory.engine import RecallEngine
from mimo.actors.memory.messages import Search
from mimo.actors.operations import Result
from mimo.config.clock import SYSTEM_CLOCK
from mimo.storage import batches
from mimo.storage.database import Database
from mimo.storage.records import Filters, MemoryPatch, NewMemory
from mimo.storage.revisions import Supersede
from mimo.storage.vectors import to_blob
from tests.support.memories import NOW_S, apply_one, quick_writer, store


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """Open a store with a day of changes: one a second, the first at `NOW_S`."""
    found = quick_writer(tmp_path / "data" / "mimo.db")
    for content in ("The boat is moored in Genoa", "Ann feeds the parrot", "Rain all day"):
        store(found, NewMemory(content=content, session_id="s", tags=("log",)))
    changes: tuple[batches.Command, ...] = (
        batches.Update(memory_id=1, patch=MemoryPatch(fields={"content": "The boat is sold"})),
        Supersede(old_id=2, content="Ben feeds the parrot"),
        batches.Update(memory_id=3, patch=MemoryPatch(fields={"tags": ("weather",)})),
        batches.Delete(memory_id=3),
    )
    for second, command in enumerate(changes, 1):
        apply_one(found, command, now_s=NOW_S + second)
    yield found
    found.close()


def _embed(db: Database, embedder: OnnxEmbedder) -> None:
    rows = db.rows("SELECT id, content_hash, content FROM memories ORDER BY id")
    vectors = embedder.embed([content for *_, content in rows])
    made = tuple(
        (row[0], row[1], to_blob(vector)) for row, vector in zip(rows, vectors, strict=True)
    )
    apply_one(db, batches.PutVectors(model_id=embedder.model_id, vectors=made))


def _found(result: Result) -> list[str]:
    return [memory["content"] for memory in result.data["memories"]]


def test_words_of_then_find_what_was_then(db: Database) -> None:
    """And words of now don't. Source: issue 3."""
    engine = RecallEngine(db, None, SYSTEM_CLOCK)

    def find(query: str, at_s: float, **filters: object) -> list[str]:
        given = Filters(as_of_s=NOW_S + at_s, **filters)  # type: ignore[arg-type]
        return _found(engine.search(Search(query=query, filters=given)))

    assert find("Genoa", 0.0) == ["The boat is moored in Genoa"]
    assert find("Genoa", 1.0) == find("sold", 0.0) == find("Genoa", -1.0) == []
    assert find("sold", 1.0) == ["The boat is sold"]
    assert find("parrot", 1.0) == ["Ann feeds the parrot"]
    assert find("parrot", 2.0) == ["Ben feeds the parrot"]
    assert find("rain", 2.0, tags=("log",)) == ["Rain all day"]
    assert find("rain", 3.0, tags=("log",)) == find("rain", 4.0) == []
    assert find("rain", 4.0, include_deleted=True) == ["Rain all day"]
    engine.past.close()


def test_meaning_is_asked_where_the_text_has_stayed(db: Database, tmp_path: Path) -> None:
    """What was reworded since has no vector of then; the answer says so. Source: ours."""
    embedder = OnnxEmbedder(None, tmp_path / "models")
    _embed(db, embedder)
    engine = RecallEngine(db, embedder, SYSTEM_CLOCK)
    filters = Filters(as_of_s=NOW_S)
    result = engine.search(
        Search(query="someone gives the bird its food", filters=filters, explain=True, context=1)
    )

    assert _found(result)[0] == "Ann feeds the parrot"
    assert result.data["memories"][0]["explanation"]["cosine"] > 0.3
    assert [one["offset"] for one in result.data["memories"][0]["context"]] == [-1, 1]
    assert result.degraded == ("embedding: 1 past versions searched by words only",)
    meaning = engine.search(Search(query="precipitation", filters=filters, mode="meaning"))
    assert _found(meaning)[0] == "Rain all day"
    engine.past.close()
