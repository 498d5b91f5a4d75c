"""A checker that can't fail proves nothing: each one is shown a planted violation.

Source: reliability.md section 3, checkers C1 to C9.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mimo.supervision.card import NodeLock
from tests.support import checkers
from tests.support.checkers import Verdict
from tests.support.history import History, Op
from tests.support.stored import Stored, StoredMemory

ROW = StoredMemory(
    id=1,
    content="the sky is blue",
    category="fact",
    importance=0.5,
    tags=(),
    project="",
    content_hash="h1",
    is_deleted=False,
    metadata={},
)


def stored(*rows: StoredMemory) -> Stored:
    return Stored(
        memories={row.id: row for row in rows},
        indexed={row.id for row in rows},
        queued={row.id for row in rows},
    )


def stored_by(history: History, content: str, end: str = "ok", memory_id: int = 1) -> Op:
    op = history.begin("c", "store", content, {"content": content})
    if end == "ok":
        history.ok(op, {"memory_id": memory_id, "created": True})
    else:
        history.error(op, "busy" if end == "fail" else "deadline_exceeded")
    return op


def judged(history: History, found: Stored) -> Verdict:
    history.close()
    return checkers.judge(history, found)


def test_a_history_that_agrees_with_the_database_is_clean() -> None:
    """C1 to C7: nothing is reported where nothing is wrong."""
    history = History()
    stored_by(history, ROW.content)
    stored_by(history, "refused", end="fail")
    stored_by(history, "perhaps", end="unknown")
    judged(history, stored(ROW)).require_clean()


def test_c1_a_lost_write_is_found() -> None:
    """C1: an acknowledged write that isn't there is lost."""
    history = History()
    stored_by(history, "gone")
    verdict = judged(history, stored(ROW))
    assert verdict.lost == 1
    with pytest.raises(AssertionError, match="C1 store 1"):
        verdict.require_clean()


def test_c1_a_double_write_is_found() -> None:
    """C1: an acknowledged write that is there twice is a duplicate."""
    history = History()
    stored_by(history, ROW.content)
    verdict = judged(history, stored(ROW, replace(ROW, id=2)))
    assert verdict.duplicated == 1
    assert "C1" in verdict.violations[0]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"category": "plan"}, "category"),
        ({"importance": 0.9}, "importance"),
        ({"tags": ("extra",)}, "tags"),
        ({"project": "other"}, "project"),
        ({"id": 7}, "id"),
        ({"is_deleted": True}, "deleted"),
    ],
)
def test_c1_a_changed_write_is_found(changed: dict[str, object], field: str) -> None:
    """C1: an acknowledged write is there unchanged."""
    history = History()
    stored_by(history, ROW.content)
    verdict = judged(history, stored(replace(ROW, **changed)))  # type: ignore[arg-type]
    assert any(text.startswith("C1") and field in text for text in verdict.violations)


def test_c1_an_acknowledged_deletion_must_hold() -> None:
    """C1: an acknowledged deletion that isn't there is found; an unknown one may be either."""
    for end, is_deleted, wrong in (("ok", False, 1), ("ok", True, 0), ("unknown", True, 0)):
        history = History()
        stored_by(history, ROW.content)
        op = history.begin("c", "delete", ROW.content, {"memory_id": 1})
        if end == "ok":
            history.ok(op, {"memory_id": 1})
        verdict = judged(history, stored(replace(ROW, is_deleted=is_deleted)))
        assert len(verdict.violations) == wrong


def test_c1_looks_into_store_many() -> None:
    """C1: each memory of an acknowledged `store_many` is there."""
    history = History()
    given = {"memories": [{"content": ROW.content}, {"content": "second"}]}
    op = history.begin("c", "store_many", "", given)
    history.ok(op, {"stored": [{"memory_id": 1}, {"memory_id": 2}]})
    verdict = judged(history, stored(ROW))
    assert (verdict.lost, len(verdict.violations)) == (1, 1)


def test_c2_a_refused_write_that_is_there_is_found() -> None:
    """C2: every `fail` write is absent."""
    history = History()
    stored_by(history, ROW.content, end="fail")
    assert judged(history, stored(ROW)).violations[0].startswith("C2")


def test_c3_an_unknown_write_may_be_there_once_and_not_twice() -> None:
    """C3: an `unknown` write is there at most once."""
    history = History()
    stored_by(history, ROW.content, end="unknown")
    judged(history, stored(ROW)).require_clean()
    verdict = judged(history, stored(ROW, replace(ROW, id=2)))
    assert verdict.violations[0].startswith("C3")


@pytest.mark.parametrize("kind", ["search", "get"])
def test_c4_a_read_that_misses_an_earlier_write_is_found(kind: str) -> None:
    """C4: a read that began after an acknowledged write ended sees it."""
    history = History()
    stored_by(history, ROW.content)
    read = history.begin("d", kind, ROW.content)
    history.ok(read, {"memories": []})
    assert judged(history, stored(ROW)).violations[0].startswith("C4")


