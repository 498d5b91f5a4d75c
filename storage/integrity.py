"""Whether the database is sound: pages, references, and that what belongs together is together."""

from __future__ import annotations

from dataclasses import dataclass

from mimo.config.errors import Corrupt, MimoError
from mimo.storage import inspection
from mimo.storage.checkpoints import wal_bytes
from mimo.storage.connection import Database

# Each counts rows that mustn't exist. `memories_fts_docsize` has one row for each index entry.
_LAWS = {
    "memories without an index entry": """
        SELECT count(*) FROM memories m
        WHERE NOT EXISTS (SELECT 1 FROM memories_fts_docsize d WHERE d.id = m.id)
    """,
    "index entries without a memory": """
        SELECT count(*) FROM memories_fts_docsize d
        WHERE NOT EXISTS (SELECT 1 FROM memories m WHERE m.id = d.id)
    """,
    "live memories that neither have a vector nor wait for one": """
        SELECT count(*) FROM memories m WHERE m.deleted_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM embedding_queue q WHERE q.memory_id = m.id)
        AND NOT EXISTS (
            SELECT 1 FROM vectors v WHERE v.memory_id = m.id AND v.content_hash = m.content_hash
        )
    """,
    "vectors numbered after the newest change": """
        SELECT count(*) FROM vectors v WHERE v.change_seq > (SELECT seq FROM identity)
    """,
    "memories numbered after the last id given away": """
        SELECT count(*) FROM memories m
        WHERE m.id > (SELECT seq FROM sqlite_sequence WHERE name = 'memories')
    """,
}

_BY_WORD = "SELECT 1 FROM memories_fts WHERE memories_fts MATCH ? AND rowid = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a check found.

    Args:
        is_full: Whether indexes were compared with tables and each memory was looked up by its
            words.
        memories: How many memories there are, deleted ones too.
        wal_bytes: Size of the write-ahead log.
        problems: Sentences; empty if the database is sound.
    """

    is_full: bool
    memories: int
    wal_bytes: int
    problems: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def check(db: Database, *, full: bool = False) -> Report:
    """Check the database and return what was found; a reader's connection will do.

    Args:
        db: An open database.
        full: Compare indexes with tables too, and look each memory up by its words; some seconds
            for each 100,000 memories.

    Raises:
        MimoError: The check itself failed; damage is reported, not raised.
    """
    pragma = "integrity_check" if full else "quick_check"
    problems = inspection.check_pages(db.peewee, db.path, pragma=pragma)
    memories = 0
    if not problems:
        try:
            memories = int(db.value("SELECT count(*) FROM memories"))
            problems = [*_broken_references(db), *_broken_laws(db), *_identity(db)]
            problems += _not_found(db) if full else []
        except Corrupt as error:
            problems = [str(error)]
    moved = db.watch.changed()
    return Report(
        is_full=full,
        memories=memories,
        wal_bytes=wal_bytes(db),
        problems=(*problems, *([moved] if moved else [])),
    )


def _broken_references(db: Database) -> list[str]:
    return [
        f"expected each row of {table} to point to a row of {parent}, got a missing one"
        f"{f' in row {rowid}' if rowid else ''}"
        for table, rowid, parent, _ in db.rows("PRAGMA foreign_key_check")
    ]


def _broken_laws(db: Database) -> list[str]:
    counts = {name: int(db.value(sql) or 0) for name, sql in _LAWS.items()}
    return [f"expected no {name}, got {count}" for name, count in counts.items() if count]


def _identity(db: Database) -> list[str]:
    newest = db.identity.schema_version
    try:
        found = inspection.read_identity(db.peewee, db.path, newest)
    except MimoError as error:
        return [str(error)]
    if found != db.identity:
        return [f"expected identity {db.identity.uuid}, got {found.uuid}"]
    return []


def _not_found(db: Database) -> list[str]:
    """Return a sentence if a memory isn't found by one of its own words."""
    missing = []
    for memory_id, content in db.execute("SELECT id, content FROM memories"):
        word = next(
            (word for word in str(content).split() if word.isascii() and word.isalnum()), None
        )
        if word is None:
            continue
        sql = "SELECT 1 FROM memories_fts WHERE memories_fts MATCH ? AND rowid = ?"
        if not db.rows(sql, (f'"{word}"', memory_id)):
            missing.append(str(memory_id))
    if not missing:
        return []
    shown = ", ".join(missing[: inspection.PROBLEMS_SHOWN])
    return [f"expected each memory to be found by its words, got {len(missing)} not: {shown}"]
