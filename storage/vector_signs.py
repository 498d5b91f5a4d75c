"""Vectors as bytes and as signs: how they are stored, and which are near by their signs alone.

Of two vectors whose components mostly have the same signs, the angle is small. Comparing the signs
of 384 components takes 6 words instead of 384 numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Signs = NDArray[np.uint64]


def to_blob(vector: Floats) -> bytes:
    """Return a vector as it is stored: float16, little-endian."""
    return vector.astype("<f2").tobytes()


def words_of(dim: int) -> int:
    """Return how many words the signs of `dim` components take."""
    return -(-dim // 64)


def signs_of(vectors: Floats) -> Signs:
    """Return which components are positive, packed 64 to a word."""
    bits = np.packbits(vectors > 0, axis=1)
    padded = np.zeros((bits.shape[0], 8 * words_of(vectors.shape[1])), dtype=np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(np.uint64)


def nearest_by_signs(signs: Signs, query: Floats, limit: int, rows: Rows | None) -> Rows:
    """Return the rows whose signs differ least from the query's, nearest first.

    Args:
        signs: Of all rows.
        query: A vector.
        limit: Most rows.
        rows: Those that are considered; None for all.
    """
    considered = signs if rows is None else signs[rows]
    differing = np.bitwise_count(considered ^ signs_of(query[None, :])).sum(axis=1, dtype=np.int32)
    best = largest(-differing, limit)
    return best if rows is None else rows[best]


def largest(scores: NDArray[np.int32] | Floats, limit: int) -> Rows:
    """Return the positions of the `limit` largest scores, largest first."""
    if scores.size > limit:
        chosen = np.argpartition(scores, scores.size - limit)[scores.size - limit :]
    else:
        chosen = np.arange(scores.size)
    return np.asarray(chosen[np.argsort(-scores[chosen], kind="stable")], dtype=np.int64)


def grown(array: NDArray[Any], size: int, fill: int = 0) -> NDArray[Any]:
    """Return `array` with room for `size` rows; it grows by half, so that copies are rare."""
    held = array.shape[0]
    if size <= held:
        return array
    shape = (max(size, held * 3 // 2, _ROOM_MIN), *array.shape[1:])
    made = np.full(shape, fill, dtype=array.dtype) if fill else np.zeros(shape, dtype=array.dtype)
    made[:held] = array
    return made


#: Least room for rows.
_ROOM_MIN = 256
