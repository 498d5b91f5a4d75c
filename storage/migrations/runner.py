"""Brings the tables to the newest form: all missing steps in one transaction, or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import apsw

from mimo.config.errors import Corrupt, StartError
from mimo.storage.migrations import (
    m0001_memories,
    m0002_history,
    m0003_knowledge,
    m0004_procedures,
    m0005_documents,
    m0006_lifecycle,
    m0007_sessions,
    m0008_reasoning,
    m0009_tasks,
    m0010_edits,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step.

    Args:
        version: Its number; 1, 2, 3 without gaps.
        title: What it is about, in a word or two.
        statements: SQL, one statement each, run in order.
        step: Work that SQL alone can't do, run after the statements, inside the same transaction.
    """

    version: int
    title: str
    statements: tuple[str, ...] = ()
    step: Callable[[apsw.Connection], None] | None = None


#: Every migration, oldest first.
MIGRATIONS: tuple[Migration, ...] = tuple(
    Migration(version=step.VERSION, title=step.TITLE, statements=step.STATEMENTS)
    for step in (
        m0001_memories,
        m0002_history,
        m0003_knowledge,
        m0004_procedures,
        m0005_documents,
        m0006_lifecycle,
        m0007_sessions,
        m0008_reasoning,
        m0009_tasks,
        m0010_edits,
    )
)


def newest_version(migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Return the version that a database has after all of these."""
    return max((migration.version for migration in migrations), default=0)


def pending(current: int, migrations: Sequence[Migration] = MIGRATIONS) -> list[Migration]:
    """Return the migrations that a database of version `current` lacks, oldest first."""
    missing = [migration for migration in migrations if migration.version > current]
    return sorted(missing, key=lambda migration: migration.version)


def run(link: apsw.Connection, migrations: Sequence[Migration], now_s: float) -> None:
    """Apply these migrations; the caller has begun the transaction and commits it.

    Foreign keys are checked at the end instead of at each statement, so that a table may be
    rebuilt; the caller has switched them off before the transaction, since SQLite ignores the
    switch inside one.

    Raises:
        StartError: A row points to nothing after the last step.

    Source: SQLite lang_altertable.html, "Making Other Kinds Of Table Schema Changes".
    """
    for migration in migrations:
        for statement in migration.statements:
            link.execute(statement)
        if migration.step is not None:
            migration.step(link)
        link.execute(
            "INSERT INTO schema_version (version, title, applied_at) VALUES (?, ?, ?)",
            (migration.version, migration.title, now_s),
        )
    if migrations:
        # PRAGMA takes no parameters; the number is ours.
        link.execute(f"PRAGMA user_version = {int(migrations[-1].version)}")
    broken = link.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        table, rowid, parent, _ = broken[0]
        raise StartError(
            f"expected each row to point to an existing one after migration, got {len(broken)} "
            f"that don't, the first in {table} row {rowid} (to {parent}); nothing was changed"
        )


def check_version(current: int, recorded: int, path: object, newest: int) -> None:
    """Refuse a database whose two version numbers disagree, or that a newer program wrote.

    Args:
        current: SQLite's user_version.
        recorded: The highest version in `schema_version`.
        path: The database, for the message.
        newest: The newest version that this program understands.

    Raises:
        StartError: A newer Mimo wrote it.
        Corrupt: The two disagree.
    """
    if current > newest:
        raise StartError(
            f"expected schema version {newest} or older in {path}, got {current}: a newer Mimo "
            "wrote it; install that version, or give another --data-dir"
        )
    if current != recorded:
        raise Corrupt(
            f"expected schema_version {current} in {path}, got {recorded}; "
            "restore a backup with 'mimo restore'"
        )
