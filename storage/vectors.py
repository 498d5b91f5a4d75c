"""Vectors of one model, searched exactly or by their signs; most of them in a file that is shared.

What is in the index (`vector_file`) is mapped, once for all processes; what came later is held in
this process's memory. Of the mapped vectors, the nearest by signs are compared exactly. Up to
`EXACT_MAX` held ones are all compared exactly; beyond it, as long as no index has been made, their
signs are held alone and the nearest by signs are read from the database.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import apsw
import numpy as np
from numpy.typing import NDArray

from mimo.storage.vector_file import VectorFile
from mimo.storage.vector_signs import (
    Floats,
    Rows,
    Signs,
    grown,
    largest,
    nearest_by_signs,
    signs_of,
    to_blob,
    words_of,
)

__all__ = ["EXACT_MAX", "Floats", "Rows", "VectorMatrix", "to_blob"]

#: Most vectors held whole; 1.5 kB each at 384 dimensions.
EXACT_MAX = 30_000
#: Vectors read from the database at once.
_BLOCK: Final = 4_096
#: How many more than asked for are compared exactly, of the nearest by signs.
_RESCORED_MIN, _RESCORED_TIMES = 800, 8

Found = list[tuple[int, float]]


class VectorMatrix:
    """The vectors of one model, kept up to date from the table `vectors`.

    Args:
        model_id: Whose vectors.
        dim: Their length.
        exact_max: Most vectors held whole.
        file: Where an index may stand, and of which database; None to use none.
    """

    def __init__(
        self,
        model_id: str,
        dim: int,
        exact_max: int = EXACT_MAX,
        file: tuple[Path, str] | None = None,
    ) -> None:
        self.model_id = model_id
        self.dim = dim
        self._exact_max = exact_max
        self._file = file
        self._stamp: tuple[int, ...] = ()
        self._mapped: _Mapped | None = None
        self._held = _Held(model_id, dim, exact_max)
        self._change_seq = 0

    def __len__(self) -> int:
        return len(self._held) + (len(self._mapped) if self._mapped is not None else 0)

    @property
    def is_exact(self) -> bool:
        """Whether every vector is compared as it is."""
        return self._mapped is None and self._held.is_whole

    @property
    def bytes_held(self) -> int:
        """How much memory the arrays of this process alone take, in bytes."""
        return self._held.nbytes + (self._mapped.nbytes if self._mapped is not None else 0)

    @property
    def mapped(self) -> int:
        """How many of the vectors stand in the shared index."""
        return len(self._mapped) if self._mapped is not None else 0

    def refresh(self, link: apsw.Connection) -> int:
        """Take up a new index if there is one; read what was put since and return how many."""
        self._take_up(link)
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
            self._change_seq = rows[-1][1]
            sound = [(memory_id, blob) for memory_id, _, blob in rows if len(blob) == self.dim * 2]
            ids = np.array([memory_id for memory_id, _ in sound], dtype=np.int64)
            if self._mapped is not None:
                self._mapped.drop(ids)
            self._held.put(ids, b"".join(blob for _, blob in sound))
            read += len(sound)

    def nearest(
        self, link: apsw.Connection, query: Floats, limit: int, allowed: Rows | None = None
    ) -> Found:
        """Return ids and cosines of the nearest vectors, best first.

        Args:
            link: Where vectors that aren't held are read from.
            query: A unit vector.
            limit: Most rows.
            allowed: Ids that are considered; None for all.
        """
        if limit < 1:
            return []
        found = self._held.nearest(link, query, limit, allowed)
        if self._mapped is not None:
            found += self._mapped.nearest(query, limit, allowed)
            found.sort(key=lambda one: -one[1])
        return found[:limit]

    def cosines(self, link: apsw.Connection, query: Floats, ids: list[int]) -> dict[int, float]:
        """Return the cosine of each of these memories that has a vector."""
        wanted = np.array(ids, dtype=np.int64)
        found = self._held.cosines(link, query, wanted)
        if self._mapped is not None:
            found |= self._mapped.cosines(query, wanted)
        return found

    def _take_up(self, link: apsw.Connection) -> None:
        """Map the index if it is another one than last time; start again from what it has."""
        if self._file is None:
            return
        path, database = self._file
        try:
            seen = path.stat()
        except OSError:
            return
        stamp = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        file = VectorFile.open(path, database, self.model_id, self.dim)
        alive = file.living(link) if file is not None else None
        if file is not None and alive is not None:
            self._mapped = _Mapped(file, alive)
            self._held = _Held(self.model_id, self.dim, self._exact_max)
            self._change_seq = file.head.change_seq


class _Places:
    """Row of each id, -1 for none; ids are dense, so this is 4 bytes a memory."""

    def __init__(self) -> None:
        self._row_of: NDArray[np.int32] = np.full(0, -1, dtype=np.int32)

    @property
    def nbytes(self) -> int:
        """Return what it takes."""
        return self._row_of.nbytes

    def put(self, ids: Rows, rows: Rows) -> None:
        """Let these ids have these rows."""
        if ids.size:
            self._row_of = grown(self._row_of, int(ids.max()) + 1, fill=-1)
            self._row_of[ids] = rows

    def of(self, ids: Rows) -> Rows:
        """Return the row of each id, -1 for none."""
        rows = np.full(ids.size, -1, dtype=np.int64)
        known = (ids >= 0) & (ids < self._row_of.size)
        rows[known] = self._row_of[ids[known]]
        return rows


class _Mapped:
    """The vectors of the index, less those that were put again since.

    Args:
        file: The index.
        alive: Which of its rows count.
    """

    def __init__(self, file: VectorFile, alive: NDArray[np.bool_]) -> None:
        self._file = file
        self._alive = alive
        self._count = int(alive.sum())
        self._places = _Places()
        rows = np.flatnonzero(alive)
        self._places.put(file.ids[rows], rows)

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Return what this process alone holds."""
        return self._alive.nbytes + self._places.nbytes

    def drop(self, ids: Rows) -> None:
        """Let these memories' vectors count no more."""
        rows = self.rows(ids)
        self._alive[rows] = False
        self._count -= int(rows.size)

    def rows(self, ids: Rows) -> Rows:
        """Return the rows of those of these ids that have one that counts."""
        rows = self._places.of(ids)
        rows = rows[rows >= 0]
        return np.asarray(rows[self._alive[rows]])

    def nearest(self, query: Floats, limit: int, allowed: Rows | None) -> Found:
        """Return ids and cosines of the nearest, best first."""
        file = self._file
        rows = None if allowed is None else self.rows(allowed)
        if rows is None and self._count < self._alive.size:
            rows = np.flatnonzero(self._alive)
        wanted = max(_RESCORED_MIN, _RESCORED_TIMES * limit)
        if rows is None or rows.size > wanted:
            # In the file's order: neighbours are read together.
            rows = np.sort(nearest_by_signs(file.signs, query, wanted, rows))
        scores = file.vectors(rows) @ query
        best = largest(scores, limit)
        return list(zip(file.ids[rows[best]].tolist(), scores[best].tolist(), strict=True))

    def cosines(self, query: Floats, ids: Rows) -> dict[int, float]:
        """Return the cosine of each of these memories that stands here."""
        rows = self.rows(ids)
        scores = self._file.vectors(rows) @ query
        return dict(zip(self._file.ids[rows].tolist(), scores.tolist(), strict=True))


