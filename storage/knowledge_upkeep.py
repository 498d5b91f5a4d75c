"""Writes that keep derived facts, rules and the facts of a file up to date."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import apsw

from mimo.config import limits
from mimo.config.errors import Conflict, InvalidRequest, NotFound
from mimo.storage import knowledge_entities as entities
from mimo.storage import knowledge_facts as facts
from mimo.storage.commands import Edit, Transaction
from mimo.storage.knowledge_records import DerivedFact, NewFact

#: Predicate, then subject and object: `?x` for a variable, else a name.
AtomTerms = tuple[str, str, str]

_PREMISE: Final = """
    SELECT id FROM triples
    WHERE subject_id = :s AND predicate = :p AND object_id = :o AND deleted_at IS NULL
        AND (valid_from IS NULL OR valid_from <= :now)
        AND (valid_until IS NULL OR valid_until > :now)
    ORDER BY confidence DESC, rule LIMIT 1
"""

_PUT_DERIVED: Final = """
    INSERT INTO triples (
        project, subject_id, predicate, object_id, confidence, rule, generation, created_at,
        updated_at
    ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
    ON CONFLICT (subject_id, predicate, object_id) WHERE rule <> '' DO UPDATE SET
        confidence = excluded.confidence, rule = excluded.rule, generation = excluded.generation,
        updated_at = excluded.updated_at
    RETURNING id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSource(Edit):
    """Make the facts of one source exactly these; what it said before and nobody else is retracted.

    Args:
        project: Whose graph.
        source: A file or memory.
        facts: At most `limits.SOURCE_FACTS_MAX`.
        memory_ids: Memories that say so.
    """

    project: str
    source: str
    facts: tuple[NewFact, ...]
    memory_ids: tuple[int, ...] = ()

    def apply(self, transaction: Transaction) -> Any:
        """Write what is new, keep what stays, retract what is gone."""
        generation = facts.next_generation(transaction, self.project)
        link = transaction.link
        before = set(
            facts.ids_of(
                link.execute(
                    "SELECT t.id FROM triple_sources s JOIN triples t ON t.id = s.triple_id"
                    " WHERE s.source = ? AND t.project = ? AND t.deleted_at IS NULL",
                    (self.source, self.project),
                )
            )
        )
        now = set()
        for fact in self.facts:
            number, _, _ = facts.teach(
                transaction, self.project, fact, self.source, self.memory_ids, generation
            )
            now.add(number)
        gone, withdrawn = facts.drop_source(
            transaction, self.project, "source", self.source, now, generation
        )
        return {
            "source": self.source,
            "added": len(now - before),
            "kept": len(now & before),
            "removed": len(before - now),
            "retracted": gone,
            "withdrawn": [list(each) for each in withdrawn],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTerms:
    """A rule as it is written, its entities by name.

    Args:
        name: Unique in the project.
        head: What follows.
        body: From what.
        confidence: Above 0, up to 1.
        enabled: False switches a built-in rule off in this project.
    """

    name: str
    head: AtomTerms
    body: tuple[AtomTerms, ...]
    confidence: float = 1.0
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PutRules(Edit):
    """Keep rules, or another form of those that have their names."""

    project: str
    rules: tuple[RuleTerms, ...]

    def apply(self, transaction: Transaction) -> Any:
        """Write them; the entities that they name become nodes."""
        _note_rules(transaction, self.project)
        gone: list[tuple[int, int, str, int]] = []
        for rule in self.rules:
            gone += self._put(transaction, rule)
        found = transaction.link.execute(
            "SELECT count(*) FROM rules WHERE project = ?", (self.project,)
        ).fetchall()
        if int(str(found[0][0])) > limits.RULES_MAX:
            raise InvalidRequest(
                f"expected at most {limits.RULES_MAX} rules in a project, got more; remove one"
            )
        return {
            "names": [rule.name for rule in self.rules],
            "withdrawn": [list(each) for each in gone],
        }

    def _put(self, transaction: Transaction, rule: RuleTerms) -> list[tuple[int, int, str, int]]:
        link = transaction.link
        nodes: set[int] = set()
        head = self._resolved(transaction, rule.head, nodes)
        body = [self._resolved(transaction, atom, nodes) for atom in rule.body]
        gone = _withdraw_rule(link, self.project, rule.name)
        link.execute(
            "INSERT INTO rules (project, name, head, body, nodes, confidence, enabled, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project, name) DO UPDATE SET"
            " head = excluded.head, body = excluded.body, nodes = excluded.nodes,"
            " confidence = excluded.confidence, enabled = excluded.enabled",
            (
                self.project,
                rule.name,
                json.dumps(head),
                json.dumps(body),
                json.dumps(sorted(nodes)),
                rule.confidence,
                int(rule.enabled),
                transaction.now_s,
            ),
        )
        return gone

    def _resolved(
        self, transaction: Transaction, atom: AtomTerms, nodes: set[int]
    ) -> list[str | int]:
        terms: list[str | int] = [atom[0]]
        for term in atom[1:]:
            if term.startswith("?"):
                terms.append(term)
            else:
                number = entities.resolve(transaction, self.project, term)
                nodes.add(number)
                terms.append(number)
        return terms


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRule(Edit):
    """Remove a rule of a project, and with it what followed by it."""

    project: str
    name: str

    def apply(self, transaction: Transaction) -> Any:
        """Remove it."""
        link = transaction.link
        link.execute("DELETE FROM rules WHERE project = ? AND name = ?", (self.project, self.name))
        if not link.changes():
            raise NotFound(
                f"expected the name of a rule of this project, got {self.name[:80]!r}; see rules"
            )
        _note_rules(transaction, self.project)
        gone = _withdraw_rule(link, self.project, self.name)
        return {"names": [self.name], "withdrawn": [list(each) for each in gone]}


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDerived(Edit):
    """Keep what follows from the facts of one generation; part of a set that may take several.

    Args:
        project: Whose graph.
        generation: The facts and rules it was derived from.
        gone: Derived facts that don't hold any more.
        facts: Each after those that it rests on.
        derived_at_s: At which time the facts were valid, wall seconds UTC.
        fresh_until_s: When another fact begins or ceases to be valid; None for never.
        is_last: Whether all that follows is written now.
    """

    project: str
    generation: int
    gone: tuple[tuple[int, str, int], ...]
    facts: tuple[DerivedFact, ...]
    derived_at_s: float
    fresh_until_s: float | None = None
    is_last: bool = True

    def apply(self, transaction: Transaction) -> Any:
        """Write them, unless facts or rules have changed since.

        Raises:
            Conflict: They have.
        """
        link = transaction.link
        found = link.execute(
            "SELECT generation FROM graphs WHERE project = ?", (self.project,)
        ).fetchall()
        now = int(str(found[0][0])) if found else 0
        if now != self.generation:
            raise Conflict(
                f"expected generation {self.generation} of the graph, got {now}; derive again"
            )
        self._withdraw(link)
        for fact in self.facts:
            self._put(transaction, fact)
        link.execute(
            "UPDATE graphs SET materialised = 1, derived_generation = ?, fresh_until = ?"
            " WHERE project = ?",
            (self.generation if self.is_last else -1, self.fresh_until_s, self.project),
        )
        return len(self.facts)

    def _withdraw(self, link: apsw.Connection) -> None:
        rows = link.execute(
            "SELECT t.id FROM json_each(?) AS e JOIN triples t"
            " ON t.subject_id = e.value ->> 0 AND t.predicate = e.value ->> 1"
            " AND t.object_id = e.value ->> 2 WHERE t.rule <> ''",
            (json.dumps(self.gone),),
        )
        ids = facts.ids_of(rows)
        facts.withdraw_dependents(link, ids)
        facts.withdraw(link, ids)

    def _put(self, transaction: Transaction, fact: DerivedFact) -> None:
        link = transaction.link
        spo = (fact.subject_id, fact.predicate, fact.object_id)
        premises = [self._premise(link, each) for each in fact.premises]
        row = link.execute(
            _PUT_DERIVED,
            (self.project, *spo, fact.confidence, fact.rule, self.generation, transaction.now_s),
        ).fetchall()
        number = int(str(row[0][0]))
        link.execute("DELETE FROM premises WHERE derived_id = ?", (number,))
        link.executemany(
            "INSERT INTO premises (derived_id, position, premise_id) VALUES (?, ?, ?)",
            [(number, place, premise) for place, premise in enumerate(premises)],
        )

    def _premise(self, link: apsw.Connection, fact: tuple[int, str, int]) -> int:
        subject, predicate, object_ = fact
        found = link.execute(
            _PREMISE, {"s": subject, "p": predicate, "o": object_, "now": self.derived_at_s}
        ).fetchall()
        if not found:
            raise Conflict(
                f"expected the premise {subject} {predicate} {object_} to be kept, got none;"
                " derive again"
            )
        return int(str(found[0][0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDerived(Edit):
    """Keep derived facts of a project no longer; they are derived on demand then."""

    project: str

    def apply(self, transaction: Transaction) -> Any:
        """Remove them all."""
        link = transaction.link
        ids = facts.ids_of(
            link.execute("SELECT id FROM triples WHERE project = ? AND rule <> ''", (self.project,))
        )
        facts.withdraw(link, ids)
        link.execute(
            "UPDATE graphs SET materialised = 0, derived_generation = 0, fresh_until = NULL"
            " WHERE project = ?",
            (self.project,),
        )
        return {"removed": len(ids)}


def _note_rules(transaction: Transaction, project: str) -> None:
    """Count a change of rules."""
    generation = facts.next_generation(transaction, project)
    transaction.link.execute(
        "UPDATE graphs SET rules_generation = ? WHERE project = ?", (generation, project)
    )


def _withdraw_rule(
    link: apsw.Connection, project: str, name: str
) -> list[tuple[int, int, str, int]]:
    """Remove what follows by a rule, and what rests on that; return all of it."""
    rows = link.execute(
        "SELECT id, subject_id, predicate, object_id FROM triples WHERE project = ? AND rule = ?",
        (project, name),
    ).fetchall()
    own = [
        (int(str(number)), int(str(subject)), str(predicate), int(str(object_)))
        for number, subject, predicate, object_ in rows
    ]
    ids = [number for number, *_ in own]
    gone = facts.withdraw_dependents(link, ids)
    facts.withdraw(link, ids)
    return list({each[0]: each for each in (*own, *gone)}.values())
