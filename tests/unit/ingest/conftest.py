"""What the tests of reading documents share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.storage.connection import Database
from tests.support.memories import quick_writer


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A new database, open for writing."""
    opened = quick_writer(tmp_path / "data" / "mimo.db")
    yield opened
    opened.close()
