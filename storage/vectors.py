"""Vectors of one model, held in memory and searched exactly or by their signs.

Up to `EXACT_MAX` vectors are held as they are and all are compared. Beyond it only the signs of
their components are held (48 bytes for 384 dimensions instead of 1,536); the nearest by signs are
then read from the database and compared exactly.
"""

from __future__ import annotations

import json
from typing import Any, Final

import apsw
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

#: Most vectors held whole; 1.5 kB each at 384 dimensions.
EXACT_MAX = 30_000
#: Vectors read from the database at once.
_BLOCK: Final = 4_096
#: Least room for rows.
_ROOM_MIN: Final = 256
#: How many more than asked for are compared exactly, of the nearest by signs.
_RESCORED_MIN, _RESCORED_TIMES = 400, 4


def to_blob(vector: Floats) -> bytes:
    """Return a vector as it is stored: float16, little-endian."""
    return vector.astype("<f2").tobytes()


class VectorMatrix:
    """The vectors of one model, kept up to date from the table `vectors`.

    Args:
        model_id: Whose vectors.
        dim: Their length.
        exact_max: Most vectors held whole.
    """

    def __init__(self, model_id: str, dim: int, exact_max: int = EXACT_MAX) -> None:
        self.model_id = model_id
        self.dim = dim
        self._exact_max = exact_max
        self._count = 0
        self._change_seq = 0
        self._ids: Rows = np.zeros(0, dtype=np.int64)
        # Row of each id, -1 for none; ids are dense, so this is 4 bytes a memory.
        self._row_of: NDArray[np.int32] = np.full(0, -1, dtype=np.int32)
        self._whole: Floats | None = np.zeros((0, dim), dtype=np.float32)
        self._signs: NDArray[np.uint64] = np.zeros((0, -(-dim // 64)), dtype=np.uint64)

    def __len__(self) -> int:
        return self._count

    @property
    def is_exact(self) -> bool:
        """Whether every vector is compared as it is."""
        return self._whole is not None

    @property
    def bytes_held(self) -> int:
        """How much memory the arrays take, in bytes."""
        arrays = (self._ids, self._row_of, self._signs, self._whole)
        return sum(array.nbytes for array in arrays if array is not None)

    def refresh(self, link: apsw.Connection) -> int:
        """Read the vectors that were put since the last time; return how many."""
        read = 0
        while True:
            rows: list[tuple[Any, ...]] = link.execute(
                # The plus keeps SQLite from walking all of the model's vectors each time.
                "SELECT memory_id, change_seq, vector FROM vectors "
                "WHERE change_seq > ? AND +model_id = ? ORDER BY change_seq LIMIT ?",
                (self._change_seq, self.model_id, _BLOCK),
            ).fetchall()
            if not rows:
                return read
            size = self.dim * 2
            sound: list[tuple[int, bytes]] = []
            for memory_id, change_seq, blob in rows:
                self._change_seq = change_seq
                if len(blob) == size:
                    sound.append((memory_id, blob))
            self._put([memory_id for memory_id, _ in sound], b"".join(blob for _, blob in sound))
            read += len(sound)

    def nearest(
        self,
        link: apsw.Connection,
        query: Floats,
        limit: int,
        allowed: Rows | None = None,
    ) -> list[tuple[int, float]]:
        """Return ids and cosines of the nearest vectors, best first.

        Args:
            link: Where vectors that aren't held are read from.
            query: A unit vector.
            limit: Most rows.
            allowed: Ids that are considered; None for all.
        """
        rows = None if allowed is None else self._rows(allowed)
        if not self._count or limit < 1 or (rows is not None and not rows.size):
            return []
        if self._whole is None:
            rows = self._nearest_by_signs(query, max(_RESCORED_MIN, _RESCORED_TIMES * limit), rows)
        if rows is None:
            rows = np.arange(self._count)
        scores = self._cosines(link, query, rows)
        best = _largest(scores, limit)
        return [
            (int(self._ids[row]), float(score))
            for row, score in zip(rows[best], scores[best], strict=True)
        ]

    def cosines(self, link: apsw.Connection, query: Floats, ids: list[int]) -> dict[int, float]:
        """Return the cosine of each of these memories that has a vector."""
        rows = self._rows(np.array(ids, dtype=np.int64))
        scores = self._cosines(link, query, rows)
        return dict(zip(self._ids[rows].tolist(), scores.tolist(), strict=True))

    # -- Inside -----------------------------------------------------------------------------
    def _put(self, ids: list[int], blobs: bytes) -> None:
        """Add vectors, or take them for the old ones of the same memories."""
        vectors = np.frombuffer(blobs, dtype="<f2").reshape(-1, self.dim).astype(np.float32)
        given = np.array(ids, dtype=np.int64)
        if not given.size:
            return
        if int(given.max()) >= self._row_of.size:
            self._row_of = _grown(self._row_of, int(given.max()) + 1, fill=-1)
        rows = self._row_of[given].astype(np.int64)
        is_new = rows < 0
        rows[is_new] = np.arange(self._count, self._count + int(is_new.sum()))
        self._count += int(is_new.sum())
        self._row_of[given] = rows
        self._ids = _grown(self._ids, self._count)
        self._signs = _grown(self._signs, self._count)
        self._ids[rows] = given
        self._signs[rows] = _signs(vectors)
        if self._count > self._exact_max:
            self._whole = None
        if self._whole is not None:
            self._whole = _grown(self._whole, self._count)
            self._whole[rows] = vectors

    def _rows(self, ids: Rows) -> Rows:
        """Return the rows of those of these ids that have one."""
        known = ids[(ids >= 0) & (ids < self._row_of.size)]
        rows = self._row_of[known].astype(np.int64)
        return rows[rows >= 0]

    def _nearest_by_signs(self, query: Floats, limit: int, rows: Rows | None) -> Rows:
        """Return the rows whose signs differ least from the query's."""
        signs = self._signs[: self._count] if rows is None else self._signs[rows]
        differing = np.bitwise_count(signs ^ _signs(query[None, :])).sum(axis=1, dtype=np.int32)
        best = _largest(-differing, limit)
        return best if rows is None else rows[best]

    def _cosines(self, link: apsw.Connection, query: Floats, rows: Rows) -> Floats:
        """Return the cosines of these rows with the query."""
        if self._whole is None:
            return self._read(link, rows) @ query
        held = self._whole[: self._count]
        # Choosing rows copies them: comparing all is cheaper unless few are chosen.
        if rows.size * 4 > self._count:
            return np.asarray((held @ query)[rows])
        return np.asarray(held[rows] @ query)

    def _read(self, link: apsw.Connection, rows: Rows) -> Floats:
        """Return the vectors of these rows from the database; zeros for those gone meanwhile."""
        place = {int(memory_id): index for index, memory_id in enumerate(self._ids[rows])}
        vectors = np.zeros((rows.size, self.dim), dtype=np.float32)
        for memory_id, blob in link.execute(
            "SELECT memory_id, vector FROM vectors "
            "WHERE memory_id IN (SELECT value FROM json_each(?)) AND model_id = ?",
            (json.dumps(list(place)), self.model_id),
        ):
            if len(blob) == self.dim * 2:
                vectors[place[memory_id]] = np.frombuffer(blob, dtype="<f2")
        return vectors


def _largest(scores: NDArray[np.int32] | Floats, limit: int) -> Rows:
    """Return the positions of the `limit` largest scores, largest first."""
    if scores.size > limit:
        chosen = np.argpartition(scores, scores.size - limit)[scores.size - limit :]
        return np.asarray(chosen[np.argsort(-scores[chosen], kind="stable")])
    return np.argsort(-scores, kind="stable")


def _signs(vectors: Floats) -> NDArray[np.uint64]:
    """Return which components are positive, packed 64 to a word."""
    bits = np.packbits(vectors > 0, axis=1)
    padded = np.zeros((bits.shape[0], -(-bits.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(np.uint64)


def _grown(array: NDArray[Any], size: int, fill: int = 0) -> NDArray[Any]:
    """Return `array` with room for `size` rows; it grows by half, so that copies are rare."""
    held = array.shape[0]
    if size <= held:
        return array
    shape = (max(size, held * 3 // 2, _ROOM_MIN), *array.shape[1:])
    grown = np.full(shape, fill, dtype=array.dtype) if fill else np.zeros(shape, dtype=array.dtype)
    grown[:held] = array
    return grown
