"""Looks at a database file without changing it, locking it or creating anything beside it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw
from playhouse.apsw_ext import APSWDatabase

from mimo.config import limits
from mimo.config.errors import Corrupt, InvalidRequest, MimoError, StartError
from mimo.storage import faults
from mimo.storage.connection import Identity, Mode, connect, wal_path
from mimo.storage.migrations import runner
from mimo.storage.schema import APPLICATION_ID, SchemaVersion
from mimo.storage.schema import Identity as IdentityModel

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100

#: Findings of a check that are named in one sentence.
PROBLEMS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found in a file that is Mimo's.

    Args:
        identity: Which database it is.
        seq: Its newest change.
        memories: How many memories it holds, deleted ones too.
    """

    identity: Identity
    seq: int
    memories: int


def has_log(path: Path) -> bool:
    """Tell whether the newest commits may stand in a write-ahead log beside the file."""
    log = wal_path(path)
    return log.exists() and log.stat().st_size > 0


def check_header(path: Path) -> int:
    """Return the schema version in the main file's header.

    Raises:
        Corrupt: It is empty or no SQLite database.
        StartError: It is another application's.
        MimoError: See `storage.faults`.

    Source: SQLite fileformat2.html, "The Database Header".
    """
    header = _first_bytes(path)
    if not header:
        raise Corrupt(
            f"expected a database in {path}, got an empty file; restore a backup with "
            "'mimo restore', or delete the file to start empty"
        )
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise Corrupt(
            f"expected an SQLite header in {path}, got something else; restore a backup with "
            "'mimo restore', or give another --data-dir"
        )
    version, application_id = struct.unpack(">60xI4xI28x", header)
    if application_id != APPLICATION_ID:
        raise StartError(
            f"database {path} is not Mimo's (application_id 0x{application_id:08X}, "
            f"expected 0x{APPLICATION_ID:08X}); give another --data-dir or restore a backup with "
            "'mimo restore'"
        )
    return int(version)


def _first_bytes(path: Path) -> bytes:
    # Through SQLite's own file layer: closing a plain file would drop the locks that this process
    # holds on the database. Not through a connection: a checkpoint that was killed half-way leaves
    # a main file that can't be read without its log.
    with faults.mapped("read the header", path):
        size = path.stat().st_size
        file = apsw.VFSFile(
            "", str(path), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0]
        )
        try:
            return file.xRead(min(size, _HEADER_BYTES), 0)
        finally:
            file.xClose()


def check_pages(driver: APSWDatabase, path: Path, *, pragma: str = "quick_check") -> list[str]:
    """Return what SQLite finds wrong with the file; nothing if it is sound.

    Args:
        driver: An open database.
        path: Its file, for messages.
        pragma: `quick_check`, or `integrity_check`, which also compares indexes with tables.
    """
    try:
        with faults.mapped("check the pages", path):
            rows = driver.execute_sql(f"PRAGMA {pragma}").fetchall()
    except Corrupt as error:
        return [str(error)]
    return [str(row[0]) for row in rows if row[0] != "ok"]


def read_identity(
    driver: APSWDatabase, path: Path, newest: int = runner.newest_version()
) -> Identity:
    """Return which database this is.

    Args:
        driver: An open database.
        path: Its file, for messages.
        newest: The newest schema version that is understood.

    Raises:
        Corrupt: The identity row or the version table is missing or double.
        StartError: A newer Mimo wrote it.
        MimoError: It can't be read just now; see `storage.faults`.
    """
    try:
        with faults.mapped("read the identity", path):
            current = int(driver.pragma("user_version"))
            if current > newest:
                runner.check_version(current, current, path, newest)
            rows = list(IdentityModel.select().execute(driver))
            versions = [row.version for row in SchemaVersion.select().execute(driver)]
    except (StartError, InvalidRequest):
        raise
    except MimoError as error:
        if error.retry == "after":
            raise
        raise Corrupt(
            f"expected Mimo's identity in {path}, got: {error}; restore a backup with "
            "'mimo restore'"
        ) from error
    if len(rows) != 1:
        raise Corrupt(
            f"expected one identity row in {path}, got {len(rows)}; restore a backup with "
            "'mimo restore'"
        )
    runner.check_version(current, max(versions, default=0), path, newest)
    return Identity(
        uuid=str(rows[0].uuid), created_at_s=float(rows[0].created_at), schema_version=current
    )


def inspect(
    path: Path,
    *,
    check: bool = True,
    log_is_shared: bool = True,
    newest: int = runner.newest_version(),
) -> Inspection:
    """Check that the file is a sound database of Mimo's and return what it says of itself.

    Args:
        path: An existing file.
        check: Whether to read all pages (`quick_check`); a second or so for each GB.
        log_is_shared: Whether a write-ahead log beside it belongs to it; False for a backup.
        newest: The newest schema version that is understood.

    Raises:
        Corrupt: It is damaged.
        StartError: It is another application's or a newer Mimo's.
        MimoError: See `storage.faults`.
    """
    check_header(path)
    mode: Mode = "reader" if log_is_shared and has_log(path) else "frozen"
    driver = connect(path, mode, pragmas={"query_only": 1}, timeout_s=limits.BUSY_TIMEOUT_S)
    try:
        problems = check_pages(driver, path) if check else []
        if problems:
            raise Corrupt(
                f"expected a sound database in {path}, got: {summary(problems)}; "
                "restore a backup with 'mimo restore'"
            )
        identity = read_identity(driver, path, newest)
        with faults.mapped("read", path):
            seq = driver.execute_sql("SELECT seq FROM identity").fetchone()[0]
            memories = driver.execute_sql("SELECT count(*) FROM memories").fetchone()[0]
        return Inspection(identity=identity, seq=int(seq), memories=int(memories))
    finally:
        driver.close()


def summary(problems: Sequence[str]) -> str:
    """Return the first findings of a check as part of one sentence."""
    shown = "; ".join(problem.replace("\n", " ") for problem in problems[:PROBLEMS_SHOWN])
    more = len(problems) - PROBLEMS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
