"""Writes that move archived memories out of the table, and back into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from mimo.config.errors import NotFound
from mimo.storage import archive, memory_writes
from mimo.storage.archive import Exported, columns
from mimo.storage.commands import Edit, Transaction
from mimo.storage.lifecycle_edits import note_action
from mimo.storage.memories import fetch
from mimo.storage.schema import MemoryLink, MemoryRow, MemoryVersion
from mimo.storage.schema_table import Table

_IS_UNCHANGED: Final = """
    SELECT 1 FROM memories m
    WHERE m.id = ? AND m.uid = ? AND m.updated_at = ? AND m.archived_at = ? AND m.protected = 0
        AND NOT EXISTS (SELECT 1 FROM memories s WHERE s.superseded_by = m.id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveExported(Edit):
    """Remove the rows of memories that stand in a synced file; it returns how many.

    What was restored, changed or protected since stays.

    Args:
        run_id: By which run.
        exported: What stands where.
    """

    run_id: int
    exported: tuple[Exported, ...]

    def apply(self, transaction: Transaction) -> int:
        """Remove each, with a row that says where it stands."""
        link, removed = transaction.link, 0
        for one in self.exported:
            asked = (one.memory_id, one.uid, one.updated_at_s, one.archived_at_s)
            if not link.execute(_IS_UNCHANGED, asked).fetchall():
                continue
            transaction.next_seq()
            link.execute("DELETE FROM memories_fts WHERE rowid = ?", (one.memory_id,))
            link.execute("DELETE FROM memories WHERE id = ?", (one.memory_id,))
            link.execute(
                "INSERT OR REPLACE INTO exported_memories "
                "(memory_id, uid, file, place, exported_at) VALUES (?, ?, ?, ?, ?)",
                (one.memory_id, one.uid, one.file, one.place, transaction.now_s),
            )
            reason = f"the archive was beyond its limit; it stands in {archive.FOLDER}/{one.file}"
            undo = f"recover memory_id={one.memory_id}"
            note_action(transaction, self.run_id, "export", one.memory_id, reason, undo)
            removed += 1
        return removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Recover(Edit):
    """Bring a memory back out of the archive's files, live; it returns {memory_id, recovered}.

    It has its id, history, tags and those of its links whose other end is there. A memory that is
    archived but still in the table is restored.
    """

    memory_id: int

    def apply(self, transaction: Transaction) -> dict[str, Any]:
        """Insert what stands in the file, then restore it.

        Raises:
            NotFound: It isn't in the archive, or its file is gone.
            Corrupt: The file says something else.
        """
        link = transaction.link
        found = link.execute(
            "SELECT uid, file, place FROM exported_memories WHERE memory_id = ?", (self.memory_id,)
        ).fetchall()
        transaction.next_seq()
        if not found:
            memory = fetch(link, self.memory_id)
            if memory.archived_at_s is None:
                raise NotFound(
                    f"expected an archived memory, got {self.memory_id}, which isn't; see 'get'"
                )
            memory_writes.restore(link, self.memory_id, transaction.now_s)
            return {"memory_id": self.memory_id, "recovered": "restored"}
        uid, file, place = found[0]
        folder = archive.folder_of(Path(link.db_filename("main")))
        record = archive.read(folder, str(file), int(str(place)), str(uid))
        _insert_all(link, record)
        memory_writes.restore(link, self.memory_id, transaction.now_s)
        memory_writes.reindex(link, self.memory_id, fetch(link, self.memory_id))
        link.execute("DELETE FROM exported_memories WHERE memory_id = ?", (self.memory_id,))
        reason = f"asked for; it stood in {archive.FOLDER}/{file}"
        undo = f"delete memory_id={self.memory_id}"
        note_action(transaction, 0, "recover", self.memory_id, reason, undo)
        return {"memory_id": self.memory_id, "recovered": "from a file"}


def _insert_all(link: apsw.Connection, record: Mapping[str, Any]) -> None:
    memory = dict(record["memory"])
    successor = memory["superseded_by"]
    if successor and not _is_there(link, successor):
        memory["superseded_by"] = None
    _insert(link, MemoryRow, memory)
    for tag in record["tags"]:
        link.execute("INSERT INTO memory_tags (memory_id, tag) VALUES (?, ?)", (memory["id"], tag))
    for version in record["versions"]:
        _insert(link, MemoryVersion, version | {"version_id": None})
    for one in record["links"]:
        if _is_there(link, one["source_id"]) and _is_there(link, one["target_id"]):
            _insert(link, MemoryLink, one)


def _insert(link: apsw.Connection, model: type[Table], values: Mapping[str, Any]) -> None:
    names = columns(model)
    table = model._meta.table_name  # noqa: SLF001  peewee's way to tell
    link.execute(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})",  # noqa: S608
        tuple(values.get(name) for name in names),
    )


def _is_there(link: apsw.Connection, memory_id: int) -> bool:
    return bool(link.execute("SELECT 1 FROM memories WHERE id = ?", (memory_id,)).fetchall())
