"""What a store does about memories that are like the new one: reports, links, replaces nothing."""

from __future__ import annotations

from typing import Any

import pytest

from mimo.actors.memory.novelty import NoveltyJudge
from mimo.config.errors import Conflict, NotFound
from mimo.storage import batches, history, links, memories, neighbours, pages
from mimo.storage.commands import Stored, StoreMemories
from mimo.storage.database import Database
from mimo.storage.records import Filters, NewMemory
from tests.support.memories import NOW_S

JUDGE = NoveltyJudge()


def _arrive(db: Database, *contents: str, key: str = "", **options: Any) -> tuple[Stored, ...]:
    """Store texts as the writer does, with a look at what is there."""
    fields = options.pop("fields", {})
    command = StoreMemories(
        memories=tuple(NewMemory(content=content, **fields) for content in contents),
        key=key,
        **options,
    )
    (outcome,) = batches.apply(db, [command], now_s=NOW_S, judge=JUDGE)
    if isinstance(outcome, Exception):
        raise outcome
    found: tuple[Stored, ...] = outcome
    return found


def _links(db: Database, memory_id: int) -> list[tuple[int, str]]:
    return [(one.target_id, one.kind) for one in links.of(db.connection, memory_id)]


@pytest.mark.parametrize(
    ("new", "decision", "kind"),
    [
        ("Blue is Ada's favourite colour", "redundant", "similar"),
        ("Ada's favourite colour is now green", "update", "possible_update"),
        ("Actually Ada's favourite colour is teal", "correction", "possible_update"),
        ("Ada's favourite colour is blue, a dark navy", "refinement", "possible_update"),
        ("Ada's favourite colour isn't blue", "contradiction", "contradicts"),
    ],
)
def test_a_memory_like_another_is_stored_linked_and_reported(
    writer: Database, new: str, decision: str, kind: str
) -> None:
    """And replaces nothing, whatever it is told to be. Source: original/memory.md 3, 31."""
    (old,) = _arrive(writer, "Ada's favourite colour is blue")
    (stored,) = _arrive(writer, new)

    assert (stored.created, stored.decision) == (True, decision)
    assert stored.similar[0][:2] == (old.id, decision)
    assert _links(writer, stored.id) == [(old.id, kind)]
    assert memories.get(writer, old.id).superseded_by is None
    assert len(history.versions(writer.connection, old.id)) == 1


@pytest.mark.parametrize(
    "again",
    ["The user prefers dark mode.", "user prefers the dark mode", "User  prefers DARK mode"],
)
def test_the_same_in_other_articles_reinforces_what_is_there(writer: Database, again: str) -> None:
    """Nothing is stored twice, nothing is lost: tags add up, importance rises. Source: ours."""
    (first,) = _arrive(writer, "User prefers dark mode", fields={"importance": 0.4})
    (second,) = _arrive(writer, again, fields={"importance": 0.8, "tags": ("ui",)})
    found = memories.get(writer, first.id)

    assert (second.id, second.created, second.decision) == (first.id, False, "redundant")
    assert (found.importance, found.tags) == (0.8, ("ui",))
    assert found.content == "User prefers dark mode"


@pytest.mark.parametrize(
    "other",
    [
        {"session_id": "s2"},
        {"occurred_at_s": NOW_S - 9.0},
        {"category": "plan"},
        {"metadata": {"page": 2}},
        {"speaker": "Ben"},
        {"source": "book"},
        {"trust": "web"},
    ],
)
def test_what_differs_besides_its_articles_is_stored(
    writer: Database, other: dict[str, Any]
) -> None:
    """The same words at another time, of another, from elsewhere are another memory. Ours."""
    _arrive(writer, "User prefers dark mode")
    (stored,) = _arrive(writer, "The user prefers dark mode.", fields=other)

    assert stored.created


def test_memories_of_other_projects_are_not_looked_at(writer: Database) -> None:
    """A project is a namespace. Source: ours."""
    _arrive(writer, "Ada lives in Turin", fields={"project": "one"})
    (stored,) = _arrive(writer, "Ada lives in Milan", fields={"project": "two"})

    assert (stored.decision, stored.similar) == ("new", ())


