"""Walks visit each node once, at its least distance; found ways are shortest ways."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from mimo.actors.knowledge.walking import Around, shortest_path, spread, walk, way_to
from mimo.storage.knowledge_records import Triple

edges_of_nine = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=25)


def triple(number: int, subject: int, object_: int) -> Triple:
    return Triple(
        id=number,
        subject_id=subject,
        predicate="p",
        object_id=object_,
        confidence=0.5,
        rule="",
        valid_from_s=None,
        valid_until_s=None,
        created_at_s=0.0,
        deleted=False,
    )


def graph(edges: list[tuple[int, int]], direction: str) -> Around:
    facts = [triple(number, *edge) for number, edge in enumerate(edges, 1)]

    def around(frontier: Iterable[int]) -> list[tuple[int, int, Triple]]:
        wanted = set(frontier)
        found = []
        for fact in facts:
            if direction != "incoming" and fact.subject_id in wanted:
                found.append((fact.subject_id, fact.object_id, fact))
            if direction != "outgoing" and fact.object_id in wanted:
                found.append((fact.object_id, fact.subject_id, fact))
        return found

    return around


def distances(edges: list[tuple[int, int]]) -> dict[int, dict[int, int]]:
    """Return all distances by Floyd and Warshall: another algorithm than the one under test."""
    far = 99
    known = {a: {b: 0 if a == b else far for b in range(9)} for a in range(9)}
    for a, b in edges:
        known[a][b] = min(known[a][b], 1)
    for k in range(9):
        for a in range(9):
            for b in range(9):
                known[a][b] = min(known[a][b], known[a][k] + known[k][b])
    return {a: {b: d for b, d in row.items() if d < far} for a, row in known.items()}


@settings(max_examples=300, deadline=None)
@given(edges_of_nine, st.integers(0, 8), st.integers(1, 6))
def test_a_walk_visits_exactly_what_is_within_its_depth(
    edges: list[tuple[int, int]], start: int, depth: int
) -> None:
    """The original stopped at names inside other names. Source: original/memory.md 15."""
    found = walk(start, graph(edges, "outgoing"), depth=depth)
    expected = {node: d for node, d in distances(edges)[start].items() if d <= depth}

    assert {node: step.depth for node, step in found.steps.items()} == expected
    assert found.is_complete
    for node in found.steps:
        way = [each for each, _ in way_to(node, found.steps)]
        assert len(way) == expected[node] + 1
        assert all(pair in edges for pair in itertools.pairwise(way))


@settings(max_examples=300, deadline=None)
@given(edges_of_nine, st.integers(0, 8), st.integers(0, 8), st.integers(1, 8))
def test_a_path_is_a_shortest_one(
    edges: list[tuple[int, int]], start: int, end: int, depth: int
) -> None:
    """From both ends at once, it is as short as from one. Source: Pohl 1971."""
    forward, backward = graph(edges, "outgoing"), graph(edges, "incoming")
    found = shortest_path(start, end, forward, backward, depth=depth)
    expected = distances(edges)[start].get(end, 99)

    if expected > depth:
        assert found is None
    else:
        assert found is not None
        way = [node for node, _ in found]
        assert way[0] == start
        assert way[-1] == end
        assert len(way) == expected + 1
        for before, (node, fact) in zip(way, found[1:], strict=False):
            assert fact is not None
            assert (fact.subject_id, fact.object_id) == (before, node)


def test_a_walk_ends_at_its_most_and_says_so() -> None:
    """A bound on what is visited. Source: ours."""
    star = [(0, n) for n in range(1, 9)]

    found = walk(0, graph(star, "both"), depth=2, most=4)

    assert len(found.steps) == 4
    assert not found.is_complete


def test_scores_fade_with_each_step_and_with_doubt() -> None:
    """0.7 a step, as the original's expansion, times confidence. Source: original/memory.md 17."""
    scores, edges = spread({0: 1.0}, graph([(0, 1), (1, 2)], "both"), hops=2, fade=0.7, most=10)

    assert {node: round(score, 4) for node, score in scores.items()} == {0: 1, 1: 0.35, 2: 0.1225}
    assert set(edges) == {1, 2}
