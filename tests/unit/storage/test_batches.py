"""Group commit: one effect for each key, one refusal for each fault, all or nothing."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimo.config import limits
from mimo.config.errors import Conflict, InvalidRequest, MimoError, NotFound
from mimo.storage import batches, integrity, ledger, memories
from mimo.storage.batches import Delete, PutVectors, Restore, StoreMemories, TouchAccess, Update
from mimo.storage.commands import Keyed
from mimo.storage.database import Database, open_writer
from mimo.storage.memory_writes import new_uid
from mimo.storage.records import Interaction, Memory, MemoryPatch, NewMemory
from tests.support.memories import NOW_S, apply_one, quick_writer, remember, store

FULL = NewMemory(
    content="Ann sails on Sundays",
    category="preference",
    importance=0.7,
    tags=("sea", "sport"),
    project="harbour",
    speaker="Ann",
    session_id="s1",
    occurred_at_s=1_683_504_000.5,
    source="chat",
    trust="user",
    valid_from_s=1.0,
    valid_until_s=2.0,
    protected=True,
    metadata={"b": [1, None], "a": "ü"},
)


def _indexed(db: Database, word: str) -> list[int]:
    rows = db.rows("SELECT rowid FROM memories_fts WHERE memories_fts MATCH ? ORDER BY 1", (word,))
    return [row[0] for row in rows]


def _sound(db: Database) -> bool:
    return integrity.check(db, full=True).is_sound


# -- Store ----------------------------------------------------------------------------------------
def test_a_memory_is_stored_with_all_it_brings(writer: Database) -> None:
    """Every field comes back as it went in. Source: ours."""
    (stored,) = store(writer, FULL)
    found = memories.get(writer, stored.id)

    for field in dataclasses.fields(NewMemory):
        assert getattr(found, field.name) == getattr(FULL, field.name), field.name
    assert (found.id, found.uid, stored.created) == (stored.id, stored.uid, True)
    assert (found.created_at_s, found.updated_at_s) == (NOW_S, NOW_S)
    assert (found.deleted_at_s, found.access_count, found.has_vector) == (None, 0, False)


def test_a_memory_is_found_by_words_the_moment_it_is_stored(writer: Database) -> None:
    """Date, speaker, tags and text are indexed in the same transaction. Source: ours, C6."""
    memory_id = store(writer, FULL)[0].id

    assert [_indexed(writer, word) for word in ("sailing", "sport", "may", "ann")] == [
        [memory_id]
    ] * 4
    assert _sound(writer)


def test_a_memory_without_a_time_occurred_when_it_was_stored(writer: Database) -> None:
    """Wall seconds of the batch. Source: ours."""
    memory_id = remember(writer, "now")

    assert memories.get(writer, memory_id).occurred_at_s == NOW_S


@pytest.mark.parametrize("content", ["\0nul\0", "🦭", "'; DROP TABLE memories; --", "x" * 65_536])
def test_any_text_is_kept_as_it_is(writer: Database, content: str) -> None:
    """NUL, symbols, quotes, the longest. Source: ours, J3."""
    memory_id = remember(writer, content)

    assert memories.get(writer, memory_id).content == content
    assert _sound(writer)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"content": " \n"}, "expected text to remember"),
        ({"content": "x" * 65_537}, "expected 1 to 65536 bytes of text, got 65537"),
        ({"content": "\ud800"}, "got a lone surrogate"),
        ({"content": "x", "category": "rumour"}, "expected category to be one of fact"),
        ({"content": "x", "trust": "nobody"}, "expected trust to be one of user"),
        ({"content": "x", "importance": 1.1}, "expected importance from 0.0 to 1.0, got 1.1"),
        ({"content": "x", "importance": float("nan")}, "got nan"),
        ({"content": "x", "project": "p" * 129}, "expected at most 128 characters of project"),
        ({"content": "x", "speaker": "\ud800"}, "expected Unicode text as speaker"),
        ({"content": "x", "tags": ("a", "a")}, "expected different tags"),
        ({"content": "x", "tags": ("",)}, "expected different tags with text"),
        ({"content": "x", "tags": tuple(map(str, range(33)))}, "expected at most 32 tags, got 33"),
        ({"content": "x", "tags": ("t" * 65,)}, "expected at most 64 characters of tag"),
        ({"content": "x", "occurred_at_s": float("inf")}, "expected occurred_at_s as finite"),
        ({"content": "x", "valid_from_s": 2.0, "valid_until_s": 2.0}, "valid_from before"),
        ({"content": "x", "metadata": {"a": float("nan")}}, "expected metadata as plain JSON"),
        ({"content": "x", "metadata": {"a": object()}}, "expected metadata as plain JSON"),
        ({"content": "x", "metadata": {"a": "y" * 5_000}}, "expected at most 4096 bytes"),
    ],
)
def test_what_cannot_be_kept_is_refused_alone(
    writer: Database, fields: dict[str, Any], words: str
) -> None:
    """Its neighbours of the batch are stored. Source: ours."""
    good = StoreMemories(memories=(NewMemory(content="good"),))
    bad = StoreMemories(memories=(NewMemory(content="with it"), NewMemory(**fields)), key="k")

    outcomes = batches.apply(writer, [good, bad, good], now_s=NOW_S)

    assert isinstance(outcomes[1], InvalidRequest)
    assert words in outcomes[1].message
    assert writer.rows("SELECT content FROM memories") == [("good",)]
    assert writer.value("SELECT seq FROM identity") == 2
    assert writer.value("SELECT count(*) FROM ledger") == 0
    assert _sound(writer)


def test_a_command_that_the_tables_refuse_is_refused_alone(writer: Database) -> None:
    """A constraint or a text without bytes ends one command, not the batch. Source: ours."""
    good = StoreMemories(memories=(NewMemory(content="good"),), key="good")
    nameless = Interaction(tool=None, operation="", outcome="", duration_ms=0.0, at_s=0.0)  # type: ignore[arg-type]
    outcomes = batches.apply(
        writer,
        [
            batches.RecordInteractions(interactions=(nameless,)),
            Delete(memory_id=1, key="\ud800"),
            good,
        ],
        now_s=NOW_S,
    )

    assert [type(outcome) for outcome in outcomes] == [InvalidRequest, InvalidRequest, tuple]
    assert writer.rows("SELECT content FROM memories") == [("good",)]


def test_ids_rise_and_are_never_given_twice(writer: Database) -> None:
    """Not even those of a purged memory. Source: SQLite autoinc.html."""
    first, second = remember(writer, "one"), remember(writer, "two")
    with writer.transaction() as link:
        link.execute("DELETE FROM memories_fts WHERE rowid = ?", (second,))
        link.execute("DELETE FROM memories WHERE id = ?", (second,))

    assert first < second < remember(writer, "three")
    assert _sound(writer)


def test_uids_sort_by_time_and_differ() -> None:
    """32 hex characters with version 7 and variant 2. Source: RFC 9562."""
    uids = [new_uid(1_700_000_000.0 + step / 1000) for step in range(100)]

    assert sorted(uids) == uids
    assert len(set(uids)) == 100
    assert {(len(uid), uid[12], uid[16] in "89ab") for uid in uids} == {(32, "7", True)}


# -- Exact copies
# -----------------------------------------------------------------------------------
def test_an_exact_copy_is_known_and_not_stored_again(writer: Database) -> None:
    """The id of the first is given; it doesn't count as accessed. Source: ours."""
    first = store(writer, FULL)[0]
    again = store(writer, dataclasses.replace(FULL, content="  Ann sails\non Sundays "))[0]

    assert again == first._replace(created=False, decision="redundant")
    assert memories.get(writer, first.id).access_count == 0
    assert memories.get(writer, first.id).updated_at_s == NOW_S


