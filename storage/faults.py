"""SQLite's result codes as Mimo's errors: the only place that names them.

code                      error           the connection afterwards
FULL                      DiskFull        rolled back and usable
IOERR (any), CANTOPEN     StorageFailed   must not write again: after a failed fsync the kernel may
have
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
import errno
from collections.abc import Iterator

import apsw
import peewee

from mimo.config import errors

#: What raw SQL and peewee raise; catch these, then `translated`.
DRIVER_ERRORS = (apsw.Error, peewee.PeeweeException)

# (error, what to do, seconds to wait before a retry); without advice SQLite's own text is shown.
_Kind = tuple[type[errors.MimoError], str, float | None]
_FULL: _Kind = (
    errors.DiskFull,
    "nothing was written and reads go on; free some space on that disk",
    5.0,
)
_FAILED: _Kind = (
    errors.StorageFailed,
    "the outcome is unknown until the database was opened anew",
    0.5,
)
_DAMAGED: _Kind = (
    errors.Corrupt,
    "expected a sound database; stop Mimo and restore a backup with 'mimo restore'",
    None,
)
_LOCKED: _Kind = (errors.Busy, "another process holds the lock; end it or try again", 0.2)
_CUT: _Kind = (errors.DeadlineExceeded, "it took too long and was cut; ask for less", None)
_CALLER: _Kind = (errors.InvalidRequest, "", None)

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_KINDS = {
    apsw.SQLITE_FULL: _FULL,
    apsw.SQLITE_IOERR: _FAILED,
    apsw.SQLITE_CANTOPEN: _FAILED,
    apsw.SQLITE_NOLFS: _FAILED,
    apsw.SQLITE_READONLY: _FAILED,
    apsw.SQLITE_PERM: _FAILED,
    apsw.SQLITE_AUTH: _FAILED,
    apsw.SQLITE_CORRUPT: _DAMAGED,
    apsw.SQLITE_NOTADB: _DAMAGED,
    apsw.SQLITE_FORMAT: _DAMAGED,
    apsw.SQLITE_BUSY: _LOCKED,
    apsw.SQLITE_LOCKED: _LOCKED,
    apsw.SQLITE_PROTOCOL: _LOCKED,
    apsw.SQLITE_INTERRUPT: _CUT,
    apsw.SQLITE_CONSTRAINT: _CALLER,
    apsw.SQLITE_TOOBIG: _CALLER,
    apsw.SQLITE_MISMATCH: _CALLER,
    apsw.SQLITE_RANGE: _CALLER,
}


def driver_error(error: BaseException) -> apsw.Error | None:
    """Return the apsw error that `error` is or that peewee raised it for; None without one."""
    candidates = (error, getattr(error, "orig", None), error.__context__)
    return next((found for found in candidates if isinstance(found, apsw.Error)), None)


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
    kind, advice, retry_after_s = _KINDS.get(result_code(error), (errors.Internal, "", None))
    told = f"could not {doing} in {path}: {code_name(error)}; {advice or error}"
    return kind(told, retry_after_s=retry_after_s)


def translated_os(error: OSError, doing: str, path: str) -> errors.MimoError:
    """Return the error that the rest of Mimo sees for a failed call of the operating system."""
    kind, advice, retry_after_s = _FULL if is_without_room(error) else _FAILED
    told = f"could not {doing} in {path}: {error.strerror or error}; {advice}"
    return kind(told, retry_after_s=retry_after_s)


def is_without_room(error: OSError) -> bool:
    """Tell whether the disk is full, or the user's share of it."""
    return error.errno in _NO_ROOM


@contextlib.contextmanager
def mapped(doing: str, path: object) -> Iterator[None]:
    """Raise Mimo's errors instead of the driver's and the operating system's.

    Raises:
        MimoError: See the table above.
    """
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translated(error, doing, str(path)) from error
    except OSError as error:
        raise translated_os(error, doing, str(path)) from error


def ends_writing(error: errors.MimoError) -> bool:
    """Tell whether the connection must not write again after this error."""
    return isinstance(error, errors.Corrupt | errors.StorageFailed)
