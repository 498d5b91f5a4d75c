"""Packages and checkers through their worker: fake registries on loopback, real programs."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.library import messages as lm
from mimo.config.errors import ApprovalRequired, InvalidRequest, NotAvailable, NotFound
from mimo.config.settings import load_settings
from mimo.supervision import messages as m
from mimo.supervision.specs import ChildSpec, SupervisorFlags, group
from tests.support.client import CallError
from tests.support.node import running_node
from tests.support.pages import page, serving
from tests.support.processes import alive
from tests.support.tree import Tree, running_tree
from tests.support.waiting import eventually

WORKER = "tools/library"
PYPI = {
    "info": {
        "name": "Gearbox",
        "version": "2.1.0",
        "summary": "Turns\none gear by another.",
        "license": "MIT",
        "project_urls": {"Documentation": "https://gearbox.example.org"},
        "requires_dist": ["teeth>=2", "oil; extra == 'smooth'"],
    }
}
NPM_FOUND = {
    "objects": [{"package": {"name": "gear", "version": "1.0.0", "description": "A gear."}}]
}
CRATE = {
    "crate": {
        "id": "gear",
        "max_version": "0.3.0",
        "description": "A gear.",
        "documentation": None,
    },
    "versions": [{"num": "0.3.0", "license": "MIT"}],
}


class Registry:
    """A registry of all four ecosystems, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Any] = {
            "/pypi/gearbox/json": PYPI,
            "/-/v1/search": NPM_FOUND,
            "/api/v1/crates/gear": CRATE,
            "/api/packages/gear": {
                "name": "gear",
                "meta": {"description": "A gear.", "licenses": ["MIT"]},
                "releases": [{"version": "1.1.0"}],
            },
            "/api/packages/broken": ["no", "package"],
        }

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a request."""
        path = handler.path.partition("?")[0]
        self.asked.append(path)
        found = self.answers.get(path)
        body = json.dumps(found).encode()
        page(body, "application/json", 404 if found is None else 200)(handler)


@pytest.fixture(scope="module")
def registry() -> Iterator[tuple[Registry, str]]:
    """A registry and its host."""
    registry = Registry()
    with serving(registry) as host:
        yield registry, host


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in two languages, with packages and checkers of its own."""
    root = tmp_path_factory.mktemp("home").resolve() / "project"
    info = root / ".venv" / "lib" / "python3.11" / "site-packages" / "Small_Thing-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: Small.Thing\nVersion: 1.2\nSummary: Small.\n")
    (info / "top_level.txt").write_text("small_thing\n")
    package = root / "node_modules" / "@scope" / "thing"
    package.mkdir(parents=True)
    told = {"name": "@scope/thing", "version": "3.0.0", "dependencies": {"gear": "^1"}}
    (package / "package.json").write_text(json.dumps(told))
    (root / "pyproject.toml").write_text(
        '[project]\nname = "it"\ndependencies = ["small-thing>=1", "gearbox", "nowhere"]\n'
    )
    (root / "package.json").write_text('{"name": "it", "dependencies": {"@scope/thing": "^3"}}')
    (root / "good.py").write_text("x = 1\n")
    (root / "bad.py").write_text("import os\nos.remove('good.py')\ndef f(:\n")
    lint = [
        {
            "filename": str(root / "good.py"),
            "location": {"row": 1, "column": 1},
            "code": "F401",
            "message": "unused",
        }
    ]
    script(
        root / ".venv" / "bin" / "ruff",
        f"import sys\nopen('ran', 'w').close()\nprint({json.dumps(lint)!r})\nsys.exit(1)\n",
    )
    script(root / ".venv" / "bin" / "mypy", "import sys\nsys.exit('no such option')\n")
    return root


@pytest.fixture(scope="module")
def tree(
    tmp_path_factory: pytest.TempPathFactory, registry: tuple[Registry, str], project: Path
) -> Iterator[Tree]:
    """The worker alone, under a supervisor."""
    host = registry[1]
    folder = tmp_path_factory.mktemp("tree")
    urls = {f"library.{name}_url": f"http://{host}" for name in ("pypi", "npm", "crates", "hex")}
    settings = load_settings(
        {
            "data_dir": str(folder / "data"),
            "workspace.roots": str(project.parent),
            "web.allow": host,
            **urls,
        }
    )
    start = "mimo.actors.library.library.Library"
    worker = ChildSpec(id=WORKER, start=start, args={"settings": settings})
    with running_tree(group("mimo", SupervisorFlags(intensity=10), worker), folder) as tree:
        eventually(lambda: tree.pid(WORKER))
        yield tree


