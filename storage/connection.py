"""One open connection, with the rules that SQLite can't hold by itself.

A connection belongs to the process that opened it. A writer that met an input or output error
writes no more. A reader's transaction ends after a while. The files are watched: SQLite goes on
inserting into a deleted one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import quote

import apsw
from playhouse.apsw_ext import APSWDatabase

from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK, Clock
from mimo.config.errors import MimoError, StorageError, StorageFailed
from mimo.storage import faults
from mimo.storage.witness import Witness, WitnessFile

Row = tuple[Any, ...]
Mode = Literal["writer", "reader", "frozen"]

# VM instructions between two looks at the clock; about a millisecond.
_PROGRESS_STEPS = 20_000

_FLAGS = {
    "writer": apsw.SQLITE_OPEN_READWRITE,
    "reader": apsw.SQLITE_OPEN_READONLY,
    "frozen": apsw.SQLITE_OPEN_READONLY,
}
_QUERY = {"writer": "mode=rw", "reader": "mode=ro", "frozen": "immutable=1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which database this is.

    Args:
        uuid: 32 hex characters, given at its creation.
        created_at_s: When that was, wall seconds UTC.
        schema_version: The newest migration it has had.
    """

    uuid: str
    created_at_s: float
    schema_version: int


def wal_path(path: Path) -> Path:
    """Return where SQLite keeps the write-ahead log of this database."""
    return path.with_name(path.name + "-wal")


def connect(path: Path, mode: Mode, *, pragmas: dict[str, Any], timeout_s: float) -> APSWDatabase:
    """Open the file and return peewee's database over it.

    Args:
        path: An existing database.
        mode: `writer`; `reader` (can't write, sees other processes' commits); `frozen` (reads the
            main file alone, takes no lock and creates nothing; only for a file that nobody writes).
        pragmas: Set on the connection.
        timeout_s: How long to wait for a lock.

    Raises:
        MimoError: See `storage.faults`.
    """
    uri = f"file:{quote(str(path.absolute()))}?{_QUERY[mode]}"
    flags = _FLAGS[mode] | apsw.SQLITE_OPEN_URI
    with faults.mapped("open a database", path):
        driver = APSWDatabase(
            uri, pragmas=pragmas, timeout=timeout_s, thread_safe=False, flags=flags
        )
        driver.connect()
        link = driver.connection()
        for option in (apsw.SQLITE_DBCONFIG_DQS_DML, apsw.SQLITE_DBCONFIG_DQS_DDL):
            link.config(option, 0)
        link.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        link.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    return driver


class FileWatch:
    """Notices that the database's files were deleted or replaced while they are open.

    Args:
        path: The database.

    Source: reliability measured: inserts into an unlinked database succeed silently.
    """

    def __init__(self, path: Path) -> None:
        self._files = {str(file): self._mark(str(file)) for file in (path, wal_path(path))}

    @staticmethod
    def _mark(file: str) -> tuple[int, int] | None:
        # Never open() here: closing it would drop this process's locks on the database.
        try:
            found = os.stat(file)  # noqa: PTH116  a string saves a third of the time
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def changed(self) -> str | None:
        """Return a sentence about the file that isn't the one opened, or None."""
        for file, mark in self._files.items():
            now = self._mark(file)
            if now != mark and mark is not None:
                what = "deleted" if now is None else "replaced"
                return f"expected {file} to stay in place while Mimo runs, but it was {what}"
        return None


