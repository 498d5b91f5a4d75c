"""The `file` tool on a real node: every operation, undo, a killed worker, no workspace."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.files.operations import FILE
from tests.support.client import CallError, Client
from tests.support.editing import contents
from tests.support.node import Node, running_node

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace, with another folder beside it."""
    root = tmp_path_factory.mktemp("hands").resolve() / "work"
    root.mkdir()
    (root.parent / "outside.txt").write_text("not yours")
    return root


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Node]:
    """A node that may work there."""
    settings = {"MIMO_WORKSPACE_ROOTS": str(folder), "MIMO_EMBEDDING_PROVIDER": "none"}
    with running_node(tmp_path_factory.mktemp("node") / "data", settings) as node:
        yield node


@pytest.fixture
def ask(node: Node) -> Iterator[Ask]:
    """Make a call of the tool."""
    with node.connect("editor") as client:
        yield asking(client)


def asking(client: Client) -> Ask:
    def ask(operation: str, **arguments: Any) -> dict[str, Any]:
        return client.submit(operation, tool="file", **arguments).result()

    return ask


def test_every_operation_works_with_its_example(ask: Ask, folder: Path) -> None:
    """What an error shows as an example is one. Source: design 8."""
    (folder / "notes.txt").write_text("a line\nanother line\n")
    (folder / "app.py").write_text("import os\n\n\ndef main() -> int:\n    return 0\n")

    for operation in FILE.operations:
        found = ask(operation.name, **operation.example)
        missing = set(operation.result.get("required", ())) - set(found)
        assert not missing, operation.name
        if operation.effect != "read" and "dry_run" not in found:
            assert found["verification"]["status"] == "verified", operation.name
    assert ask("edits")["edits"][0]["operation"] == "undo"


def test_an_edit_is_made_seen_and_taken_back(ask: Ask, folder: Path) -> None:
    """Through the protocol: preview, edit, search, list, undo. Source: issue 4, file."""
    (folder / "one.py").write_text("x = 1\ny = 2\n")
    (folder / "two.py").write_text("z = 1\n")
    before = contents(folder)
    swaps = [
        {"path": "one.py", "old": "= 1", "new": "= 100"},
        {"path": "two.py", "old": "= 1", "new": "= 100"},
    ]

    preview = ask("multi_replace", replacements=swaps, dry_run=True)
    assert preview["would_replace"] == 2
    assert "+x = 100" in preview["diff_preview"]
    assert contents(folder) == before

    made = ask("multi_replace", replacements=swaps)
    assert made["files_changed"] == 2
    assert [each["path"] for each in ask("search", pattern="= 100")["matches"]] == [
        "one.py",
        "two.py",
    ]

    assert ask("undo")["undone"] == made["edit_id"]
    assert contents(folder) == before
    (newest, *_) = ask("edits", path="one.py")["edits"]
    assert newest["undoes"] == made["edit_id"]


def test_a_replacement_that_does_not_fit_changes_no_file(ask: Ask, folder: Path) -> None:
    """All or none. Source: original/tools.md 1.3 (multi_replace wasn't)."""
    (folder / "fits.txt").write_text("here\n")
    before = contents(folder)

    with pytest.raises(CallError, match="nothing was changed") as caught:
        ask(
            "multi_replace",
            replacements=[
                {"path": "fits.txt", "old": "here", "new": "there"},
                {"path": "missing.txt", "old": "here", "new": "there"},
                {"path": "fits.txt", "old": "nowhere", "new": "there"},
            ],
        )

    assert "2. " in str(caught.value)
    assert "3. " in str(caught.value)
    assert contents(folder) == before


def test_nothing_outside_is_touched(ask: Ask, folder: Path) -> None:
    """By no operation that takes a path. Source: mcp.md 7, CVE-2025-53109."""
    before = (folder.parent / "outside.txt").read_bytes()
    (folder / "door").symlink_to(folder.parent)
    try:
        for path in ("../outside.txt", "door/outside.txt", str(folder.parent / "outside.txt")):
            for operation in FILE.operations:
                if "path" not in operation.parameters:
                    continue
                with pytest.raises(CallError, match="inside the allowed folders"):
                    ask(operation.name, **{**operation.example, "path": path})
            with pytest.raises(CallError, match="inside the allowed folders"):
                ask("move", path="app.py", destination=path)
    finally:
        (folder / "door").unlink()
    assert (folder.parent / "outside.txt").read_bytes() == before


def test_a_killed_worker_is_not_noticed(node: Node, ask: Ask, folder: Path) -> None:
    """Its successor answers, and knows what was changed. Source: design 5, McpBridge."""
    (folder / "kept.txt").write_text("one\n")
    ask("write", path="kept.txt", content="two\n")
    fault = node.signal("tools/files")
    node.await_successor(fault)

    assert ask("read", path="kept.txt")["content"] == "two\n"
    ask("undo")
    assert (folder / "kept.txt").read_text() == "one\n"


def test_a_frozen_worker_delays_a_write_and_does_not_repeat_it(
    node: Node, ask: Ask, folder: Path
) -> None:
    """Appended once, whoever answered. Source: reliability.md A2."""
    (folder / "log.txt").write_text("")
    pid = node.actor("tools/files").pid
    os.kill(pid, signal.SIGSTOP)

    ask("write", path="log.txt", content="line\n", mode="append")

    assert (folder / "log.txt").read_text() == "line\n"


def test_without_a_workspace_the_tool_says_what_to_set(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Honest and useful. Source: issue 4, seams."""
    with (
        running_node(
            tmp_path_factory.mktemp("bare") / "data", {"MIMO_EMBEDDING_PROVIDER": "none"}
        ) as node,
        node.connect() as client,
    ):
        for operation in FILE.operations:
            with pytest.raises(CallError, match=r"workspace\.roots") as caught:
                asking(client)(operation.name, **operation.example)
            assert caught.value.code == "not_available"