def ask(tree: Tree, request: Any) -> dict[str, Any]:
    data: dict[str, Any] = tree.call(WORKER, request, 60.0).data
    return data


def get(name: str, ecosystem: str = "pypi", **more: Any) -> lm.GetLibrary:
    return lm.GetLibrary(name=name, ecosystem=ecosystem, path=more.pop("path", ""), **more)


def test_a_registry_is_asked_once_and_then_remembered(
    tree: Tree, registry: tuple[Registry, str]
) -> None:
    """What it said is kept, and its text is one line (ours)."""
    first = ask(tree, get("GearBox"))
    second = ask(tree, get("gearbox"))

    assert (first["version"], first["source"], second["source"]) == ("2.1.0", "registry", "cache")
    assert first["description"] == "Turns one gear by another."
    assert first["dependencies"] == ["teeth>=2"]
    assert registry[0].asked.count("/pypi/gearbox/json") == 1
    assert ask(tree, lm.CountLibraries())["entries"] >= 1


@pytest.mark.parametrize(("ecosystem", "version"), [("crates", "0.3.0"), ("hex", "1.1.0")])
def test_other_registries_are_read(tree: Tree, ecosystem: str, version: str) -> None:
    """Each in its own form (original: hex, crates)."""
    assert ask(tree, get("gear", ecosystem))["version"] == version


def test_what_is_installed_needs_no_registry(tree: Tree, registry: tuple[Registry, str]) -> None:
    """Neither Python's nor node's (ours: offline)."""
    asked = len(registry[0].asked)

    python = ask(tree, get("small.thing", path="project"))
    node = ask(tree, get("@scope/thing", "npm", path="project"))
    own = ask(tree, get("peewee", path="project"))

    assert (python["version"], python["modules"]) == ("1.2", ["small_thing"])
    assert (node["version"], node["dependencies"]) == ("3.0.0", ["gear ^1"])
    assert own["source"] == "installed"
    assert len(registry[0].asked) == asked


def test_an_unknown_package_is_no_error_but_can_not_be_ensured(tree: Tree) -> None:
    """`found` is false (original)."""
    assert ask(tree, get("nowhere")) == {"name": "nowhere", "ecosystem": "pypi", "found": False}
    with pytest.raises(NotFound):
        ask(tree, get("nowhere", ensure=True))


def test_a_registry_that_talks_nonsense_is_refused(tree: Tree) -> None:
    """It answers, but with no package (ours)."""
    with pytest.raises(InvalidRequest, match="registry"):
        ask(tree, get("broken", "hex"))


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b", "-x", "a b", "x?y=1", "a\0b", "..", "%2e%2e", "@a/../b"]
)
@pytest.mark.parametrize("ecosystem", ["pypi", "npm", "crates", "hex"])
def test_a_name_can_not_be_another_path(tree: Tree, name: str, ecosystem: str) -> None:
    """Neither of a registry nor of a disk (mcp.md 7: capability laundering)."""
    with pytest.raises(InvalidRequest, match="expected the name"):
        ask(tree, get(name, ecosystem))


def test_packages_are_searched(tree: Tree) -> None:
    """In the registry and in what is installed; PyPI can't be searched (ours)."""
    found = ask(tree, lm.SearchLibraries(query="gear", ecosystem="npm", limit=5))
    local = ask(tree, lm.SearchLibraries(query="small", ecosystem="pypi", limit=5, path="project"))

    assert [each["name"] for each in found["results"]] == ["gear"]
    assert local["results"] == [{"name": "small-thing", "type": "installed"}]
    with pytest.raises(NotAvailable, match="no search"):
        ask(tree, lm.SearchLibraries(query="nothing", ecosystem="pypi", limit=5))


def test_what_a_project_names_is_discovered(tree: Tree) -> None:
    """With the version that is known of each (original: library_discover)."""
    found = ask(tree, lm.DiscoverLibraries(path="project"))

    known = {row["name"]: row.get("version") for row in found["dependencies"]}
    assert known == {
        "small-thing": "1.2",
        "gearbox": "2.1.0",
        "nowhere": None,
        "@scope/thing": "3.0.0",
    }
    assert (found["total_dependencies"], found["known"], found["unknown"]) == (4, 3, 1)