def test_c4_a_denial_of_an_earlier_write_is_found() -> None:
    """C4: `not_found` for what was stored before is a stale read."""
    history = History()
    stored_by(history, ROW.content)
    history.error(history.begin("d", "get", ROW.content), "not_found")
    assert judged(history, stored(ROW)).violations[0].startswith("C4")


def test_c4_a_read_that_overlaps_the_write_may_miss_it() -> None:
    """C4: what began before the write ended may be answered without it."""
    history = History()
    write = history.begin("c", "store", ROW.content, {"content": ROW.content})
    read = history.begin("d", "search", ROW.content)
    history.ok(read, {"memories": []})
    history.ok(write, {"memory_id": 1})
    judged(history, stored(ROW)).require_clean()


def test_c5_an_id_given_twice_is_found() -> None:
    """C5: sequence numbers have no duplicates."""
    history = History()
    stored_by(history, ROW.content)
    stored_by(history, "second")
    verdict = judged(history, stored(ROW, replace(ROW, id=2, content="second")))
    assert any("C5 id 1 was given 2 times" in text for text in verdict.violations)


def test_c5_an_id_that_falls_is_found() -> None:
    """C5: sequence numbers rise from one acknowledged write to the next."""
    history = History()
    stored_by(history, ROW.content, memory_id=5)
    stored_by(history, "second", memory_id=4)
    rows = (replace(ROW, id=5), replace(ROW, id=4, content="second"))
    verdict = judged(history, stored(*rows))
    assert verdict.violations == [
        "C5 store 2 by c of 'second' got id 4 after 5 was given",
    ]


def test_c5_writes_at_the_same_time_may_get_ids_in_any_order() -> None:
    """C5: two calls in flight together may be applied in either order."""
    history = History()
    first = history.begin("c", "store", ROW.content, {"content": ROW.content})
    second = history.begin("d", "store", "second", {"content": "second"})
    history.ok(first, {"memory_id": 2})
    history.ok(second, {"memory_id": 1})
    rows = (replace(ROW, id=2), replace(ROW, id=1, content="second"))
    judged(history, stored(*rows)).require_clean()


@pytest.mark.parametrize(
    ("plant", "sentence"),
    [
        (lambda found: found.indexed.clear(), "memory 1 isn't indexed"),
        (lambda found: found.indexed.add(2), "index entry 2 has no memory"),
        (lambda found: found.vectors.update({3: ("h", 1)}), "vector 3 has no memory"),
        (lambda found: found.tagged.add(4), "tags of 4 have no memory"),
        (lambda found: found.queued.clear(), "memory 1 has no vector"),
        (lambda found: (found.queued.clear(), found.vectors.update({1: ("old", 1)})), "no vector"),
    ],
)
def test_c6_what_is_half_applied_is_found(plant: object, sentence: str) -> None:
    """C6: memory, index entry, tags and vector exist together or not at all."""
    found = stored(ROW)
    plant(found)  # type: ignore[operator]
    assert any(sentence in text for text in judged(History(), found).violations)


def test_c6_a_memory_with_its_vector_is_whole() -> None:
    """C6: a vector of the present text is as good as a place in the queue."""
    found = stored(ROW)
    found.queued.clear()
    found.vectors[1] = ("h1", 1)
    judged(History(), found).require_clean()


def test_c7_what_sqlite_finds_is_told() -> None:
    """C7: the findings of integrity_check and foreign_key_check are violations."""
    found = stored()
    found.problems.append("row 5 missing from index")
    assert judged(History(), found).violations == ["C7 row 5 missing from index"]


def test_c8_a_lock_and_a_draft_that_stay_are_found(data_dir: Path) -> None:
    """C8: a held lock and a file that was to be renamed are left-overs."""
    run = data_dir / "run"
    run.mkdir()
    assert checkers.left_behind(data_dir, "nobody") == []
    (run / "node.json.draft").touch()
    lock = NodeLock(run)
    assert lock.acquire()
    found = checkers.left_behind(data_dir, "nobody")
    lock.let_go()
    assert len(found) == 2


def test_c9_a_fault_that_the_log_conceals_is_found() -> None:
    """C9: each injected fault has its event with the four fields."""
    four = dict.fromkeys(checkers.FOUR_FIELDS, "x")
    line = {"event": "supervision.child_exited", **four, "child": "storage/writer"}
    faults = {"storage/writer": ["supervision.child_exited"]}
    assert checkers.unreported([line], faults) == []
    assert "no event" in checkers.unreported([], faults)[0]
    del line["context"]
    assert "lacks context" in checkers.unreported([line], faults)[0]


def test_c9_an_error_that_nobody_injected_is_found(data_dir: Path) -> None:
    """C9: an error in the log that isn't expected is a violation; a torn line isn't read."""
    logs = data_dir / "logs"
    logs.mkdir()
    error = {"event": "bridge.internal_error", "level": "error"}
    (logs / "mimo.log").write_text(json.dumps(error) + "\n" + '{"event": "torn', encoding="utf-8")
    lines = checkers.log_lines(data_dir)
    assert len(checkers.unexpected_errors(lines)) == 1
    assert checkers.unexpected_errors(lines, ["bridge.internal_error"]) == []
