"""Opens the database, or says in one sentence why not."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from playhouse.apsw_ext import APSWDatabase  # type: ignore[import-untyped]

from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK, Clock
from mimo.config.errors import Corrupt, MimoError, StartError
from mimo.storage import backups, creation, faults, inspection, witness
from mimo.storage.connection import Database, Identity, connect, wal_path
from mimo.storage.migrations import runner
from mimo.storage.migrations.runner import MIGRATIONS, Migration

__all__ = ["Database", "Durability", "open_reader", "open_writer"]

Durability = Literal["full", "normal"]

_COMMON_PRAGMAS = {"foreign_keys": 1, "temp_store": 2, "cache_size": -8_000}


def open_writer(  # noqa: PLR0913
    path: Path | str,
    *,
    durability: Durability = "full",
    busy_timeout_s: float = limits.BUSY_TIMEOUT_S,
    clock: Clock = SYSTEM_CLOCK,
    check: bool = True,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> Database:
    """Open the one connection that writes and checkpoints; create or migrate the database first if needed.

    A file that isn't right is refused and left as it is, byte for byte.

    Args:
        path: The database.
        durability: `full` syncs each commit, so that it survives a loss of power; with `normal` such a loss
            may take the last commits, but never harms the database.
        busy_timeout_s: How long to wait for another process's lock.
        clock: Dates new rows.
        check: Whether to read all pages first. A restarted writer may leave it out: a killed process can't
            damage pages.
        migrations: The schema's history; other than the default only in tests.

    Raises:
        StartError: What the operator must do is in the message.
        Corrupt: The database is damaged; the message names the newest backup.
        MimoError: See `storage.faults`.

    Source: SQLite wal.html; pragma.html, "synchronous".
    """
    path = Path(path).absolute()
    try:
        return _open_writer(
            path, _writer_pragmas(durability), busy_timeout_s, clock, migrations, check=check
        )
    except Corrupt as error:
        raise Corrupt(f"{error}{_newest_backup(path)}") from error


def _open_writer(  # noqa: PLR0913
    path: Path,
    pragmas: dict[str, Any],
    busy_timeout_s: float,
    clock: Clock,
    migrations: Sequence[Migration],
    *,
    check: bool,
) -> Database:
    seen = witness.read(path)
    _refuse_unfit(path)
    if not path.exists():
        _refuse_lost(path, seen)
        creation.create(path, clock.wall_s(), migrations)
    newest = runner.newest_version(migrations)
    found = inspection.inspect(path, check=check, newest=newest)
    if seen is not None and seen.uuid != found.identity.uuid:
        raise StartError(
            f"expected database {seen.uuid} in {path}, got {found.identity.uuid}: the file was replaced; "
            f"put the other back, or delete {witness.path_of(path)} to accept this one"
        )
    driver = connect(path, "writer", pragmas=pragmas, timeout_s=busy_timeout_s)
    try:
        _require_wal(driver, path)
        _migrate(driver, path, found.identity, clock, migrations)
        notices = _mend_sequence(driver, path, seen)
        identity = inspection.read_identity(driver, path, newest)
        database = Database(
            path, driver, mode="writer", identity=identity, clock=clock, notices=notices
        )
    except BaseException:
        driver.close()
        raise
    database.note(sequence_of(database))
    return database


def open_reader(path: Path | str, *, clock: Clock = SYSTEM_CLOCK) -> Database:
    """Open a connection that can't write, not even a checkpoint.

    Args:
        path: An existing database of Mimo's.
        clock: Measures read transactions.

    Raises:
        StartError: It isn't there, another application's, or a newer Mimo's.
        Corrupt: It is damaged.
        MimoError: See `storage.faults`.

    Source: ours; reliability measured: a `query_only` connection does checkpoint, a `mode=ro` one can't.
    """
    path = Path(path).absolute()
    if not path.exists():
        raise StartError(
            f"expected a database in {path}, got no file; start Mimo once to create it"
        )
    inspection.check_header(path)
    driver = connect(
        path,
        "reader",
        pragmas={**_COMMON_PRAGMAS, "query_only": 1},
        timeout_s=limits.BUSY_TIMEOUT_S,
    )
    try:
        identity = inspection.read_identity(driver, path)
        return Database(path, driver, mode="reader", identity=identity, clock=clock)
    except BaseException:
        driver.close()
        raise


def sequence_of(db: Database) -> witness.Witness:
    """Return how far the database has come: its newest change and the last memory id given away."""
    row = db.one(
        "SELECT seq, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'memories'), 0) "
        "FROM identity"
    )
    seq, memory_id = row or (0, 0)
    return witness.Witness(uuid=db.identity.uuid, seq=int(seq), memory_id=int(memory_id))


def _writer_pragmas(durability: Durability) -> dict[str, Any]:
    # Checkpoints are run by the writer when it suits it, not inside some commit.
    return {
        "journal_mode": "wal",
        "wal_autocheckpoint": 0,
        "synchronous": durability,
        **_COMMON_PRAGMAS,
    }


def _refuse_unfit(path: Path) -> None:
    """Refuse a place where a database can't be written, by `stat` alone."""
    folder = path.parent
    if folder.exists():
        _refuse_mode(folder, "directory", stat.S_ISDIR, os.W_OK | os.X_OK)
    if path.exists() or path.is_symlink():
        _refuse_mode(path, "file", stat.S_ISREG, os.R_OK | os.W_OK)


