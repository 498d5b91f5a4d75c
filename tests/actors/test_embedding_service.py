"""A node whose vectors come from a service: by meaning while it works, else by words."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.memory.embedding import BUILT_IN_ID
from mimo.storage.database import open_reader
from tests.support.embedding_server import DIM, EmbeddingServer, embedding_server
from tests.support.node import Node, running_node
from tests.support.waiting import eventually

WITHIN_S = 60.0
ADAPTED = "openai:m:16"


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as running:
        yield running


def service_of(server: EmbeddingServer, model: str = "m") -> dict[str, str]:
    """Return the settings of a node that uses this server."""
    return {
        "MIMO_EMBEDDING_PROVIDER": "openai",
        "MIMO_EMBEDDING_URL": f"{server.url}/v1",
        "MIMO_EMBEDDING_MODEL": model,
        "MIMO_EMBEDDING_DIMENSIONS": str(DIM),
        "MIMO_EMBEDDING_QUERY_TIMEOUT_S": "0.3 s",
        "MIMO_EMBEDDING_KEY_VARIABLE": "SOME_KEY",
        "SOME_KEY": "sesame",
    }


def reembed(node: Node, *arguments: str) -> dict[str, Any]:
    """Run `mimo reembed` and return what it printed."""
    command = [sys.executable, "-m", "mimo", "reembed", "--data-dir", str(node.data_dir)]
    ended = subprocess.run(
        [*command, "--json", *arguments],
        env=node.env,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def models(node: Node) -> dict[str, int]:
    """Return how many vectors there are of each model."""
    db = open_reader(node.database)
    try:
        return dict(db.rows("SELECT model_id, count(*) FROM vectors GROUP BY 1"))
    finally:
        db.close()


def test_memories_are_found_by_a_services_vectors_and_by_words_while_it_fails(
    data_dir: Path, server: EmbeddingServer
) -> None:
    """Nothing waits for the service: neither a store nor, for long, a search (issue: providers)."""
    with running_node(data_dir, service_of(server)) as node, node.connect() as client:
        client.call("store_many", memories=[{"content": f"note {n}"} for n in range(20)])
        node.await_embedded(WITHIN_S)
        found = client.call("search", query="note 7", mode="meaning", limit=1)
        assert found["memories"][0]["content"] == "note 7"
        assert models(node) == {ADAPTED: 20}

        server.way = "hang"
        client.store("the lighthouse is white")
        found = client.call("search", query="which colour has the lighthouse")
        assert found["mode"] == "keyword"
        assert found["memories"][0]["content"] == "the lighthouse is white"

        server.released.set()
        server.way = ""
        node.await_embedded(WITHIN_S)
        eventually(
            lambda: client.call("search", query="note 3")["mode"] == "hybrid",
            within_s=WITHIN_S,
            what="searches by meaning again",
        )
        assert "sesame" not in (data_dir / "logs" / "mimo.log").read_text()


def test_another_model_embeds_all_anew_and_is_never_mixed_with_the_old(
    data_dir: Path, server: EmbeddingServer
) -> None:
    """Old vectors are kept until new ones take their places; kills cost nothing (issue)."""
    contents = [f"note {n} of the harbour" for n in range(60)]
    with running_node(data_dir) as node, node.connect() as client:
        client.call("store_many", memories=[{"content": one} for one in contents])
        node.await_embedded(WITHIN_S)
        assert models(node) == {BUILT_IN_ID: 60}

    server.way = "error"
    with running_node(data_dir, service_of(server)) as node, node.connect() as client:
        assert models(node) == {BUILT_IN_ID: 60}
        server.way = "slow"
        eventually(
            lambda: ADAPTED in models(node), within_s=WITHIN_S, what="the first of the new vectors"
        )
        fault = node.signal("memory/embedder")
        node.await_successor(fault)
        server.way = ""
        done = reembed(node)
        assert (done["model"], done["waiting"], done["trouble"]) == (ADAPTED, 0, "")
        assert models(node) == {ADAPTED: 60}
        found = client.call("search", query="note 7 of the harbour", mode="meaning", limit=1)
        assert found["memories"][0]["content"] == contents[7]

        asked = len(server.requests)
        assert reembed(node, "--all")["waiting"] == 0
        texts = {text for one in server.requests[asked:] for text in one["input"]}
        assert texts == set(contents)


def test_answers_tell_what_they_lack_after_a_change_of_model(
    data_dir: Path, server: EmbeddingServer
) -> None:
    """Vectors of two models are never compared, so until then words decide, and that is said."""
    with running_node(data_dir) as node, node.connect() as client:
        client.store("the harbour freezes in January")
        node.await_embedded(WITHIN_S)

    # Questions get their vectors, memories don't: they come in another request.
    settings = service_of(server) | {"MIMO_EMBEDDING_DOCUMENT_PREFIX": "hold "}
    server.held = "hold "
    with running_node(data_dir, settings) as node, node.connect() as client:
        answer = client.request(
            "tools/call",
            {"name": "memory", "arguments": {"operation": "search", "query": "harbour"}},
        ).wait()
        assert "have no vector of" in json.dumps(answer)
        assert "harbour freezes" in json.dumps(answer)
        server.released.set()
