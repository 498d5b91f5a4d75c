"""The index of vectors: a copy that is right or of no use, and that finds what all would find."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mimo.storage import vector_file
from mimo.storage.connection import Database
from mimo.storage.vector_file import VectorFile, index_path
from mimo.storage.vectors import VectorMatrix
from tests.unit.storage.test_vectors import DIM, put, some_vectors, store


class Index:
    """An index of the writer's database."""

    def __init__(self, writer: Database, reader: Database) -> None:
        self.path = index_path(writer.path)
        self.uuid = writer.identity.uuid
        self._reader = reader

    def write(self) -> vector_file.Head:
        return vector_file.write(self.path, self._reader, "m", DIM)

    def open(self, *, database: str = "", model_id: str = "m", dim: int = DIM) -> VectorFile | None:
        return VectorFile.open(self.path, database or self.uuid, model_id, dim)

    def matrix(self) -> VectorMatrix:
        made = VectorMatrix("m", DIM, file=(self.path, self.uuid))
        made.refresh(self._reader.connection)
        return made


@pytest.fixture
def index(writer: Database, reader: Database) -> Index:
    return Index(writer, reader)


def test_the_index_finds_what_a_full_comparison_finds(
    writer: Database, reader: Database, index: Index
) -> None:
    """Ours: what is in the index and what came later are one set."""
    vectors = some_vectors(1_200)
    ids = store(writer, vectors[:1_000])
    index.write()
    ids += store(writer, vectors[1_000:])
    matrix = index.matrix()

    assert (len(matrix), matrix.mapped) == (1_200, 1_000)
    link = reader.connection
    for query in some_vectors(20, seed=2):
        exact = {ids[row] for row in np.argsort(-(vectors @ query))[:10]}
        found = matrix.nearest(link, query, 10)
        assert len(exact & {one for one, _ in found}) >= 9
        assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)
        few = np.array(ids[500:1_100], dtype=np.int64)
        assert {one for one, _ in matrix.nearest(link, query, 10, few)} <= set(few.tolist())
        cosines = matrix.cosines(link, query, [ids[3], ids[1_150], 10**9])
        assert set(cosines) == {ids[3], ids[1_150]}
        assert abs(cosines[ids[3]] - float(vectors[3] @ query)) < 0.002


def test_a_vector_that_changed_or_went_since_counts_as_it_is_now(
    writer: Database, reader: Database, index: Index
) -> None:
    """Ours: before the index is opened and while it is mapped."""
    vectors = some_vectors(60)
    ids = store(writer, vectors[:50])
    index.write()
    put(writer, ids[:1], vectors[50:51], "m")
    with writer.transaction() as link:
        link.execute("DELETE FROM vectors WHERE memory_id = ?", (ids[1],))
    matrix = index.matrix()
    put(writer, ids[2:3], vectors[51:52], "m")
    matrix.refresh(reader.connection)

    assert len(matrix) == 49
    first = {n: matrix.nearest(reader.connection, vectors[n], 1)[0] for n in (0, 1, 2, 50, 51)}
    assert first[50][0] == ids[0]
    assert first[51][0] == ids[2]
    assert first[0][0] != ids[0]
    assert first[1][0] != ids[1]
    assert first[2][0] != ids[2]


def test_a_new_index_is_taken_up_and_no_vector_is_lost_or_doubled(
    writer: Database, reader: Database, index: Index
) -> None:
    """Ours: a process that has mapped the old file goes on until it sees the new one."""
    vectors = some_vectors(90)
    store(writer, vectors[:30])
    index.write()
    matrix = index.matrix()
    store(writer, vectors[30:60])
    matrix.refresh(reader.connection)
    assert (len(matrix), matrix.mapped) == (60, 30)

    index.write()
    store(writer, vectors[60:])
    matrix.refresh(reader.connection)

    assert (len(matrix), matrix.mapped) == (90, 60)
    found = [one for one, _ in matrix.nearest(reader.connection, vectors[0], 90)]
    assert len(set(found)) == len(found) == 90


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_a_damaged_index_is_never_trusted(
    writer: Database, index: Index, data: st.DataObject
) -> None:
    """Any byte of it, any length of it (issue: torn files are rebuilt)."""
    if not writer.value("SELECT count(*) FROM vectors"):
        store(writer, some_vectors(5))
    size = index.write().size_bytes
    whole = bytearray(index.path.read_bytes())
    assert len(whole) == size
    assert index.open() is not None
    at = data.draw(st.integers(0, size - 1))
    if data.draw(st.booleans()):
        del whole[at:]
    else:
        whole[at] ^= 1 << data.draw(st.integers(0, 7))
    index.path.write_bytes(whole)

    assert index.open() is None
    assert len(index.matrix()) == 5


def test_an_index_of_another_database_or_model_is_none(writer: Database, index: Index) -> None:
    """Vectors of two models are never compared."""
    store(writer, some_vectors(5))
    index.write()

    assert index.open() is not None
    assert index.open(database="0" * 32) is None
    assert index.open(model_id="n") is None
    assert index.open(dim=DIM + 1) is None


def test_an_index_of_another_past_is_none(writer: Database, reader: Database, index: Index) -> None:
    """A restored backup may have other vectors under numbers that the index has seen."""
    ids = store(writer, some_vectors(5))
    index.write()
    with writer.transaction() as link:
        link.execute("UPDATE vectors SET change_seq = 0 WHERE memory_id = ?", (ids[2],))
    opened = index.open()

    assert opened is not None
    assert opened.living(reader.connection) is None
    assert len(index.matrix()) == 4  # what is read after it is the database's own


def test_a_writer_that_fails_leaves_the_old_index(
    writer: Database, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours: a full disk, and a draft that a killed process has left."""
    store(writer, some_vectors(5))
    index.write()
    before = index.path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            index.write()
    assert index.path.read_bytes() == before
    assert files_beside(index.path) == [index.path.name]

    (index.path.parent / ".draft-of-a-dead-process").write_bytes(b"half")
    index.write()
    assert files_beside(index.path) == [index.path.name]


def files_beside(path: Path) -> list[str]:
    """Return the names in a file's folder."""
    return sorted(one.name for one in path.parent.iterdir())
