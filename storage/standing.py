"""What the database holds altogether, for an honest status."""

from __future__ import annotations

from typing import Final, NamedTuple

from mimo.storage import usage
from mimo.storage.connection import Database

# Deleted memories and facts were stored, too; replaced calls are counted by their ids.
_COUNTS: Final = """
    SELECT
        (SELECT count(*) FROM memories),
        (SELECT count(*) FROM memories WHERE deleted_at IS NULL AND archived_at IS NULL),
        (SELECT coalesce(sum(access_count), 0) FROM memories),
        (SELECT count(*) FROM triples WHERE deleted_at IS NULL),
        (SELECT count(DISTINCT name) FROM procedures),
        (SELECT count(*) FROM procedure_runs WHERE finished_at IS NOT NULL),
        (SELECT count(*) FROM sessions),
        (SELECT count(*) FROM active_days),
        (SELECT coalesce(max(id), 0) FROM interactions)
"""


class Counts(NamedTuple):
    """How much there is.

    Args:
        memories: Ever stored and still there, deleted ones included.
        live: Those that a search can find.
        accesses: How often memories were returned.
        facts: Facts that hold.
        procedures: Registered procedures.
        runs: Their runs that have ended.
        sessions: Sessions of assistants.
        active_days: Days on which somebody called.
        calls: Tool calls that were ever recorded.
        mended: Recorded calls that succeeded right after the same operation had failed.
    """

    memories: int
    live: int
    accesses: int
    facts: int
    procedures: int
    runs: int
    sessions: int
    active_days: int
    calls: int
    mended: int


def counts(db: Database) -> Counts:
    """Return how much there is.

    Raises:
        MimoError: See `storage.faults`.
    """
    found = [*(db.one(_COUNTS) or (0,) * 9), usage.mended(db)]
    return Counts(*(int(each or 0) for each in found))
