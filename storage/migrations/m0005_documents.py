"""Documents that were ingested, and their chunks."""

from __future__ import annotations

VERSION = 5
TITLE = "documents"

# While a document is written in parts, the chunks of two of its versions stand side by side; the
# last part drops the old ones.
STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        project TEXT NOT NULL,
        source TEXT NOT NULL CHECK (source <> ''),
        kind TEXT NOT NULL CHECK (kind IN ('file', 'url', 'text')),
        title TEXT NOT NULL,
        strategy TEXT NOT NULL,
        encoding TEXT NOT NULL,
        size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
        version TEXT NOT NULL,
        options TEXT NOT NULL,
        chunk_count INTEGER NOT NULL CHECK (chunk_count >= 0),
        job TEXT NOT NULL,
        changes TEXT NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        forgotten_at REAL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX documents_source ON documents (project, source)",
    """
    CREATE TABLE document_chunks (
        document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        version TEXT NOT NULL,
        ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
        chunk_hash TEXT NOT NULL,
        memory_id INTEGER NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
        PRIMARY KEY (document_id, version, ordinal)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX document_chunks_memory ON document_chunks (memory_id)",
    "CREATE INDEX document_chunks_hash ON document_chunks (document_id, chunk_hash)",
)
