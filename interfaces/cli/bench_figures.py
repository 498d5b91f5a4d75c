"""Measures of information retrieval over one ranked answer, and their means."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence

Figures = dict[str, float]


def measures(found: Sequence[int], wanted: frozenset[int]) -> Figures:
    """Return recall at 1, 5 and 10, the reciprocal rank, and nDCG at 10 of one answer.

    Args:
        found: Ids, best first.
        wanted: Ids that answer the question; at least one.

    Source: Manning, Raghavan, Schuetze, Introduction to Information Retrieval, chapter 8.
    """
    places = [place for place, memory_id in enumerate(found) if memory_id in wanted]
    ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(wanted))))
    gained = sum(1 / math.log2(place + 2) for place in places if place < 10)
    return {
        **{f"R@{k}": sum(place < k for place in places) / len(wanted) for k in (1, 5, 10)},
        "MRR": 1 / (places[0] + 1) if places else 0.0,
        "nDCG@10": gained / ideal,
    }


def table(rows: Iterable[tuple[str, Figures]]) -> dict[str, Figures]:
    """Return the mean of each measure, over all and by category, in percent, with the count."""
    groups: dict[str, list[Figures]] = defaultdict(list)
    for category, row in rows:
        groups["all"].append(row)
        groups[category].append(row)
    return {
        category: {
            **{name: round(100 * statistics.fmean(r[name] for r in found), 1) for name in found[0]},
            "n": len(found),
        }
        for category, found in groups.items()
    }
