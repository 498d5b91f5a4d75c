"""The folder in which one data directory's tables live, and what dead data directories left.

Shared memory belongs to the whole host and is emptied by a reboot only, so a node that was killed
and whose data directory was then deleted would hold memory for ever.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

from mimo.config import logs
from mimo.config.clock import Clock
from mimo.config.errors import StartError
from mimo.config.paths import RunPaths
from mimo.supervision import platform

#: Names the data directory inside its folder.
MARK = "data_dir"
#: How long nothing may have changed in a folder before it counts as abandoned, in seconds: the data
#: directory may be on a disk that is only unplugged.
ABANDONED_S = 86_400.0


def folder_for(paths: RunPaths, clock: Clock, actor: str) -> Path:
    """Return the folder for shared tables; on disk where shared memory can't be had safely.

    Args:
        paths: Of the data directory.
        clock: To tell how old a folder is.
        actor: Who asks; for the log.
    """
    try:
        folder = platform.shared_memory_dir(paths.data_dir, fallback=paths.tables)
    except StartError as error:
        logs.get_logger(actor).warning("heir.no_shared_memory", reason=error.message)
        paths.tables.mkdir(mode=0o700, parents=True, exist_ok=True)
        return paths.tables
    if folder != paths.tables:
        (folder / MARK).write_bytes(os.fsencode(paths.data_dir))
        _sweep(folder, clock.wall_s())
    return folder


def leave(folder: Path) -> None:
    """Remove the folder when no table is left in it."""
    with contextlib.suppress(OSError):
        if [path.name for path in folder.iterdir()] == [MARK]:
            (folder / MARK).unlink()
            folder.rmdir()


def _sweep(own: Path, now_s: float) -> None:
    """Remove folders of this user whose data directory is gone and that nobody has used lately."""
    pattern = f"{own.name.rpartition('-')[0]}-*"
    for folder in own.parent.glob(pattern):
        if folder != own and _is_abandoned(folder, now_s):
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path, now_s: float) -> bool:
    try:
        found = folder.lstat()
        data_dir = Path(os.fsdecode((folder / MARK).read_bytes()))
        newest_s = max(path.lstat().st_mtime for path in folder.rglob("*"))
    except (OSError, ValueError):
        return False
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_ours and not data_dir.exists() and now_s - newest_s > ABANDONED_S
