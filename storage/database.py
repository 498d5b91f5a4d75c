"""Opens the database, or says in one sentence why not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import apsw
from playhouse.apsw_ext import APSWDatabase

from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK, Clock
from mimo.config.errors import Corrupt, MimoError, StartError
from mimo.storage import backups, creation, faults, fitness, inspection, sequence, witness
from mimo.storage.connection import Database, connect
from mimo.storage.migrations import runner
from mimo.storage.migrations.runner import MIGRATIONS, Migration

__all__ = ["SQLITE_VERSION", "Database", "Durability", "open_reader", "open_writer"]

Durability = Literal["full", "normal"]

#: Which SQLite this is; apsw brings its own.
SQLITE_VERSION: str = apsw.sqlite_lib_version()

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
    """Open the one connection that writes and checkpoints.

    A missing database is created, an older one migrated after a backup. A file that isn't right is
    refused and left as it is, byte for byte.

    Args:
        path: The database.
        durability: `full` syncs each commit, so that it survives a loss of power; with `normal`
            such a loss may take the last commits, but never harms the database.
        busy_timeout_s: How long to wait for another process's lock.
        clock: Dates new rows.
        check: Whether to read all pages first. A restarted writer may leave it out: a killed
            process can't damage pages.
        migrations: The schema's history; other than the default only in tests.

    Raises:
        StartError: What the operator must do is in the message.
        Corrupt: The database is damaged; the message names the newest backup.
        MimoError: See `storage.faults`.

    Source: SQLite wal.html; pragma.html, "synchronous".
    """
    path = Path(path).absolute()
    newest = runner.newest_version(migrations)
    try:
        seen = witness.read(path)
        fitness.refuse_unfit(path)
        creation.sweep(path)
        if not path.exists():
            fitness.refuse_lost(path, seen)
            creation.create(path, clock.wall_s(), migrations)
        found = inspection.inspect(path, check=check, newest=newest)
        fitness.refuse_replaced(path, found.identity.uuid, seen)
        pragmas = _writer_pragmas(durability)
        driver = connect(path, "writer", pragmas=pragmas, timeout_s=busy_timeout_s)
        try:
            _require_wal(driver, path)
            _migrate(driver, path, found.identity.schema_version, clock, migrations)
            database = Database(
                path,
                driver,
                mode="writer",
                identity=inspection.read_identity(driver, path, newest),
                clock=clock,
                notices=sequence.mend(driver.connection(), path, seen),
            )
        except BaseException:
            driver.close()
            raise
    except Corrupt as error:
        raise Corrupt(f"{error}{fitness.newest_backup(path)}") from error
    database.note(sequence.read(database.connection, path))
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

    Source: ours; reliability measured: a `query_only` connection does checkpoint, a `mode=ro` one
    can't.
    """
    path = Path(path).absolute()
    if not path.exists():
        raise StartError(f"expected a database in {path}, got no file; start Mimo to create it")
    inspection.check_header(path)
    pragmas = {**_COMMON_PRAGMAS, "query_only": 1}
    driver = connect(path, "reader", pragmas=pragmas, timeout_s=limits.BUSY_TIMEOUT_S)
    try:
        identity = inspection.read_identity(driver, path)
        return Database(path, driver, mode="reader", identity=identity, clock=clock)
    except BaseException:
        driver.close()
        raise


def _writer_pragmas(durability: Durability) -> dict[str, Any]:
    # Checkpoints are run by the writer when it suits it, not inside some commit.
    return {
        "journal_mode": "wal",
        "wal_autocheckpoint": 0,
        "synchronous": durability,
        **_COMMON_PRAGMAS,
    }


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
    version: int,
    clock: Clock,
    migrations: Sequence[Migration],
) -> None:
    missing = runner.pending(version, migrations)
    if not missing:
        return
    label = f"before-v{missing[-1].version}"
    kept = backups.backup(path, path.parent / backups.FOLDER, clock=clock, label=label)
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
    cause = faults.translated(error, "migrate", str(path))
    told = f"{cause}; the database is as it was, and there is a backup in {kept}"
    if cause.retry == "after":
        return type(cause)(told, retry_after_s=cause.retry_after_s)
    return StartError(told)
