"""The archive's files: memories that left the table, one JSON object a line, with all they had.

A file only grows. A line that was cut by a crash is followed by a line break, and nothing points to
it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from mimo.config import limits
from mimo.config.errors import Corrupt, DiskFull, NotFound
from mimo.storage.connection import Database
from mimo.storage.schema import MemoryLink, MemoryRow, MemoryVersion
from mimo.storage.schema_table import Table

FOLDER: Final = "archive"
_FIRST: Final = "memories-00001.jsonl"

_OLDEST: Final = """
    SELECT m.id FROM memories m
    WHERE m.archived_at IS NOT NULL AND m.protected = 0
        AND NOT EXISTS (SELECT 1 FROM memories s WHERE s.superseded_by = m.id)
        AND NOT EXISTS (SELECT 1 FROM document_chunks c WHERE c.memory_id = m.id)
    ORDER BY m.archived_at, m.id LIMIT ?
"""


class Exported(NamedTuple):
    """A memory that stands in a file of the archive.

    Args:
        memory_id: Which.
        uid: Of the memory.
        file: Name of the file.
        place: Where its line begins, in bytes.
        updated_at_s: As which it was written; if it changed since, its row stays.
        archived_at_s: As `updated_at_s`.
    """

    memory_id: int
    uid: str
    file: str
    place: int
    updated_at_s: float
    archived_at_s: float


def folder_of(database: Path) -> Path:
    """Return where the archive of this database stands."""
    return database.parent / FOLDER


def columns(model: type[Table]) -> tuple[str, ...]:
    """Return the names of a table's columns."""
    return tuple(model._meta.sorted_field_names)  # noqa: SLF001  peewee's way to tell


def oldest(db: Database, limit: int) -> list[int]:
    """Return the memories that were archived first, of those that nothing else needs.

    Protected ones, chunks of documents, and those that took another memory's place stay.

    Raises:
        MimoError: See `storage.faults`.
    """
    return [row[0] for row in db.rows(_OLDEST, (limit,))]


def write(db: Database, folder: Path, ids: Sequence[int]) -> tuple[Exported, ...]:
    """Append memories to the newest file and sync it; return where they stand.

    Raises:
        DiskFull: There is no room, or the folder can't be written.
        MimoError: See `storage.faults`.
    """
    records = [_record(db, memory_id) for memory_id in ids]
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        path = _current(folder)
        is_new = not path.exists()
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab+") as file:
            _end_line(file)
            places = [_append(file, record) for record in records]
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _sync_folder(folder)
    except OSError as error:
        raise DiskFull(
            f"expected to write to the archive in {folder}, got {error.strerror}; make room"
        ) from error
    return tuple(
        Exported(
            record["memory"]["id"],
            record["memory"]["uid"],
            path.name,
            place,
            record["memory"]["updated_at"],
            record["memory"]["archived_at"],
        )
        for record, place in zip(records, places, strict=True)
    )


def read(folder: Path, file: str, place: int, uid: str) -> dict[str, Any]:
    """Return what stands at a place: {memory, tags, versions, links}.

    Raises:
        NotFound: The file is gone.
        Corrupt: Something else stands there.
    """
    try:
        with (folder / file).open("rb") as source:
            source.seek(place)
            found = json.loads(source.readline())
    except FileNotFoundError as error:
        raise NotFound(f"expected {folder / file} to be there; put the file back") from error
    except (OSError, ValueError) as error:
        raise Corrupt(f"expected a memory at byte {place} of {folder / file}: {error}") from error
    if not isinstance(found, dict) or found.get("memory", {}).get("uid") != uid:
        raise Corrupt(f"expected memory {uid} at byte {place} of {folder / file}, got another")
    return found


def _record(db: Database, memory_id: int) -> dict[str, Any]:
    (memory,) = _rows(db, MemoryRow, "id = ?", (memory_id,))
    tags = db.rows("SELECT tag FROM memory_tags WHERE memory_id = ? ORDER BY tag", (memory_id,))
    either = (memory_id, memory_id)
    return {
        "memory": memory,
        "tags": [tag for (tag,) in tags],
        "versions": _rows(db, MemoryVersion, "id = ? ORDER BY version", (memory_id,)),
        "links": _rows(db, MemoryLink, "source_id = ? OR target_id = ?", either),
    }


def _rows(
    db: Database, model: type[Table], condition: str, params: tuple[int, ...]
) -> list[dict[str, Any]]:
    names = columns(model)
    table = model._meta.table_name  # noqa: SLF001  peewee's way to tell
    sql = f"SELECT {', '.join(names)} FROM {table} WHERE {condition}"  # noqa: S608
    return [dict(zip(names, row, strict=True)) for row in db.rows(sql, params)]


def _current(folder: Path) -> Path:
    """Return the file to append to: the newest one, or the next when that is large."""
    found = sorted(folder.glob("memories-*.jsonl"))
    if not found:
        return folder / _FIRST
    if found[-1].stat().st_size < limits.ARCHIVE_FILE_BYTES_MAX:
        return found[-1]
    number = int(found[-1].stem.partition("-")[2]) + 1
    return folder / f"memories-{number:05d}.jsonl"


def _end_line(file: Any) -> None:
    size = file.seek(0, os.SEEK_END)
    if size:
        file.seek(size - 1)
        if file.read(1) != b"\n":
            file.write(b"\n")
        file.seek(0, os.SEEK_END)


def _append(file: Any, record: dict[str, Any]) -> int:
    place: int = file.tell()
    file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
    return place


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
