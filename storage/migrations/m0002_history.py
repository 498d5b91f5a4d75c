"""What memories were before, and how they are linked."""

from __future__ import annotations

VERSION = 2
TITLE = "history and links"

# What a version keeps of a memory, besides its tags; access counts aren't history.
_KEPT = (
    "uid, category, importance, project, speaker, speaker_key, session_id, occurred_at, source, "
    "trust, valid_from, valid_until, protected, created_at, updated_at, deleted_at, archived_at, "
    "superseded_by, content_hash, metadata, content"
)
_CHANGEABLE = (
    "category, importance, project, speaker, session_id, occurred_at, source, trust, valid_from, "
    "valid_until, protected, updated_at, deleted_at, archived_at, superseded_by, content_hash, "
    "metadata, content"
)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAY = (
    "coalesce(CAST(CAST(strftime('%d', new.occurred_at, 'unixepoch') AS INTEGER) AS TEXT) || ' ' "
    "|| CASE strftime('%m', new.occurred_at, 'unixepoch') "
    + " ".join(f"WHEN '{number:02d}' THEN '{name}'" for number, name in enumerate(_MONTHS, 1))
    + " END || ' ' || ltrim(strftime('%Y', new.occurred_at, 'unixepoch'), '0') || char(10), '')"
)

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
    "CREATE INDEX memory_links_kind ON memory_links (kind, updated_at)",
    # The columns are named as those of `memories`, so that the same filters fit both.
    """
    CREATE TABLE memory_versions (
        version_id INTEGER PRIMARY KEY,
        id INTEGER NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
        version INTEGER NOT NULL CHECK (version > 0),
        since_s REAL NOT NULL,
        until_s REAL NOT NULL CHECK (until_s >= since_s),
        change TEXT NOT NULL CHECK (change IN (
            'update', 'delete', 'restore', 'archive', 'supersede', 'reinstate', 'revert'
        )),
        reason TEXT NOT NULL DEFAULT '',
        tags TEXT NOT NULL,
        uid TEXT NOT NULL,
        category TEXT NOT NULL,
        importance REAL NOT NULL,
        project TEXT NOT NULL,
        speaker TEXT NOT NULL,
        speaker_key TEXT NOT NULL,
        session_id TEXT NOT NULL,
        occurred_at REAL NOT NULL,
        source TEXT NOT NULL,
        trust TEXT NOT NULL,
        valid_from REAL,
        valid_until REAL,
        protected INTEGER NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        deleted_at REAL,
        archived_at REAL,
        superseded_by INTEGER,
        content_hash TEXT NOT NULL,
        metadata TEXT NOT NULL,
        content TEXT NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX memory_versions_id ON memory_versions (id, version)",
    "CREATE INDEX memory_versions_until ON memory_versions (until_s, since_s, id)",
    """
    CREATE VIRTUAL TABLE memory_versions_fts USING fts5 (
        body, content = '', contentless_delete = 1,
        tokenize = 'porter unicode61 remove_diacritics 2'
    )
    """,
    # A trigger, so that no writer can forget it. The tags are still the old ones when it runs:
    # whoever changes tags changes the row first. A clock that was set back makes empty versions,
    # never overlapping ones.
    f"""
    CREATE TRIGGER memories_versioned AFTER UPDATE OF {_CHANGEABLE} ON memories
    BEGIN
        INSERT INTO memory_versions (id, version, since_s, until_s, change, tags, {_KEPT})
        SELECT
            old.id, last.version + 1, last.until_s,
            max(last.until_s, CASE
                WHEN new.updated_at <> old.updated_at THEN new.updated_at
                ELSE max(
                    old.updated_at, coalesce(new.archived_at, 0.0), coalesce(new.deleted_at, 0.0)
                )
            END),
            CASE
                WHEN old.deleted_at IS NULL AND new.deleted_at IS NOT NULL THEN 'delete'
                WHEN old.deleted_at IS NOT NULL AND new.deleted_at IS NULL THEN 'restore'
                WHEN old.archived_at IS NULL AND new.archived_at IS NOT NULL THEN 'archive'
                WHEN old.archived_at IS NOT NULL AND new.archived_at IS NULL THEN 'restore'
                WHEN old.superseded_by IS NULL AND new.superseded_by IS NOT NULL THEN 'supersede'
                WHEN old.superseded_by IS NOT NULL AND new.superseded_by IS NULL THEN 'reinstate'
                ELSE 'update'
            END,
            (SELECT json_group_array(tag) FROM
                (SELECT tag FROM memory_tags WHERE memory_id = old.id ORDER BY tag)),
            {", ".join(f"old.{name}" for name in _KEPT.split(", "))}
        FROM (
            SELECT
                coalesce((SELECT version FROM memory_versions WHERE id = old.id
                    ORDER BY version DESC LIMIT 1), 0) AS version,
                coalesce((SELECT until_s FROM memory_versions WHERE id = old.id
                    ORDER BY version DESC LIMIT 1), old.created_at) AS until_s
        ) AS last;
    END
    """,  # noqa: S608
    f"""
    CREATE TRIGGER memory_versions_indexed AFTER INSERT ON memory_versions
    BEGIN
        INSERT INTO memory_versions_fts (rowid, body) VALUES (
            new.version_id,
            {_DAY}
            || new.speaker || char(10)
            || (SELECT coalesce(group_concat(value, ' '), '') FROM json_each(new.tags)) || char(10)
            || new.content
        );
    END
    """,  # noqa: S608
    """
    CREATE TRIGGER memory_versions_unindexed AFTER DELETE ON memory_versions
    BEGIN
        DELETE FROM memory_versions_fts WHERE rowid = old.version_id;
    END
    """,
    # What was written stays: only the reason is added, once, by whoever made the change.
    """
    CREATE TRIGGER memory_versions_kept BEFORE UPDATE ON memory_versions
    WHEN old.reason <> '' OR new.content <> old.content OR new.version <> old.version
        OR new.since_s <> old.since_s OR new.until_s <> old.until_s
    BEGIN
        SELECT raise(ABORT, 'a version of a memory is never changed');
    END
    """,
)