def _refuse_mode(place: Path, kind: str, is_kind: Any, access: int) -> None:
    try:
        found = place.stat()
    except OSError as error:
        raise StartError(f"expected a {kind} at {place}, got {error.strerror}; mend it") from error
    if not is_kind(found.st_mode):
        raise StartError(f"expected a {kind} at {place}, got something else; move it away")
    if kind == "file" and found.st_uid != os.geteuid():
        raise StartError(
            f"expected {kind} {place} to belong to user {os.geteuid()}, who runs Mimo, got user "
            f"{found.st_uid}; change the owner, or give another --data-dir"
        )
    if not found.st_mode & stat.S_IWUSR or not os.access(place, access):
        raise StartError(
            f"expected to be allowed to write {kind} {place}, got mode "
            f"{stat.S_IMODE(found.st_mode):04o}; allow it with 'chmod u+w', or give another --data-dir"
        )


def _refuse_lost(path: Path, seen: witness.Witness | None) -> None:
    """Refuse to start empty where a database has been."""
    log = wal_path(path)
    if log.exists() and log.stat().st_size > 0:
        raise StartError(
            f"expected {path} beside {log.name}, got no file: the database was moved without its log; "
            f"put both in one place again, or delete {log}{_newest_backup(path)}"
        )
    if seen is not None:
        raise StartError(
            f"expected database {seen.uuid} (change {seen.seq}) in {path}, got no file; put it back, or "
            f"delete {witness.path_of(path)} to start empty{_newest_backup(path)}"
        )


def _newest_backup(path: Path) -> str:
    newest = backups.newest(path.parent / backups.FOLDER)
    return f"; the newest backup is {newest.path}" if newest else "; there is no backup"


def _require_wal(driver: APSWDatabase, path: Path) -> None:
    with faults.mapped("read the journal mode", path):
        mode = driver.pragma("journal_mode")
    if mode != "wal":
        raise StartError(
            f"expected a file system with shared memory for {path}, got journal mode {mode!r}; "
            "give a --data-dir on a local disk"
        )


def _migrate(
    driver: APSWDatabase,
    path: Path,
    found: Identity,
    clock: Clock,
    migrations: Sequence[Migration],
) -> None:
    missing = runner.pending(found.schema_version, migrations)
    if not missing:
        return
    kept = backups.backup(
        path, path.parent / backups.FOLDER, clock=clock, label=f"before-v{missing[-1].version}"
    )
    link = driver.connection()
    try:
        link.execute("PRAGMA foreign_keys = 0")
        link.execute("BEGIN IMMEDIATE")
        runner.run(link, missing, clock.wall_s())
        link.execute("COMMIT")
        link.execute("PRAGMA foreign_keys = 1")
    except faults.DRIVER_ERRORS as error:
        raise _migration_failed(error, path, kept) from error


def _migration_failed(error: Exception, path: Path, kept: Path) -> MimoError:
    mapped = faults.translated(error, "migrate", str(path))
    told = f"{mapped}; the database is as it was, and there is a backup in {kept}"
    is_disk = mapped.code in {"disk_full", "storage_failed", "busy"}
    return type(mapped)(told, retry_after_s=mapped.retry_after_s) if is_disk else StartError(told)


def _mend_sequence(
    driver: APSWDatabase, path: Path, seen: witness.Witness | None
) -> tuple[str, ...]:
    """Raise the sequences to where the witness saw them: a number given away isn't given again."""
    if seen is None:
        return ()
    with faults.mapped("read the sequence", path):
        link = driver.connection()
        seq = int(link.execute("SELECT seq FROM identity").fetchall()[0][0])
        if seq >= seen.seq:
            return ()
        raise_sequence(link, seen.seq, seen.memory_id)
    return (
        f"expected change {seen.seq} or newer in {path}, got {seq}: the last {seen.seq - seq} changes are "
        "gone; the write-ahead log was deleted or cut, or an older file was put here",
    )


def raise_sequence(link: Any, seq: int, memory_id: int) -> None:
    """Let the next change and the next memory be numbered after these."""
    link.execute("BEGIN IMMEDIATE")
    link.execute("UPDATE identity SET seq = max(seq, ?)", (seq,))
    link.execute(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'memories', 0 "
        "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'memories')"
    )
    link.execute(
        "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'memories'", (memory_id,)
    )
    link.execute("COMMIT")