def test_a_copy_that_does_not_say_when_is_known(writer: Database) -> None:
    """A fact noted again is one memory. Source: ours."""
    first = remember(writer, "the door code is 4711", occurred_at_s=5.0)
    (again,) = store(writer, NewMemory(content="the door code is 4711"), now_s=NOW_S + 9)

    assert (again.id, again.created) == (first, False)


@pytest.mark.parametrize(
    "change",
    [
        {"occurred_at_s": 1_683_504_001.0},
        {"session_id": "s2"},
        {"project": "other"},
        {"speaker": "Bob"},
        {"category": "fact"},
        {"source": "mail"},
        {"trust": "web"},
        {"valid_until_s": None},
        {"metadata": {}},
        {"content": "ann sails on sundays"},
    ],
)
def test_what_differs_is_another_memory(writer: Database, change: dict[str, Any]) -> None:
    """The same words in another place, at another time or from another mouth. Source: ours."""
    store(writer, FULL)

    assert store(writer, dataclasses.replace(FULL, **change))[0].created


def test_a_copy_adds_what_it_has_more(writer: Database) -> None:
    """Tags join, importance and protection rise; nothing that was said is lost. Source: ours."""
    first = store(writer, dataclasses.replace(FULL, protected=False))[0].id
    store(writer, dataclasses.replace(FULL, tags=("boat",), importance=0.9), now_s=NOW_S + 1)
    store(writer, dataclasses.replace(FULL, tags=(), importance=0.1), now_s=NOW_S + 2)
    found = memories.get(writer, first)

    assert (found.tags, found.importance, found.protected) == (("boat", "sea", "sport"), 0.9, True)
    assert found.updated_at_s == NOW_S + 1
    assert _indexed(writer, "boat") == [first]


