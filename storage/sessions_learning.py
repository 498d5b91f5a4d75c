"""What was learnt from use: how useful memories were, and which were used together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import apsw

from mimo.config.errors import NotFound
from mimo.storage import links
from mimo.storage.commands import Edit, Transaction

#: Evidence counts half after this long, in seconds. Source: ours.
HALF_LIFE_S: Final = 90 * 86_400.0
#: How far a link's weight moves towards 1 each time. Source: Hebb's rule, w += r (1 - w).
HEBB_RATE: Final = 0.2
#: Links of use that a memory keeps; the weakest goes beyond.
CO_ACCESS_MAX: Final = 12
#: How much one explicit judgement counts, against one use.
JUDGEMENT: Final = 2.0
#: Name of the mark that tells up to which call was learnt.
LEARNT: Final = "learnt"


class Evidence(NamedTuple):
    """What speaks for and against a memory's use, at some instant.

    Args:
        helpful: For it; 0 or more.
        unhelpful: Against it.
        times: How often anything was added.
    """

    helpful: float = 0.0
    unhelpful: float = 0.0
    times: int = 0

    @property
    def usefulness(self) -> float:
        """Return the mean of the Beta posterior over a uniform prior; 0.5 without evidence."""
        return (1.0 + self.helpful) / (2.0 + self.helpful + self.unhelpful)


def faded(evidence: Evidence, age_s: float) -> Evidence:
    """Return evidence as it counts after a time; a clock that was set back fades nothing."""
    share = 0.5 ** (max(age_s, 0.0) / HALF_LIFE_S)
    return Evidence(evidence.helpful * share, evidence.unhelpful * share, evidence.times)


def strengthened(weight: float, rate: float = HEBB_RATE) -> float:
    """Return a link's weight after one more common use; it stays below 1."""
    return weight + rate * (1.0 - weight)


def evidence_of(link: apsw.Connection, ids: Iterable[int], now_s: float) -> dict[int, Evidence]:
    """Return the evidence of those memories that have any, by id."""
    rows = link.execute(
        "SELECT memory_id, helpful, unhelpful, count, updated_at FROM memory_feedback "
        "WHERE memory_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return {
        int(str(row[0])): faded(
            Evidence(float(str(row[1])), float(str(row[2])), int(str(row[3]))),
            now_s - float(str(row[4])),
        )
        for row in rows
    }


def any_learnt(link: apsw.Connection) -> bool:
    """Tell whether anything was learnt from use."""
    found = link.execute(
        "SELECT EXISTS (SELECT 1 FROM memory_feedback) "
        "OR EXISTS (SELECT 1 FROM memory_links WHERE kind = 'co_access')"
    ).fetchone()
    return found is not None and bool(found[0])


def used_together(link: apsw.Connection, ids: Iterable[int]) -> list[tuple[int, int, float]]:
    """Return the links of use between these memories: lower id, higher id, weight."""
    given = json.dumps(list(ids))
    rows = link.execute(
        "SELECT source_id, target_id, weight FROM memory_links WHERE kind = 'co_access' "
        "AND source_id IN (SELECT value FROM json_each(?1)) "
        "AND target_id IN (SELECT value FROM json_each(?1))",
        (given,),
    )
    return [(int(str(row[0])), int(str(row[1])), float(str(row[2]))) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveFeedback(Edit):
    """Count an explicit judgement of memories; it returns how useful each is now.

    Args:
        memory_ids: Which; all or none.
        helpful: Whether they were.
    """

    memory_ids: tuple[int, ...]
    helpful: bool

    def apply(self, transaction: Transaction) -> dict[str, Any]:
        """Add to the evidence of each.

        Raises:
            NotFound: One of them isn't there.
        """
        ids = tuple(dict.fromkeys(self.memory_ids))
        missing = [each for each in ids if not _exists(transaction, each)]
        if missing:
            raise NotFound(f"expected ids of memories, got {missing[:5]} which aren't there")
        for each in ids:
            _add(transaction, each, JUDGEMENT, is_helpful=self.helpful)
        now = evidence_of(transaction.link, ids, transaction.now_s)
        return {
            "memory_ids": list(ids),
            "usefulness": [round(now[each].usefulness, 4) for each in ids],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Learn(Edit):
    """Write down what some calls taught, once; it returns the figures.

    Args:
        since: The last call that was learnt from before; if it isn't any more, nothing is done.
        upto: The last call that this is learnt from.
        signals: Memories that were used, and how much that counts.
        pairs: Memories that were used together: lower id, higher id.
    """

    since: int
    upto: int
    signals: tuple[tuple[int, float], ...]
    pairs: tuple[tuple[int, int], ...]

    def apply(self, transaction: Transaction) -> dict[str, int]:
        """Add the evidence and strengthen the links, of memories that still are there."""
        link = transaction.link
        link.execute(
            "INSERT INTO session_marks (name, value) VALUES (?1, 0) ON CONFLICT DO NOTHING",
            (LEARNT,),
        )
        link.execute(
            "UPDATE session_marks SET value = ?2 WHERE name = ?1 AND value = ?3",
            (LEARNT, self.upto, self.since),
        )
        if not link.changes():
            return {"signals": 0, "pairs": 0}
        signals = [each for each in self.signals if _exists(transaction, each[0])]
        for memory_id, weight in signals:
            _add(transaction, memory_id, weight, is_helpful=True)
        pairs = [each for each in self.pairs if all(_exists(transaction, one) for one in each)]
        for lower, higher in pairs:
            _strengthen(transaction, lower, higher)
        return {"signals": len(signals), "pairs": len(pairs)}


def _exists(transaction: Transaction, memory_id: int) -> bool:
    found = transaction.link.execute("SELECT 1 FROM memories WHERE id = ?", (memory_id,))
    return found.fetchone() is not None


def _add(transaction: Transaction, memory_id: int, weight: float, *, is_helpful: bool) -> None:
    link, now_s = transaction.link, transaction.now_s
    before = evidence_of(link, (memory_id,), now_s).get(memory_id, Evidence())
    link.execute(
        "INSERT OR REPLACE INTO memory_feedback "
        "(memory_id, helpful, unhelpful, count, updated_at) VALUES (?, ?, ?, ?, ?)",
        (
            memory_id,
            before.helpful + weight * is_helpful,
            before.unhelpful + weight * (not is_helpful),
            before.times + 1,
            now_s,
        ),
    )


def _strengthen(transaction: Transaction, lower: int, higher: int) -> None:
    """Strengthen a link, or begin one; a memory that has too many loses its weakest."""
    link = transaction.link
    found = link.execute(
        "SELECT weight FROM memory_links "
        "WHERE source_id = ? AND target_id = ? AND kind = 'co_access'",
        (lower, higher),
    ).fetchone()
    weight = strengthened(float(str(found[0])) if found else 0.0)
    one = links.MemoryLink(source_id=lower, target_id=higher, kind="co_access", weight=weight)
    links.put(link, one, transaction.now_s)
    for memory_id in (lower, higher):
        for weakest in links.of(link, memory_id, ("co_access",))[CO_ACCESS_MAX:]:
            links.remove(link, weakest.source_id, weakest.target_id, "co_access")
