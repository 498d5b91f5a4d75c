"""Reads of the knowledge graph: facts by pattern, neighbours, nodes by words, figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apsw

from mimo.config.errors import NotFound
from mimo.storage.knowledge_entities import node_of
from mimo.storage.knowledge_names import keys_of
from mimo.storage.knowledge_records import Node, Triple

_TRIPLE: Final = (
    "t.id, t.subject_id, t.predicate, t.object_id, t.confidence, t.rule, t.valid_from,"
    " t.valid_until, t.created_at, t.deleted_at IS NOT NULL"
)
#: What holds at `:at`.
VALID: Final = (
    "(t.valid_from IS NULL OR t.valid_from <= :at)"
    " AND (t.valid_until IS NULL OR t.valid_until > :at)"
)
#: Words of a query that are looked for.
_WORDS_MAX: Final = 32
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Which facts are meant.

    Args:
        project: Whose graph.
        at_s: Only facts valid then, wall seconds UTC; None for any time.
        subject_id: With this subject; None for any.
        predicates: With any of these; empty for all.
        object_id: With this object; None for any.
        confidence_min: At least this sure.
        derived: Whether derived facts count too.
    """

    project: str
    at_s: float | None
    subject_id: int | None = None
    predicates: tuple[str, ...] = ()
    object_id: int | None = None
    confidence_min: float = 0.0
    derived: bool = True

    @property
    def has_end(self) -> bool:
        """Whether the subject or the object is given."""
        return self.subject_id is not None or self.object_id is not None

    def where(self) -> tuple[str, dict[str, Any]]:
        """Return the condition in SQL and its parameters."""
        # The unary plus keeps SQLite on the index of the ends, which narrow most.
        own = "+t.project" if self.has_end else "t.project"
        terms = [f"{own} = :project", "t.deleted_at IS NULL"]
        params: dict[str, Any] = {"project": self.project}
        if self.at_s is not None:
            terms.append(VALID)
            params["at"] = self.at_s
        if self.subject_id is not None:
            terms.append("t.subject_id = :subject")
            params["subject"] = self.subject_id
        if self.object_id is not None:
            terms.append("t.object_id = :object")
            params["object"] = self.object_id
        if self.predicates:
            terms.append("t.predicate IN (SELECT value FROM json_each(:predicates))")
            params["predicates"] = json.dumps(self.predicates)
        if self.confidence_min > 0:
            terms.append("t.confidence >= :least")
            params["least"] = self.confidence_min
        if not self.derived:
            terms.append("t.rule = ''")
        return " AND ".join(terms), params


def triple_of(row: Sequence[Any]) -> Triple:
    """Return a row of the fact columns as a record."""
    return Triple(
        id=row[0],
        subject_id=row[1],
        predicate=row[2],
        object_id=row[3],
        confidence=row[4],
        rule=row[5],
        valid_from_s=row[6],
        valid_until_s=row[7],
        created_at_s=row[8],
        deleted=bool(row[9]),
    )


def match(
    link: apsw.Connection, pattern: Pattern, *, after_id: int = 0, limit: int
) -> list[Triple]:
    """Return facts that fit, oldest first, those after `after_id`."""
    where, params = pattern.where()
    # In an order of its own, or SQLite would walk along the ids.
    number = "+t.id" if pattern.has_end or pattern.predicates else "t.id"
    rows = link.execute(
        f"SELECT {_TRIPLE} FROM triples t WHERE {where} AND {number} > :after"  # noqa: S608
        f" ORDER BY {number} LIMIT :limit",
        params | {"after": after_id, "limit": limit},
    )
    return [triple_of(row) for row in rows]


def count(link: apsw.Connection, pattern: Pattern, most: int = 2**53) -> int:
    """Return how many facts fit, counting no further than `most`."""
    where, params = pattern.where()
    rows = link.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM triples t WHERE {where} LIMIT :most)",  # noqa: S608
        params | {"most": most},
    ).fetchall()
    return int(str(rows[0][0]))


