"""Writes of the knowledge graph, each one durable step of the writer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from mimo.config import limits
from mimo.config.errors import Conflict, InvalidRequest, NotFound
from mimo.storage import knowledge_entities as entities
from mimo.storage import knowledge_facts as facts
from mimo.storage.commands import Edit, Transaction
from mimo.storage.knowledge_names import ALIAS_PREDICATES
from mimo.storage.knowledge_records import NewFact, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Teach(Edit):
    """Keep facts, all or none; the reply has one entry for each.

    Args:
        project: Whose graph.
        facts: 1 to `limits.FACTS_AT_ONCE_MAX`.
        source: Where they are from.
        memory_ids: Memories that say so.
    """

    project: str
    facts: tuple[NewFact, ...]
    source: str
    memory_ids: tuple[int, ...] = ()

    def apply(self, transaction: Transaction) -> Any:
        """Write them; a fact that is there already only gets one more source."""
        _check_memories(transaction.link, self.memory_ids)
        generation = facts.next_generation(transaction, self.project)
        taught = [self._one(transaction, fact, generation) for fact in self.facts]
        return {
            "facts": taught,
            "count": len(taught),
            "created_count": sum(1 for each in taught if each["created"]),
        }

    def _one(self, transaction: Transaction, fact: NewFact, generation: int) -> dict[str, Any]:
        if fact.predicate in ALIAS_PREDICATES:
            return _alias(transaction, self.project, fact)
        number, created, _ = facts.teach(
            transaction, self.project, fact, self.source, self.memory_ids, generation
        )
        row = transaction.link.execute(
            "SELECT t.subject_id, s.name, t.object_id, o.name, t.confidence FROM triples t"
            " JOIN nodes s ON s.id = t.subject_id JOIN nodes o ON o.id = t.object_id"
            " WHERE t.id = ?",
            (number,),
        ).fetchall()[0]
        return {
            "triple_id": number,
            "created": created,
            "subject": row[1],
            "subject_id": row[0],
            "predicate": fact.predicate,
            "object": row[3],
            "object_id": row[2],
            "confidence": row[4],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Retract(Edit):
    """Retract taught facts, and with them what followed from them.

    Args:
        project: Whose graph.
        triple_ids: These facts; empty for those that the other arguments name.
        subject: With this subject; "" for any.
        predicate: With this predicate; "" for any.
        object: With this object; "" for any.
        source: That only this source says; "" for any.
        memory_id: That only this memory says; 0 for any.
    """

    project: str
    triple_ids: tuple[int, ...] = ()
    subject: str = ""
    predicate: str = ""
    object: str = ""
    source: str = ""
    memory_id: int = 0

    def apply(self, transaction: Transaction) -> Any:
        """Retract them; retracting again changes nothing."""
        if self.predicate in ALIAS_PREDICATES:
            return self._alias(transaction)
        generation = facts.next_generation(transaction, self.project)
        if self.source or self.memory_id:
            where = "source" if self.source else "memory_id"
            value = self.source or self.memory_id
            ids, gone = facts.drop_source(transaction, self.project, where, value, (), generation)
        else:
            ids = self._ids(transaction.link)
            gone = facts.retract(transaction, ids, generation)
        return {"retracted": ids, "count": len(ids), "withdrawn": [list(each) for each in gone]}

    def _ids(self, link: apsw.Connection) -> list[int]:
        if self.triple_ids:
            return [
                number for each in self.triple_ids if (number := _taught(link, self.project, each))
            ]
        given = {"project": self.project, "predicate": self.predicate}
        terms = ["project = :project", "rule = ''", "deleted_at IS NULL"]
        for column, name in (("subject_id", self.subject), ("object_id", self.object)):
            if name:
                terms.append(f"{column} = {entities.find(link, self.project, name).id}")
        if self.predicate:
            terms.append("predicate = :predicate")
        rows = link.execute(
            f"SELECT id FROM triples WHERE {' AND '.join(terms)} ORDER BY id"  # noqa: S608
            f" LIMIT {limits.RETRACTED_AT_ONCE_MAX + 1}",
            given,
        )
        found = facts.ids_of(rows)
        if len(found) > limits.RETRACTED_AT_ONCE_MAX:
            raise InvalidRequest(
                f"expected at most {limits.RETRACTED_AT_ONCE_MAX} facts to retract at once, got"
                " more; narrow it by subject, predicate or object"
            )
        return found

    def _alias(self, transaction: Transaction) -> Any:
        node = entities.find(transaction.link, self.project, self.subject)
        was = entities.remove_alias(transaction, node, self.object)
        return {"retracted": [], "count": int(was), "withdrawn": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteNode(Edit):
    """Delete an entity with every fact about it; `Restore` takes both back."""

    project: str
    name: str
    type: str = ""

    def apply(self, transaction: Transaction) -> Any:
        """Delete it softly."""
        link = transaction.link
        node = entities.find(link, self.project, self.name, self.type)
        generation = facts.next_generation(transaction, self.project)
        ids = facts.ids_of(
            link.execute(
                "SELECT id FROM triples WHERE rule = '' AND deleted_at IS NULL"
                " AND (subject_id = ?1 OR object_id = ?1)",
                (node.id,),
            )
        )
        gone = facts.retract(transaction, ids, generation, node.id)
        link.execute(
            "UPDATE nodes SET state = 'deleted', updated_at = ? WHERE id = ?",
            (transaction.now_s, node.id),
        )
        return {
            "node": {"node_id": node.id, "name": node.name, "type": node.type},
            "retracted": ids,
            "count": len(ids),
            "withdrawn": [list(each) for each in gone],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore(Edit):
    """Take back a retraction or the deletion of an entity.

    Args:
        project: Whose graph.
        triple_id: A retracted fact; 0 if a node is meant.
        node_id: A deleted node; 0 if a fact is meant.
    """

    project: str
    triple_id: int = 0
    node_id: int = 0

    def apply(self, transaction: Transaction) -> Any:
        """Restore it; what is there already stays as it is."""
        generation = facts.next_generation(transaction, self.project)
        if self.node_id:
            restored = self._node(transaction, generation)
        else:
            restored = self._fact(transaction, generation)
        return {"restored": restored, "count": len(restored)}

    def _fact(self, transaction: Transaction, generation: int) -> list[int]:
        link = transaction.link
        row = _row(link, self.project, self.triple_id)
        if row["deleted_at"] is None:
            return []
        ends = entities.by_ids(link, (row["subject_id"], row["object_id"]))
        deleted = [node for node in ends.values() if _state(link, node.id) == "deleted"]
        if deleted:
            raise Conflict(
                f"expected both ends of fact {self.triple_id} to be there, but #{deleted[0].id}"
                f" {deleted[0].name[:60]!r} is deleted; restore that node first"
            )
        if not _undelete(link, [self.triple_id], generation):
            raise Conflict(
                f"expected fact {self.triple_id} to be gone, but it was taught again since;"
                " nothing needs to be restored"
            )
        return [self.triple_id]

    def _node(self, transaction: Transaction, generation: int) -> list[int]:
        link = transaction.link
        node = entities.by_ids(link, (self.node_id,)).get(self.node_id)
        if node is None or node.project != self.project:
            raise NotFound(
                f"expected the id of a node in this project, got {self.node_id}; see explore"
            )
        if _state(link, node.id) != "deleted":
            return []
        _refuse_namesake(link, node)
        link.execute("UPDATE nodes SET state = 'active' WHERE id = ?", (node.id,))
        ids = facts.ids_of(
            link.execute("SELECT id FROM triples WHERE deleted_with = ? ORDER BY id", (node.id,))
        )
        return _undelete(link, ids, generation)


def _alias(transaction: Transaction, project: str, fact: NewFact) -> dict[str, Any]:
    number = entities.resolve(transaction, project, fact.subject, fact.subject_type)
    node = entities.by_ids(transaction.link, (number,))[number]
    created = entities.add_alias(transaction, node, fact.object)
    return {
        "triple_id": 0,
        "created": created,
        "subject": node.name,
        "subject_id": node.id,
        "predicate": "also_known_as",
        "object": fact.object,
        "object_id": node.id,
        "confidence": 1.0,
    }


def _check_memories(link: apsw.Connection, ids: Sequence[int]) -> None:
    for number in ids:
        if not link.execute("SELECT 1 FROM memories WHERE id = ?", (number,)).fetchall():
            raise NotFound(f"expected the id of a memory, got {number}; memory list shows them")


def _row(link: apsw.Connection, project: str, number: int) -> dict[str, Any]:
    names = ("project", "subject_id", "object_id", "rule", "deleted_at")
    rows = link.execute(f"SELECT {', '.join(names)} FROM triples WHERE id = ?", (number,))  # noqa: S608
    found = [dict(zip(names, row, strict=True)) for row in rows]
    if not found or found[0]["project"] != project:
        raise NotFound(
            f"expected the id of a fact in this project, got {number}; query shows triple_id"
        )
    return found[0]


def _taught(link: apsw.Connection, project: str, number: int) -> int:
    """Return the number of a fact that can be retracted; 0 if it is retracted already."""
    row = _row(link, project, number)
    if row["rule"]:
        premises = facts.ids_of(
            link.execute(
                "SELECT premise_id FROM premises WHERE derived_id = ? ORDER BY position", (number,)
            )
        )
        raise InvalidRequest(
            f"expected a fact that was taught, got {number}, which follows by rule"
            f" {row['rule']!r} from {', '.join(map(str, premises))}; retract one of these or remove"
            " the rule"
        )
    return number if row["deleted_at"] is None else 0


def _state(link: apsw.Connection, node_id: int) -> str:
    return str(link.execute("SELECT state FROM nodes WHERE id = ?", (node_id,)).fetchall()[0][0])


def _refuse_namesake(link: apsw.Connection, node: Node) -> None:
    rows = link.execute(
        "SELECT other.id FROM nodes own JOIN nodes other ON other.project = own.project"
        " AND other.key = own.key AND other.type = own.type AND other.state = 'active'"
        " WHERE own.id = ?",
        (node.id,),
    ).fetchall()
    if rows:
        raise Conflict(
            f"expected no other {node.type} named {node.name[:60]!r}, but there is #{rows[0][0]};"
            " delete that one first"
        )


def _undelete(link: apsw.Connection, ids: Sequence[int], generation: int) -> list[int]:
    """Restore the facts whose ends are there and that weren't taught again; return which."""
    rows = link.execute(
        "UPDATE triples SET deleted_at = NULL, deleted_with = NULL, generation = :generation"
        " WHERE id IN (SELECT value FROM json_each(:ids))"
        " AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.state = 'deleted'"
        "     AND n.id IN (triples.subject_id, triples.object_id))"
        " AND NOT EXISTS (SELECT 1 FROM triples o WHERE o.rule = '' AND o.deleted_at IS NULL"
        "     AND o.subject_id = triples.subject_id AND o.predicate = triples.predicate"
        "     AND o.object_id = triples.object_id AND o.valid_from IS triples.valid_from"
        "     AND o.valid_until IS triples.valid_until)"
        " RETURNING id, subject_id, object_id",
        {"ids": json.dumps(list(ids)), "generation": generation},
    ).fetchall()
    ends = json.dumps([int(str(end)) for row in rows for end in row[1:]])
    link.execute(
        "UPDATE nodes SET state = 'active' WHERE state = 'unused'"
        " AND id IN (SELECT value FROM json_each(?))",
        (ends,),
    )
    return sorted(facts.ids_of(rows))
