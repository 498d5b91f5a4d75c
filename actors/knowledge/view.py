"""One state of the graph, read for an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mimo.actors.knowledge import messages as km
from mimo.actors.knowledge import presentation as shown
from mimo.actors.knowledge.fact_index import Fact
from mimo.actors.knowledge.walking import Around
from mimo.storage import knowledge, knowledge_entities
from mimo.storage.knowledge import Pattern
from mimo.storage.knowledge_records import Node, Triple


class View:
    """Reads one snapshot of the graph.

    Args:
        link: A connection inside a snapshot.
        now_s: Wall seconds UTC.
    """

    def __init__(self, link: Any, now_s: float) -> None:
        self.link = link
        self.now_s = now_s

    def node(self, project: str, ref: km.NodeRef) -> Node:
        """Return the node that a caller means.

        Raises:
            NotFound: There is none.
            InvalidRequest: The name means several.
        """
        return knowledge_entities.find(self.link, project, ref.name, ref.type)

    def names(self, facts: Iterable[Fact]) -> dict[int, Node]:
        """Return the nodes at the ends of these facts."""
        return knowledge_entities.by_ids(self.link, shown.nodes_in(facts))

    def around(
        self, project: str, direction: str, predicates: tuple[str, ...], confidence_min: float
    ) -> Around:
        """Return the graph as a walk sees it: facts that are valid now."""
        pattern = Pattern(
            project=project,
            at_s=self.now_s,
            predicates=predicates,
            confidence_min=confidence_min,
        )
        return lambda frontier: knowledge.around(self.link, pattern, frontier, direction)

    def facts(self, triples: list[Triple]) -> list[dict[str, Any]]:
        """Return kept facts as JSON, each with its sources or its premises."""
        names = self.names((each.subject_id, "", each.object_id) for each in triples)
        ids = [each.id for each in triples]
        sources = knowledge.sources(self.link, ids)
        premises = knowledge.premises(self.link, ids)
        return [
            shown.fact_json(each, names, sources)
            | ({"premise_ids": premises[each.id]} if each.id in premises else {})
            for each in triples
        ]