def test_syntax_is_checked_without_running_anything(tree: Tree, project: Path) -> None:
    """No question is asked, since no code of the project runs (ours)."""
    found = ask(tree, lm.Diagnose(kind="check", path="project"))

    assert [(each["file"], each["line"]) for each in found["diagnostics"]] == [("bad.py", 3)]
    assert (found["complete"], found["clean"], found["error_count"]) == (True, False, 1)
    assert (project / "good.py").exists()


def test_code_of_a_project_runs_only_after_a_question(tree: Tree, project: Path) -> None:
    """A linter is the project's own program (mcp.md 7)."""
    (project / "ran").unlink(missing_ok=True)
    with pytest.raises(ApprovalRequired, match="ruff"):
        ask(tree, lm.Diagnose(kind="lint", path="project"))
    assert not (project / "ran").exists()

    found = ask(tree, lm.Diagnose(kind="lint", path="project", approved=True))

    assert [(each["code"], each["source"]) for each in found["diagnostics"]] == [("F401", "ruff")]
    assert (project / "ran").exists()


def test_a_checker_that_fails_or_is_missing_is_never_clean(tree: Tree) -> None:
    """Original: a missing tool was reported as no problems."""
    found = ask(tree, lm.Diagnose(kind="typecheck", path="project", approved=True))

    assert (found["complete"], found["clean"], found["diagnostics"]) == (False, False, [])
    assert found["tools"][0]["status"] == "failed"
    assert "no such option" in found["tools"][0]["detail"]


def test_a_place_outside_of_the_workspace_is_refused(tree: Tree) -> None:
    """Only configured folders (mcp.md 7: CVE-2025-53110)."""
    for path in ("/etc", "../..", "project/../../..", "project/.venv"):
        with pytest.raises(InvalidRequest, match="expected"):
            ask(tree, lm.Diagnose(kind="check", path=path, language="python"))


def test_a_killed_worker_is_replaced_and_remembers(tree: Tree) -> None:
    """What was kept stays kept (ours)."""
    ask(tree, get("gear", "crates"))
    old = tree.pid(WORKER)

    os.kill(old, 9)
    eventually(lambda: tree.pid(WORKER) not in {0, old})

    assert ask(tree, get("gear", "crates"))["source"] == "cache"


def test_a_checker_dies_with_its_worker_and_holds_nobody_up(tree: Tree, project: Path) -> None:
    """A linter that hangs leaves room for others, and no process behind (design 5)."""
    told = project / "hangs"
    script(
        project / "node_modules" / ".bin" / "eslint",
        "import os, signal\nopen('hangs.new', 'w').write(str(os.getpid()))\n"
        "os.rename('hangs.new', 'hangs')\nsignal.pause()\n",
    )
    request = lm.Diagnose(kind="lint", path="project", language="javascript", approved=True)
    up = tree.whereis(WORKER)
    call = m.Call(
        id=10**15, target=WORKER, incarnation=up.incarnation, request=request, deadline_s=1e12
    )
    tree.send(up.address, call)
    pid = eventually(lambda: int(told.read_text()) if told.exists() else None)

    assert ask(tree, get("peewee"))["found"]
    assert alive(pid)
    os.kill(up.pid, 9)

    eventually(lambda: not alive(pid))
    eventually(lambda: tree.pid(WORKER) not in {0, up.pid})


def test_the_tools_answer_through_a_node(tmp_path: Path, project: Path) -> None:
    """From the client's call to the checker and back; who can't be asked is refused (design 6)."""
    settings = {"MIMO_WORKSPACE_ROOTS": str(project.parent), "MIMO_EMBEDDING_PROVIDER": "none"}
    with running_node(tmp_path / "data", settings) as node, node.connect() as client:
        checked = client.call("check", tool="code", path="project/good.py")
        package = client.call("library_get", tool="code", name="small.thing", path="project")
        sum_ = client.call(
            "verify_math", tool="cognitive", expression="17 * 23", claimed_result="391"
        )
        (project / "ran").unlink(missing_ok=True)
        with pytest.raises(CallError, match="approval_required"):
            client.call("lint", tool="code", path="project", language="python")

    assert (checked["clean"], package["version"], sum_["match"]) == (True, "1.2", True)
    assert not (project / "ran").exists()
