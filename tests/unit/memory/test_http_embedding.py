"""Vectors of a service: both wire forms over real HTTP, and every way of theirs to misbehave."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mimo.actors.memory.embedding import find_embedder, make_embedder
from mimo.actors.memory.http_embedding import HANGING_MAX, HttpEmbedder
from mimo.config.clock import ManualClock
from mimo.config.errors import NotAvailable
from mimo.config.settings import load_settings
from tests.support.embedding_server import DIM, WAYS, EmbeddingServer, embedding_server, vector_of

SLOW = ("slow", "hang", "trickle")


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as running:
        yield running


class Asker:
    """An embedder of a server, with a clock that stands still."""

    def __init__(self, server: EmbeddingServer, provider: str = "openai", **fields: Any) -> None:
        self.clock = ManualClock()
        chosen = load_settings().embedding
        base = f"{server.url}/v1" if provider == "openai" else server.url
        settings = dataclasses.replace(
            chosen,
            **{
                "provider": provider,
                "url": base,
                "model": "m",
                "dimensions": DIM,
                "key_variable": "SOME_KEY",
                "timeout_s": 5.0,
                "query_timeout_s": 5.0,
                **fields,
            },
        )
        self.embedder = HttpEmbedder(settings, self.clock, {"SOME_KEY": "sesame"})


@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_vectors_come_in_the_order_of_the_texts_in_both_forms(
    server: EmbeddingServer, provider: str
) -> None:
    """Wire forms of docs.ollama.com/api/embed and OpenAI's embeddings (issue: providers)."""
    asker = Asker(server, provider, batch=3, document_prefix="passage: ", query_prefix="query: ")
    texts = [f"text {number}" for number in range(7)]

    vectors = asker.embedder.embed(texts)
    question = asker.embedder.embed_query("what")

    expected = np.array([vector_of("passage: " + text) for text in texts])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(vectors, expected, atol=1e-6)
    assert np.isclose(np.linalg.norm(question), 1.0)
    sent = server.requests
    assert [len(one["input"]) for one in sent] == [3, 3, 1, 1]
    assert sent[-1]["input"] == ["query: what"]
    assert {one["path"] for one in sent} == {
        "/v1/embeddings" if provider == "openai" else "/api/embed"
    }
    assert {one["model"] for one in sent} == {"m"}
    assert {one["headers"]["Authorization"] for one in sent} == {"Bearer sesame"}


def test_a_repeated_question_is_not_asked_again(server: EmbeddingServer) -> None:
    """Ours: questions that came together go in one request."""
    asker = Asker(server)
    asker.embedder.prepare_queries(["one", "two", "one"])
    for text in ("one", "two", "one"):
        asker.embedder.embed_query(text)

    assert [one["input"] for one in server.requests] == [["one", "two"]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_what_is_wrong_never_becomes_a_vector(
    server: EmbeddingServer, provider: str, way: str
) -> None:
    """Each failure is one sentence without the key, and the next good answer is taken."""
    within_s = 0.2 if way in SLOW else 5.0
    asker = Asker(server, provider, timeout_s=within_s)
    server.way = way

    with pytest.raises(NotAvailable) as caught:
        asker.embedder.embed(["one", "two"])

    assert "sesame" not in caught.value.message
    assert "127.0.0.1" in caught.value.message
    asked = len(server.requests)
    server.way = ""
    if way in {"too_many", "busy_with_time"}:
        assert caught.value.retry_after_s == 7
        with pytest.raises(NotAvailable):
            asker.embedder.embed(["three"])
        assert len(server.requests) == asked
        asker.clock.advance(7.1)
    asker = asker if way not in SLOW else Asker(server, provider)
    assert asker.embedder.embed(["one"]).shape == (1, DIM)


def test_a_redirect_is_not_followed_with_the_key(server: EmbeddingServer) -> None:
    """Ours: the key goes to the address in the settings and to no other."""
    asker = Asker(server)
    server.way = "redirect"
    with pytest.raises(NotAvailable):
        asker.embedder.embed(["one"])

    assert [one["path"] for one in server.requests] == ["/v1/embeddings"]


def test_questions_fall_back_at_once_while_a_service_fails(server: EmbeddingServer) -> None:
    """Two failures, then nobody waits for it; after a while one question tries again."""
    asker = Asker(server)
    server.way = "error"
    for number in range(5):
        with pytest.raises(NotAvailable):
            asker.embedder.embed_query(f"question {number}")
    assert len(server.requests) == 2

    server.way = ""
    with pytest.raises(NotAvailable):
        asker.embedder.embed_query("still left alone")
    asker.clock.advance(10.0)
    assert asker.embedder.embed_query("again").shape == (DIM,)
    assert len(server.requests) == 3


def test_a_service_that_never_ends_its_answers_gets_few_requests(server: EmbeddingServer) -> None:
    """Ours: each request given up keeps a thread until the service lets go."""
    asker = Asker(server, timeout_s=0.25)
    server.way = "trickle"
    for _ in range(HANGING_MAX + 3):
        with pytest.raises(NotAvailable):
            asker.embedder.embed(["one"])

    assert len(server.requests) == HANGING_MAX


def test_a_model_is_told_from_another_by_name_length_and_prefix(server: EmbeddingServer) -> None:
    """Vectors of two models are never compared, so whatever changes them changes the id."""
    asked: tuple[dict[str, Any], ...] = (
        {},
        {"model": "n"},
        {"dimensions": 17},
        {"document_prefix": "p "},
    )
    ids = set()
    for fields in asked:
        ids.add(Asker(server, "openai", **fields).embedder.model_id)
    ids.add(Asker(server, "ollama").embedder.model_id)

    assert len(ids) == 5


@pytest.mark.parametrize(
    "fields", [{"model": ""}, {"dimensions": "0"}, {"url": "ftp://there"}, {"url": "there"}]
)
def test_a_service_without_the_needed_settings_is_refused(
    tmp_path: Path, fields: dict[str, str]
) -> None:
    """Ours: said once at the start, and searches go by words."""
    given = {"provider": "openai", "model": "m", "dimensions": "4", **fields}
    overrides = {f"embedding.{name}": text for name, text in given.items()}
    settings = load_settings({**overrides, "data_dir": str(tmp_path)})

    with pytest.raises(NotAvailable, match="embedding"):
        find_embedder(settings)
    assert make_embedder(settings) is None