def triple(link: apsw.Connection, project: str, number: int) -> Triple:
    """Return one fact, retracted or not.

    Raises:
        NotFound: There is no such fact in the project.
    """
    rows = link.execute(
        f"SELECT {_TRIPLE} FROM triples t WHERE t.id = ? AND t.project = ?",  # noqa: S608
        (number, project),
    ).fetchall()
    if not rows:
        raise NotFound(
            f"expected the id of a fact in this project, got {number}; query shows triple_id"
        )
    return triple_of(rows[0])


def around(
    link: apsw.Connection, pattern: Pattern, frontier: Iterable[int], direction: str
) -> list[tuple[int, int, Triple]]:
    """Return (node, neighbour, fact) for every fact at these nodes.

    Args:
        link: Any connection.
        pattern: Which facts count; its subject and object are ignored.
        frontier: Ids of the nodes.
        direction: outgoing, incoming or both.
    """
    where, params = pattern.where()
    params["frontier"] = json.dumps(sorted(frontier))
    found: list[tuple[int, int, Triple]] = []
    for name, column, own in (("outgoing", "subject_id", 1), ("incoming", "object_id", 3)):
        if direction in (name, "both"):
            # The unary plus keeps SQLite on the index of the nodes.
            sql = (
                f"SELECT {_TRIPLE} FROM json_each(:frontier) AS e"  # noqa: S608
                f" CROSS JOIN triples t ON t.{column} = e.value"
                f" WHERE {where.replace('t.project', '+t.project')} ORDER BY t.id"
            )
            found.extend(
                (row[own], row[4 - own], triple_of(row)) for row in _rows(link, sql, params)
            )
    return found


