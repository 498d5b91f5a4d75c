"""One warm node a module: cases that don't destroy it share it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.node import Node, running_node


@pytest.fixture(scope="module")
def warm(
    tmp_path_factory: pytest.TempPathFactory,
    temporary_folder: Path,
) -> Iterator[Node]:
    """Give a node whose every part has worked once; stopped in order after the module."""
    data_dir = tmp_path_factory.mktemp("warm") / "data"
    data_dir.mkdir(mode=0o700)
    with running_node(data_dir) as node:
        node.warm_up()
        yield node


@pytest.fixture
def node(data_dir: Path) -> Iterator[Node]:
    """Give a node of the test's own."""
    with running_node(data_dir) as found:
        yield found
