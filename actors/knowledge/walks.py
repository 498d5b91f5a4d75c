"""What is near a node or the words of a question, and how two nodes are connected."""

from __future__ import annotations

from typing import Any, Final

from mimo.actors.knowledge import messages as km
from mimo.actors.knowledge import presentation as shown
from mimo.actors.knowledge.mentions import phrases
from mimo.actors.knowledge.view import View
from mimo.actors.knowledge.walking import shortest_path, spread, walk, way_to
from mimo.storage import knowledge, knowledge_entities

#: What is left of a seed's score one step away from it.
FADE: Final = 0.7
#: Nodes from which `explore` goes on, and how far.
EXPLORED_MAX: Final = 200
EXPLORED_HOPS: Final = 2
_GROUPS: Final = {
    "concept": "concepts",
    "person": "concepts",
    "place": "concepts",
    "file": "code",
    "function": "code",
    "module": "code",
    "library": "libraries",
    "memory": "memories",
}


def surroundings(view: View, request: km.WalkFrom) -> dict[str, Any]:
    """Return a node's surroundings in the shape that was asked for."""
    start = view.node(request.project, request.node)
    around = view.around(
        request.project, request.direction, request.predicates, request.confidence_min
    )
    found = walk(start.id, around, depth=request.depth)
    visited = list(found.steps)[: request.limit + 1]
    kept = set(visited)
    edges = [
        edge for edge in found.edges.values() if edge.subject_id in kept and edge.object_id in kept
    ]
    names = knowledge_entities.by_ids(view.link, visited)
    answer: dict[str, Any] = {
        "node": shown.node_json(start),
        "depth": request.depth,
        "node_count": len(found.steps) - 1,
        "edge_count": len(found.edges),
        "complete": found.is_complete and len(visited) == len(found.steps),
    }
    others = [number for number in visited if number != start.id]
    if request.shape == "traverse":
        answer["results"] = [
            shown.node_json(names[number])
            | {
                "depth": found.steps[number].depth,
                "path": [names[each].name for each, _ in way_to(number, found.steps)],
            }
            for number in others
        ]
        return answer
    answer["nodes"] = [
        shown.node_json(names[number]) | {"depth": found.steps[number].depth} for number in others
    ]
    answer["facts"] = view.facts(edges[: request.limit * 2])
    if request.shape == "node":
        answer["aliases"] = knowledge_entities.aliases_of(view.link, start.id)
    return answer


def path(view: View, request: km.FindPath) -> dict[str, Any]:
    """Return a shortest way between two nodes, or that there is none."""
    start = view.node(request.project, request.start)
    end = view.node(request.project, request.end)
    opposite = {"outgoing": "incoming", "incoming": "outgoing", "both": "both"}
    forward, backward = (
        view.around(request.project, direction, request.predicates, request.confidence_min)
        for direction in (request.direction, opposite[request.direction])
    )
    found = shortest_path(start.id, end.id, forward, backward, depth=request.depth)
    way = found or []
    names = knowledge_entities.by_ids(view.link, [node for node, _ in way])
    return {
        "found": found is not None,
        "length": max(len(way) - 1, 0),
        "path": [names[node].name for node, _ in way],
        "facts": view.facts([fact for _, fact in way if fact is not None]),
    }


def explore(view: View, request: km.Explore) -> dict[str, Any]:
    """Return the nodes near a question's words, by kind, and how they are connected."""
    hits = knowledge.search_nodes(view.link, request.project, request.query, EXPLORED_MAX)
    seeds = {node.id: score for node, score in hits[: request.limit]}
    for node in knowledge.mentioned(view.link, request.project, phrases(request.query)):
        seeds[node.id] = 1.0
    around = view.around(request.project, "both", (), 0.0)
    scores, edges = spread(seeds, around, hops=EXPLORED_HOPS, fade=FADE, most=EXPLORED_MAX)
    best = sorted(scores, key=lambda node: (-scores[node], node))[: request.limit * 4]
    names = knowledge_entities.by_ids(view.link, best)
    answer: dict[str, Any] = {group: [] for group in _GROUPS.values()}
    for number in best:
        group = answer[_GROUPS[names[number].type]]
        if len(group) < request.limit:
            group.append(shown.node_json(names[number]) | {"score": round(scores[number], 4)})
    kept = {each["node_id"] for group in answer.values() for each in group}
    between = [
        edge for edge in edges.values() if edge.subject_id in kept and edge.object_id in kept
    ]
    between.sort(key=lambda each: -scores[each.subject_id] * scores[each.object_id])
    return answer | {"facts": view.facts(between[: request.limit]), "count": len(kept)}