def _rows(link: apsw.Connection, sql: str, params: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    yield from link.execute(sql, params)


def search_nodes(
    link: apsw.Connection, project: str, query: str, limit: int
) -> list[tuple[Node, float]]:
    """Return nodes whose names hold words of the query, best first, with a score of 0 to 1."""
    exact = _nodes_by_keys(link, project, keys_of(query))
    words = _WORD.findall(query)[:_WORDS_MAX]
    found = {node.id: (node, 1.0) for node in exact}
    if words:
        quoted = " OR ".join(f'"{word}"' for word in words)
        rows = link.execute(
            "SELECT n.id, n.project, n.type, n.name, n.state <> 'active', -bm25(nodes_fts)"
            " FROM nodes_fts JOIN nodes n ON n.id = nodes_fts.rowid"
            " WHERE nodes_fts MATCH ? AND n.project = ? AND n.state = 'active'"
            " ORDER BY bm25(nodes_fts), n.id LIMIT ?",
            (quoted, project, limit),
        ).fetchall()
        best = max((float(str(row[5])) for row in rows), default=0.0)
        for row in rows:
            score = 0.9 * float(str(row[5])) / best if best > 0 else 0.5
            found.setdefault(int(str(row[0])), (node_of(row[:5]), score))
    return sorted(found.values(), key=lambda each: (-each[1], each[0].id))[:limit]


def mentioned(link: apsw.Connection, project: str, names: Sequence[str]) -> list[Node]:
    """Return the nodes that one of these phrases names exactly."""
    keys = {key for name in names for key in keys_of(name)}
    return _nodes_by_keys(link, project, sorted(keys))


def _nodes_by_keys(link: apsw.Connection, project: str, keys: Sequence[str]) -> list[Node]:
    rows = link.execute(
        "SELECT n.id, n.project, n.type, n.name, 0 FROM nodes n"
        " WHERE n.project = :project AND n.state = 'active'"
        " AND n.key IN (SELECT value FROM json_each(:keys))"
        " UNION SELECT n.id, n.project, n.type, n.name, 0 FROM node_aliases a"
        " JOIN nodes n ON n.id = a.node_id WHERE a.project = :project AND n.state = 'active'"
        " AND a.key IN (SELECT value FROM json_each(:keys)) ORDER BY 1",
        {"project": project, "keys": json.dumps(list(keys))},
    )
    return [node_of(row) for row in rows]


def sources(link: apsw.Connection, ids: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
    """Return (source, memory id or 0) of facts, by fact."""
    rows = link.execute(
        "SELECT triple_id, source, memory_id FROM triple_sources"
        " WHERE triple_id IN (SELECT value FROM json_each(?)) ORDER BY triple_id, at, source",
        (json.dumps(list(ids)),),
    )
    found: dict[int, list[tuple[str, int]]] = {}
    for number, source, memory_id in rows:
        found.setdefault(int(str(number)), []).append((str(source), int(str(memory_id))))
    return found


def premises(link: apsw.Connection, ids: Iterable[int]) -> dict[int, list[int]]:
    """Return the facts that derived facts rest on, by derived fact, in the rule's order."""
    rows = link.execute(
        "SELECT derived_id, premise_id FROM premises"
        " WHERE derived_id IN (SELECT value FROM json_each(?)) ORDER BY derived_id, position",
        (json.dumps(list(ids)),),
    )
    found: dict[int, list[int]] = {}
    for number, premise in rows:
        found.setdefault(int(str(number)), []).append(int(str(premise)))
    return found


def rules(link: apsw.Connection, project: str) -> list[tuple[str, str, str, float, bool]]:
    """Return name, head and body as JSON, confidence and whether it is on, of a project's rules."""
    rows = link.execute(
        "SELECT name, head, body, confidence, enabled FROM rules WHERE project = ? ORDER BY name",
        (project,),
    )
    return [
        (str(name), str(head), str(body), float(str(confidence)), bool(enabled))
        for name, head, body, confidence, enabled in rows
    ]


def stats(link: apsw.Connection, project: str) -> dict[str, Any]:
    """Return counts of nodes by type and facts by predicate, and of projects."""

    def by(sql: str) -> dict[str, int]:
        rows = link.execute(sql, {"project": project})
        return {str(name): int(str(number)) for name, number in rows}

    return {
        "nodes_by_type": by(
            "SELECT type, count(*) FROM nodes WHERE project = :project AND state = 'active'"
            " GROUP BY type ORDER BY 2 DESC, 1"
        ),
        "triples_by_predicate": by(
            "SELECT predicate, count(*) FROM triples WHERE project = :project AND rule = ''"
            " AND deleted_at IS NULL GROUP BY predicate ORDER BY 2 DESC, 1"
        ),
        "derived_by_rule": by(
            "SELECT rule, count(*) FROM triples WHERE project = :project AND rule <> ''"
            " GROUP BY rule ORDER BY 2 DESC, 1"
        ),
        "projects": by(
            "SELECT project, count(*) FROM triples WHERE rule = '' AND deleted_at IS NULL"
            " GROUP BY project ORDER BY 2 DESC, 1 LIMIT 50"
        ),
    }


def sources_under(link: apsw.Connection, project: str, prefix: str) -> list[str]:
    """Return the sources of a project's facts whose names begin so."""
    rows = link.execute(
        "SELECT DISTINCT s.source FROM triple_sources s JOIN triples t ON t.id = s.triple_id"
        " WHERE s.source >= :prefix AND s.source < :prefix || char(1114111)"
        " AND t.project = :project AND t.deleted_at IS NULL ORDER BY 1",
        {"project": project, "prefix": prefix},
    )
    return [str(source) for (source,) in rows]


def ending_with(link: apsw.Connection, project: str, kind: str, ending: str) -> list[Node]:
    """Return the nodes of a type whose names end so, such as a file by the end of its path."""
    rows = link.execute(
        "SELECT id, project, type, name, 0 FROM nodes WHERE project = ? AND type = ?"
        " AND state = 'active' AND substr(name, -length(?3)) = ?3 ORDER BY id LIMIT 2",
        (project, kind, ending),
    )
    return [node_of(row) for row in rows]


def reply_of(link: apsw.Connection, key: str) -> Any:
    """Return the reply that the writer gave for this idempotency key, or None."""
    rows = link.execute("SELECT reply FROM ledger WHERE key = ?", (key,)).fetchall()
    return json.loads(str(rows[0][0])) if rows else None


def predicates_like(link: apsw.Connection, project: str, names: Sequence[str]) -> list[str]:
    """Return those of these predicates that some fact of the project has."""
    rows = link.execute(
        "SELECT value FROM json_each(:names) WHERE EXISTS (SELECT 1 FROM triples"
        " WHERE project = :project AND predicate = value AND deleted_at IS NULL)",
        {"project": project, "names": json.dumps(list(names))},
    )
    return [str(name) for (name,) in rows]
