"""The embedding model: loaded once, cached on disk, given back, made good by words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mimo.actors.memory import embedding, model_cache, wordpiece
from mimo.actors.memory.embedding import OnnxEmbedder
from mimo.config.errors import NotAvailable


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name a cache that this module fills once."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def embedder(cache: Path) -> Iterator[OnnxEmbedder]:
    """Load Mimo's own model once."""
    loaded = OnnxEmbedder(None, cache)
    yield loaded
    loaded.release()


def test_texts_of_like_meaning_are_near(embedder: OnnxEmbedder) -> None:
    """Unit vectors of 384 dimensions; the model is all-MiniLM-L6-v2."""
    dog, pet, tax = embedder.embed(["My dog is ill.", "The pet is sick", "Taxes are due in May"])

    assert dog.shape == (embedder.dim,) == (384,)
    assert np.allclose([np.linalg.norm(vector) for vector in (dog, pet, tax)], 1, atol=1e-5)
    assert dog @ pet > 0.5
    assert dog @ tax < 0.2


def test_a_batch_gives_what_each_text_gives_alone(embedder: OnnxEmbedder) -> None:
    """Ours: padding and order change nothing; long texts, empty ones and any script are taken."""
    texts = ["short", "word " * 2_000, "", "a somewhat longer text", "犬 🐶 \ud800 \0", "x"] * 3

    together = embedder.embed(texts)

    for text, vector in zip(texts[:6], together[:6], strict=True):
        assert float(embedder.embed([text])[0] @ vector) > 0.9999
    assert np.allclose(together[:6], together[12:], atol=1e-3)
    assert embedder.embed([]).shape == (0, 384)


def test_the_cached_graph_gives_the_vectors_of_the_original(
    embedder: OnnxEmbedder, tmp_path: Path
) -> None:
    """Ours: cosine over 0.9999; the original is loaded where there can be no cache."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    original = OnnxEmbedder(None, blocked)
    texts = ["The quick brown fox", "Remember the milk", "when is the meeting with Ana?"]

    for first, second in zip(embedder.embed(texts), original.embed(texts), strict=True):
        assert float(first @ second) > 0.9999
    assert blocked.read_text() == "not a folder"


def test_a_damaged_cache_is_built_anew(embedder: OnnxEmbedder, cache: Path, tmp_path: Path) -> None:
    """Ours: truncated weights, a broken graph or a broken manifest cost time, never an answer."""
    embedder.load()
    vector = embedder.embed(["hello"])[0]
    for name, damage in (
        ("weights.bin", b"short"),
        ("graph.onnx", b"\0" * 50),
        ("manifest.json", b"{"),
        ("manifest.json", b"{}"),
    ):
        copy = tmp_path / f"{name}{len(damage)}"
        shutil.copytree(cache, copy)
        (entry,) = (found.parent for found in copy.glob("*/manifest.json"))
        (entry / name).write_bytes(damage)

        again = OnnxEmbedder(None, copy)

        assert float(again.embed(["hello"])[0] @ vector) > 0.9999
        assert len(list(copy.glob("*/manifest.json"))) == 1
        assert (entry / name).stat().st_size > len(damage)
        shutil.rmtree(copy)


def test_an_entry_of_another_runtime_is_removed_and_nothing_is_left_behind(
    embedder: OnnxEmbedder, cache: Path
) -> None:
    """Ours: an upgrade must not keep 130 MB for ever, nor may a build that was killed."""
    embedder.load()

    assert sorted(path.name for path in cache.iterdir() if path.name != ".lock") == [
        path.parent.name for path in cache.glob("*/manifest.json")
    ]


def test_a_model_given_back_is_loaded_again_when_needed(embedder: OnnxEmbedder) -> None:
    """Ours: an idle model costs no memory."""
    before = embedder.embed(["hello"])
    embedder.release()
    embedder.release()
    assert not embedder.is_loaded

    assert np.array_equal(before, embedder.embed(["hello"]))
    assert embedder.is_loaded


def test_a_repeated_question_costs_nothing(embedder: OnnxEmbedder) -> None:
    """Ours: the newest questions' vectors are kept, so many and no more."""
    first = embedder.embed_query("what did I say about Lisbon?")
    embedder.release()

    assert embedder.embed_query("what did I say about Lisbon?") is first
    assert not embedder.is_loaded


def test_another_model_has_an_id_of_its_own(tmp_path: Path) -> None:
    """Design 7: two models are never compared."""
    folder = tmp_path / "mine"
    folder.mkdir()
    source, _ = embedding._find(None)
    shutil.copy(source, folder / "model.onnx")
    shutil.copy(wordpiece.VOCABULARY, folder / "vocab.txt")

    other = OnnxEmbedder(folder, tmp_path / "models")

    assert other.model_id == f"mine-{embedding.BUILT_IN_SHA256[:12]}"
    assert other.embed(["hello"]).shape == (1, 384)


def test_a_missing_or_broken_model_is_not_available(tmp_path: Path) -> None:
    """Ours: what was expected, where, and what came."""
    with pytest.raises(NotAvailable, match=r"expected a model at .*nowhere"):
        OnnxEmbedder(tmp_path / "nowhere", tmp_path)
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"this is no model")
    with pytest.raises(NotAvailable, match=r"expected a model in .*model\.onnx, got"):
        OnnxEmbedder(broken, tmp_path / "cache").embed(["hello"])


def test_the_built_in_model_is_checked_before_its_first_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retrieval 1: one small publisher; the hash is pinned."""
    monkeypatch.setattr(embedding, "BUILT_IN_SHA256", "0" * 64)

    with pytest.raises(NotAvailable, match="expected SHA-256 0000"):
        OnnxEmbedder(None, tmp_path).embed(["hello"])


def test_batches_keep_to_both_limits() -> None:
    """Ours: like lengths together, so that little is padding."""
    lengths = [3, 250, 5, 256, 4, 200, 6, 7, 8, 9, 10, 11]

    batches = embedding._batches(lengths)

    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        width = max(lengths[place] for place in batch)
        assert len(batch) <= embedding.BATCH_TEXTS_MAX
        assert len(batch) == 1 or len(batch) * width <= embedding.BATCH_TOKENS_MAX


def test_a_lock_that_stays_taken_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours: a frozen builder must not freeze the others."""
    monkeypatch.setattr(model_cache, "_WAITS_MAX", 2)

    with (
        model_cache._building(tmp_path),
        pytest.raises(BlockingIOError),
        model_cache._building(tmp_path),
    ):
        pass
