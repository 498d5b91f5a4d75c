"""What happened to other servers, tried on a real node through every tool. Source: mcp.md 7."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.incidents import PATHS, Call, calls, snapshot
from tests.support.node import Node, running_node

CANARY = "CANARY-of-outside-7341"
KEYS = {
    "OPENAI_API_KEY": "KEY-of-the-parent-openai-5512",
    "ACME_SECRET_TEST": "KEY-of-the-parent-acme-5513",
    "AWS_SECRET_ACCESS_KEY": "KEY-of-the-parent-aws-5514",
}
#: Calls in flight.
WIDTH = 8


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace `work`, and beside it what nobody may see: `workx` and `outside`."""
    folder = tmp_path_factory.mktemp("incidents").resolve()
    for name in ("workx", "outside", "outside/sub"):
        (folder / name).mkdir()
        (folder / name / "secret.txt").write_text(f"{CANARY} in {name}\n")
        (folder / name / "secret.py").write_text(f"def canary():\n    return '{CANARY}'\n")
    populate(folder / "work")
    return folder


def populate(root: Path) -> None:
    """Put into the workspace what the examples work with, and links that lead out of it."""
    root.mkdir(exist_ok=True)
    (root / "notes.txt").write_text("a line\nanother line\n")
    (root / "notes.md").write_text("# Notes\n\nTea at four.\n")
    (root / "app.py").write_text("import os\n\n\ndef main() -> int:\n    return 0\n")
    for name, target in (("link.txt", "../outside/secret.txt"), ("linked", "../outside")):
        with contextlib.suppress(FileExistsError):
            (root / name).symlink_to(target)


