"""A second look at a memory, once it has a vector: what says the like in other words.

It links, and does nothing else. A memory of a bulk load may go unlooked: only the newest wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import numpy as np

from mimo.actors.memory.novelty import COSINE_SIMILAR, NoveltyJudge
from mimo.storage import neighbours
from mimo.storage.arrivals import FINDINGS_MAX
from mimo.storage.commands import Finding
from mimo.storage.search import Link
from mimo.storage.vectors import VectorMatrix

#: Most memories that wait for their second look.
WAITING_MAX: Final = 256
#: Nearest vectors that are compared; some are of other projects.
NEAREST_MAX: Final = 12

_JUDGE: Final = NoveltyJudge()


class SecondLook:
    """The memories that wait for a second look, oldest first."""

    def __init__(self) -> None:
        self._waiting: deque[int] = deque(maxlen=WAITING_MAX)

    def __len__(self) -> int:
        return len(self._waiting)

    def note(self, ids: Iterable[int]) -> None:
        """Let these wait; beyond `WAITING_MAX` the oldest go unlooked."""
        self._waiting.extend(ids)

    def next(self) -> int:
        """Take the one that has waited for longest."""
        return self._waiting.popleft()


def look(link: Link, matrix: VectorMatrix, memory_id: int) -> list[Finding]:
    """Return how a memory stands to older ones that are near in meaning, closest first.

    Args:
        link: A connection inside one read transaction.
        matrix: The vectors, refreshed.
        memory_id: The memory; without a vector, or no longer live, it has no findings.
    """
    one = neighbours.embedded(link, memory_id, matrix.model_id)
    if one is None:
        return []
    vector = np.frombuffer(one.vector, dtype="<f2").astype(np.float32)
    if vector.size != matrix.dim:
        return []
    near = {
        other: cosine
        for other, cosine in matrix.nearest(link, vector, NEAREST_MAX)
        if other < memory_id and cosine >= COSINE_SIMILAR
    }
    if not near:
        return []
    found = neighbours.unlinked(link, list(near), memory_id, one)
    return _JUDGE.findings(one.content, found, near)[:FINDINGS_MAX]