def test_a_copy_with_too_many_tags_for_one_memory_is_another(writer: Database) -> None:
    """Rather than losing tags. Source: ours."""
    remember(writer, "x", tags=tuple(f"a{n}" for n in range(20)))
    copy = NewMemory(content="x", tags=tuple(f"b{n}" for n in range(20)))

    assert store(writer, copy)[0].created


@pytest.mark.parametrize("column", ["deleted_at", "archived_at", "superseded_by"])
def test_a_copy_of_what_is_gone_is_stored(writer: Database, column: str) -> None:
    """Deleted, archived and superseded memories don't stand in the way. Source: ours."""
    first = remember(writer, "x")
    writer.rows(f"UPDATE memories SET {column} = 1 WHERE id = ?", (first,))  # noqa: S608

    assert store(writer, NewMemory(content="x"))[0].created


# -- Update, delete, restore
# ------------------------------------------------------------------------
def test_an_update_changes_what_it_names_and_nothing_else(writer: Database) -> None:
    """Row, tags, index and embedding queue move together. Source: ours, C6."""
    memory_id = store(writer, FULL)[0].id
    before = memories.get(writer, memory_id)
    patch = MemoryPatch(fields={"content": "Ann rows on Mondays", "tags": ("boat",)})
    after = apply_one(writer, Update(memory_id=memory_id, patch=patch), now_s=NOW_S + 1)

    assert after == dataclasses.replace(
        before, content="Ann rows on Mondays", tags=("boat",), updated_at_s=NOW_S + 1
    )
    assert after == memories.get(writer, memory_id)
    assert (_indexed(writer, "sailing"), _indexed(writer, "rows")) == ([], [memory_id])
    assert _sound(writer)


def test_an_update_to_the_same_changes_nothing(writer: Database) -> None:
    """Not even the time of change. Source: ours."""
    memory_id = store(writer, FULL)[0].id
    patch = MemoryPatch(fields={"content": FULL.content})

    found = apply_one(writer, Update(memory_id=memory_id, patch=patch), now_s=NOW_S + 1)
    assert found.updated_at_s == NOW_S


def test_an_update_can_forget_when_it_occurred(writer: Database) -> None:
    """It then occurred when it was stored. Source: ours."""
    memory_id = store(writer, FULL)[0].id
    patch = MemoryPatch(fields={"occurred_at_s": None})

    found = apply_one(writer, Update(memory_id=memory_id, patch=patch), now_s=NOW_S + 1)
    assert found.occurred_at_s == NOW_S


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({}, InvalidRequest, "got none"),
        ({"id": 5}, InvalidRequest, "got id"),
        ({"content": ""}, InvalidRequest, "expected text"),
        ({"importance": 2}, InvalidRequest, "expected importance"),
    ],
)
def test_an_update_that_makes_no_sense_is_refused(
    writer: Database, fields: dict[str, Any], kind: type[MimoError], words: str
) -> None:
    """The memory stays as it was. Source: ours."""
    memory_id = store(writer, FULL)[0].id
    before = memories.get(writer, memory_id)

    with pytest.raises(kind, match=words):
        apply_one(writer, Update(memory_id=memory_id, patch=MemoryPatch(fields=fields)))
    assert memories.get(writer, memory_id) == before


