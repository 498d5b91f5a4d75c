"""An embedder for tests: texts are near when they speak of the same topics; no model is loaded."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mimo.config.errors import NotAvailable

#: Words that mean the same; each set is one direction.
TOPICS = (
    {"dog", "pet", "beagle", "puppy"},
    {"coffee", "espresso", "drink", "breakfast"},
    {"car", "vehicle", "drive", "automobile"},
    {"rain", "weather", "storm", "sunny"},
    {"database", "sql", "postgres", "port"},
)


class TopicEmbedder:
    """Makes a vector of which topics a text names; `is_broken` makes it fail as a model would."""

    model_id = "topics"
    dim = 64

    def __init__(self) -> None:
        self.is_broken = False
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit vector a text."""
        if self.is_broken:
            raise NotAvailable("expected a model, got none")
        vectors = np.full((len(texts), self.dim), 0.01, dtype=np.float32)
        for row, text in enumerate(texts):
            words = set(re.findall(r"\w+", text.lower()))
            for direction, topic in enumerate(TOPICS):
                vectors[row, direction] += len(words & topic)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the unit vector of a question."""
        self.asked.append(text)
        return np.asarray(self.embed([text])[0])

    def prepare_queries(self, texts: Sequence[str]) -> None:
        """Do nothing: a question costs nothing here."""

    def release(self) -> None:
        """Do nothing: there is nothing to give back."""
