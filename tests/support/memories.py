"""Memories for tests, stored through the writer's own door."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

from mimo.storage import batches, creation
from mimo.storage.commands import Stored
from mimo.storage.database import Database, open_writer
from mimo.storage.records import NewMemory

#: When the memories of tests are stored, wall seconds UTC.
NOW_S = 1_700_000_000.0


@functools.cache
def _empty_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mimo.db"
        creation.create(path, NOW_S)
        return path.read_bytes()


def quick_writer(path: Path) -> Database:
    """Open a new, empty database that is never synced: only a loss of power would tell."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(_empty_database())
    path.chmod(0o600)
    db = open_writer(path, durability="normal", check=False)
    db.rows("PRAGMA synchronous = off")
    return db


def store(db: Database, *memories: NewMemory, key: str = "", now_s: float = NOW_S) -> list[Stored]:
    """Store these and return what was given for them; fail if they were refused."""
    outcome = apply_one(db, batches.StoreMemories(memories=memories, key=key), now_s=now_s)
    return list(outcome)


def apply_one(db: Database, command: batches.Command, *, now_s: float = NOW_S) -> Any:
    """Apply one command and return its value; raise what it was refused with."""
    (outcome,) = batches.apply(db, [command], now_s=now_s)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def remember(db: Database, content: str, **fields: Any) -> int:
    """Store one memory and return its id."""
    return store(db, NewMemory(content=content, **fields))[0].id
