"""What inference reads: facts valid at a time, what changed since, what is kept as derived."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apsw

from mimo.storage.knowledge import VALID
from mimo.storage.knowledge_records import GraphState


def state(link: apsw.Connection, project: str) -> GraphState:
    """Return how far the derived facts of a project are."""
    rows = link.execute(
        "SELECT generation, rules_generation, materialised, derived_generation, fresh_until"
        " FROM graphs"
        " WHERE project = ?",
        (project,),
    ).fetchall()
    if not rows:
        return GraphState()
    generation, rules, materialised, derived, fresh_until = rows[0]
    return GraphState(
        generation=int(str(generation)),
        rules_generation=int(str(rules)),
        materialised=bool(materialised),
        derived_generation=int(str(derived)),
        fresh_until_s=None if fresh_until is None else float(str(fresh_until)),
    )


def kept_derivations(
    link: apsw.Connection, project: str
) -> dict[tuple[int, str, int], tuple[float, str, tuple[tuple[int, str, int], ...]]]:
    """Return confidence, rule and premises of each fact that is kept as derived."""
    rows = link.execute(
        "SELECT d.subject_id, d.predicate, d.object_id, d.confidence, d.rule,"
        " t.subject_id, t.predicate, t.object_id"
        " FROM triples d JOIN premises p ON p.derived_id = d.id JOIN triples t"
        " ON t.id = p.premise_id WHERE d.project = ? AND d.rule <> '' ORDER BY d.id, p.position",
        (project,),
    )
    found: dict[tuple[int, str, int], tuple[float, str, tuple[tuple[int, str, int], ...]]] = {}
    for row in rows:
        subject, predicate, object_, confidence, rule, *premise = row
        fact = (int(str(subject)), str(predicate), int(str(object_)))
        before = found.get(fact, (0.0, "", ()))[2]
        one = (int(str(premise[0])), str(premise[1]), int(str(premise[2])))
        found[fact] = (float(str(confidence)), str(rule), (*before, one))
    return found


def asserted(
    link: apsw.Connection, project: str, predicates: Iterable[str], at_s: float
) -> Iterator[tuple[int, str, int, float]]:
    """Yield subject, predicate, object and confidence of the taught facts valid at a time."""
    rows = link.execute(
        "SELECT t.subject_id, t.predicate, t.object_id, max(t.confidence) FROM triples t"  # noqa: S608
        " WHERE t.project = :project AND t.rule = '' AND t.deleted_at IS NULL"
        " AND t.predicate IN (SELECT value FROM json_each(:predicates))"
        f" AND {VALID} GROUP BY t.subject_id, t.predicate, t.object_id",
        {"project": project, "predicates": json.dumps(sorted(set(predicates))), "at": at_s},
    )
    yield from rows


def changed(
    link: apsw.Connection, project: str, *, generation: int, since_s: float, at_s: float
) -> list[tuple[int, str, int, float]]:
    """Return subject, predicate, object of taught facts that may have changed, with what holds.

    Args:
        link: Any connection.
        project: Whose graph.
        generation: Changes after this one.
        since_s: When validity was looked at last.
        at_s: When it is looked at now.

    Returns:
        The confidence is 0 for one that doesn't hold at `at_s`.
    """
    rows = link.execute(
        "SELECT c.s, c.p, c.o, coalesce((SELECT max(t.confidence) FROM triples t"  # noqa: S608
        "   WHERE t.subject_id = c.s AND t.predicate = c.p AND t.object_id = c.o"
        f"   AND t.rule = '' AND t.deleted_at IS NULL AND {VALID}), 0.0)"
        " FROM (SELECT subject_id AS s, predicate AS p, object_id AS o FROM triples"
        "   WHERE project = :project AND generation > :generation AND rule = ''"
        "   UNION SELECT subject_id, predicate, object_id FROM triples"
        "   WHERE project = :project AND valid_from > :since AND valid_from <= :at"
        "   UNION SELECT subject_id, predicate, object_id FROM triples"
        "   WHERE project = :project AND valid_until > :since AND valid_until <= :at) AS c",
        {"project": project, "generation": generation, "since": since_s, "at": at_s},
    )
    return [(int(str(row[0])), str(row[1]), int(str(row[2])), float(str(row[3]))) for row in rows]


def next_boundary(link: apsw.Connection, project: str, at_s: float) -> float | None:
    """Return when the next fact begins or ceases to be valid, or None."""
    rows = link.execute(
        "SELECT min(at) FROM (SELECT min(valid_from) AS at FROM triples"
        "   WHERE project = :project AND valid_from > :at AND deleted_at IS NULL"
        "   UNION ALL SELECT min(valid_until) FROM triples"
        "   WHERE project = :project AND valid_until > :at AND deleted_at IS NULL)",
        {"project": project, "at": at_s},
    ).fetchall()
    return None if rows[0][0] is None else float(str(rows[0][0]))


def still_there(link: apsw.Connection, facts: Iterable[Sequence[Any]]) -> set[tuple[Any, ...]]:
    """Return those of these facts (subject, predicate, object) that are kept as derived."""
    rows = link.execute(
        "SELECT t.subject_id, t.predicate, t.object_id FROM json_each(?) AS e JOIN triples t"
        " ON t.subject_id = e.value ->> 0 AND t.predicate = e.value ->> 1"
        " AND t.object_id = e.value ->> 2 WHERE t.deleted_at IS NULL",
        (json.dumps([list(each) for each in facts]),),
    )
    return set(rows)
