"""What use adds to a score: a little for what proved useful, and for what was used with the best.

Both terms only raise, and only among the first few, so nothing changes where nothing was used and
what they raise stays before all that they don't look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from mimo.actors.memory.ranking import Ranked
from mimo.config.clock import Clock
from mimo.storage.search import Link
from mimo.storage.sessions_learning import any_learnt, evidence_of, used_together

#: Largest share of each term. Source: `tests/load/use_in_ranking.py`; larger ones lose more than
#: they gain.
USE_WEIGHTS: Final[Mapping[str, float]] = {"used_together": 0.05, "useful": 0.02}
#: How many are looked at, and how many of them count as the best.
LOOKED_AT: Final = 50
FIRST: Final = 3
_DAY_S: Final = 86_400.0


def with_use(
    ranked: Sequence[Ranked],
    together: Mapping[tuple[int, int], float],
    useful: Mapping[int, float],
    weights: Mapping[str, float] = USE_WEIGHTS,
) -> list[Ranked]:
    """Return candidates in order, with what use adds.

    Args:
        ranked: Best first.
        together: How strongly two memories are linked by use, lower id first; 0 to 1.
        useful: How useful memories proved; 0.5 says nothing.
        weights: Largest share of each term.
    """
    head = ranked[:LOOKED_AT]
    first = [one.id for one in head[:FIRST]]
    raised = [_raised(one, first, together, useful, weights) for one in head]
    return [*sorted(raised, key=lambda one: (-one.score, -one.id)), *ranked[LOOKED_AT:]]


def _raised(
    one: Ranked,
    first: Sequence[int],
    together: Mapping[tuple[int, int], float],
    useful: Mapping[int, float],
    weights: Mapping[str, float],
) -> Ranked:
    pairs = ((min(one.id, other), max(one.id, other)) for other in first)
    added = {
        "used_together": weights["used_together"]
        * max((together.get(pair, 0.0) for pair in pairs), default=0.0),
        "useful": weights["useful"] * 2.0 * max(useful.get(one.id, 0.5) - 0.5, 0.0),
    }
    added = {name: share for name, share in added.items() if share}
    if not added:
        return one
    score = one.score + sum(added.values())
    return Ranked(id=one.id, score=score, terms={**one.terms, **added})


class UseTerms:
    """Adds the terms of use to the answers of one connection.

    Args:
        clock: Evidence fades by whole days, so that the pages of one search agree.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._version = -1
        self._is_any = False

    def added(self, link: Link, version: int, ranked: list[Ranked]) -> list[Ranked]:
        """Return candidates in order, with what use adds; inside a read transaction.

        Args:
            link: The connection.
            version: Of its data; it is looked once whether anything was learnt.
            ranked: Best first.
        """
        if version != self._version:
            self._version, self._is_any = version, any_learnt(link)
        if not self._is_any or not ranked:
            return ranked
        ids = [one.id for one in ranked[:LOOKED_AT]]
        today_s = self._clock.wall_s() // _DAY_S * _DAY_S
        evidence = evidence_of(link, ids, today_s)
        return with_use(
            ranked,
            {(low, high): weight for low, high, weight in used_together(link, ids)},
            {memory_id: known.usefulness for memory_id, known in evidence.items()},
        )
