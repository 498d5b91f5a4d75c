"""The second look finds by vectors what words did not show, and links it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.actors.memory import second_look
from mimo.actors.memory.contradictions import report
from mimo.actors.memory.embedding import OnnxEmbedder
from mimo.actors.memory.messages import Contradictions
from mimo.config.errors import NotFound
from mimo.storage import batches, links
from mimo.storage.commands import Finding
from mimo.storage.contradictions import Dismiss, LinkFindings
from mimo.storage.database import Database
from mimo.storage.vectors import VectorMatrix, to_blob
from tests.support.memories import apply_one, quick_writer, remember

#: Of two that say the same in other words, and others.
CONTENTS = (
    "She speaks fluent Portuguese",
    "The invoice is due on 15 March",
    "I can't stand coriander",
    "She is fluent in Portuguese",
    "Ben is vegetarian",
    "Ben eats meat again since the summer",
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """Open a database with memories and their vectors."""
    found = quick_writer(tmp_path / "data" / "mimo.db")
    embedder = OnnxEmbedder(None, tmp_path / "models")
    for content in CONTENTS:
        remember(found, content)
    rows = found.rows("SELECT id, content_hash, content FROM memories ORDER BY id")
    vectors = embedder.embed([content for *_, content in rows])
    made = tuple(
        (memory_id, content_hash, to_blob(vector))
        for (memory_id, content_hash, _), vector in zip(rows, vectors, strict=True)
    )
    apply_one(found, batches.PutVectors(model_id=embedder.model_id, vectors=made))
    yield found
    found.close()


def _look(db: Database, memory_id: int) -> list[Finding]:
    embedder_id = str(db.value("SELECT model_id FROM vectors"))
    matrix = VectorMatrix(embedder_id, 384)
    with db.snapshot() as link:
        matrix.refresh(link)
        return second_look.look(link, matrix, memory_id)


def test_what_says_the_same_in_other_words_is_found(db: Database) -> None:
    """Only older memories, and only those that are near. Source: ours."""
    found = {memory_id: _look(db, memory_id) for memory_id in range(1, 7)}

    assert [(one.memory_id, one.kind) for one in found[4]] == [(1, "redundant")]
    assert [(one.memory_id, one.kind) for one in found[6]] == [(5, "update")]
    assert all(not found[memory_id] for memory_id in (1, 2, 3, 5))


def test_a_finding_is_linked_once_and_tells_more_over_less(db: Database) -> None:
    """What words found before stays, unless it was no more than likeness. Source: ours."""
    for finding, new in (
        ((1, "similar", 0.7, ""), 1),
        ((1, "redundant", 0.9, "the same meaning"), 1),
        ((1, "update", 0.9, "later"), 0),
        ((99, "update", 0.9, ""), 0),
    ):
        assert apply_one(db, LinkFindings(memory_id=4, findings=(finding,))) == new
    (link,) = links.of(db.connection, 4)

    assert (link.kind, link.note) == ("similar", "redundant: the same meaning")
    assert _look(db, 4) == []


def test_a_pair_is_reported_until_it_is_dismissed(db: Database) -> None:
    """Then it is similar, and reported no more. Source: ours."""
    apply_one(db, LinkFindings(memory_id=6, findings=((5, "update", 0.6, "says 'again'"),)))
    (pair,) = report(db, Contradictions()).data["pairs"]

    assert (pair["newer"]["memory_id"], pair["older"]["memory_id"]) == (6, 5)
    assert (pair["kind"], pair["why"]) == ("possible_update", "update: says 'again'")
    assert report(db, Contradictions(memory_id=5)).data["total"] == 1
    assert report(db, Contradictions(memory_id=1)).data["total"] == 0
    assert report(db, Contradictions(project="other")).data["total"] == 0
    apply_one(db, Dismiss(memory_id=5, other_id=6))
    assert report(db, Contradictions()).data == {"pairs": [], "count": 0, "total": 0}
    with pytest.raises(NotFound):
        apply_one(db, Dismiss(memory_id=5, other_id=6))


def test_a_pair_of_which_one_is_gone_is_not_reported(db: Database) -> None:
    """Decided is decided. Source: ours."""
    apply_one(db, LinkFindings(memory_id=6, findings=((5, "update", 0.6, ""),)))
    apply_one(db, batches.Delete(memory_id=5))

    assert report(db, Contradictions()).data["total"] == 0


def test_a_text_can_be_checked_without_being_stored(db: Database) -> None:
    """Source: ours."""
    found = report(db, Contradictions(content="Ben isn't vegetarian")).data

    assert [(pair["kind"], pair["older"]["memory_id"]) for pair in found["pairs"]] == [
        ("contradiction", 5)
    ]
    assert db.value("SELECT count(*) FROM memories") == len(CONTENTS)


def test_of_a_bulk_load_the_newest_are_looked_at() -> None:
    """What waits is bounded. Source: ours."""
    waiting = second_look.SecondLook()
    waiting.note(range(1_000))

    assert len(waiting) == second_look.WAITING_MAX
    assert waiting.next() == 1_000 - second_look.WAITING_MAX
