"""The `code` and `onboard` tools on a real node: fresh answers, one bad file, killed workers."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mimo.actors.code.operations import ONBOARD, SYMBOL_OPERATIONS
from mimo.interfaces.mcp.schemas import result_schema
from tests.support.client import CallError
from tests.support.node import Node, running_node
from tests.support.source import ROOT
from tests.support.waiting import eventually

Ask = Callable[..., dict[str, Any]]

CACHE = """
class Cache:
    def get(self, key):
        return read(key)


def read(key):
    token = "sk-ant-api03-Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6"
    return key
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace, with another folder beside it."""
    root = tmp_path_factory.mktemp("code").resolve() / "work"
    (root / "src").mkdir(parents=True)
    (root / "src" / "cache.py").write_text(CACHE)
    (root / "pyproject.toml").write_text('[project]\nname = "demo"\ndependencies = ["attrs"]\n')
    (root.parent / "outside.py").write_text("def hidden(): pass\n")
    return root


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Node]:
    """A node that may work there."""
    settings = {"MIMO_WORKSPACE_ROOTS": str(folder), "MIMO_EMBEDDING_PROVIDER": "none"}
    with running_node(tmp_path_factory.mktemp("node") / "data", settings) as node:
        yield node


@pytest.fixture
def ask(node: Node) -> Iterator[Ask]:
    """Make a call whose result fits its schema."""
    known = {("code", each.name): each for each in SYMBOL_OPERATIONS}
    known |= {("onboard", each.name): each for each in ONBOARD.operations}
    with node.connect("reader") as client:

        def call(operation: str, tool: str = "code", **arguments: Any) -> dict[str, Any]:
            found = client.submit(operation, tool=tool, **arguments).result()
            jsonschema.validate(found, result_schema(known[tool, operation]))
            return found

        yield call


def test_every_operation_works_with_its_example(ask: Ask) -> None:
    """What an error shows as an example is one. Source: design 8."""
    for operation in SYMBOL_OPERATIONS:
        ask(operation.name, **operation.example)
    for operation in ONBOARD.operations:
        ask(operation.name, tool="onboard", **operation.example)


def test_an_answer_is_as_the_files_are_now(ask: Ask, folder: Path) -> None:
    path = folder / "src" / "moving.py"
    for name in ("first", "second", "third"):
        path.write_text(f"def {name}(): pass\n")
        assert [each["name"] for each in ask("symbols", path="src/moving.py")["symbols"]] == [name]
        assert ask("definition", name=name)["found"]
    path.unlink()
    assert not ask("definition", name="third")["found"]


def test_secrets_in_sources_are_not_told(ask: Ask) -> None:
    found = ask("definition", name="read", path="src/cache.py")

    assert "sk-ant" not in found["content"]
    assert sum(found["redacted"].values()) == 1


@pytest.mark.parametrize(
    "path", ["../outside.py", "/etc/passwd", "src/../../outside.py", "link.py"]
)
def test_nothing_outside_is_read(ask: Ask, folder: Path, path: str) -> None:
    """Source: mcp.md 7, path traversal and symlinks."""
    link = folder / "link.py"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.parent / "outside.py")

    for operation in ("symbols", "parse", "index"):
        with pytest.raises(CallError, match="inside the allowed folders"):
            ask(operation, path=path)
    with pytest.raises(CallError, match="inside the allowed folders"):
        ask("start", tool="onboard", path=path)
    assert not ask("definition", name="hidden")["found"]
    link.unlink()


def test_what_cannot_be_parsed_says_why(ask: Ask, folder: Path) -> None:
    (folder / "notes.txt").write_text("no source\n")
    with pytest.raises(CallError, match="expected a source file or a folder"):
        ask("symbols", path="notes.txt")
    with pytest.raises(CallError, match="expected a language of"):
        ask("parse", path="notes.txt")
    with pytest.raises(CallError, match="expected either path or source"):
        ask("parse")
    with pytest.raises(CallError, match="not_found"):
        ask("symbols", path="src/nothing.py")


def test_a_killed_worker_is_not_noticed(node: Node, ask: Ask) -> None:
    """The index is a file; the call is sent again to the successor."""
    before = ask("index")
    for _ in range(3):
        fault = node.signal("tools/code", signal.SIGKILL)
        found = ask("index")
        assert found["total_symbols"] == before["total_symbols"]
        node.await_successor(fault)


def test_a_project_is_known_again_by_its_contents(ask: Ask, folder: Path) -> None:
    project = folder / "project"
    shutil.copytree(ROOT / "storage" / "migrations", project / "src")

    def begin(path: str) -> dict[str, Any]:
        ask("start", tool="onboard", path=path)

        def ended() -> dict[str, Any] | None:
            found = ask("status", tool="onboard", path=path)
            return found if found["status"] != "running" else None

        return eventually(ended, within_s=60.0)

    assert ask("status", tool="onboard", path="project")["status"] == "idle"
    first = begin("project")
    assert first["results"]["code_symbols"]["state"] == "completed"
    assert first["results"]["knowledge_graph"]["state"] == "completed"
    assert first["results"]["dependencies"]["state"] == "skipped"
    assert first["status"] == "completed"

    assert ask("start", tool="onboard", path="project")["status"] == "cached"
    assert ask("start", tool="onboard", path="project", force=True)["status"] != "cached"
    project.rename(folder / "moved")
    assert begin("moved")["fingerprint"] == first["fingerprint"]
    (folder / "moved" / "src" / "more.py").write_text("x = 1\n")
    assert begin("moved")["fingerprint"] != first["fingerprint"]
    shutil.rmtree(folder / "moved")


def test_onboarding_goes_on_after_its_worker_was_killed(node: Node, ask: Ask, folder: Path) -> None:
    project = folder / "resumed"
    shutil.copytree(ROOT / "actors", project / "src")
    with node.connect("impatient") as client:
        client.submit("start", tool="onboard", path="resumed")
        eventually(
            lambda: ask("status", tool="onboard", path="resumed")["status"] != "idle",
            within_s=30.0,
        )
        fault = node.signal("tools/code", signal.SIGKILL)
        node.await_successor(fault)

        def ended() -> dict[str, Any] | None:
            found = ask("status", tool="onboard", path="resumed")
            return found if found["status"] in {"completed", "partial"} else None

        found = eventually(ended, within_s=60.0)
    assert found["results"]["code_symbols"]["indexed_files"] > 100
    shutil.rmtree(project)


def test_without_a_workspace_it_says_how_to_get_one(tmp_path: Path) -> None:
    settings = {"MIMO_EMBEDDING_PROVIDER": "none"}
    with running_node(tmp_path / "data", settings) as node, node.connect("homeless") as client:
        with pytest.raises(CallError, match="MIMO_WORKSPACE_ROOTS"):
            client.submit("definition", tool="code", name="read").result()
        text: dict[str, Any] = {"source": "x = 1", "language": "python"}
        found = client.submit("parse", tool="code", **text).result()
        assert found["symbols"][0]["name"] == "x"


def test_a_text_that_takes_a_grammar_too_long_is_given_up(node: Node, ask: Ask) -> None:
    """Quadratic error recovery; only the process that parses it is ended."""
    worker = node.pid_of("tools/code")
    with pytest.raises(CallError, match="too much memory or time"):
        ask("parse", source="(" * 100_000, language="cpp")
    assert ask("parse", source="int x;", language="cpp")["total"] == 1
    assert node.pid_of("tools/code") == worker
