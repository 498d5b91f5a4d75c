"""What memories were before, and how they are linked."""

from __future__ import annotations

VERSION = 2
TITLE = "history and links"

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE memory_links (
        source_id INTEGER NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
        target_id INTEGER NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        weight REAL NOT NULL CHECK (weight BETWEEN 0 AND 1),
        count INTEGER NOT NULL DEFAULT 1,
        note TEXT NOT NULL DEFAULT '',
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        PRIMARY KEY (source_id, target_id, kind),
        CHECK (source_id <> target_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX memory_links_target ON memory_links (target_id, kind)",
)
