"""Vectors for measuring speed, where embedding that many texts would take half an hour.

They lie in clusters, as vectors of texts do, so that an index has about as much work with them.
What is found by them means nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from mimo.storage.vectors import Floats, to_blob

#: Texts of about one topic.
_CLUSTER: Final = 200
#: How far a vector strays from its cluster's centre, as a share of the centre's length.
_SPREAD: Final = 0.9


def clustered(ids: Sequence[int], dim: int, seed: int = 0) -> Floats:
    """Return a unit vector for each id; the same for the same id and seed.

    Args:
        ids: Of memories; those that follow one another are of one cluster.
        dim: Length of the vectors.
        seed: Of all choices.
    """
    made = np.empty((len(ids), dim), dtype=np.float32)
    for row, memory_id in enumerate(ids):
        centre = np.random.default_rng((seed, 1, memory_id // _CLUSTER)).normal(size=dim)
        made[row] = centre + _SPREAD * np.random.default_rng((seed, 2, memory_id)).normal(size=dim)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True))


def clustered_blobs(ids: Sequence[int], dim: int, seed: int = 0) -> list[bytes]:
    """Return the same vectors as they are stored."""
    return [to_blob(vector) for vector in clustered(ids, dim, seed)]