def test_a_deleted_memory_is_kept_until_it_is_restored(writer: Database) -> None:
    """Deleting twice and restoring twice change nothing more. Source: ours."""
    memory_id = store(writer, FULL)[0].id
    before = memories.get(writer, memory_id)
    deleted = apply_one(writer, Delete(memory_id=memory_id), now_s=NOW_S + 1)
    again = apply_one(writer, Delete(memory_id=memory_id), now_s=NOW_S + 2)

    assert (
        deleted
        == again
        == dataclasses.replace(before, deleted_at_s=NOW_S + 1, updated_at_s=NOW_S + 1)
    )
    with pytest.raises(Conflict, match="restore it first"):
        apply_one(writer, Update(memory_id=memory_id, patch=MemoryPatch(fields={"content": "y"})))
    restored = apply_one(writer, Restore(memory_id=memory_id), now_s=NOW_S + 3)
    assert restored == dataclasses.replace(before, updated_at_s=NOW_S + 3)
    assert apply_one(writer, Restore(memory_id=memory_id), now_s=NOW_S + 4) == restored
    assert _sound(writer)


@pytest.mark.parametrize("memory_id", [0, -1, 7, 2**63, 10**30])
def test_a_memory_that_is_not_there_is_named(writer: Database, memory_id: int) -> None:
    """Numbers of any size. Source: ours."""
    patch = MemoryPatch(fields={"content": "y"})
    for command in (
        Update(memory_id=memory_id, patch=patch, key="u"),
        Delete(memory_id=memory_id, key="d"),
        Restore(memory_id=memory_id, key="r"),
    ):
        with pytest.raises(NotFound, match=f"got {memory_id}"):
            apply_one(writer, command)


# -- Vectors and access
# -------------------------------------------------------------------------------
def test_a_vector_is_kept_while_its_memory_is_what_it_was_made_from(writer: Database) -> None:
    """Unknown and changed memories are skipped; each kept one has a later number. Source: ours."""
    ids = [remember(writer, f"memory {number}") for number in range(3)]
    queued = {row.id: row.content_hash for row in memories.unembedded(writer, "m", 9)}
    patch = MemoryPatch(fields={"content": "changed"})
    apply_one(writer, Update(memory_id=ids[2], patch=patch))
    vectors = [(memory_id, queued[memory_id], b"v") for memory_id in ids] + [(99, "x", b"v")]

    assert apply_one(writer, PutVectors(model_id="m", vectors=tuple(vectors))) == 2
    assert [memories.get(writer, memory_id).has_vector for memory_id in ids] == [True, True, False]
    assert [row.id for row in memories.unembedded(writer, "m", 9)] == [ids[2]]
    seqs = [row[0] for row in writer.rows("SELECT change_seq FROM vectors ORDER BY memory_id")]
    assert seqs == sorted(set(seqs))
    assert seqs[-1] <= writer.value("SELECT seq FROM identity")
    assert _sound(writer)


def test_a_memory_waits_again_when_its_words_or_the_model_change(writer: Database) -> None:
    """Two models are never compared. Source: ours."""
    memory_id = remember(writer, "hello", speaker="Ann")
    (waiting,) = memories.unembedded(writer, "m", 9)
    assert waiting.text == "Ann: hello"
    apply_one(writer, PutVectors(model_id="m", vectors=((memory_id, waiting.content_hash, b"v"),)))

    assert memories.count_unembedded(writer, "m") == 0
    assert memories.count_unembedded(writer, "another") == 1
    patch = MemoryPatch(fields={"speaker": "Bob"})
    apply_one(writer, Update(memory_id=memory_id, patch=patch))
    assert [row.text for row in memories.unembedded(writer, "m", 9)] == ["Bob: hello"]
    apply_one(writer, Delete(memory_id=memory_id))
    assert memories.count_unembedded(writer, "m") == 0
    apply_one(writer, Restore(memory_id=memory_id))
    assert memories.count_unembedded(writer, "m") == 1
    assert _sound(writer)


def test_access_is_counted_for_those_that_exist(writer: Database) -> None:
    """Storing, updating and reading by id don't count. Source: ours."""
    memory_id = remember(writer, "x")
    assert apply_one(writer, TouchAccess(ids=(memory_id, 99)), now_s=NOW_S + 5) == 1
    found = memories.get(writer, memory_id)

    assert (found.access_count, found.accessed_at_s, found.updated_at_s) == (1, NOW_S + 5, NOW_S)


