"""Refuses places where a database can't be, or is missing, by looking at names and modes alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from mimo.config.errors import StartError
from mimo.storage import backups, witness
from mimo.storage.connection import wal_path


def newest_backup(path: Path) -> str:
    """Return the end of a sentence that names the newest backup of this database."""
    found = backups.newest(path.parent / backups.FOLDER)
    return f"; the newest backup is {found.path}" if found else "; there is no backup"


def refuse_unfit(path: Path) -> None:
    """Refuse a place where this user can't write a database.

    Raises:
        StartError: Which place, what was expected, what came, what to do.
    """
    nearest = next(folder for folder in path.parents if folder.exists())
    _refuse_mode(nearest, "directory", stat.S_ISDIR, os.W_OK | os.X_OK)
    if path.exists() or path.is_symlink():
        _refuse_mode(path, "file", stat.S_ISREG, os.R_OK | os.W_OK)


def refuse_lost(path: Path, seen: witness.Witness | None) -> None:
    """Refuse to start empty where a database has been.

    Raises:
        StartError: Its log or its witness still stands there.
    """
    log = wal_path(path)
    if log.exists() and log.stat().st_size > 0:
        raise StartError(
            f"expected {path} beside {log.name}, got no file: the database was moved without its "
            f"log; put both in one place again, or delete {log}{newest_backup(path)}"
        )
    if seen is not None:
        raise StartError(
            f"expected database {seen.uuid} (change {seen.seq}) in {path}, got no file; put it "
            f"back, or delete {witness.path_of(path)} to start empty{newest_backup(path)}"
        )


def refuse_replaced(path: Path, uuid: str, seen: witness.Witness | None) -> None:
    """Refuse another database than the one that was here.

    Raises:
        StartError: The witness has seen another.
    """
    if seen is not None and seen.uuid != uuid:
        raise StartError(
            f"expected database {seen.uuid} in {path}, got {uuid}: the file was replaced; put the "
            f"other back, or delete {witness.path_of(path)} to accept this one"
        )


def _refuse_mode(place: Path, kind: str, is_kind: Callable[[int], bool], access: int) -> None:
    try:
        found = place.stat()
    except OSError as error:
        raise StartError(f"expected a {kind} at {place}, got {error.strerror}; mend it") from error
    if not is_kind(found.st_mode):
        raise StartError(f"expected a {kind} at {place}, got something else; move it away")
    if kind == "file" and found.st_uid != os.geteuid():
        raise StartError(
            f"expected {place} to belong to user {os.geteuid()}, who runs Mimo, got user "
            f"{found.st_uid}; change the owner, or give another --data-dir"
        )
    # The mode is asked too: access() allows root everything.
    if not found.st_mode & stat.S_IWUSR or not os.access(place, access):
        raise StartError(
            f"expected to be allowed to write {kind} {place}, got mode "
            f"{stat.S_IMODE(found.st_mode):04o}; allow it with 'chmod u+w', "
            "or give another --data-dir"
        )
