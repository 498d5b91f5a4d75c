"""Asking for all vectors anew: memories are queued as if they had none; the old serve until then.

The queue is a table, so whoever dies in between, the work goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mimo.storage.commands import Edit, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueForEmbedding(Edit):
    """Queue the next memories, deleted ones left out; the outcome tells how many and the last id.

    Args:
        after: The id behind which to go on; 0 at the beginning.
        most: How many at most, so that no write waits long.
    """

    after: int
    most: int

    def apply(self, transaction: Transaction) -> Any:
        """Queue them; `last` is 0 when none is left."""
        link = transaction.link
        rows = link.execute(
            "SELECT id FROM memories WHERE id > ? AND deleted_at IS NULL ORDER BY id LIMIT ?",
            (self.after, self.most),
        ).fetchall()
        if not rows:
            return {"queued": 0, "last": 0}
        last = int(str(rows[-1][0]))
        link.execute(
            "INSERT OR IGNORE INTO embedding_queue (memory_id) SELECT id FROM memories "
            "WHERE id > ? AND id <= ? AND deleted_at IS NULL",
            (self.after, last),
        )
        return {"queued": len(rows), "last": last}
