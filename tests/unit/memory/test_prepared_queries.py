"""Questions that come together are embedded together, and mean the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimo.actors.memory.embedding import OnnxEmbedder

QUESTIONS = ["who paints at night?", "what is the release date", "blue bicycle", "blue bicycle"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def test_a_prepared_question_has_the_vector_that_it_has_alone(cache: Path) -> None:
    """Padding must not change a vector beyond rounding."""
    together, alone = OnnxEmbedder(None, cache), OnnxEmbedder(None, cache)
    together.prepare_queries(QUESTIONS)
    for question in QUESTIONS:
        cosine = float(np.dot(together.embed_query(question), alone.embed_query(question)))
        assert cosine > 0.9999


def test_a_prepared_question_is_not_embedded_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = OnnxEmbedder(None, cache)
    embedder.prepare_queries(QUESTIONS)
    monkeypatch.setattr(embedder, "embed", None)
    assert embedder.embed_query("blue bicycle").shape == (384,)