# -- Idempotency
# --------------------------------------------------------------------------------------
def test_a_key_with_other_content_is_a_conflict_that_names_it(writer: Database) -> None:
    """Nothing is done. Source: ours, C4."""
    store(writer, NewMemory(content="one"), key="c:7")

    with pytest.raises(Conflict, match="idempotency key 'c:7'"):
        store(writer, NewMemory(content="two"), key="c:7")
    with pytest.raises(Conflict):
        apply_one(writer, Delete(memory_id=1, key="c:7"))
    assert writer.value("SELECT count(*) FROM memories") == 1


def test_a_key_is_forgotten_after_its_time(writer: Database) -> None:
    """A bounded ledger; the copy is still known as a copy. Source: ours."""
    first = store(writer, NewMemory(content="one"), key="k")[0]
    assert ledger.prune(writer, now_s=NOW_S + limits.IDEMPOTENCY_KEPT_S) == 0
    assert ledger.prune(writer, now_s=NOW_S + limits.IDEMPOTENCY_KEPT_S + 1) == 1

    assert store(writer, NewMemory(content="one"), key="k")[0] == first._replace(
        created=False, decision="redundant"
    )


def test_a_repeated_update_does_not_undo_a_later_one(writer: Database) -> None:
    """The reply is the old one, the memory stays as it is. Source: ours, C4."""
    memory_id = remember(writer, "first")
    update = Update(memory_id=memory_id, patch=MemoryPatch(fields={"content": "second"}), key="a")
    reply = apply_one(writer, update)
    apply_one(writer, Update(memory_id=memory_id, patch=MemoryPatch(fields={"content": "third"})))

    assert apply_one(writer, update) == reply
    assert reply.content == "second"
    assert memories.get(writer, memory_id).content == "third"


_COMMANDS = st.one_of(
    st.builds(
        lambda words: StoreMemories(memories=tuple(NewMemory(content=word) for word in words)),
        st.lists(st.sampled_from(["ant", "bee", "cat"]), min_size=1, max_size=3),
    ),
    st.builds(
        lambda memory_id, word: Update(
            memory_id=memory_id, patch=MemoryPatch(fields={"content": word})
        ),
        st.integers(1, 4),
        st.sampled_from(["dog", "eel"]),
    ),
    st.builds(lambda memory_id: Delete(memory_id=memory_id), st.integers(1, 4)),
    st.builds(lambda memory_id: Restore(memory_id=memory_id), st.integers(1, 4)),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(_COMMANDS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_commands_sent_again_have_one_effect_and_one_reply(
    commands: list[Keyed], chance: Any
) -> None:
    """In any grouping, any number of times, over restarts. Source: ours, C4."""
    keyed = [dataclasses.replace(c, key=f"k{n}") for n, c in enumerate(commands)]
    with tempfile.TemporaryDirectory() as once, tempfile.TemporaryDirectory() as often:
        plain = quick_writer(Path(once) / "mimo.db")
        expected = [batches.apply(plain, [c], now_s=NOW_S)[0] for c in keyed]
        db = quick_writer(Path(often) / "mimo.db")
        for number, command in enumerate(keyed):
            earlier = chance.choices(keyed[: number + 1], k=3)
            replies = batches.apply(db, [*_done(earlier, expected, keyed), command], now_s=NOW_S)
            assert _alike(replies[-1], expected[number])
            if chance.random() < 0.3:
                db.close()
                db = open_writer(Path(often) / "mimo.db", durability="normal", check=False)
        final = batches.apply(db, _done(keyed, expected, keyed), now_s=NOW_S + 100)
        assert all(map(_alike, final, [e for e in expected if not isinstance(e, MimoError)]))
        assert _content(db) == _content(plain)
        assert _sound(db)
        db.close()
        plain.close()


def _done(
    some: list[Any], expected: list[batches.Outcome], keyed: list[Any]
) -> list[batches.Command]:
    """Those of `some` that succeeded the first time: a refusal isn't remembered."""
    return [c for c in some if not isinstance(expected[keyed.index(c)], MimoError)]


def _alike(left: batches.Outcome, right: batches.Outcome) -> bool:
    if isinstance(left, Memory) and isinstance(right, Memory):
        return dataclasses.replace(left, uid="") == dataclasses.replace(right, uid="")
    if isinstance(left, tuple) and isinstance(right, tuple):
        return [(s.id, s.created) for s in left] == [(s.id, s.created) for s in right]
    return type(left) is type(right)


def _content(db: Database) -> list[Any]:
    return db.rows("SELECT id, content, updated_at, deleted_at FROM memories ORDER BY id")
