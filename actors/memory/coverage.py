"""How many memories can't be found by meaning yet, so that an answer says what it may lack."""

from __future__ import annotations

from typing import Final

from mimo.config.clock import Clock
from mimo.storage import memories
from mimo.storage.connection import Database
from mimo.storage.memories import Backlog

#: How long a count is good for, in seconds.
_GOOD_S: Final = 1.0
#: New memories wait a moment for their vectors, always: fewer than these, or a smaller share, are
#: no news.
NEW_MIN, SHARE_MIN = 100, 0.05


def lacking(found: Backlog, model_id: str) -> tuple[str, ...]:
    """Return what to tell whoever searches; nothing if nearly all have a vector."""
    missing = found.without + found.others
    share = missing / max(missing + found.embedded, 1)
    if not found.others and (missing < NEW_MIN or share < SHARE_MIN):
        return ()
    told = f"{missing} memories ({share:.0%}) have no vector of {model_id} yet"
    return (f"embedding: {told} and are found by their words only",)


class Coverage:
    """Counts at most once a second.

    Args:
        db: Open for reading.
        model_id: The model in force.
        clock: Tells how old a count is.
    """

    def __init__(self, db: Database, model_id: str, clock: Clock) -> None:
        self._db = db
        self._model_id = model_id
        self._clock = clock
        self._counted_s = -_GOOD_S
        self._lacking: tuple[str, ...] = ()

    def lacking(self) -> tuple[str, ...]:
        """Return what an answer by meaning may lack now.

        Raises:
            MimoError: See `storage.faults`.
        """
        now_s = self._clock.monotonic_s()
        if now_s - self._counted_s >= _GOOD_S:
            self._lacking = lacking(memories.backlog(self._db, self._model_id), self._model_id)
            self._counted_s = now_s
        return self._lacking
