"""A knowledge graph in a real database, without processes: taught, kept up to date, checked."""

from __future__ import annotations

from typing import Any

from mimo.actors.knowledge.inference import Inference
from mimo.actors.knowledge.rulebook import rules_in_force
from mimo.actors.knowledge.rules import relevant
from mimo.actors.knowledge.upkeep import Upkeep
from mimo.actors.knowledge.view import View
from mimo.config import limits
from mimo.storage import knowledge, knowledge_derived
from mimo.storage.database import Database
from mimo.storage.knowledge_edits import Teach
from mimo.storage.knowledge_records import NewFact
from tests.support.memories import NOW_S, apply_one

#: What stands in the premises of each derived fact is there, and no surer than it says.
_ORPHANS = """
    SELECT d.id FROM triples d WHERE d.rule <> '' AND (
        NOT EXISTS (SELECT 1 FROM premises p WHERE p.derived_id = d.id)
        OR EXISTS (SELECT 1 FROM premises p JOIN triples t ON t.id = p.premise_id
            WHERE p.derived_id = d.id AND t.deleted_at IS NOT NULL)
    )
"""


def fact(subject: str, predicate: str, object_: str, **fields: Any) -> NewFact:
    """Return a fact to be taught."""
    return NewFact(subject=subject, predicate=predicate, object=object_, **fields)


def teach(db: Database, *facts: NewFact, project: str = "", **fields: Any) -> dict[str, Any]:
    """Teach facts and return the reply."""
    given = {"source": "test"} | fields
    now_s = given.pop("now_s", NOW_S)
    edit = Teach(project=project, facts=facts, **given)
    return dict(apply_one(db, edit, now_s=now_s))


def keep(db: Database, upkeep: Upkeep, *, now_s: float = NOW_S, project: str = "") -> int:
    """Bring what is kept up to date; return how many facts were written."""
    with db.snapshot() as link:
        upkeep.read(link, project, now_s)
    while not upkeep.run(project, 1_000):
        pass
    with db.snapshot() as link:
        writes = upkeep.writes(link, project)
    return sum(apply_one(db, write, now_s=now_s) for write in writes)


def kept(db: Database, project: str = "") -> dict[tuple[int, str, int], float]:
    """Return what is kept as derived, with its confidence."""
    with db.snapshot() as link:
        found = knowledge_derived.kept_derivations(link, project)
    return {each: sure for each, (sure, _, _) in found.items()}


def follows(
    db: Database, *, now_s: float = NOW_S, project: str = ""
) -> dict[tuple[int, str, int], float]:
    """Return what follows from what is taught, computed from scratch."""
    with db.snapshot() as link:
        rules = rules_in_force(knowledge.rules(link, project))
        inference = Inference(rules, floor=limits.INFERRED_CONFIDENCE_MIN, most=10**6)
        for subject, predicate, object_, sure in knowledge_derived.asserted(
            link, project, relevant(rules), now_s
        ):
            inference.put((subject, predicate, object_), sure)
    inference.run(10**6)
    return {each: inference.confidence(each) for each in inference.derived()}


def orphans(db: Database) -> list[Any]:
    """Return derived facts that rest on nothing, or on something retracted."""
    return db.rows(_ORPHANS)


def view(db: Database, now_s: float = NOW_S) -> View:
    """Return a view of the database as it is, outside of a snapshot."""
    return View(db.connection, now_s)
