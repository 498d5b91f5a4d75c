"""SQLite's result codes as Mimo's errors: the only place that names them.

code                      error           the connection afterwards
FULL                      DiskFull        rolled back and usable
IOERR (any), CANTOPEN     StorageFailed   must not write again: after a failed fsync the kernel may have
                                          dropped the pages it couldn't write
CORRUPT, NOTADB           Corrupt         must not write again
BUSY, LOCKED              Busy            usable
INTERRUPT                 DeadlineExceeded usable
READONLY, PERM, AUTH      StorageFailed   must not write again
CONSTRAINT, TOOBIG, ...   InvalidRequest  usable
anything else             Internal        usable

Source: SQLite rescode.html; reliability measured: EIO on fdatasync, RLIMIT_FSIZE, a full tmpfs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import apsw
import peewee

from mimo.config import errors

#: What raw SQL and peewee raise; catch these, then `translated`.
DRIVER_ERRORS = (apsw.Error, peewee.PeeweeException)

#: Seconds to wait before a retry, by what was in the way.
_RETRY_BUSY_S = 0.2
_RETRY_DISK_FULL_S = 5.0
_RETRY_FAILED_S = 0.5

_IO = frozenset({apsw.SQLITE_IOERR, apsw.SQLITE_CANTOPEN, apsw.SQLITE_NOLFS})
_DAMAGED = frozenset({apsw.SQLITE_CORRUPT, apsw.SQLITE_NOTADB, apsw.SQLITE_FORMAT})
_LOCKED = frozenset({apsw.SQLITE_BUSY, apsw.SQLITE_LOCKED, apsw.SQLITE_PROTOCOL})
_REFUSED = frozenset({apsw.SQLITE_READONLY, apsw.SQLITE_PERM, apsw.SQLITE_AUTH})
_CALLER = frozenset(
    {apsw.SQLITE_CONSTRAINT, apsw.SQLITE_TOOBIG, apsw.SQLITE_MISMATCH, apsw.SQLITE_RANGE}
)


def driver_error(error: BaseException) -> apsw.Error | None:
    """Return the apsw error in `error` (peewee wraps it), or None."""
    if isinstance(error, apsw.Error):
        return error
    if error.args and isinstance(error.args[0], apsw.Error):
        return error.args[0]
    return None


def result_code(error: BaseException) -> int:
    """Return SQLite's primary result code of a driver error, or SQLITE_ERROR."""
    found = driver_error(error)
    return int(getattr(found, "result", apsw.SQLITE_ERROR)) if found else apsw.SQLITE_ERROR


def code_name(error: BaseException) -> str:
    """Return the name of SQLite's extended result code, such as SQLITE_IOERR_FSYNC."""
    found = driver_error(error)
    code = int(getattr(found, "extendedresult", 0) or result_code(error))
    names = apsw.mapping_extended_result_codes, apsw.mapping_result_codes
    return next((str(table[code]) for table in names if code in table), f"code {code}")


def translated(error: BaseException, doing: str, path: str) -> errors.MimoError:
    """Return the error that the rest of Mimo sees.

    Args:
        error: One of `DRIVER_ERRORS`.
        doing: What was being done, such as "store memories".
        path: The database.
    """
    code = result_code(error)
    what = f"could not {doing} in {path}: {code_name(error)}"
    if code == apsw.SQLITE_FULL:
        return errors.DiskFull(
            f"{what}; nothing was written and reads go on; free some space on that disk",
            retry_after_s=_RETRY_DISK_FULL_S,
        )
    if code in _DAMAGED:
        return errors.Corrupt(
            f"{what}; expected a sound database; stop Mimo and restore a backup with 'mimo restore'"
        )
    if code in _LOCKED:
        return errors.Busy(
            f"{what}; another process holds the lock; end it or try again",
            retry_after_s=_RETRY_BUSY_S,
        )
    if code == apsw.SQLITE_INTERRUPT:
        return errors.DeadlineExceeded(f"{what}; it took too long and was cut; ask for less")
    if code in _IO or code in _REFUSED:
        return errors.StorageFailed(
            f"{what}; the outcome is unknown until the database was opened anew",
            retry_after_s=_RETRY_FAILED_S,
        )
    if code in _CALLER:
        return errors.InvalidRequest(f"{what}: {error}")
    return errors.Internal(f"{what}: {error}")


@contextlib.contextmanager
def mapped(doing: str, path: object) -> Iterator[None]:
    """Raise Mimo's errors instead of the driver's.

    Raises:
        MimoError: See the table above.
    """
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translated(error, doing, str(path)) from error


def ends_writing(error: errors.MimoError) -> bool:
    """Tell whether the connection must not write again after this error."""
    return isinstance(error, errors.Corrupt | errors.StorageFailed)
