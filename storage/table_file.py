"""One shared table: a small SQLite file that outlives its owner's process.

The file stands in shared memory, so a change costs microseconds and survives the death of whoever
made it. Two processes have it open: the owner, who alone changes rows, and its heir, who decides by
a number, the epoch, who the owner is. Each grant of the table makes the epoch larger, and every
change checks the epoch inside its transaction: a process that was frozen, declared dead and thawed
can't overwrite what its successor wrote.

Source: ours, after OTP ets (heir, give_away); reliability.md S14 and 2.2. `synchronous` is OFF
since nothing here has to survive a power cut, and WAL keeps a kill at any write harmless.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import apsw

from mimo.config.clock import Clock
from mimo.config.errors import Busy, Corrupt, InvalidRequest, StaleIncarnation
from mimo.storage.table_format import (
    FORMAT,
    LOCK_WAIT_MS,
    OnFull,
    create_empty,
    decoded,
    encoded,
    translated,
)

#: Pages of the write-ahead log after which it is written back.
CHECKPOINT_PAGES: Final = 256

#: Key, value (plain JSON or bytes), and monotonic seconds at which it expires or None.
Row = tuple[str, Any, float | None]

_PUT = "INSERT INTO rows (key, value, size, expires_at_s, seq) VALUES (?, ?, ?, ?, ?)"


class TableFile:
    """One process's connection to a shared table.

    Not to be carried over a fork. Reads see the last committed change of whichever process made it.

    Args:
        path: The file; it must exist.
        clock: For expiry; monotonic.
        epoch: The grant under which this process may change rows; None for a heir, which may not.

    Raises:
        Corrupt: The file isn't a table of this format.
    """

    def __init__(self, path: str | Path, clock: Clock, *, epoch: int | None = None) -> None:
        self.path = str(path)
        self._clock = clock
        self._epoch = epoch
        try:
            self._connection = apsw.Connection(self.path, flags=apsw.SQLITE_OPEN_READWRITE)
        except apsw.Error as error:
            raise translated(error, self.path) from error
        with self._errors():
            self._connection.set_busy_timeout(LOCK_WAIT_MS)
            for pragma in (
                "journal_mode = WAL",
                "synchronous = OFF",
                f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
                "temp_store = MEMORY",
            ):
                self._connection.execute(f"PRAGMA {pragma}").fetchall()
        found = self._one("SELECT name, format, rows_max, bytes_max, on_full, seq FROM meta")
        if found[1] != FORMAT:
            self.close()
            raise Corrupt(f"expected a table of format {FORMAT} in {path}, got another; remove it")
        self.name, _, self.rows_max, self.bytes_max, self._on_full, self.seq = found
        self._inode = Path(self.path).stat().st_ino
        self._rows, self._bytes = self.usage()[1:]

    # -- Reading -----------------------------------------------------------------------------
    def get(self, key: str) -> Any:
        """Return the value of `key`; None when it isn't there or has expired."""
        with self._errors():
            found = self._connection.execute(
                "SELECT value FROM rows "
                "WHERE key = ? AND (expires_at_s IS NULL OR expires_at_s > ?)",
                (key, self._clock.monotonic_s()),
            ).fetchone()
        return None if found is None else decoded(found[0])

    def items(self) -> list[Row]:
        """Return all rows that haven't expired, the longest unchanged first."""
        with self._errors():
            found: list[tuple[Any, ...]] = self._connection.execute(
                "SELECT key, value, expires_at_s FROM rows "
                "WHERE expires_at_s IS NULL OR expires_at_s > ? ORDER BY seq, key",
                (self._clock.monotonic_s(),),
            ).fetchall()
        return [(key, decoded(value), expires_at_s) for key, value, expires_at_s in found]

    def usage(self) -> tuple[int, int, int]:
        """Return the sequence number, and rows and bytes of keys and values, expired or not."""
        seq, rows, used = self._one(
            "SELECT (SELECT seq FROM meta), count(*), ifnull(sum(size), 0) FROM rows"
        )
        return seq, rows, used

    def ownership(self) -> tuple[str, int, int, bool]:
        """Return owner's name, its incarnation, epoch of the grant, whether the heir has it."""
        owner, incarnation, epoch, inherited = self._one(
            "SELECT owner, incarnation, epoch, inherited FROM meta"
        )
        return owner, incarnation, epoch, bool(inherited)

    # -- Changing rows (the owner) -----------------------------------------------------------
    def put(self, key: str, value: Any, expires_at_s: float | None = None) -> tuple[str, ...]:
        """Set one row; see `write`."""
        return self.write([(key, value, expires_at_s)])

    def delete(self, *keys: str) -> None:
        """Remove rows; one that isn't there is no error."""
        self.write([], keys)

    def write(self, puts: Sequence[Row], deletes: Sequence[str] = ()) -> tuple[str, ...]:
        """Make all these changes or none, and return the keys that were evicted to make room.

        A table at its limit of rows or bytes drops expired rows first; then it refuses the change
        or evicts the rows that were left unchanged for longest, as its specification says.

        Raises:
            StaleIncarnation: The table was granted to a successor; nothing was changed.
            Busy: The table is full and refuses; or its lock wasn't free in time.
            InvalidRequest: A value isn't plain, or the change alone is larger than the table.
            DiskFull: The shared memory has no room.
        """
        rows = {key: (*encoded(key, value), expires_at_s) for key, value, expires_at_s in puts}
        with self._transaction():
            count, used = self._rows, self._bytes
            seq = self._next_seq()
            execute = self._connection.execute
            for key in (*deletes, *rows):
                for (size,) in execute("DELETE FROM rows WHERE key = ? RETURNING size", (key,)):
                    count, used = count - 1, used - size
            for key, (value, size, expires_at_s) in rows.items():
                execute(_PUT, (key, value, size, expires_at_s, seq))
                count, used = count + 1, used + size
            evicted: tuple[str, ...] = ()
            if count > self.rows_max or used > self.bytes_max:
                evicted, count, used = self._make_room(seq, count, used)
        self.seq, self._rows, self._bytes = seq, count, used
        return evicted

    def delete_expired(self) -> tuple[str, ...]:
        """Remove the rows whose time is over and return their keys."""
        now_s = self._clock.monotonic_s()
        due_s = self.next_expiry_s()
        if due_s is None or due_s > now_s:
            return ()
        with self._transaction():
            seq = self._next_seq()
            gone = self._delete_expired(now_s)
        self.seq, self._rows = seq, self._rows - len(gone)
        self._bytes -= sum(size for _, size in gone)
        return tuple(key for key, _ in gone)

    def next_expiry_s(self) -> float | None:
        """Return the monotonic seconds at which the next row expires; None when none will."""
        (due_s,) = self._one("SELECT min(expires_at_s) FROM rows")
        return None if due_s is None else float(due_s)

    def adopt(self, other: TableFile) -> None:
        """Put all rows of `other`, a file lost to everybody else, in place of the present ones.

        Raises:
            StaleIncarnation: As for `write`.
        """
        with other._errors():
            rows = other._connection.execute(
                "SELECT key, value, size, expires_at_s, seq FROM rows"
            ).fetchall()
        with self._transaction():
            self._next_seq()
            self._connection.execute("DELETE FROM rows")
            self._connection.executemany(_PUT, rows)
            self._connection.execute("UPDATE meta SET seq = max(seq, ? + 1)", (other.seq,))
        self.seq, self._rows, self._bytes = self.usage()

    # -- Changing the owner (the heir) -------------------------------------------------------
    def regrant(self, was_epoch: int, owner: str, incarnation: int, *, inherited: bool) -> bool:
        """Write down a new ownership with the next epoch, unless `was_epoch` has passed.

        From this moment changes under an older epoch are refused.

        Raises:
            Busy: The lock wasn't free in time, such as when its holder is frozen.
        """
        with self._transaction():
            found = self._connection.execute(
                "UPDATE meta SET owner = ?, incarnation = ?, inherited = ?, epoch = epoch + 1 "
                "WHERE epoch = ? RETURNING epoch",
                (owner, incarnation, inherited, was_epoch),
            ).fetchone()
        return found is not None

    def limit(self, rows_max: int, bytes_max: int, on_full: OnFull) -> None:
        """Set the limits; they hold from the next time that an owner opens the table."""
        with self._transaction():
            self._connection.execute(
                "UPDATE meta SET rows_max = ?, bytes_max = ?, on_full = ?",
                (rows_max, bytes_max, on_full),
            )
        self.rows_max, self.bytes_max, self._on_full = rows_max, bytes_max, on_full

    # -- The file ----------------------------------------------------------------------------
    def verify(self, name: str, boot_id: str) -> bool:
        """Check every page; tell whether this is the table `name` of this boot.

        Raises:
            Corrupt: A page is damaged.
        """
        (verdict,) = self._one("PRAGMA quick_check(1)")
        found = self._one("SELECT name, boot_id FROM meta")
        if verdict != "ok":
            raise Corrupt(
                f"expected sound pages in {self.path}, got {verdict}; it will be replaced"
            )
        return found == (name, boot_id)

    def is_linked(self) -> bool:
        """Tell whether the path still leads to this very file."""
        try:
            return Path(self.path).stat().st_ino == self._inode
        except OSError:
            return False

    def is_same(self, other: TableFile) -> bool:
        """Tell whether `other` is a connection to the same file."""
        return self._inode == other._inode

    def close(self) -> None:
        """Close the connection; a second time is no error."""
        self._connection.close()

    def copy_to(self, path: Path, *, last: bool) -> None:
        """Write a consistent copy to `path`, which doesn't exist yet: one file without a log.

        Args:
            path: Where to.
            last: Whether nobody can change the table any more, so that the copy misses nothing.
        """
        create_empty(path)
        copy = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            with self._errors():
                with copy.backup("main", self._connection, "main") as backup:
                    backup.step(-1)
                copy.execute("PRAGMA journal_mode = DELETE").fetchall()
                copy.execute(
                    "UPDATE meta SET saved_wall_s = ?, saved_monotonic_s = ?, saved_last = ?",
                    (self._clock.wall_s(), self._clock.monotonic_s(), last),
                )
        finally:
            copy.close()

    # -- Inside ------------------------------------------------------------------------------
    def _next_seq(self) -> int:
        found = self._connection.execute(
            "UPDATE meta SET seq = seq + 1 WHERE epoch = ? RETURNING seq", (self._epoch,)
        ).fetchone()
        if found is None:
            raise StaleIncarnation(
                f"expected to own the table {self.name}, got it granted to a successor; leave"
            )
        return int(found[0])

    def _make_room(self, seq: int, count: int, used: int) -> tuple[tuple[str, ...], int, int]:
        for _, size in self._delete_expired(self._clock.monotonic_s()):
            count, used = count - 1, used - size
        evicted: list[str] = []
        while count > self.rows_max or used > self.bytes_max:
            limits = f"{self.rows_max} rows and {self.bytes_max} bytes in the table {self.name}"
            if self._on_full == "refuse":
                raise Busy(
                    f"expected at most {limits}, got {count} and {used}; try again later",
                    retry_after_s=1.0,
                )
            oldest = self._connection.execute(
                "SELECT key, size FROM rows WHERE seq < ? ORDER BY seq, key LIMIT 1", (seq,)
            ).fetchone()
            if oldest is None:
                raise InvalidRequest(
                    f"expected one change within {limits}, got {count} and {used}; make it smaller"
                )
            self._connection.execute("DELETE FROM rows WHERE key = ?", (oldest[0],))
            evicted.append(oldest[0])
            count, used = count - 1, used - oldest[1]
        return tuple(evicted), count, used

    def _delete_expired(self, now_s: float) -> list[tuple[Any, ...]]:
        return self._connection.execute(
            "DELETE FROM rows WHERE expires_at_s <= ? RETURNING key, size", (now_s,)
        ).fetchall()

    def _one(self, sql: str) -> tuple[Any, ...]:
        with self._errors():
            found = self._connection.execute(sql).fetchone()
        if found is None:
            raise Corrupt(f"expected one row about the table in {self.path}, got none; remove it")
        return tuple(found)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run the body between BEGIN IMMEDIATE and COMMIT; roll back whatever goes wrong."""
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise translated(error, self.path) from error
