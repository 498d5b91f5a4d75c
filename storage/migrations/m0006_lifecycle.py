"""How memories fade, and what was done about it."""

from __future__ import annotations

VERSION = 6
TITLE = "lifecycle"

#: An access within this long of the one that was counted before is massed with it, in seconds.
SPACING_S = 43_200

STATEMENTS: tuple[str, ...] = (
    # A day, counted from 1970-01-01 UTC, on which the assistant was used.
    """
    CREATE TABLE active_days (
        day INTEGER PRIMARY KEY,
        first_at REAL NOT NULL
    ) STRICT
    """,
    # Accesses with time between them; those that come close together count once.
    """
    CREATE TABLE memory_spacing (
        memory_id INTEGER PRIMARY KEY REFERENCES memories (id) ON DELETE CASCADE,
        spaced INTEGER NOT NULL CHECK (spaced > 0),
        spaced_at REAL NOT NULL
    ) STRICT
    """,
    # A trigger, so that whoever counts an access needn't know of it.
    f"""
    CREATE TRIGGER memories_spaced AFTER UPDATE OF access_count ON memories
    WHEN new.access_count > old.access_count AND new.accessed_at IS NOT NULL
        AND new.accessed_at - max(
            new.created_at,
            coalesce((SELECT spaced_at FROM memory_spacing WHERE memory_id = new.id), 0.0)
        ) >= {SPACING_S}
    BEGIN
        INSERT INTO memory_spacing (memory_id, spaced, spaced_at)
        VALUES (new.id, 1, new.accessed_at)
        ON CONFLICT (memory_id) DO UPDATE SET spaced = spaced + 1, spaced_at = excluded.spaced_at;
    END
    """,  # noqa: S608
    """
    CREATE TABLE lifecycle_runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('sleep', 'forget', 'consolidate')),
        cause TEXT NOT NULL CHECK (cause IN ('idle', 'asked', 'exit', 'use')),
        state TEXT NOT NULL CHECK (state IN ('running', 'done', 'interrupted', 'failed')),
        started_at REAL NOT NULL,
        ended_at REAL
    ) STRICT
    """,
    """
    CREATE TABLE lifecycle_stages (
        run_id INTEGER NOT NULL REFERENCES lifecycle_runs (id) ON DELETE CASCADE,
        ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
        name TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('done', 'failed', 'skipped')),
        duration_s REAL NOT NULL,
        report TEXT NOT NULL,
        PRIMARY KEY (run_id, ordinal)
    ) STRICT, WITHOUT ROWID
    """,
    # What was done to a memory outlives the memory's row, and the run's.
    """
    CREATE TABLE lifecycle_actions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id INTEGER NOT NULL,
        at REAL NOT NULL,
        action TEXT NOT NULL CHECK (action IN (
            'archive', 'export', 'recover', 'promote', 'condense'
        )),
        memory_id INTEGER NOT NULL,
        score REAL,
        reason TEXT NOT NULL CHECK (reason <> ''),
        undo TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX lifecycle_actions_run ON lifecycle_actions (run_id)",
    "CREATE INDEX lifecycle_actions_memory ON lifecycle_actions (memory_id)",
    """
    CREATE TABLE lifecycle_state (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    # Where in which file of the archive a memory stands that has no row any more.
    """
    CREATE TABLE exported_memories (
        memory_id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL,
        file TEXT NOT NULL,
        place INTEGER NOT NULL CHECK (place >= 0),
        exported_at REAL NOT NULL
    ) STRICT
    """,
    "CREATE INDEX memories_archived_at ON memories (archived_at) WHERE archived_at IS NOT NULL",
)