@pytest.fixture(scope="module")
def node(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node whose environment holds keys, and which may work in `work`."""
    settings = {
        "MIMO_EMBEDDING_PROVIDER": "none",
        "MIMO_WORKSPACE_ROOTS": str(base / "work"),
        "MIMO_INGEST_ROOTS": str(base / "work"),
        "MIMO_LIMITS_RISKY_RATE_PER_S": "100000",
        "MIMO_LIMITS_RISKY_BURST": "100000",
        "MIMO_LIBRARY_CHECKERS": "allow",
        **KEYS,
    }
    with running_node(tmp_path_factory.mktemp("node") / "data", settings) as found:
        yield found


@pytest.fixture
def client(node: Node) -> Iterator[Client]:
    with node.connect("incident") as found:
        yield found


def ask(client: Client, tool: str, operation: str, **arguments: Any) -> dict[str, Any]:
    return client.submit(operation, tool=tool, **arguments).result(90.0)


def answers(client: Client, wanted: Iterable[Call]) -> Iterator[tuple[Call, str]]:
    """Make the calls, some at once; yield each with its whole answer as JSON."""
    queue = iter(wanted)
    while batch := list(itertools.islice(queue, WIDTH)):
        asked = [
            client.request("tools/call", {"name": each.tool, "arguments": each.arguments})
            for each in batch
        ]
        for each, pending in zip(batch, asked, strict=True):
            yield each, json.dumps(pending.wait(90.0))


ESCAPES = (
    "{base}/workx/secret.txt",
    "{base}/work/../outside/secret.txt",
    "../outside/secret.txt",
    "../outside/new",
    "link.txt",
    "linked",
    "linked/secret.py",
    "linked/new/deep",
    "{base}/outside",
    "/etc/passwd",
    "/proc/self/environ",
    "/dev/zero",
    "file:///etc/passwd",
    "%2e%2e/outside/secret.txt",
    "..\\outside\\secret.txt",
    "-rf",
    "--output={base}/outside/new",
    "--output=../outside/new",
    "notes.txt\0.png",
    "{data}/mimo.db",
    "{data}/run",
)


@pytest.mark.parametrize("value", ESCAPES)
def test_no_path_of_any_operation_leaves_the_workspace(
    node: Node, client: Client, base: Path, value: str
) -> None:
    """CVE-2025-53110 and 53109 (prefix, links), CVE-2025-68143 to 68145 and CVE-2026-27735.

    (`-`, `--output=`, `..`): each value for every path of every operation of the tables.
    """
    populate(base / "work")
    outside = {name: snapshot(base / name) for name in ("outside", "workx")}
    given = value.format(base=base, data=node.data_dir)
    count = 0

    for call, answer in answers(client, calls(given, PATHS.__contains__)):
        count += 1
        for leak in (CANARY, "root:x:0", "SQLite format", *KEYS.values()):
            assert leak not in answer, f"{call}: {answer[:500]}"

    assert count >= 50
    assert {name: snapshot(base / name) for name in outside} == outside
    assert {path.name for path in base.iterdir()} == {"work", "workx", "outside"}


def test_no_argument_chooses_where_bytes_land(node: Node, client: Client, base: Path) -> None:
    """Memory servers whose storage path was settable, roo memory-bank `file_name`, rag #465.

    Every text of every operation is a path to elsewhere; nothing may appear under that name.
    """
    populate(base / "work")
    for index, form in enumerate(("../../ESCAPED-{0}", "{1}/outside/ESCAPED-{0}", "..%2f..\\E{0}")):
        value = form.format(index, base)
        for _ in answers(client, calls(value, lambda name: name not in {"command", "image"})):
            pass
    assert "memory/ingest" not in node.restarts()
    places = (base / "outside", base / "workx", node.data_dir, Path.cwd(), Path.home())

    for place in places:
        depth = "*" if place == Path.home() else "**/*"
        found = [path for path in place.glob(depth) if "ESCAPED" in path.name]
        assert not found
    assert {path.name for path in base.iterdir()} == {"work", "workx", "outside"}


def test_a_folder_that_is_swapped_for_a_link_again_and_again_shows_nothing(
    client: Client, base: Path
) -> None:
    """CVE-2025-53109: the link is set after the check, in a race that never ends."""
    populate(base / "work")
    swapped, beside = base / "work" / "swapped", base / "work" / "beside"
    swapped.mkdir()
    (swapped / "secret.txt").write_text("harmless\n")
    (swapped / "secret.py").write_text("def canary():\n    return 'harmless'\n")
    before = snapshot(base / "outside")
    is_over = threading.Event()

    def swap() -> None:
        while not is_over.is_set():
            try:
                swapped.rename(beside)
                swapped.symlink_to("../outside")
                swapped.unlink()
                beside.rename(swapped)
            except OSError:
                # A write made the folder anew while it was away.
                if swapped.is_symlink():
                    swapped.unlink()
                swapped.mkdir(exist_ok=True)
                shutil.rmtree(beside, ignore_errors=True)

    racer = threading.Thread(target=swap)
    racer.start()
    try:
        each: list[tuple[str, dict[str, Any]]] = [
            ("file", {"operation": "read", "path": "swapped/secret.txt"}),
            ("file", {"operation": "write", "path": "swapped/secret.txt", "content": "mine\n"}),
            ("file", {"operation": "write", "path": "swapped/new", "content": "mine\n"}),
            ("file", {"operation": "search", "path": "swapped", "pattern": "C.NARY"}),
            ("file", {"operation": "glob", "path": "swapped", "pattern": "**/*"}),
            ("file", {"operation": "list_symbols", "path": "swapped/secret.py"}),
            ("file", {"operation": "delete", "path": "swapped/sub/secret.txt"}),
            ("code", {"operation": "symbols", "path": "swapped"}),
            ("code", {"operation": "definition", "path": "swapped", "name": "canary"}),
            ("code", {"operation": "parse", "path": "swapped/secret.py"}),
            ("terminal", {"operation": "execute", "cwd": "swapped", "command": "cat secret.txt"}),
            ("memory", {"operation": "ingest", "path": str(swapped / "secret.txt")}),
            ("knowledge", {"operation": "link", "path": str(swapped / "secret.py")}),
        ]
        wanted = [Call(tool, arguments) for _ in range(15) for tool, arguments in each]
        outcomes = list(answers(client, wanted))
    finally:
        is_over.set()
        racer.join()

    leaks = {json.dumps(call) for call, answer in outcomes if CANARY in answer}
    assert not leaks
    assert snapshot(base / "outside") == before
    assert any('"isError": true' in answer for _, answer in outcomes)
    assert any('"isError": false' in answer for _, answer in outcomes)