class Database:
    """An open connection of this process.

    Args:
        path: The database's file.
        driver: peewee's database, connected.
        mode: What it may do.
        identity: Which database it is.
        clock: For the limit of read transactions.
        notices: Sentences for the operator about what was found while opening.
    """

    def __init__(  # noqa: PLR0913
        self,
        path: Path,
        driver: APSWDatabase,
        *,
        mode: Mode,
        identity: Identity,
        clock: Clock = SYSTEM_CLOCK,
        notices: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.identity = identity
        self.notices = notices
        self.is_writer = mode == "writer"
        self.busy_timeout_s = float(driver.timeout)
        self.watch = FileWatch(path)
        self._driver = driver
        self._link = cast("apsw.Connection", driver.connection())
        self._clock = clock
        self._pid = os.getpid()
        self._refusal: MimoError | None = None
        self._witness = WitnessFile(path) if self.is_writer else None
        #: Pages in the log that a checkpoint would move, as the writer knows; None for a reader.
        self.wal_pages: int | None = None
        if self.is_writer:
            self.wal_pages = 0
            self._link.set_wal_hook(self._count_pages)

    # -- What may use it ----------------------------------------------------------------
    def _check(self) -> None:
        if os.getpid() != self._pid:
            raise StorageError(
                f"expected {self.path} to be used by process {self._pid} that opened it, got "
                f"{os.getpid()}; a connection can't be carried over fork: open one here"
            )
        if self._refusal is not None:
            raise self._refusal

    @property
    def connection(self) -> apsw.Connection:
        """The raw connection, for hot paths.

        Raises:
            StorageError: Another process opened it, it is closed, or it must not write any more.
        """
        self._check()
        return self._link

    @property
    def peewee(self) -> APSWDatabase:
        """Peewee's database over the same connection.

        Raises:
            StorageError: As `connection`.
        """
        self._check()
        return self._driver

    def refuse(self, error: MimoError) -> None:
        """Let every later use raise `error`: the connection can't be trusted any more."""
        self._refusal = error

    # -- Statements ---------------------------------------------------------------------
    def execute(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> apsw.Cursor:
        """Run SQL and return its rows as a cursor; read it to its end, or it holds a snapshot.

        Raises:
            MimoError: See `storage.faults`; raised here only for the first row.
        """
        link = self.connection
        try:
            return link.execute(sql, params)
        except apsw.Error as error:
            raise faults.translated(error, "run a statement", str(self.path)) from error

    def rows(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """Return all rows.

        Raises:
            MimoError: See `storage.faults`.
        """
        link = self.connection
        try:
            return link.execute(sql, params).fetchall()
        except apsw.Error as error:
            raise faults.translated(error, "read", str(self.path)) from error

    def one(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """Return the first row, or None.

        Raises:
            MimoError: See `storage.faults`.
        """
        found = self.rows(sql, params)
        return found[0] if found else None

    def value(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """Return the first column of the first row, or None.

        Raises:
            MimoError: See `storage.faults`.
        """
        found = self.one(sql, params)
        return found[0] if found else None

    def data_version(self) -> int:
        """Return a number that differs once another connection has committed.

        Source: SQLite pragma.html, "data_version".
        """
        return int(self.value("PRAGMA data_version"))

    # -- Transactions -------------------------------------------------------------------
    @contextlib.contextmanager
    def writing(self, doing: str) -> Iterator[apsw.Connection]:
        """Raise Mimo's errors; after one that leaves the outcome unknown, refuse to go on.

        Raises:
            MimoError: See `storage.faults`.
        """
        try:
            with faults.mapped(doing, self.path):
                yield self.connection
        except MimoError as error:
            if faults.ends_writing(error):
                self.refuse(error)
            raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """Write in one transaction: committed at the end, rolled back by any exception.

        Raises:
            MimoError: See `storage.faults`; after StorageFailed and Corrupt the connection refuses.
        """
        with self.writing("write") as link:
            link.execute("BEGIN IMMEDIATE")
            try:
                yield link
                link.execute("COMMIT")
            finally:
                self._roll_back(link)

    def _count_pages(self, _link: apsw.Connection, _name: str, pages: int) -> int:
        self.wal_pages = pages
        return apsw.SQLITE_OK

    @staticmethod
    def _roll_back(link: apsw.Connection) -> None:
        # SQLite has rolled back by itself after some errors, such as a full disk.
        with contextlib.suppress(apsw.Error):
            if link.in_transaction:
                link.execute("ROLLBACK")

    @contextlib.contextmanager
    def snapshot(self, max_s: float = limits.READ_TRANSACTION_S_MAX) -> Iterator[apsw.Connection]:
        """Read several times from one state of the database, for at most `max_s` seconds.

        Raises:
            DeadlineExceeded: A statement ran when the time was over.
            MimoError: See `storage.faults`.
        """
        link = self.connection
        ends_s = self._clock.monotonic_s() + max_s
        with faults.mapped("read", self.path):
            link.set_progress_handler(lambda: self._clock.monotonic_s() > ends_s, _PROGRESS_STEPS)
            try:
                link.execute("BEGIN")
                yield link
            finally:
                link.set_progress_handler(None)
                self._roll_back(link)

    # -- The files ----------------------------------------------------------------------
    def note(self, witness: Witness) -> None:
        """Let the witness beside the file remember this; a writer calls it after each commit."""
        if self._witness is not None:
            self._witness.note(witness)

    def check_files(self) -> None:
        """Refuse to go on if the database was deleted or replaced under us.

        Raises:
            StorageFailed: What was committed may be lost; nothing of it may be acknowledged.
        """
        found = self.watch.changed()
        if found is not None:
            error = StorageFailed(f"{found}; put it back or restart Mimo", retry_after_s=1.0)
            self.refuse(error)
            raise error

    def close(self) -> None:
        """Close the connection; closing twice, or after a fork, is harmless."""
        if os.getpid() != self._pid:
            return
        self.refuse(StorageError(f"expected {self.path} to be open, but it was closed; open it"))
        if not self._driver.is_closed():
            with contextlib.suppress(*faults.DRIVER_ERRORS):
                self._driver.close()
        if self._witness is not None:
            self._witness.close()
