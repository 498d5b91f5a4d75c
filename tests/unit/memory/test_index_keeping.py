"""When the index of vectors is made anew, and that it then is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mimo.actors.memory import index_keeping
from mimo.actors.memory.index_keeping import IndexKeeping, is_due
from mimo.storage.database import open_reader, open_writer
from mimo.storage.vector_file import Head, index_path
from tests.unit.storage.test_vectors import DIM, some_vectors, store

HEAD = Head(database="d", model_id="m", dim=DIM, count=100_000, change_seq=100_000, body_crc=0)


@pytest.mark.parametrize(
    ("head", "count", "newer", "expected"),
    [
        (None, 0, 0, False),
        (None, index_keeping.INDEXED_MIN - 1, 0, False),
        (None, index_keeping.INDEXED_MIN, 0, True),
        (HEAD, 100_000, 0, False),
        (HEAD, 100_000, 9_999, False),
        (HEAD, 110_000, 10_999, False),
        (HEAD, 111_200, 11_200, True),
        (HEAD, 80_000, 0, True),
        (HEAD, 19_000, 0, False),
        (dataclasses.replace(HEAD, count=20_000), 23_000, 3_000, False),
        (dataclasses.replace(HEAD, count=20_000), 24_200, 4_200, True),
    ],
)
def test_it_is_made_when_a_tenth_is_new_or_gone(
    head: Head | None, count: int, newer: int, *, expected: bool
) -> None:
    """Ours: so that 100,000 vectors are written about ten times on the way to 250,000."""
    assert is_due(head, count, newer) is expected


def test_a_broken_index_is_found_once_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours: whatever is wrong with it, searching goes on meanwhile."""
    monkeypatch.setattr(index_keeping, "INDEXED_MIN", 10)
    monkeypatch.setattr(index_keeping, "NEWER_MIN", 5)
    writer = open_writer(tmp_path / "mimo.db", durability="normal")
    reader = open_reader(tmp_path / "mimo.db")
    keeping = IndexKeeping(reader, "m", DIM)
    store(writer, some_vectors(9))
    assert keeping.tend() is None

    store(writer, some_vectors(12))
    made = keeping.tend()
    assert made is not None
    assert made.count == 21
    assert keeping.tend() is None

    path = index_path(writer.path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    again = IndexKeeping(reader, "m", DIM).tend()
    assert again is not None
    assert path.read_bytes() == whole
    reader.close()
    writer.close()
