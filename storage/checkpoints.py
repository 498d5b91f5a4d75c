"""Moves the write-ahead log into the database, when it suits the writer.

Only the writer's connection does it: two that checkpoint at once is what SQLite's WAL-reset bug
needed, and a checkpoint inside some commit would be that caller's delay.

Source: SQLite wal.html, "Checkpointing"; rqlite's bounded checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import apsw

from mimo.storage.connection import Database, wal_path

Mode = Literal["passive", "truncate"]

# A page and its header in the log.
_FRAME_BYTES = 4_096 + 24

_MODES = {
    "passive": apsw.SQLITE_CHECKPOINT_PASSIVE,
    "truncate": apsw.SQLITE_CHECKPOINT_TRUNCATE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a checkpoint did.

    Args:
        mode: `passive` waits for nobody; `truncate` also empties the log and waits for readers to
            leave it.
        frames: Pages in the log before.
        moved: How many of them stand in the database now.
        wal_bytes: Size of the log's file afterwards.
    """

    mode: Mode
    frames: int
    moved: int
    wal_bytes: int

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the log is left to be moved."""
        return self.frames == self.moved


def wal_bytes(db: Database) -> int:
    """Return how many bytes of the write-ahead log are in use.

    The log's file doesn't shrink when its pages have been moved, so the writer's connection counts
    pages; another connection can only tell the size of the file.
    """
    return file_bytes(db.path) if db.wal_pages is None else db.wal_pages * _FRAME_BYTES


def file_bytes(path: Path) -> int:
    """Return the size of the write-ahead log's file in bytes; 0 if there is none."""
    try:
        return wal_path(path).stat().st_size
    except FileNotFoundError:
        return 0


def checkpoint(db: Database, mode: Mode, *, wait_s: float = 0.1) -> Checkpoint:
    """Move the log's pages into the database; the pages that a reader still needs stay.

    Args:
        db: The writer's connection.
        mode: See `Checkpoint`.
        wait_s: How long `truncate` waits for readers; it then moves what it can.

    Raises:
        Busy: Another process checkpoints.
        MimoError: See `storage.faults`; after StorageFailed the connection refuses.
    """
    with db.writing("checkpoint") as link:
        link.set_busy_timeout(int(wait_s * 1000))
        try:
            frames, moved = link.wal_checkpoint(mode=_MODES[mode])
        except apsw.BusyError:
            if mode == "passive":
                raise
            return checkpoint(db, "passive", wait_s=wait_s)
        finally:
            link.set_busy_timeout(int(db.busy_timeout_s * 1000))
    db.wal_pages = frames - moved
    return Checkpoint(mode=mode, frames=frames, moved=moved, wal_bytes=file_bytes(db.path))
