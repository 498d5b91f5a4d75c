"""Tasks that run by themselves, what they depend on, and what they ask."""

from __future__ import annotations

VERSION = 9
TITLE = "tasks"

STATEMENTS: tuple[str, ...] = (
    # `spec` never changes once a task is queued, so what a person approved is what runs.
    """
    CREATE TABLE tasks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        task_id TEXT NOT NULL CHECK (task_id <> ''),
        kind TEXT NOT NULL,
        description TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN (
            'asking', 'waiting', 'queued', 'running', 'needs_review',
            'succeeded', 'failed', 'cancelled', 'skipped', 'expired'
        )),
        priority INTEGER NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        finished_at REAL,
        source TEXT NOT NULL,
        spec TEXT NOT NULL,
        state TEXT NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX tasks_task ON tasks (task_id)",
    "CREATE INDEX tasks_open ON tasks (id) WHERE finished_at IS NULL",
    "CREATE INDEX tasks_finished ON tasks (finished_at)",
    """
    CREATE TABLE task_needs (
        task INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        needs INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        PRIMARY KEY (task, needs)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX task_needs_needs ON task_needs (needs)",
    """
    CREATE TABLE task_steps (
        task INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        number INTEGER NOT NULL CHECK (number > 0),
        at REAL NOT NULL,
        what TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (task, number)
    ) STRICT, WITHOUT ROWID
    """,
    # Each question that a person was asked, and how it was answered: the audit.
    """
    CREATE TABLE approvals (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        task INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('approval', 'review')),
        question TEXT NOT NULL,
        asked_at REAL NOT NULL,
        decision TEXT NOT NULL CHECK (decision IN ('', 'approved', 'denied', 'withdrawn')),
        decided_at REAL,
        decided_by TEXT NOT NULL,
        note TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX approvals_task ON approvals (task)",
    "CREATE INDEX approvals_pending ON approvals (id) WHERE decision = ''",
    # One row: whether the queue is paused, and its breakers; its revision rises with each save.
    """
    CREATE TABLE task_queue (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        revision INTEGER NOT NULL,
        state TEXT NOT NULL
    ) STRICT
    """,
    "INSERT INTO task_queue (id, revision, state) VALUES (1, 0, '{}')",
)
