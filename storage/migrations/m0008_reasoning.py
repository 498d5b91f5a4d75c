"""Reasoning: sessions, their steps and evidence, and what was asked about."""

from __future__ import annotations

VERSION = 8
TITLE = "reasoning"

# `state` and `detail` are JSON; a revision says which of two states of a row is the younger one.
STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE reasoning_sessions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id TEXT NOT NULL CHECK (session_id <> ''),
        kind TEXT NOT NULL,
        strategy TEXT NOT NULL,
        status TEXT NOT NULL,
        outcome TEXT NOT NULL,
        project TEXT NOT NULL,
        problem TEXT NOT NULL,
        steps INTEGER NOT NULL CHECK (steps >= 0),
        revision INTEGER NOT NULL CHECK (revision > 0),
        started_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        source TEXT NOT NULL,
        state TEXT NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX reasoning_sessions_name ON reasoning_sessions (session_id)",
    "CREATE INDEX reasoning_sessions_status ON reasoning_sessions (status)",
    """
    CREATE TABLE reasoning_steps (
        session INTEGER NOT NULL REFERENCES reasoning_sessions (id) ON DELETE CASCADE,
        number INTEGER NOT NULL CHECK (number > 0),
        revision INTEGER NOT NULL CHECK (revision > 0),
        branch TEXT NOT NULL,
        kind TEXT NOT NULL,
        at REAL NOT NULL,
        content TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (session, number)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE reasoning_topics (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        terms TEXT NOT NULL CHECK (terms <> ''),
        topic TEXT NOT NULL,
        asked INTEGER NOT NULL CHECK (asked > 0),
        unsure INTEGER NOT NULL CHECK (unsure BETWEEN 0 AND asked),
        last_at REAL NOT NULL,
        last_level TEXT NOT NULL,
        last_gap TEXT NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX reasoning_topics_terms ON reasoning_topics (terms)",
)
