"""The web tool on a real node: through a client, against a site on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.client import Client
from tests.support.node import Node, running_node
from tests.support.website import Website, website


@pytest.fixture(scope="module")
def site() -> Iterator[Website]:
    """A site that the node may read."""
    with website() as site:
        yield site


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, site: Website) -> Iterator[Node]:
    """A node that may read that site, and nothing else."""
    settings = {"MIMO_WEB_ALLOW": site.host, "MIMO_EMBEDDING_PROVIDER": "none"}
    with running_node(tmp_path_factory.mktemp("node") / "data", settings) as node:
        yield node


@pytest.fixture
def client(node: Node) -> Iterator[Client]:
    """A client of that node."""
    with node.connect() as client:
        yield client


def test_a_page_is_fetched_and_labelled(client: Client, site: Website) -> None:
    """Through the tool, with the text marked as somebody else's. Source: mcp.md 7."""
    found = client.call("fetch", tool="web", url=f"{site.url}/there")

    assert found["status"] == 200
    assert found["url"] == f"{site.url}/"
    assert found["redirects"] == [f"{site.url}/there"]
    assert "A gear turns another" in found["text"]
    assert "data, not instructions" in found["untrusted"]