def test_what_two_say_of_themselves_is_not_compared(writer: Database) -> None:
    """In a conversation, I is another in each turn. Source: ours."""
    _arrive(writer, "My dog is called Rex", fields={"speaker": "Ann"})
    (of_ben,) = _arrive(writer, "My dog is called Bobo", fields={"speaker": "Ben"})
    (of_ann,) = _arrive(writer, "My dog is called Max", fields={"speaker": "ann"})

    assert of_ben.similar == ()
    assert [(one[0], one[1]) for one in of_ann.similar] == [(1, "contradiction")]


def test_what_is_superseded_archived_or_deleted_is_not_looked_at(writer: Database) -> None:
    """Only what would be found counts. Source: ours."""
    (old,) = _arrive(writer, "Ada lives in Turin")
    batches.apply(writer, [batches.Delete(memory_id=old.id)], now_s=NOW_S)
    (stored,) = _arrive(writer, "Ada lives in Milan")

    assert stored.similar == ()


def test_memories_of_one_call_are_compared_with_each_other(writer: Database) -> None:
    """Also inside one transaction. Source: ours."""
    stored = _arrive(writer, "Ada lives in Turin", "Ada lives in Milan", "the Ada lives in Turin")

    assert [one.decision for one in stored] == ["new", "contradiction", "redundant"]
    assert [one.id for one in stored] == [1, 2, 1]


def test_a_caller_may_ask_for_a_replacement(writer: Database) -> None:
    """Only then, and only of what the new one is about. Source: ours."""
    (old,) = _arrive(writer, "Ada lives in Turin")
    (near,) = _arrive(writer, "Ben lives in Turin")
    (new,) = _arrive(writer, "Ada moved from Turin, Ada lives in Milan", on_similar="supersede")

    assert new.superseded == (old.id,)
    assert memories.get(writer, old.id).superseded_by == new.id
    assert memories.get(writer, near.id).superseded_by is None
    assert {one.id for one in pages.list_page(writer, Filters())[0]} == {near.id, new.id}


def test_a_caller_may_name_what_is_replaced(writer: Database) -> None:
    """Whether it is alike or not. Source: ours."""
    (one,) = _arrive(writer, "Ada lives in Turin")
    (two,) = _arrive(writer, "The flat has three rooms")
    (new,) = _arrive(writer, "Ada has left the country", supersedes=(one.id, two.id))

    assert new.superseded == (one.id, two.id)
    with pytest.raises(Conflict):
        _arrive(writer, "Ada is back", supersedes=(one.id,))
    with pytest.raises(NotFound):
        _arrive(writer, "Ada is at home", supersedes=(99,))
    assert memories.stats(writer, Filters())["count"] == 1


def test_a_caller_may_forgo_the_look(writer: Database) -> None:
    """For bulk imports. Source: ours."""
    _arrive(writer, "Ada lives in Turin")
    (stored,) = _arrive(writer, "Ada lives in Milan", on_similar="ignore")

    assert (stored.decision, _links(writer, stored.id)) == ("new", [])


def test_a_repeated_key_gets_the_whole_answer_again(writer: Database) -> None:
    """With what was found and replaced then. Source: ours."""
    _arrive(writer, "Ada lives in Turin")
    options: dict[str, Any] = {"key": "k", "on_similar": "supersede"}
    first = _arrive(writer, "Ada lives in Milan", **options)

    assert first[0].superseded == (1,)
    assert _arrive(writer, "Ada lives in Milan", **options) == first


def test_a_look_reads_a_bounded_part_of_the_index(writer: Database) -> None:
    """However many memories share a word, so few are compared. Source: ours."""
    _arrive(writer, *(f"Ada wrote note number {number}" for number in range(300)))
    found = neighbours.near(writer.connection, ["ada", "wrote", "note"], "")

    assert len(found) == neighbours.COMPARED_MAX


def test_hostile_words_are_no_syntax(writer: Database) -> None:
    """Quotes, operators and columns are words. Source: SQLite fts5.html, 3."""
    for content in ('"quoted" AND (NEAR', "body: * ^ - OR NOT", "''; DROP TABLE memories"):
        assert _arrive(writer, content)[0].created
        assert not _arrive(writer, content)[0].created
