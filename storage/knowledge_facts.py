"""How facts are written: taught, retracted, restored, and what follows from them withdrawn first.

Everything here runs in the writer's transaction. After each function no derived fact rests on
anything that was retracted; what still follows in another way is derived again by the graph's
actor.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import apsw

from mimo.storage import knowledge_entities as entities
from mimo.storage.commands import Transaction
from mimo.storage.knowledge_records import NewFact

_DEPENDENTS: Final = """
    WITH RECURSIVE gone (id) AS (
        SELECT p.derived_id FROM premises p WHERE p.premise_id IN (SELECT value FROM json_each(?))
        UNION SELECT p.derived_id FROM premises p JOIN gone g ON p.premise_id = g.id
    ) SELECT t.id, t.subject_id, t.predicate, t.object_id FROM gone g JOIN triples t ON t.id = g.id
"""

_EXISTING: Final = """
    SELECT id, confidence FROM triples
    WHERE subject_id = ? AND predicate = ? AND object_id = ? AND rule = '' AND deleted_at IS NULL
        AND valid_from IS ? AND valid_until IS ?
"""

_INSERT: Final = """
    INSERT INTO triples (
        project, subject_id, predicate, object_id, confidence, rule, valid_from, valid_until,
        generation, created_at, updated_at
    ) VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?7, ?8, ?9, ?9)
"""

_UNUSED: Final = """
    UPDATE nodes SET state = 'unused', updated_at = :now
    WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'active'
        AND NOT EXISTS (SELECT 1 FROM triples WHERE subject_id = nodes.id AND deleted_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM triples WHERE object_id = nodes.id AND deleted_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM node_aliases WHERE node_id = nodes.id)
        AND id NOT IN (SELECT each.value FROM rules, json_each(rules.nodes) AS each)
"""


def ids_of(rows: Iterable[Sequence[Any]]) -> list[int]:
    """Return the first column of rows as numbers."""
    return [int(row[0]) for row in rows]


def next_generation(transaction: Transaction, project: str) -> int:
    """Count one more change of a project's facts or rules, and return the new count."""
    rows = transaction.link.execute(
        "INSERT INTO graphs (project, generation, materialised, derived_generation)"
        " VALUES (?, 1, 0, 0) ON CONFLICT (project) DO UPDATE SET generation = generation + 1"
        " RETURNING generation",
        (project,),
    ).fetchall()
    return int(str(rows[0][0]))


def teach(  # noqa: PLR0913, PLR0917  a fact, and what is known of it
    transaction: Transaction,
    project: str,
    fact: NewFact,
    source: str,
    memory_ids: Sequence[int],
    generation: int,
) -> tuple[int, bool, bool]:
    """Write one fact; return its id, whether it is new, and whether anything changed.

    Raises:
        InvalidRequest: A name is ambiguous or too long.
        NotFound: A number stands for no node.
    """
    link, now_s = transaction.link, transaction.now_s
    subject_id = entities.resolve(transaction, project, fact.subject, fact.subject_type)
    object_id = entities.resolve(transaction, project, fact.object, fact.object_type)
    spo = (subject_id, fact.predicate, object_id)
    validity = (fact.valid_from_s, fact.valid_until_s)
    found = link.execute(_EXISTING, (*spo, *validity)).fetchall()
    changed = False
    if found:
        number, before = int(str(found[0][0])), float(str(found[0][1]))
        if fact.confidence is not None and fact.confidence != before:
            if fact.confidence < before:
                withdraw_dependents(link, [number])
            link.execute(
                "UPDATE triples SET confidence = ?, generation = ?, updated_at = ? WHERE id = ?",
                (fact.confidence, generation, now_s, number),
            )
            changed = True
    else:
        confidence = 1.0 if fact.confidence is None else fact.confidence
        link.execute(_INSERT, (project, *spo, confidence, *validity, generation, now_s))
        number = link.last_insert_rowid()
    for memory_id in memory_ids or (0,):
        link.execute(
            "INSERT OR IGNORE INTO triple_sources (triple_id, source, memory_id, at)"
            " VALUES (?, ?, ?, ?)",
            (number, source, memory_id, now_s),
        )
    return number, not found, changed or not found


