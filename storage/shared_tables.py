"""Where the shared tables of one heir stand, and how they come back after a crash or a reboot.

A table is found again by its name: first in shared memory, where it is as its owner left it, then
in its last snapshot on disk, where it is as old as that. A file from before the last boot is never
read: nothing was synced, so a power cut may have torn it.

This is the `TableStore` that `supervision/heir.py` is given by its dotted path.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from mimo.config.clock import Clock
from mimo.config.errors import Corrupt, StartError, StorageFailed
from mimo.storage import faults, table_format
from mimo.storage.table_file import TableFile
from mimo.storage.table_format import OnFull

_SUFFIX = ".table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a table came from when its heir opened it.

    Args:
        kind: shared (as its owner left it), snapshot, or created (empty).
        is_complete: Whether no acknowledged change can be missing.
        age_s: Wall-clock seconds since the snapshot that it came from; 0 otherwise.
        damage: Why the file in shared memory or the snapshot couldn't be used; "" if it could or
            wasn't there.
    """

    kind: Literal["shared", "snapshot", "created"]
    is_complete: bool = True
    age_s: float = 0.0
    damage: str = ""


class SharedTables:
    """The tables of one heir.

    Args:
        heir: The heir's name; its tables stand in a folder of their own.
        folder: A folder of ours alone, in shared memory where the host has it.
        snapshots: A folder on disk.
        boot_id: Of this run of the operating system.
        clock: To date snapshots and to expire rows.

    Raises:
        StartError: A folder isn't ours alone.
    """

    def __init__(
        self, *, heir: str, folder: Path, snapshots: Path, boot_id: str, clock: Clock
    ) -> None:
        self._boot_id = boot_id
        self._clock = clock
        self._folder = folder / quote(heir, safe="")
        self._make_folder()
        self._snapshots = snapshots / quote(heir, safe="")
        self._snapshots.mkdir(parents=True, exist_ok=True, mode=0o700)

    @staticmethod
    def open_owned(path: str, epoch: int, clock: Clock) -> TableFile:
        """Open a table that was granted under `epoch`.

        Raises:
            Corrupt: There is no such table any more.
        """
        return TableFile(path, clock, epoch=epoch)

    def names(self) -> tuple[str, ...]:
        """Return the names of all tables of this heir, in shared memory or on disk."""
        files = [*self._folder.glob(f"*{_SUFFIX}"), *self._snapshots.glob(f"*{_SUFFIX}")]
        return tuple(sorted({unquote(file.name.removesuffix(_SUFFIX)) for file in files}))

    def open(self, name: str, limits: tuple[int, int, OnFull]) -> tuple[TableFile, Origin]:
        """Return a table, found by its name or new and empty, and where it came from.

        Args:
            name: The table's name.
            limits: Most rows, most bytes, and what happens beyond; for a new table.

        Raises:
            DiskFull, StorageFailed: It can't be made now; nothing was changed.
        """
        try:
            return self._open(name, limits)
        except OSError as error:
            raise StorageFailed(
                f"expected to open the table {name}, got {error}; free some space",
                retry_after_s=1.0,
            ) from error

    def _open(self, name: str, limits: tuple[int, int, OnFull]) -> tuple[TableFile, Origin]:
        path = self._path(name)
        self._make_folder()
        damage: list[str] = []
        for kind, find in (("shared", self._find_shared), ("snapshot", self._find_snapshot)):
            try:
                found = find(name, path)
            except (Corrupt, StorageFailed) as error:
                damage.append(f"{kind}: {error.message}")
                if kind == "snapshot":
                    saved = self._snapshot_path(name)
                    saved.replace(saved.with_suffix(".damaged"))
                continue
            if found is not None:
                table, origin = found
                return table, Origin(
                    kind=origin.kind,
                    is_complete=origin.is_complete and not damage,
                    age_s=origin.age_s,
                    damage="; ".join(damage),
                )
        table_format.create(path, name=name, boot_id=self._boot_id, limits=limits)
        origin = Origin(kind="created", is_complete=not damage, damage="; ".join(damage))
        return TableFile(path, self._clock), origin

    def snapshot(self, table: TableFile, *, last: bool = False) -> None:
        """Write a table to disk: whole or not at all, and durable when this returns.

        Args:
            table: Whose present rows are kept.
            last: Whether nobody can change it any more.

        Raises:
            DiskFull, StorageFailed: The snapshot before it stays.
        """
        path = self._snapshot_path(table.name)
        fresh = path.with_suffix(".new")
        try:
            table_format.remove(fresh)
            table.copy_to(fresh, last=last)
            _sync(fresh)
            fresh.rename(path)
            _sync(path.parent)
        except OSError as error:
            raise StorageFailed(
                f"expected to write {path}, got {error}; free some space or mend its permissions",
                retry_after_s=1.0,
            ) from error

    def rebuild(self, table: TableFile) -> TableFile:
        """Give a table whose file was removed a new one with the rows that are still seen here.

        The old file must have been regranted first, so that nobody changes it meanwhile.
        """
        path = Path(table.path)
        fresh = path.with_suffix(".new")
        self._make_folder()
        table_format.remove(fresh)
        table.copy_to(fresh, last=True)
        table_format.put_in_place(fresh, path)
        table.close()
        return TableFile(path, self._clock)

    def retire(self, table: TableFile) -> None:
        """Remove a table from shared memory after its last snapshot; the memory is free again."""
        table.close()
        table_format.remove(Path(table.path))
        for folder in (self._folder, self._folder.parent):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _make_folder(self) -> None:
        """Make the folder, which may have been removed under a running node."""
        own_folder(self._folder.parent)
        own_folder(self._folder)

    def _find_shared(self, name: str, path: Path) -> tuple[TableFile, Origin] | None:
        if not path.exists():
            return None
        table = TableFile(path, self._clock)
        try:
            if not table.verify(name, self._boot_id):
                table.close()
                return None
        except Corrupt:
            table.close()
            raise
        return table, Origin(kind="shared")

    def _find_snapshot(self, name: str, path: Path) -> tuple[TableFile, Origin] | None:
        saved = self._snapshot_path(name)
        if not saved.exists():
            return None
        fresh = path.with_suffix(".new")
        table_format.remove(fresh)
        shutil.copyfile(saved, fresh)
        fresh.chmod(0o600)
        saved_wall_s, is_last = table_format.revive(fresh, self._boot_id, self._clock)
        table_format.put_in_place(fresh, path)
        table = TableFile(path, self._clock)
        table.verify(name, self._boot_id)
        age_s = max(self._clock.wall_s() - saved_wall_s, 0.0)
        return table, Origin(kind="snapshot", is_complete=is_last, age_s=age_s)

    def _path(self, name: str) -> Path:
        return self._folder / (quote(name, safe="") + _SUFFIX)

    def _snapshot_path(self, name: str) -> Path:
        return self._snapshots / (quote(name, safe="") + _SUFFIX)


def own_folder(path: Path) -> Path:
    """Make a folder with mode 0700, or accept one that is ours alone; return it.

    Raises:
        StartError: It is a link, belongs to somebody else or is open to others.
        DiskFull: There is no room for it.
    """
    try:
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = path.lstat()
    except OSError as error:
        if faults.is_without_room(error):
            raise faults.translated_os(error, "make the folder", str(path)) from error
        raise StartError(
            f"expected to make the folder {path}, got {error}; mend its parent"
        ) from error
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not is_ours or stat.S_IMODE(found.st_mode) & 0o077:
        raise StartError(
            f"expected a folder of uid {os.geteuid()} with mode 0700 at {path}, got "
            f"{stat.filemode(found.st_mode)} of uid {found.st_uid}; remove it"
        )
    return path


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
