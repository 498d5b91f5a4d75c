"""Versioned procedures and their runs."""

from __future__ import annotations

VERSION = 4
TITLE = "procedures"

# A definition never changes once it is registered: a run goes on with the one it began with.
STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE procedures (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL CHECK (name <> ''),
        major INTEGER NOT NULL CHECK (major >= 0),
        minor INTEGER NOT NULL CHECK (minor >= 0),
        patch INTEGER NOT NULL CHECK (patch >= 0),
        hash TEXT NOT NULL CHECK (length(hash) = 64),
        active INTEGER NOT NULL CHECK (active IN (0, 1)),
        created_at REAL NOT NULL,
        source TEXT NOT NULL,
        description TEXT NOT NULL,
        definition TEXT NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX procedures_version ON procedures (name, major, minor, patch)",
    """
    CREATE TABLE procedure_runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id TEXT NOT NULL CHECK (run_id <> ''),
        procedure_id INTEGER NOT NULL REFERENCES procedures (id),
        status TEXT NOT NULL CHECK (status IN (
            'running', 'waiting', 'rolling_back', 'needs_review',
            'succeeded', 'failed', 'rolled_back', 'cancelled'
        )),
        revision INTEGER NOT NULL CHECK (revision > 0),
        started_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        finished_at REAL,
        source TEXT NOT NULL,
        state TEXT NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX procedure_runs_run ON procedure_runs (run_id)",
    "CREATE INDEX procedure_runs_procedure ON procedure_runs (procedure_id)",
    "CREATE INDEX procedure_runs_open ON procedure_runs (id) WHERE finished_at IS NULL",
    "CREATE INDEX procedure_runs_finished ON procedure_runs (finished_at)",
    """
    CREATE TABLE procedure_steps (
        run INTEGER NOT NULL REFERENCES procedure_runs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL CHECK (number > 0),
        at REAL NOT NULL,
        state TEXT NOT NULL,
        what TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (run, number)
    ) STRICT, WITHOUT ROWID
    """,
)
