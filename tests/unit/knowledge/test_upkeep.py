"""What is kept as derived: right after any history of changes, never an orphan in between."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mimo.actors.knowledge.upkeep import Upkeep
from mimo.config.errors import Conflict, InvalidRequest, NotFound
from mimo.storage.commands import Edit
from mimo.storage.database import Database
from mimo.storage.knowledge_edits import DeleteNode, Restore, Retract
from mimo.storage.knowledge_records import NewFact
from mimo.storage.knowledge_upkeep import DropDerived, PutRules, RemoveRule, RuleTerms
from tests.support.graphs import fact, follows, keep, kept, orphans, teach
from tests.support.memories import NOW_S, apply_one, quick_writer

PREDICATES = ("part_of", "contains", "married_to", "uses")
NAMES = ("A", "B", "C", "D")
OWN_RULE = RuleTerms(
    name="own",
    head=("uses", "?x", "?z"),
    body=(("uses", "?x", "?y"), ("part_of", "?z", "?y")),
    confidence=0.5,
)

taught = st.builds(
    fact,
    st.sampled_from(NAMES),
    st.sampled_from(PREDICATES),
    st.sampled_from(NAMES),
    confidence=st.sampled_from((None, 0.5, 1.0)),
    valid_from_s=st.sampled_from((None, None, NOW_S + 10)),
    valid_until_s=st.sampled_from((None, None, NOW_S + 20)),
)
changes = st.one_of(
    *[st.tuples(st.just("teach"), taught)] * 5,
    st.tuples(st.just("retract"), st.integers(0, 30)),
    st.tuples(st.just("drop"), st.just(0)),
    st.tuples(st.just("restore"), st.integers(0, 30)),
    st.tuples(st.just("delete"), st.sampled_from(NAMES)),
    st.tuples(st.just("undelete"), st.integers(1, 8)),
    st.tuples(st.just("rule"), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from((3.0, 7.0))),
    st.tuples(st.just("restart"), st.just(0)),
)


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return quick_writer(tmp_path / "data" / "mimo.db")


def change(db: Database, what: str, value: object, now_s: float) -> None:
    """Make one change; what isn't possible at the moment is refused, which is as good."""
    ids = [row[0] for row in db.rows("SELECT id FROM triples WHERE rule = '' ORDER BY id")]
    number = ids[value % len(ids)] if isinstance(value, int) and ids else 1
    edits: dict[str, Callable[[], Edit]] = {
        "retract": lambda: Retract(project="", triple_ids=(number,)),
        "restore": lambda: Restore(project="", triple_id=number),
        "delete": lambda: DeleteNode(project="", name=str(value)),
        "undelete": lambda: Restore(project="", node_id=int(str(value))),
        "drop": lambda: DropDerived(project=""),
        "rule": lambda: (
            PutRules(project="", rules=(OWN_RULE,)) if value else RemoveRule(project="", name="own")
        ),
    }
    with contextlib.suppress(NotFound, InvalidRequest, Conflict):
        if isinstance(value, NewFact):
            teach(db, value, now_s=now_s)
        elif what in edits:
            apply_one(db, edits[what](), now_s=now_s)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(changes, min_size=15, max_size=40))
def test_after_any_history_what_is_kept_is_what_follows(history: list[tuple[str, object]]) -> None:
    """Retraction leaves no orphan, at no moment; against recomputation. Source: issue's bar."""
    with tempfile.TemporaryDirectory() as folder:
        db = quick_writer(Path(folder) / "data" / "mimo.db")
        upkeep, now_s = Upkeep(), NOW_S
        keep(db, upkeep, now_s=now_s)
        for what, value in history:
            now_s += value if isinstance(value, float) else 1.0
            upkeep = Upkeep() if what == "restart" else upkeep
            change(db, what, value, now_s)
            # Before anything is derived anew, what is left is founded on what is there.
            assert not orphans(db)
            keep(db, upkeep, now_s=now_s)
            assert not orphans(db)
            assert kept(db) == follows(db, now_s=now_s)
        db.close()


def test_a_fact_with_two_proofs_survives_the_loss_of_one(db: Database) -> None:
    """Only what followed from it alone goes. Source: ours."""
    upkeep = Upkeep()
    teach(
        db,
        fact("wheel", "part_of", "axle"),
        fact("axle", "part_of", "car"),
        fact("wheel", "part_of", "chassis", confidence=0.5),
        fact("chassis", "part_of", "car"),
    )
    keep(db, upkeep)
    before = kept(db)
    wheel, car = (
        db.value("SELECT id FROM nodes WHERE name = ?", (name,)) for name in ("wheel", "car")
    )
    assert before[wheel, "part_of", car] == 1.0

    apply_one(db, Retract(project="", subject="axle", predicate="part_of", object="car"))
    assert (wheel, "part_of", car) not in kept(db)
    keep(db, upkeep)

    assert kept(db)[wheel, "part_of", car] == 0.5


def test_the_database_itself_refuses_to_orphan_a_derived_fact(db: Database) -> None:
    """A trigger and foreign keys, for whoever writes. Source: ours."""
    teach(db, fact("a", "part_of", "b"), fact("b", "part_of", "c"))
    keep(db, Upkeep())

    with pytest.raises(apsw.ConstraintError, match="withdrawn before"):
        db.connection.execute("UPDATE triples SET deleted_at = 1 WHERE id = 1")
    with pytest.raises(apsw.ConstraintError):
        db.connection.execute("DELETE FROM triples WHERE id = 1")


def test_what_was_derived_from_old_facts_is_not_written(db: Database) -> None:
    """A change in between is a conflict, and the next try is right. Source: ours."""
    upkeep = Upkeep()
    teach(db, fact("a", "part_of", "b"), fact("b", "part_of", "c"))
    with db.snapshot() as link:
        upkeep.read(link, "", NOW_S)
        upkeep.run("", 1_000)
        (write,) = upkeep.writes(link, "")
    apply_one(db, Retract(project="", triple_ids=(1,)))

    with pytest.raises(Conflict, match="derive again"):
        apply_one(db, write)
    upkeep.doubt("")
    keep(db, upkeep)
    assert kept(db) == follows(db) == {(3, "contains", 2): 1.0}


def test_facts_follow_only_while_their_premises_are_valid(db: Database) -> None:
    """From `valid_from`, included, to `valid_until`, excluded. Source: ours."""
    upkeep = Upkeep()
    teach(
        db,
        fact("a", "part_of", "b", valid_from_s=NOW_S + 10),
        fact("b", "part_of", "c", valid_until_s=NOW_S + 20),
    )
    sizes = []
    for after_s in (9.0, 10.0, 19.0, 20.0):
        keep(db, upkeep, now_s=NOW_S + after_s)
        sizes.append((after_s, len(kept(db))))

    # Its inverse follows from each; with both valid, a third and its inverse.
    assert sizes == [(9.0, 1), (10.0, 4), (19.0, 4), (20.0, 1)]


def test_what_is_dropped_is_derived_on_demand(db: Database) -> None:
    """Source: ours."""
    teach(db, fact("a", "part_of", "b"), fact("b", "part_of", "c"))
    keep(db, Upkeep())

    assert apply_one(db, DropDerived(project="")) == {"removed": 4}
    assert kept(db) == {}
    assert len(follows(db)) == 4
