"""The format of a shared table's file, and what is done to a file that nobody has open."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final, Literal

import apsw

from mimo.config.clock import Clock
from mimo.config.errors import Busy, Corrupt, DiskFull, InvalidRequest, StorageError, StorageFailed

#: Format of the file; another one is not read.
FORMAT: Final = 1
#: How long a change waits for the other process's lock, in milliseconds; it holds it for
#: microseconds.
LOCK_WAIT_MS: Final = 250

OnFull = Literal["refuse", "evict"]

_SCHEMA = """
CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    format INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    incarnation INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    inherited INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    rows_max INTEGER NOT NULL,
    bytes_max INTEGER NOT NULL,
    on_full TEXT NOT NULL,
    saved_wall_s REAL,
    saved_monotonic_s REAL,
    saved_last INTEGER NOT NULL
);
CREATE TABLE rows (
    key TEXT PRIMARY KEY,
    value NOT NULL,
    size INTEGER NOT NULL,
    expires_at_s REAL,
    seq INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX rows_by_age ON rows (seq);
CREATE INDEX rows_by_expiry ON rows (expires_at_s) WHERE expires_at_s IS NOT NULL;
"""
_FIRST_META = (
    "INSERT INTO meta (id, name, format, boot_id, owner, incarnation, epoch, inherited, seq, "
    "rows_max, bytes_max, on_full, saved_last) VALUES (1, ?, ?, ?, '', 0, 0, 1, 0, ?, ?, ?, 0)"
)


def create(path: Path, *, name: str, boot_id: str, limits: tuple[int, int, OnFull]) -> None:
    """Make an empty table that nobody owns yet; a half-made file never appears at `path`.

    Args:
        path: Where; an older file there is replaced.
        name: The table's name.
        boot_id: Of this run of the operating system.
        limits: Most rows, most bytes, and what happens beyond.

    Raises:
        DiskFull: No room.
    """
    fresh = path.with_suffix(".new")
    remove(fresh)
    create_empty(fresh)
    connection = apsw.Connection(str(fresh), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.execute("BEGIN")
        connection.execute(_SCHEMA)
        connection.execute(_FIRST_META, (name, FORMAT, boot_id, *limits))
        connection.execute("COMMIT")
    except apsw.Error as error:
        raise translated(error, str(fresh)) from error
    finally:
        connection.close()
    put_in_place(fresh, path)


def revive(path: Path, boot_id: str, clock: Clock) -> tuple[float, bool]:
    """Turn a copy of a snapshot into a table of this boot; return its wall time and completeness.

    An incarnation is a moment of the monotonic clock, so one of another boot means nothing; of this
    boot, whoever had the table may claim it again, but nobody from before.

    Time that passed between the snapshot and now doesn't count against a row's expiry: a wall clock
    that jumped must not make a table forget.

    Raises:
        Corrupt: It isn't a snapshot of a table.
    """
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error as error:
        raise translated(error, str(path)) from error
    try:
        saved = connection.execute(
            "SELECT saved_wall_s, saved_monotonic_s, saved_last FROM meta "
            "WHERE saved_wall_s IS NOT NULL"
        ).fetchone()
        if saved is None:
            raise Corrupt(f"expected a snapshot in {path}, got another table; it will be replaced")
        with connection:
            connection.execute(
                "UPDATE rows SET expires_at_s = expires_at_s + ?", (clock.monotonic_s() - saved[1],)
            )
            connection.execute(
                "UPDATE meta SET incarnation = iif(boot_id = ?1, incarnation - 1 + inherited, 0), "
                "boot_id = ?1, inherited = 1, epoch = epoch + 1, "
                "saved_wall_s = NULL, saved_monotonic_s = NULL, saved_last = 0",
                (boot_id,),
            )
    except apsw.Error as error:
        raise translated(error, str(path)) from error
    finally:
        connection.close()
    return float(saved[0]), bool(saved[2])


def put_in_place(fresh: Path, path: Path) -> None:
    """Give a closed table file its name.

    An older file of that name goes, and its log, which must not be replayed into this one.
    """
    remove(path)
    fresh.rename(path)


def remove(path: Path) -> None:
    """Remove a table file and its companions; processes that have it open keep what they have."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def create_empty(path: Path) -> None:
    """Make an empty file of mode 0600; SQLite gives its companions the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))


def encoded(key: str, value: Any) -> tuple[str | bytes, int]:
    """Return a value as it is stored, and the size of the row that counts against the limit.

    Raises:
        InvalidRequest: It isn't plain JSON or bytes.
    """
    try:
        stored = value if isinstance(value, bytes) else _to_json(value)
        size = len(stored) if isinstance(stored, bytes) else len(stored.encode())
        return stored, len(key.encode()) + size
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"expected plain JSON or bytes for {key!r}, got {error}") from error


def _to_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def decoded(stored: str | bytes) -> Any:
    """Return a stored value."""
    return stored if isinstance(stored, bytes) else json.loads(stored)


def translated(error: apsw.Error, path: str) -> StorageError | Busy:
    """Return the project's error for one of SQLite's."""
    match error:
        case apsw.BusyError() | apsw.LockedError():
            return Busy(
                f"expected the lock of {path} within {LOCK_WAIT_MS} ms, got {error}",
                retry_after_s=0.1,
            )
        case apsw.FullError():
            return DiskFull(
                f"expected room for {path}, got {error}; free some space", retry_after_s=1.0
            )
        case apsw.CorruptError() | apsw.NotADBError() | apsw.SQLError() | apsw.CantOpenError():
            return Corrupt(f"expected a table in {path}, got {error}; it will be replaced")
        case _:
            return StorageFailed(
                f"expected to use {path}, got {error}; see the log", retry_after_s=1.0
            )
