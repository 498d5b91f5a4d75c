"""Makes a new database: complete under its name, or not there at all."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from mimo.storage import faults
from mimo.storage.connection import connect
from mimo.storage.migrations.runner import MIGRATIONS, Migration, run
from mimo.storage.schema import APPLICATION_ID

_INFIX = ".new-"


def sync_directory(directory: Path) -> None:
    """Make the names in this directory durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def empty_aside(path: Path) -> Iterator[Path]:
    """Make an empty file of mode 0600 to fill and rename; what isn't renamed is removed."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    try:
        yield path
    finally:
        for leftover in (path, path.with_name(path.name + "-journal")):
            leftover.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what creations of this database that were killed have left."""
    for found in path.parent.glob(f"{path.name}{_INFIX}*"):
        pid = found.name.partition(_INFIX)[2].partition("-")[0]
        if pid.isdigit() and not _runs(int(pid)):
            found.unlink(missing_ok=True)


def create(path: Path, now_s: float, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Create the database, unless another process has done so meanwhile.

    It is made aside and then given its name: killed on the way, it leaves no empty file that the
    next start would have to take for a damaged database.

    Args:
        path: Where; its directory is made with mode 0700, the file has 0600.
        now_s: Wall seconds UTC.
        migrations: What makes its tables.

    Raises:
        MimoError: See `storage.faults`; nothing is left behind.
    """
    with faults.mapped("create the database", path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with empty_aside(path.with_name(f"{path.name}{_INFIX}{os.getpid()}")) as aside:
            _fill(aside, now_s, migrations)
            _give_name(aside, path)
        sync_directory(path.parent)


def _fill(path: Path, now_s: float, migrations: Sequence[Migration]) -> None:
    driver = connect(path, "writer", pragmas={"synchronous": "full"}, timeout_s=0.0)
    try:
        link = driver.connection()
        link.execute("BEGIN IMMEDIATE")
        link.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        run(link, migrations, now_s)
        link.execute(
            "INSERT INTO identity (id, uuid, created_at, seq) VALUES (1, ?, ?, 0)",
            (uuid.uuid4().hex, now_s),
        )
        link.execute("COMMIT")
    finally:
        driver.close()


def _give_name(aside: Path, path: Path) -> None:
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        return
    except OSError:
        # No hard links on this file system; the node's lock keeps others away.
        aside.rename(path)


def _runs(pid: int) -> bool:
    if pid == os.getpid():
        return False
    with contextlib.suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
