"""The vocabulary of the knowledge graph; all is answered by `knowledge/graph`.

Replies to tool requests are `mimo.actors.operations.Result`; a `MimoError` becomes a `Failure`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mimo.storage.commands import Edit
from mimo.storage.knowledge_records import NewFact


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRef:
    """An entity as a caller names it.

    Args:
        name: Its name, an alias, or `#12`.
        type: Its type; "" for any.
    """

    name: str
    type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachFacts:
    """Keep facts that are given as triples, and those that a text states.

    Args:
        project: Whose graph.
        facts: The triples; may be empty when there is a text.
        text: Sentences to read; "" for none.
        source: Where it is from.
        memory_ids: Memories that say so.
        confidence: How sure the facts of the text are; None for what the reader thinks.
        valid_from_s: From when the facts of the text hold, wall seconds UTC.
        valid_until_s: Until when.
        key: Idempotency key.
    """

    project: str
    facts: tuple[NewFact, ...]
    text: str
    source: str
    memory_ids: tuple[int, ...]
    confidence: float | None
    valid_from_s: float | None
    valid_until_s: float | None
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Write something to a graph, then bring its derived facts up to date.

    Args:
        project: Whose graph.
        edit: The write, with its key.
    """

    project: str
    edit: Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFacts:
    """Return facts that fit a pattern, or those about the entities that a text names.

    Args:
        project: Whose graph.
        subject: A name; "" for any.
        predicate: As it was normalised; "" for any.
        object: A name; "" for any.
        text: Plain words instead of a pattern; "" for none.
        at_s: Facts valid then, wall seconds UTC; None for now.
        infer: Whether to add what follows by rules without being kept.
        confidence_min: At least this sure.
        limit: 1 to `limits.FACTS_SHOWN_MAX`.
        cursor: From the page before; "" for the first.
    """

    project: str
    subject: str = ""
    predicate: str = ""
    object: str = ""
    text: str = ""
    at_s: float | None = None
    infer: bool = False
    confidence_min: float = 0.0
    limit: int = 50
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkFrom:
    """Walk the graph from a node, breadth first.

    Args:
        project: Whose graph.
        node: Where it begins.
        shape: `node` (it and its facts), `neighborhood` (nodes and edges) or `traverse` (each node
            with the way to it).
        depth: Steps at most.
        direction: outgoing, incoming or both.
        predicates: Only along these; empty for all.
        confidence_min: Only along facts at least this sure.
        limit: Most nodes shown.
    """

    project: str
    node: NodeRef
    shape: str
    depth: int
    direction: str
    predicates: tuple[str, ...]
    confidence_min: float
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindPath:
    """Return a shortest way between two nodes."""

    project: str
    start: NodeRef
    end: NodeRef
    depth: int
    direction: str
    predicates: tuple[str, ...]
    confidence_min: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explore:
    """Return what the graph has near the words of a question, grouped by kind."""

    project: str
    query: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphStats:
    """Return counts of nodes, facts and rules."""

    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRules:
    """Return the rules of a project: those that Mimo brings and its own."""

    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Infer:
    """Derive everything that follows.

    Args:
        project: Whose graph.
        mode: `preview` shows it; `keep` also keeps it, and keeps it up to date; `drop` removes it.
        predicate: Show only these; "" for all.
        confidence_min: Show only what is at least this sure.
        limit: Most facts shown.
        key: Idempotency key.
    """

    project: str
    mode: str
    predicate: str
    confidence_min: float
    limit: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prove:
    """Return whether a fact holds, and why.

    Args:
        project: Whose graph.
        triple_id: The fact; 0 if it is given by its parts.
        subject: A name.
        predicate: As it was normalised.
        object: A name.
        at_s: Then, wall seconds UTC; None for now.
    """

    project: str
    triple_id: int = 0
    subject: str = ""
    predicate: str = ""
    object: str = ""
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPath:
    """Put a file's or folder's symbols and imports into the graph."""

    project: str
    path: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkMemory:
    """Put what a memory mentions into the graph."""

    project: str
    memory_id: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncDependencies:
    """Put what the manifests at a path depend on into the graph; what is gone is retracted."""

    project: str
    path: str
    key: str
