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

from mimo.config import limits
from mimo.storage.connection import Database, wal_path

Mode = Literal["passive", "truncate"]

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


def wal_bytes(path: Path) -> int:
    """Return the size of the write-ahead log of this database in bytes; 0 if there is none."""
    try:
        return wal_path(path).stat().st_size
    except FileNotFoundError:
        return 0


def due(size_bytes: int, *, is_idle: bool) -> Mode | None:
    """Return which checkpoint a log of this size calls for, if any.

    Args:
        size_bytes: Size of the log.
        is_idle: Whether nobody waits for the writer.
    """
    if is_idle and size_bytes > 0:
        return "truncate"
    return "passive" if size_bytes > limits.WAL_BYTES_CHECKPOINT else None


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
    return Checkpoint(mode=mode, frames=frames, moved=moved, wal_bytes=wal_bytes(db.path))


def tend(db: Database, *, is_idle: bool) -> Checkpoint | None:
    """Run the checkpoint that is due, and return it; None if none is.

    Raises:
        MimoError: See `checkpoint`.
    """
    mode = due(wal_bytes(db.path), is_idle=is_idle)
    return None if mode is None else checkpoint(db, mode)
