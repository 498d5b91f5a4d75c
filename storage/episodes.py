"""Reads for clustering: recent episodes that nothing has condensed yet, and how alike they are."""

from __future__ import annotations

from typing import Final, NamedTuple

from mimo.storage.connection import Database
from mimo.storage.records import Trust

# An episode is something that happened, rather than something that is so.
_EPISODES: Final = """
    SELECT m.id, m.content, m.project, m.occurred_at, m.importance, m.trust, v.model_id, v.vector
    FROM memories m LEFT JOIN vectors v ON v.memory_id = m.id AND v.content_hash = m.content_hash
    WHERE m.category IN ('episode', 'observation', 'action')
        AND m.deleted_at IS NULL AND m.archived_at IS NULL AND m.superseded_by IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM memory_links l WHERE l.target_id = m.id AND l.kind = 'cites'
        )
        AND NOT EXISTS (
            SELECT 1 FROM memory_links l WHERE l.source_id = m.id AND l.kind = 'cites'
        )
        AND NOT EXISTS (SELECT 1 FROM document_chunks c WHERE c.memory_id = m.id)
    ORDER BY m.id DESC LIMIT ?
"""


class Episode(NamedTuple):
    """A memory of something that happened.

    Args:
        memory_id: Which.
        content: What it says.
        project: Where it belongs.
        occurred_at_s: When it happened, wall seconds UTC.
        importance: 0 to 1.
        trust: How far its text may be trusted.
        model_id: Whose vector it has; "" if it has none.
        vector: Float16 bytes of unit length.
    """

    memory_id: int
    content: str
    project: str
    occurred_at_s: float
    importance: float
    trust: Trust
    model_id: str
    vector: bytes


def episodes(db: Database, limit: int) -> list[Episode]:
    """Return the newest live episodes that no memory cites, oldest first.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(_EPISODES, (limit,))
    return [
        Episode(memory_id, content, project, at_s, importance, trust, model or "", vector or b"")
        for memory_id, content, project, at_s, importance, trust, model, vector in reversed(rows)
    ]


def cosines(found: list[Episode], least: float) -> dict[tuple[int, int], float]:
    """Return the cosine of each pair of places whose vectors are of one model and at least so near.

    Args:
        found: Episodes.
        least: From this cosine on.
    """
    import numpy as np

    near: dict[tuple[int, int], float] = {}
    for model in sorted({one.model_id for one in found if one.model_id}):
        places = [place for place, one in enumerate(found) if one.model_id == model]
        stacked = np.stack([np.frombuffer(found[place].vector, "<f2") for place in places])
        matrix = stacked.astype(np.float32)
        products = matrix @ matrix.T
        for first, second in np.argwhere(np.triu(products >= least, 1)).tolist():
            near[places[first], places[second]] = float(products[first, second])
    return near
