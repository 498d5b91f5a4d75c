"""Online backups: copied from one snapshot while others write, verified, then given their name.

A backup is one self-contained file `mimo-<UTC>[-<label>].db`. What a killed backup leaves ends in
`.partial` and is removed by the next one.

Source: SQLite backup.html. Ours: the copy holds one read snapshot instead of starting over at each
commit, so it ends under any write load; the write-ahead log grows meanwhile and shrinks afterwards.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK, Clock
from mimo.config.errors import Corrupt, StartError
from mimo.storage import faults, inspection
from mimo.storage.connection import connect
from mimo.storage.creation import empty_aside, sync_directory

#: Name of the backups' directory inside the data directory.
FOLDER = "backups"

#: Called with (pages copied, pages in all) after each step; may wait to spare the disk.
Progress = Callable[[int, int], None]

_NAME = re.compile(r"mimo-(?P<stamp>\d{8}T\d{6}\d{3}Z)(?:-(?P<label>[a-z0-9-]+))?\.db")
_LABEL = re.compile(r"[a-z0-9-]*")
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup as its name and size tell it; see `verify` for what is inside.

    Args:
        path: The file.
        created_at_s: When it was begun, wall seconds UTC.
        size_bytes: Its size.
        label: Its kind; "" for a regular one.
    """

    path: Path
    created_at_s: float
    size_bytes: int
    label: str


def list_all(folder: Path) -> tuple[Backup, ...]:
    """Return the finished backups in this directory, newest first."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            parts = _NAME.fullmatch(path.name)
            if parts is not None:
                found.append(_described(path, parts))
    return tuple(sorted(found, key=lambda backup: backup.path.name, reverse=True))


def newest(folder: Path) -> Backup | None:
    """Return the newest finished backup, or None."""
    return next(iter(list_all(folder)), None)


def verify(backup: Path) -> inspection.Inspection:
    """Read the whole backup and return what it holds.

    Raises:
        StartError: It isn't there, or not Mimo's.
        Corrupt: It is damaged.
    """
    if not backup.is_file():
        raise StartError(f"expected a backup in {backup}, got no file; see 'mimo backup --list'")
    return inspection.inspect(backup, log_is_shared=False)


def backup(  # noqa: PLR0913
    db_path: Path,
    folder: Path,
    progress: Progress | None = None,
    *,
    clock: Clock = SYSTEM_CLOCK,
    label: str = "",
    keep: int = limits.BACKUPS_KEPT,
) -> Path:
    """Copy the database as it is now, while it is in use, and return the finished, verified file.

    Args:
        db_path: An existing database.
        folder: Where backups stand; made with mode 0700.
        progress: Called after each step.
        clock: Names the file.
        label: The kind of backup: lower-case letters, digits and hyphens.
        keep: How many of this kind are kept, at least 1.

    Raises:
        Corrupt: The copy isn't sound; it is removed.
        MimoError: See `storage.faults`; nothing is left behind.
    """
    if not _LABEL.fullmatch(label) or keep < 1:
        raise ValueError(f"expected a label of a-z, 0-9, - and keep >= 1, got {label!r} and {keep}")
    with faults.mapped("back up the database", folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(folder)
        target = folder / _free_name(folder, clock, label)
        with empty_aside(target.with_name(target.name + _PARTIAL)) as aside:
            before = inspection.inspect(db_path, check=False)
            copy_pages(db_path, aside, progress, is_live=True)
            _require_same(aside, before)
            aside.rename(target)
        sync_directory(folder)
        prune(folder, label=label, keep=keep)
    return target


def prune(folder: Path, *, label: str = "", keep: int = limits.BACKUPS_KEPT) -> tuple[Path, ...]:
    """Remove the backups of this kind beyond the newest `keep`, and return them."""
    same_kind = [found for found in list_all(folder) if found.label == label]
    surplus = tuple(found.path for found in same_kind[keep:])
    for path in surplus:
        path.unlink(missing_ok=True)
    return surplus


def copy_pages(source: Path, target: Path, progress: Progress | None, *, is_live: bool) -> None:
    """Copy a database into an existing empty file: one snapshot, no log beside it, synced.

    Args:
        source: A database.
        target: An empty file of ours.
        progress: Called after each step.
        is_live: Whether others may be writing the source.

    Raises:
        MimoError: See `storage.faults`.
    """
    pragmas = {"query_only": 1}
    reader = connect(
        source, "reader" if is_live else "frozen", pragmas=pragmas, timeout_s=limits.BUSY_TIMEOUT_S
    )
    writer = connect(target, "writer", pragmas={"synchronous": "full"}, timeout_s=0.0)
    try:
        with faults.mapped("copy the database", target):
            snapshot = reader.connection()
            snapshot.execute("BEGIN")
            snapshot.execute("SELECT seq FROM identity").fetchall()
            with writer.connection().backup("main", snapshot, "main") as steps:
                while not steps.done:
                    steps.step(limits.BACKUP_STEP_PAGES)
                    if progress is not None:
                        progress(steps.page_count - steps.remaining, steps.page_count)
            writer.pragma("journal_mode", "delete")
    finally:
        writer.close()
        reader.close()
    _sync_file(target)


def _require_same(aside: Path, before: inspection.Inspection) -> None:
    after = verify(aside)
    if after.identity != before.identity or after.seq < before.seq:
        raise Corrupt(
            f"expected a copy of database {before.identity.uuid} at change {before.seq} or newer, "
            f"got {after.identity.uuid} at {after.seq}; try again"
        )


def _described(path: Path, parts: re.Match[str]) -> Backup:
    began = datetime.strptime(parts["stamp"], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    return Backup(
        path=path,
        created_at_s=began.timestamp(),
        size_bytes=path.stat().st_size,
        label=parts["label"] or "",
    )


def _free_name(folder: Path, clock: Clock, label: str) -> str:
    suffix = f"-{label}" if label else ""
    at_ms = int(clock.wall_s() * 1000)
    while True:
        began = datetime.fromtimestamp(at_ms // 1000, UTC)
        name = f"mimo-{began:%Y%m%dT%H%M%S}{at_ms % 1000:03d}Z{suffix}.db"
        if not (folder / name).exists():
            return name
        at_ms += 1


def _sweep(folder: Path) -> None:
    for found in folder.glob(f"mimo-*{_PARTIAL}*"):
        found.unlink(missing_ok=True)


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