class _Held:
    """Vectors in this process's memory."""

    def __init__(self, model_id: str, dim: int, exact_max: int) -> None:
        self._model_id = model_id
        self._dim = dim
        self._exact_max = exact_max
        self._count = 0
        self._ids: Rows = np.zeros(0, dtype=np.int64)
        self._places = _Places()
        self._whole: Floats | None = np.zeros((0, dim), dtype=np.float32)
        self._signs: Signs = np.zeros((0, words_of(dim)), dtype=np.uint64)

    def __len__(self) -> int:
        return self._count

    @property
    def is_whole(self) -> bool:
        """Whether they are held as they are, not their signs alone."""
        return self._whole is not None

    @property
    def nbytes(self) -> int:
        """Return what they take."""
        whole = self._whole.nbytes if self._whole is not None else 0
        return self._ids.nbytes + self._places.nbytes + self._signs.nbytes + whole

    def put(self, ids: Rows, blobs: bytes) -> None:
        """Add vectors, or take them for the old ones of the same memories."""
        vectors = np.frombuffer(blobs, dtype="<f2").reshape(-1, self._dim).astype(np.float32)
        if not ids.size:
            return
        rows = self._places.of(ids)
        is_new = rows < 0
        rows[is_new] = np.arange(self._count, self._count + int(is_new.sum()))
        self._count += int(is_new.sum())
        self._places.put(ids, rows)
        self._ids = grown(self._ids, self._count)
        self._signs = grown(self._signs, self._count)
        self._ids[rows] = ids
        self._signs[rows] = signs_of(vectors)
        if self._count > self._exact_max:
            self._whole = None
        if self._whole is not None:
            self._whole = grown(self._whole, self._count)
            self._whole[rows] = vectors

    def nearest(
        self, link: apsw.Connection, query: Floats, limit: int, allowed: Rows | None
    ) -> Found:
        """Return ids and cosines of the nearest, best first."""
        rows = None if allowed is None else self._rows(allowed)
        if not self._count or (rows is not None and not rows.size):
            return []
        if self._whole is None:
            wanted = max(_RESCORED_MIN, _RESCORED_TIMES * limit)
            rows = nearest_by_signs(self._signs[: self._count], query, wanted, rows)
        if rows is None:
            rows = np.arange(self._count)
        scores = self._scores(link, query, rows)
        best = largest(scores, limit)
        return list(zip(self._ids[rows[best]].tolist(), scores[best].tolist(), strict=True))

    def cosines(self, link: apsw.Connection, query: Floats, ids: Rows) -> dict[int, float]:
        """Return the cosine of each of these memories that is held."""
        rows = self._rows(ids)
        scores = self._scores(link, query, rows)
        return dict(zip(self._ids[rows].tolist(), scores.tolist(), strict=True))

    def _rows(self, ids: Rows) -> Rows:
        rows = self._places.of(ids)
        return np.asarray(rows[rows >= 0])

    def _scores(self, link: apsw.Connection, query: Floats, rows: Rows) -> Floats:
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
        vectors = np.zeros((rows.size, self._dim), dtype=np.float32)
        for memory_id, blob in link.execute(
            "SELECT memory_id, vector FROM vectors "
            "WHERE memory_id IN (SELECT value FROM json_each(?)) AND model_id = ?",
            (json.dumps(list(place)), self._model_id),
        ):
            if len(blob) == self._dim * 2:
                vectors[place[memory_id]] = np.frombuffer(blob, dtype="<f2")
        return vectors
