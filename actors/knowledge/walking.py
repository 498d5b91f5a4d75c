"""Walks over a graph, breadth first; each node is visited once, whatever the cycles."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mimo.config import limits
from mimo.storage.knowledge_records import Triple

#: Returns (node, neighbour, fact) for every fact at these nodes.
Around = Callable[[Iterable[int]], list[tuple[int, int, Triple]]]


@dataclass(frozen=True, slots=True)
class Step:
    """How a node was reached: in how many steps, from where, along which fact."""

    depth: int
    before: int | None
    along: Triple | None


@dataclass(frozen=True, slots=True)
class Walk:
    """What was visited, nearest first, and whether that is all within the depth."""

    steps: dict[int, Step]
    edges: dict[int, Triple]
    is_complete: bool


def walk(start: int, around: Around, *, depth: int, most: int = limits.VISITED_NODES_MAX) -> Walk:
    """Return every node within `depth` steps of `start`, with a shortest way to each.

    Args:
        start: Where it begins.
        around: The graph.
        depth: Steps at most.
        most: Nodes visited at most.
    """
    steps = {start: Step(0, None, None)}
    edges: dict[int, Triple] = {}
    frontier = [start]
    for level in range(1, depth + 1):
        found: list[int] = []
        for node, neighbour, fact in around(frontier):
            if neighbour not in steps:
                if len(steps) >= most:
                    return Walk(steps, edges, is_complete=False)
                steps[neighbour] = Step(level, node, fact)
                found.append(neighbour)
            edges[fact.id] = fact
        frontier = found
        if not frontier:
            break
    return Walk(steps, edges, is_complete=True)


def way_to(node: int, steps: dict[int, Step]) -> list[tuple[int, Triple | None]]:
    """Return the nodes from the start to `node`, each with the fact along which it was reached."""
    way: list[tuple[int, Triple | None]] = []
    at: int | None = node
    while at is not None:
        step = steps[at]
        way.append((at, step.along))
        at = step.before
    return way[::-1]


def shortest_path(
    start: int, end: int, forward: Around, backward: Around, *, depth: int
) -> list[tuple[int, Triple | None]] | None:
    """Return a shortest way from start to end as in `way_to`, or None within `depth` steps.

    It walks from both ends, the smaller side first.

    Source: Pohl, "Bi-directional search" (1971).
    """
    if start == end:
        return [(start, None)]
    sides = ({start: Step(0, None, None)}, {end: Step(0, None, None)})
    frontiers, arounds = [[start], [end]], (forward, backward)
    for _ in range(depth):
        side = 0 if len(frontiers[0]) <= len(frontiers[1]) else 1
        own, other = sides[side], sides[1 - side]
        found: list[int] = []
        meetings: list[int] = []
        for node, neighbour, fact in arounds[side](frontiers[side]):
            if neighbour in own:
                continue
            own[neighbour] = Step(own[node].depth + 1, node, fact)
            found.append(neighbour)
            if neighbour in other:
                meetings.append(neighbour)
        if meetings:
            best = min(meetings, key=lambda node: own[node].depth + other[node].depth)
            return _joined(best, *sides)
        if not found or len(own) + len(other) > limits.VISITED_NODES_MAX:
            return None
        frontiers[side] = found
    return None


def _joined(
    meeting: int, from_start: dict[int, Step], from_end: dict[int, Step]
) -> list[tuple[int, Triple | None]]:
    way = way_to(meeting, from_start)
    rest = way_to(meeting, from_end)[::-1]
    # A fact belongs to the node that it leads to, seen from the start.
    for (_, along), (node, _) in itertools.pairwise(rest):
        way.append((node, along))
    return way


def spread(
    seeds: dict[int, float], around: Around, *, hops: int, fade: float, most: int
) -> tuple[dict[int, float], dict[int, Triple]]:
    """Return nodes near the seeds with their scores, and the facts between them.

    A node's score is the best of its neighbours', times `fade`, times the fact's confidence.

    Args:
        seeds: Scores of the nodes where it begins.
        around: The graph.
        hops: Steps at most.
        fade: What is left of a score after one step, 0 to 1.
        most: Nodes that go on to the next step, the best ones.
    """
    scores = dict(seeds)
    edges: dict[int, Triple] = {}
    frontier = list(seeds)
    for _ in range(hops):
        gained: dict[int, float] = {}
        for node, neighbour, fact in around(frontier):
            edges[fact.id] = fact
            score = scores[node] * fade * fact.confidence
            if score > scores.get(neighbour, 0.0):
                gained[neighbour] = max(score, gained.get(neighbour, 0.0))
        scores |= gained
        frontier = sorted(gained, key=lambda node: (-gained[node], node))[:most]
    return scores, edges
