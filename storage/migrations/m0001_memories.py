"""Memories with their tags, full-text index and vectors; identity, ledger, interactions."""

from __future__ import annotations

VERSION = 1
TITLE = "memories"

# Short columns stand before the text, so that a filter reads one page of a long memory and no
# overflow pages. Soft-deleted memories stay in the full-text index and are filtered in SQL.
STATEMENTS = (
    """
    CREATE TABLE identity (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        uuid TEXT NOT NULL CHECK (length(uuid) = 32),
        created_at REAL NOT NULL,
        seq INTEGER NOT NULL CHECK (seq >= 0)
    ) STRICT
    """,
    """
    CREATE TABLE schema_version (
        version INTEGER PRIMARY KEY CHECK (version > 0),
        title TEXT NOT NULL,
        applied_at REAL NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE memories (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL,
        category TEXT NOT NULL,
        importance REAL NOT NULL CHECK (importance BETWEEN 0 AND 1),
        project TEXT NOT NULL,
        speaker TEXT NOT NULL,
        speaker_key TEXT NOT NULL,
        session_id TEXT NOT NULL,
        occurred_at REAL NOT NULL,
        source TEXT NOT NULL,
        trust TEXT NOT NULL CHECK (trust IN ('user', 'assistant', 'tool', 'file', 'web')),
        valid_from REAL,
        valid_until REAL,
        protected INTEGER NOT NULL CHECK (protected IN (0, 1)),
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        deleted_at REAL,
        archived_at REAL,
        superseded_by INTEGER REFERENCES memories (id),
        access_count INTEGER NOT NULL DEFAULT 0,
        accessed_at REAL,
        content_hash TEXT NOT NULL,
        metadata TEXT NOT NULL,
        content TEXT NOT NULL CHECK (content <> '')
    ) STRICT
    """,
    "CREATE UNIQUE INDEX memories_uid ON memories (uid)",
    "CREATE INDEX memories_content_hash ON memories (content_hash)",
    "CREATE INDEX memories_occurred_at ON memories (occurred_at)",
    "CREATE INDEX memories_project ON memories (project, occurred_at)",
    "CREATE INDEX memories_session ON memories (session_id, project) WHERE deleted_at IS NULL",
    "CREATE INDEX memories_speaker ON memories (speaker_key) WHERE speaker_key <> ''",
    """
    CREATE INDEX memories_superseded_by ON memories (superseded_by) WHERE superseded_by IS NOT NULL
    """,
    """
    CREATE TABLE memory_tags (
        memory_id INTEGER NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
        tag TEXT NOT NULL,
        PRIMARY KEY (memory_id, tag)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX memory_tags_tag ON memory_tags (tag, memory_id)",
    """
    CREATE VIRTUAL TABLE memories_fts USING fts5 (
        body, content = '', contentless_delete = 1,
        tokenize = 'porter unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TABLE vectors (
        memory_id INTEGER PRIMARY KEY REFERENCES memories (id) ON DELETE CASCADE,
        model_id TEXT NOT NULL,
        content_hash TEXT NOT NULL,
        change_seq INTEGER NOT NULL,
        vector BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX vectors_change_seq ON vectors (change_seq)",
    "CREATE INDEX vectors_model_id ON vectors (model_id)",
    """
    CREATE TABLE embedding_queue (
        memory_id INTEGER PRIMARY KEY REFERENCES memories (id) ON DELETE CASCADE
    ) STRICT
    """,
    """
    CREATE TABLE ledger (
        key TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        reply TEXT NOT NULL,
        at REAL NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX ledger_at ON ledger (at)",
    """
    CREATE TABLE interactions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        tool TEXT NOT NULL,
        operation TEXT NOT NULL,
        outcome TEXT NOT NULL,
        duration_ms REAL NOT NULL,
        client TEXT NOT NULL,
        request_id TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX interactions_at ON interactions (at)",
    "CREATE INDEX interactions_tool ON interactions (tool, operation)",
)
