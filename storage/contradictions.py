"""Pairs of memories that can't both be so, or of which one may be out of date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import apsw

from mimo.config.errors import NotFound
from mimo.storage import arrivals, links
from mimo.storage.commands import Edit, Finding, Transaction

#: Kinds of links that ask for a decision.
UNDECIDED: Final = ("contradicts", "possible_update")

_LIVE: Final = "{0}.deleted_at IS NULL AND {0}.archived_at IS NULL AND {0}.superseded_by IS NULL"
_PAIRS: Final = f"""
    FROM memory_links l
    JOIN memories n ON n.id = l.source_id JOIN memories o ON o.id = l.target_id
    WHERE l.kind IN ('contradicts', 'possible_update')
        AND {_LIVE.format("n")} AND {_LIVE.format("o")}
        AND (:project IS NULL OR n.project = :project)
        AND (:memory_id = 0 OR l.source_id = :memory_id OR l.target_id = :memory_id)
"""


class Pair(NamedTuple):
    """Two live memories, and why they need a decision.

    Args:
        newer_id: The one stored later.
        older_id: The other.
        kind: The link's kind.
        score: How much they have in common, 0 to 1.
        why: What it was told by.
        found_at_s: When, wall seconds UTC.
    """

    newer_id: int
    older_id: int
    kind: str
    score: float
    why: str
    found_at_s: float


def pairs(
    link: apsw.Connection, *, project: str | None, memory_id: int, limit: int
) -> tuple[list[Pair], int]:
    """Return pairs that wait for a decision, newest first, and how many there are.

    Args:
        link: An open connection.
        project: Only of this project; None for all.
        memory_id: Only with this memory; 0 for all.
        limit: Most pairs.
    """
    given = {"project": project, "memory_id": memory_id}
    rows = link.execute(
        f"SELECT l.source_id, l.target_id, l.kind, l.weight, l.note, l.updated_at {_PAIRS} "
        "ORDER BY l.updated_at DESC, l.source_id DESC, l.target_id LIMIT :limit",
        {**given, "limit": limit},
    ).fetchall()
    counted = link.execute(f"SELECT count(*) {_PAIRS}", given).fetchall()
    return [_pair(*row) for row in rows], int(str(counted[0][0]))


def _pair(*row: Any) -> Pair:
    return Pair(*row)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFindings(Edit):
    """Link a memory with what was found to be like it; it returns how many tell something new.

    Args:
        memory_id: The newer memory.
        findings: (memory id, kind, score, why) each; see `Finding`.
    """

    memory_id: int
    findings: tuple[tuple[int, str, float, str], ...]

    def apply(self, transaction: Transaction) -> int:
        """Link those that are both there and not linked yet."""
        link = transaction.link
        wanted = [self.memory_id, *(finding[0] for finding in self.findings)]
        marks = ", ".join("?" for _ in wanted)
        there = {
            row[0]
            for row in link.execute(f"SELECT id FROM memories WHERE id IN ({marks})", wanted)  # noqa: S608
        }
        known = {one.target_id: one.note for one in links.of(link, self.memory_id, _LINKED)}
        new = [
            Finding(*finding)
            for finding in self.findings
            if {self.memory_id, finding[0]} <= there and known.get(finding[0]) in _OPEN[finding[1]]
        ]
        arrivals.connect(link, self.memory_id, new, transaction.now_s)
        return len(new)


_LINKED: Final = (*UNDECIDED, "similar", "supersedes")
# Over which note a finding may be written: one that tells more over none, or over mere likeness.
_OPEN: Final = dict.fromkeys(arrivals.LINK_OF, (None, "similar")) | {"similar": (None,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismiss(Edit):
    """Say that two memories may both stay; it returns {memory_id, other_id, dismissed}."""

    memory_id: int
    other_id: int

    def apply(self, transaction: Transaction) -> dict[str, Any]:
        """Turn their links that ask for a decision into one that says they are similar.

        Raises:
            NotFound: No such link is there.
        """
        link = transaction.link
        found = [
            one
            for one in links.of(link, self.memory_id, UNDECIDED)
            if self.other_id in (one.source_id, one.target_id)
        ]
        if not found:
            raise NotFound(
                f"expected a pair of 'contradictions', got memories {self.memory_id} and "
                f"{self.other_id}, between which nothing waits for a decision"
            )
        for one in found:
            links.remove(link, one.source_id, one.target_id, one.kind)
            kept = links.MemoryLink(
                source_id=one.source_id,
                target_id=one.target_id,
                kind="similar",
                weight=one.weight,
                note=f"dismissed: {one.note}",
            )
            links.put(link, kept, transaction.now_s)
        return {
            "memory_id": self.memory_id,
            "other_id": self.other_id,
            "dismissed": len(found),
        }
