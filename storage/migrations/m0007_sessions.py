"""Sessions of assistants, what they called, and what proved useful."""

from __future__ import annotations

VERSION = 7
TITLE = "sessions"

STATEMENTS: tuple[str, ...] = (
    # What one client did without a long pause, over one connection or, resumed, over several.
    """
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        client TEXT NOT NULL,
        connection TEXT NOT NULL,
        project TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL CHECK (state IN ('active', 'idle', 'closed', 'archived')),
        started_at REAL NOT NULL,
        last_at REAL NOT NULL,
        calls INTEGER NOT NULL DEFAULT 0,
        failures INTEGER NOT NULL DEFAULT 0,
        resumed INTEGER NOT NULL DEFAULT 0,
        summary TEXT NOT NULL DEFAULT '',
        curated_at REAL
    ) STRICT
    """,
    "CREATE INDEX sessions_client ON sessions (client, last_at)",
    "CREATE INDEX sessions_connection ON sessions (connection, last_at)",
    "CREATE INDEX sessions_last ON sessions (last_at)",
    "ALTER TABLE interactions ADD COLUMN session INTEGER",
    # Redacted and short; texts that were stored stand here as their length only.
    "ALTER TABLE interactions ADD COLUMN arguments TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE interactions ADD COLUMN memory_ids TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE interactions ADD COLUMN consolidated_at REAL",
    "CREATE INDEX interactions_session ON interactions (session, id)",
    # From which calls a memory was made.
    """
    CREATE TABLE interaction_memories (
        interaction_id INTEGER NOT NULL REFERENCES interactions (id) ON DELETE CASCADE,
        memory_id INTEGER NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
        PRIMARY KEY (interaction_id, memory_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX interaction_memories_memory ON interaction_memories (memory_id)",
    # Evidence as it was at `updated_at`; it halves with time, see `storage.feedback`.
    """
    CREATE TABLE memory_feedback (
        memory_id INTEGER PRIMARY KEY REFERENCES memories (id) ON DELETE CASCADE,
        helpful REAL NOT NULL CHECK (helpful >= 0),
        unhelpful REAL NOT NULL CHECK (unhelpful >= 0),
        count INTEGER NOT NULL,
        updated_at REAL NOT NULL
    ) STRICT
    """,
    # Up to which call something was done.
    """
    CREATE TABLE session_marks (
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
)
