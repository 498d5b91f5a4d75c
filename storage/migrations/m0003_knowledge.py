"""Facts as triples, rules, and what follows from them."""

from __future__ import annotations

VERSION = 3
TITLE = "knowledge graph"

# A derived triple names the rule that made it and, in `premises`, the triples it rests on. The
# foreign keys and the last trigger keep it from outliving any of them, whoever writes.
STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE nodes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        project TEXT NOT NULL,
        type TEXT NOT NULL CHECK (type IN (
            'concept', 'person', 'place', 'file', 'function', 'module', 'library', 'memory'
        )),
        key TEXT NOT NULL CHECK (key <> ''),
        name TEXT NOT NULL CHECK (name <> ''),
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'unused', 'deleted'))
    ) STRICT
    """,
    """
    CREATE UNIQUE INDEX nodes_name ON nodes (project, key, type) WHERE state = 'active'
    """,
    "CREATE INDEX nodes_key ON nodes (project, key)",
    """
    CREATE TABLE node_aliases (
        project TEXT NOT NULL,
        key TEXT NOT NULL CHECK (key <> ''),
        node_id INTEGER NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        PRIMARY KEY (project, key, node_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX node_aliases_node ON node_aliases (node_id)",
    """
    CREATE VIRTUAL TABLE nodes_fts USING fts5 (
        name, content = '', contentless_delete = 1,
        tokenize = 'porter unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TABLE triples (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        project TEXT NOT NULL,
        subject_id INTEGER NOT NULL REFERENCES nodes (id),
        predicate TEXT NOT NULL CHECK (predicate <> ''),
        object_id INTEGER NOT NULL REFERENCES nodes (id),
        confidence REAL NOT NULL CHECK (confidence > 0 AND confidence <= 1),
        rule TEXT NOT NULL DEFAULT '',
        valid_from REAL,
        valid_until REAL,
        generation INTEGER NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        deleted_at REAL,
        deleted_with INTEGER REFERENCES nodes (id),
        CHECK (valid_from IS NULL OR valid_until IS NULL OR valid_from < valid_until),
        CHECK (rule = '' OR deleted_at IS NULL)
    ) STRICT
    """,
    """
    CREATE UNIQUE INDEX triples_asserted ON triples (
        subject_id, predicate, object_id, coalesce(valid_from, -1e18), coalesce(valid_until, 1e18)
    ) WHERE rule = '' AND deleted_at IS NULL
    """,
    """
    CREATE UNIQUE INDEX triples_derived ON triples (subject_id, predicate, object_id)
    WHERE rule <> ''
    """,
    "CREATE INDEX triples_subject ON triples (subject_id, predicate, object_id)",
    "CREATE INDEX triples_object ON triples (object_id, predicate, subject_id)",
    "CREATE INDEX triples_predicate ON triples (project, predicate)",
    "CREATE INDEX triples_generation ON triples (project, generation)",
    """
    CREATE INDEX triples_valid_from ON triples (project, valid_from)
    WHERE valid_from IS NOT NULL
    """,
    """
    CREATE INDEX triples_valid_until ON triples (project, valid_until)
    WHERE valid_until IS NOT NULL
    """,
    "CREATE INDEX triples_deleted_with ON triples (deleted_with) WHERE deleted_with IS NOT NULL",
    """
    CREATE TABLE triple_sources (
        triple_id INTEGER NOT NULL REFERENCES triples (id) ON DELETE CASCADE,
        source TEXT NOT NULL,
        memory_id INTEGER NOT NULL DEFAULT 0,
        at REAL NOT NULL,
        PRIMARY KEY (triple_id, source, memory_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX triple_sources_source ON triple_sources (source)",
    "CREATE INDEX triple_sources_memory ON triple_sources (memory_id) WHERE memory_id > 0",
    """
    CREATE TABLE premises (
        derived_id INTEGER NOT NULL REFERENCES triples (id),
        position INTEGER NOT NULL CHECK (position >= 0),
        premise_id INTEGER NOT NULL REFERENCES triples (id),
        PRIMARY KEY (derived_id, position),
        CHECK (derived_id <> premise_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX premises_premise ON premises (premise_id)",
    """
    CREATE TABLE rules (
        id INTEGER PRIMARY KEY,
        project TEXT NOT NULL,
        name TEXT NOT NULL CHECK (name <> ''),
        head TEXT NOT NULL,
        body TEXT NOT NULL,
        nodes TEXT NOT NULL DEFAULT '[]',
        confidence REAL NOT NULL CHECK (confidence > 0 AND confidence <= 1),
        enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
        created_at REAL NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX rules_name ON rules (project, name)",
    # `generation` counts changes of what is asserted and of rules, the latter last in
    # `rules_generation`; what is derived holds up to `derived_generation` and until `fresh_until`,
    # when some fact begins or ceases to be valid.
    """
    CREATE TABLE graphs (
        project TEXT PRIMARY KEY,
        generation INTEGER NOT NULL,
        rules_generation INTEGER NOT NULL DEFAULT 0,
        materialised INTEGER NOT NULL CHECK (materialised IN (0, 1)),
        derived_generation INTEGER NOT NULL,
        fresh_until REAL,
        CHECK (derived_generation <= generation)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TRIGGER triples_premise_kept BEFORE UPDATE OF deleted_at ON triples
    WHEN new.deleted_at IS NOT NULL
        AND EXISTS (SELECT 1 FROM premises WHERE premise_id = old.id)
    BEGIN
        SELECT raise(ABORT, 'what follows from a fact is withdrawn before the fact');
    END
    """,
)