def dependents(link: apsw.Connection, ids: Sequence[int]) -> list[tuple[int, int, str, int]]:
    """Return id, subject, predicate and object of every fact that rests on one of these."""
    rows = link.execute(_DEPENDENTS, (json.dumps(list(ids)),))
    return [
        (int(str(number)), int(str(subject)), str(predicate), int(str(object_)))
        for number, subject, predicate, object_ in rows
    ]


def withdraw(link: apsw.Connection, ids: Sequence[int]) -> None:
    """Remove derived facts on which nothing else rests."""
    listed = json.dumps(list(ids))
    link.execute(
        "DELETE FROM premises WHERE derived_id IN (SELECT value FROM json_each(?))", (listed,)
    )
    link.execute(
        "DELETE FROM triples WHERE rule <> '' AND id IN (SELECT value FROM json_each(?))", (listed,)
    )


def withdraw_dependents(
    link: apsw.Connection, ids: Sequence[int]
) -> list[tuple[int, int, str, int]]:
    """Remove every fact that rests on one of these, and return them."""
    gone = dependents(link, ids)
    withdraw(link, [number for number, *_ in gone])
    return gone


def retract(
    transaction: Transaction, ids: Sequence[int], generation: int, node_id: int | None = None
) -> list[tuple[int, int, str, int]]:
    """Retract taught facts, and return the derived facts that were withdrawn for it.

    Args:
        transaction: The writer's.
        ids: Facts that are there.
        generation: The change that this belongs to.
        node_id: The node that is deleted with them.
    """
    link = transaction.link
    gone = withdraw_dependents(link, ids)
    listed = json.dumps(list(ids))
    link.execute(
        "UPDATE triples SET deleted_at = ?, deleted_with = ?, generation = ?"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (transaction.now_s, node_id, generation, listed),
    )
    ends = link.execute(
        "SELECT subject_id, object_id FROM triples WHERE id IN (SELECT value FROM json_each(?))",
        (listed,),
    ).fetchall()
    touched = {int(str(end)) for pair in ends for end in pair}
    touched |= {end for _, subject, _, object_ in gone for end in (subject, object_)}
    link.execute(_UNUSED, {"ids": json.dumps(sorted(touched)), "now": transaction.now_s})
    return gone


def drop_source(  # noqa: PLR0913, PLR0917
    transaction: Transaction,
    project: str,
    where: str,
    value: str | int,
    keep: Iterable[int],
    generation: int,
) -> tuple[list[int], list[tuple[int, int, str, int]]]:
    """Take one source away from all its facts but `keep`; retract those that had no other.

    Args:
        transaction: The writer's.
        project: Whose facts.
        where: The column of `triple_sources`: `source` or `memory_id`.
        value: Which source or memory.
        keep: Ids of facts that it still vouches for.
        generation: The change that this belongs to.

    Returns:
        Ids of the facts that were retracted, and the derived facts withdrawn for it.
    """
    link = transaction.link
    column = {"source": "source", "memory_id": "memory_id"}[where]
    kept = set(keep)
    rows = link.execute(
        "SELECT DISTINCT t.id FROM triple_sources s JOIN triples t ON t.id = s.triple_id"  # noqa: S608
        f" WHERE s.{column} = ? AND t.project = ? AND t.deleted_at IS NULL",
        (value, project),
    ).fetchall()
    losing = json.dumps([number for number in ids_of(rows) if number not in kept])
    link.execute(
        f"DELETE FROM triple_sources WHERE {column} = ? AND triple_id IN"  # noqa: S608
        " (SELECT value FROM json_each(?))",
        (value, losing),
    )
    unsupported = ids_of(
        link.execute(
            "SELECT value FROM json_each(?) WHERE NOT EXISTS"
            " (SELECT 1 FROM triple_sources WHERE triple_id = value)",
            (losing,),
        )
    )
    # So that a restored fact still says where it was from.
    link.execute(
        "INSERT OR IGNORE INTO triple_sources (triple_id, source, memory_id, at)"
        " SELECT value, ?, ?, ? FROM json_each(?)",
        (
            value if where == "source" else f"memory:{value}",
            value if where == "memory_id" else 0,
            transaction.now_s,
            json.dumps(unsupported),
        ),
    )
    return unsupported, retract(transaction, unsupported, generation)
