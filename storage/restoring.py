"""Puts a backup in the database's place; what was there is kept aside.

Killed at any moment, the place holds the old database or the new one, whole.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import apsw

from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK, Clock
from mimo.config.errors import Conflict, MimoError
from mimo.storage import backups, faults, fitness, inspection, sequence, witness
from mimo.storage.connection import Mode, connect, wal_path
from mimo.storage.creation import empty_aside, sync_directory

#: Returns the pid of the node that has the database open, or None.
Holder = Callable[[], int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did.

    Args:
        path: The database, as it is now.
        replaced: Where the one before is kept; None if there was none.
        memories: How many memories it holds, deleted ones too.
        seq: Its newest change.
    """

    path: Path
    replaced: Path | None
    memories: int
    seq: int


def restore(
    backup: Path,
    db_path: Path,
    *,
    holder: Holder,
    clock: Clock = SYSTEM_CLOCK,
    progress: backups.Progress | None = None,
) -> Restored:
    """Put a verified copy of the backup in the database's place.

    Numbers of changes and memories that the replaced database had given away aren't given away
    again.

    Args:
        backup: See `backups.list_all`.
        db_path: The database; it may be missing or damaged.
        holder: Who has it open.
        clock: Names what is kept aside.
        progress: Called after each step of copying.

    Raises:
        Conflict: A node has the database open.
        StartError: The backup isn't there or not Mimo's, or the place isn't fit.
        Corrupt: The backup is damaged.
        MimoError: See `storage.faults`; the database is as it was.
    """
    pid = holder()
    if pid is not None:
        raise Conflict(
            f"expected nobody to use {db_path} while it is restored, got process {pid}; "
            "stop it with 'mimo stop' first"
        )
    fitness.refuse_unfit(db_path)
    backups.verify(backup)
    with faults.mapped("restore the database", db_path):
        db_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in db_path.parent.glob(f"{db_path.name}.restoring*"):
            leftover.unlink()
        with empty_aside(db_path.with_name(db_path.name + ".restoring")) as aside:
            backups.copy_pages(backup, aside, progress, is_live=False)
            reached = _continue_numbers(aside, db_path)
            found = backups.verify(aside)
            replaced = _keep_aside(db_path, clock)
            _swap(aside, db_path)
        witness.write(db_path, reached)
        sync_directory(db_path.parent)
    return Restored(path=db_path, replaced=replaced, memories=found.memories, seq=found.seq)


def _continue_numbers(aside: Path, db_path: Path) -> witness.Witness:
    """Raise the copy's sequences to those of the database it replaces, if it is the same one."""
    driver = connect(aside, "writer", pragmas={"synchronous": "full"}, timeout_s=0.0)
    try:
        link = driver.connection()
        own = sequence.read(link, aside)
        for seen in (witness.read(db_path), _numbers_of(db_path)):
            if seen is not None and seen.uuid == own.uuid:
                sequence.raise_to(link, aside, seen)
        return sequence.read(link, aside)
    finally:
        driver.close()


def _numbers_of(db_path: Path) -> witness.Witness | None:
    """Return how far the replaced database had come; None if it can't be read any more."""
    with contextlib.suppress(MimoError, OSError):
        inspection.check_header(db_path)
        mode: Mode = "reader" if inspection.has_log(db_path) else "frozen"
        driver = connect(db_path, mode, pragmas={"query_only": 1}, timeout_s=limits.BUSY_TIMEOUT_S)
        try:
            return sequence.read(driver.connection(), db_path)
        finally:
            driver.close()
    return None


def _keep_aside(db_path: Path, clock: Clock) -> Path | None:
    """Give the old database a second name, with its log if that can't be moved into it."""
    if not db_path.exists():
        return None
    _fold_log(db_path)
    stamp = f"{datetime.fromtimestamp(clock.wall_s(), UTC):%Y%m%dT%H%M%S}Z"
    kept = db_path.with_name(f"{db_path.name}.replaced-{stamp}")
    for number in range(2, 100):
        if not kept.exists():
            break
        kept = db_path.with_name(f"{db_path.name}.replaced-{stamp}-{number}")
    log = wal_path(db_path)
    if log.exists():
        shutil.copy2(log, wal_path(kept))
    try:
        kept.hardlink_to(db_path)
    except OSError:
        shutil.copy2(db_path, kept)
    sync_directory(db_path.parent)
    return kept


def _fold_log(db_path: Path) -> None:
    """Move the log into the old database; a damaged one keeps its log beside it."""
    with contextlib.suppress(MimoError, *faults.DRIVER_ERRORS):
        inspection.check_header(db_path)
        driver = connect(db_path, "writer", pragmas={}, timeout_s=limits.BUSY_TIMEOUT_S)
        try:
            driver.connection().wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            driver.close()


def _swap(aside: Path, db_path: Path) -> None:
    # The old log goes first: SQLite would replay it into the new database.
    for name in (
        wal_path(db_path),
        db_path.with_name(db_path.name + "-shm"),
        witness.path_of(db_path),
    ):
        name.unlink(missing_ok=True)
    aside.replace(db_path)
    sync_directory(db_path.parent)
