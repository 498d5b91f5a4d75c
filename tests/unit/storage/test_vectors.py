"""Vectors in memory: kept up to date, compared exactly, and by signs beyond a size."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mimo.storage import batches
from mimo.storage.commands import PutVectors, StoreMemories, Update
from mimo.storage.connection import Database
from mimo.storage.records import MemoryPatch, NewMemory
from mimo.storage.vectors import VectorMatrix, to_blob

DIM = 96


def some_vectors(count: int, seed: int = 1) -> NDArray[np.float32]:
    """Return unit vectors in clusters, as texts have them."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(8, DIM))
    vectors = centres[rng.integers(8, size=count)] + rng.normal(size=(count, DIM))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def store(writer: Database, vectors: NDArray[np.float32], model_id: str = "m") -> list[int]:
    """Store a memory for each vector; return their ids."""
    first = int(writer.value("SELECT count(*) FROM memories"))
    given = tuple(NewMemory(content=f"memory {first + n}") for n in range(len(vectors)))
    (stored,) = batches.apply(writer, [StoreMemories(memories=given)], now_s=0.0)
    assert isinstance(stored, tuple)
    ids = [one.id for one in stored]
    put(writer, ids, vectors, model_id)
    return ids


def put(writer: Database, ids: list[int], vectors: NDArray[np.float32], model_id: str) -> None:
    """Put vectors for memories as they are now."""
    rows = tuple(
        (
            memory_id,
            writer.value("SELECT content_hash FROM memories WHERE id = ?", (memory_id,)),
            to_blob(vector),
        )
        for memory_id, vector in zip(ids, vectors, strict=True)
    )
    batches.apply(writer, [PutVectors(model_id=model_id, vectors=rows)], now_s=0.0)


def test_the_nearest_are_those_of_a_full_comparison(writer: Database, reader: Database) -> None:
    """Ours: exact up to the rounding of float16."""
    vectors = some_vectors(300)
    ids = store(writer, vectors)
    matrix = VectorMatrix("m", DIM)
    link = reader.connection

    assert matrix.refresh(link) == 300
    for query in some_vectors(20, seed=2):
        exact = np.argsort(-(vectors @ query))[:10]
        found = matrix.nearest(link, query, 10)
        assert len({ids[row] for row in exact} & {memory_id for memory_id, _ in found}) >= 9
        assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)
        assert abs(found[0][1] - float((vectors @ query).max())) < 0.002


def test_a_refresh_reads_only_what_is_new(writer: Database, reader: Database) -> None:
    """Ours: by `change_seq`; a memory that is embedded again keeps its place."""
    matrix = VectorMatrix("m", DIM)
    vectors = some_vectors(40)
    ids = store(writer, vectors[:30])
    assert matrix.refresh(reader.connection) == 30
    assert matrix.refresh(reader.connection) == 0

    patch = MemoryPatch(fields={"content": "another text"})
    batches.apply(writer, [Update(memory_id=ids[0], patch=patch)], now_s=1.0)
    put(writer, ids[:1], vectors[39:], "m")

    assert matrix.refresh(reader.connection) == 1
    assert len(matrix) == 30
    assert matrix.nearest(reader.connection, vectors[39], 1)[0][0] == ids[0]


def test_a_refresh_without_news_walks_no_vectors(writer: Database, reader: Database) -> None:
    """Ours: it is done before every search."""
    store(writer, some_vectors(300))
    matrix = VectorMatrix("m", DIM)
    matrix.refresh(reader.connection)
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return False

    reader.connection.set_progress_handler(count, 10)

    assert matrix.refresh(reader.connection) == 0
    assert steps < 20


def test_vectors_of_another_model_are_not_compared(writer: Database, reader: Database) -> None:
    """Design 7: two models are never compared."""
    store(writer, some_vectors(5), model_id="other")
    matrix = VectorMatrix("m", DIM)

    assert matrix.refresh(reader.connection) == 0
    assert matrix.nearest(reader.connection, some_vectors(1)[0], 3) == []


def test_a_vector_of_another_length_is_left_out(writer: Database, reader: Database) -> None:
    """Ours: a damaged or foreign row must not end every search."""
    ids = store(writer, some_vectors(3))
    writer.connection.execute("UPDATE vectors SET vector = x'00' WHERE memory_id = ?", (ids[1],))
    matrix = VectorMatrix("m", DIM)

    assert matrix.refresh(reader.connection) == 2
    assert len(matrix.nearest(reader.connection, some_vectors(1)[0], 9)) == 2


@pytest.mark.parametrize("exact_max", [1_000, 10])
def test_only_allowed_memories_are_considered(
    writer: Database, reader: Database, exact_max: int
) -> None:
    """Design 7: filters come before scores; whole vectors or signs."""
    vectors = some_vectors(120)
    ids = store(writer, vectors)
    matrix = VectorMatrix("m", DIM, exact_max)
    matrix.refresh(reader.connection)
    for allowed in (ids[:3], ids[::2], [10**9, -5, ids[7]], []):
        found = matrix.nearest(
            reader.connection, vectors[0], 100, np.array(allowed, dtype=np.int64)
        )
        assert sorted(memory_id for memory_id, _ in found) == sorted(set(allowed) & set(ids))


def test_beyond_its_limit_it_holds_signs_and_still_finds(
    writer: Database, reader: Database
) -> None:
    """Retrieval 4: sign bits with exact rescoring; 48 bytes a vector instead of 1,536."""
    vectors = some_vectors(90)
    ids = store(writer, vectors)
    whole, signs = VectorMatrix("m", DIM), VectorMatrix("m", DIM, exact_max=20)
    for matrix in (whole, signs):
        matrix.refresh(reader.connection)

    assert (whole.is_exact, signs.is_exact) == (True, False)
    assert signs.bytes_held < whole.bytes_held / 3
    for query in some_vectors(10, seed=3):
        assert [i for i, _ in whole.nearest(reader.connection, query, 5)] == [
            i for i, _ in signs.nearest(reader.connection, query, 5)
        ]
        assert signs.cosines(reader.connection, query, ids[:4]) == pytest.approx(
            whole.cosines(reader.connection, query, ids[:4]), abs=1e-6
        )


def test_cosines_are_given_for_those_that_have_a_vector(writer: Database, reader: Database) -> None:
    """Ours: ids without a vector are left out."""
    vectors = some_vectors(4)
    ids = store(writer, vectors)
    matrix = VectorMatrix("m", DIM)
    matrix.refresh(reader.connection)

    found = matrix.cosines(reader.connection, vectors[2], [ids[2], 10**9])

    assert found == pytest.approx({ids[2]: 1.0}, abs=0.002)
    assert matrix.cosines(reader.connection, vectors[2], []) == {}
