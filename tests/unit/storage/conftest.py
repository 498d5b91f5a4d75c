"""What the storage tests share: a writer and a reader over one real file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.storage.database import Database, open_reader
from tests.support.memories import quick_writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a database in a data directory of its own; nothing is there yet."""
    return tmp_path / "data" / "mimo.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Database]:
    """Open a new database for writing; it is never synced."""
    db = quick_writer(path)
    yield db
    db.close()


@pytest.fixture
def reader(path: Path, writer: Database) -> Iterator[Database]:
    """Open the same database for reading."""
    db = open_reader(path)
    yield db
    db.close()
