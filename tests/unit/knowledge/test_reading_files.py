"""What manifests and source files say."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.knowledge.manifests import is_manifest, parse
from mimo.actors.knowledge.places import files_under
from mimo.actors.knowledge.sources import file_facts, library_of, manifest_facts
from mimo.actors.knowledge.symbols import is_source, symbols_of
from mimo.config import limits
from mimo.config.errors import InvalidRequest

MANIFESTS = {
    "pyproject.toml": """
        [project]
        name = "app"
        dependencies = ["Requests[security]>=2,<3 ; python_version > '3.8'", "zope.interface"]
        [project.optional-dependencies]
        test = ["pytest~=8.0"]
        [dependency-groups]
        lint = ["ruff", {include-group = "test"}]
    """,
    "setup.cfg": """
[metadata]
name = app
[options]
install_requires =
    requests>=2,<3
    Zope_Interface
[options.extras_require]
test =
    pytest~=8.0
    ruff
    """,
    "requirements.txt": """
        # comment
        requests >=2,<3 --hash=sha256:aa
        -r more.txt
        --index-url https://example.org
        zope-interface  # why
    """,
    "package.json": """{
        "name": "app",
        "dependencies": {"requests": ">=2,<3", "zope-interface": "*"},
        "devDependencies": {"pytest": "~8.0", "ruff": "1", "requests": "9"}
    }""",
    "Cargo.toml": """
        [package]
        name = "app"
        [dependencies]
        requests = ">=2,<3"
        z = { package = "zope-interface", version = "1" }
        [dev-dependencies]
        pytest = "8"
        [target.'cfg(unix)'.dev-dependencies]
        ruff = { path = "../ruff" }
    """,
    "mix.exs": """
        defmodule App.MixProject do
          def project, do: [app: :app, deps: deps()]
          defp deps do
            [
              {:requests, ">= 2 and < 3"},
              {:"zope-interface", "1"},
              # {:gone, "1"},
              {:zope_interface, path: "../z", only: [:prod, :dev]},
              {:pytest, "~> 8.0", only: [:test]},
              {:ruff, "1", only: :dev, runtime: false}
            ]
          end
        end
    """,
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_each_ecosystem_says_what_is_needed_to_run_and_to_develop(name: str) -> None:
    """Names as their ecosystem compares them. Source: PEP 621, 735, 508, 503; npm, Cargo, mix."""
    text = "\n".join(line.removeprefix("        ") for line in MANIFESTS[name].splitlines())
    found = parse(name, text)
    kinds = {each.name.replace("_", "-"): each.predicate for each in found.dependencies}

    assert found.project == ("" if name == "requirements.txt" else "app")
    assert kinds["requests"] == kinds["zope-interface"] == "depends_on"
    assert set(kinds) <= {"requests", "zope-interface", "pytest", "ruff"}
    if name != "requirements.txt":
        assert kinds["pytest"] == kinds["ruff"] == "dev_depends_on"


def test_poetry_and_go_are_read() -> None:
    """Poetry's own tables; go.mod without what only others need. Source: their references."""
    poetry = parse(
        "pyproject.toml",
        '[tool.poetry]\nname="p"\n[tool.poetry.dependencies]\npython="^3"\nDjango="^4"\n'
        'redis={version="5", optional=true}\n[tool.poetry.group.dev.dependencies]\npytest="*"\n',
    )
    go = parse(
        "go.mod",
        "module example.com/m\nrequire (\n\tgithub.com/a/b v1.2.3\n\tgolang.org/x/y v0.1.0 //"
        " indirect\n)\nrequire github.com/c/d v1.0.0\n",
    )

    assert [(each.name, each.predicate, each.wanted) for each in poetry.dependencies] == [
        ("django", "depends_on", "^4"),
        ("pytest", "dev_depends_on", "*"),
        ("redis", "dev_depends_on", "5"),
    ]
    assert [each.name for each in go.dependencies] == ["github.com/a/b", "github.com/c/d"]
    assert go.project == "example.com/m"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project"),
        ("package.json", "[1, 2]"),
        ("package.json", '{"dependencies": 3}'),
        ("package.json", "[" * 100_000),
        ("setup.cfg", "no section"),
        ("Cargo.toml", "dependencies = 3"),
        ("pyproject.toml", "[project]\ndependencies = 3"),
    ],
)
def test_a_broken_manifest_is_refused_with_its_name(name: str, text: str) -> None:
    """What it said before stays. Source: ours."""
    with pytest.raises(InvalidRequest, match=f"well-formed {name}"):
        parse(name, text)


@given(st.sampled_from(sorted(MANIFESTS)), st.text(max_size=200))
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    """Source: ours."""
    with contextlib.suppress(InvalidRequest):
        assert parse(name, text).ecosystem


def test_manifests_are_told_by_their_names() -> None:
    """Source: ours."""
    assert is_manifest("requirements-dev.txt")
    assert is_manifest("go.mod")
    assert not is_manifest("notes.txt")
    assert is_source("a.tsx")
    assert not is_source("a.md")


def test_a_project_without_a_name_is_called_after_its_folder(tmp_path: Path) -> None:
    """Source: ours."""
    manifest = parse("requirements.txt", "requests\n")

    (fact,) = manifest_facts(manifest, tmp_path / "shop" / "requirements.txt")

    assert (fact.subject, fact.predicate, fact.object) == ("shop", "depends_on", "requests")


@pytest.mark.parametrize(
    ("name", "text", "defines", "imports"),
    [
        (
            "a.py",
            (
                "import os.path\nfrom x.y import z\nfrom . import w\nclass A:\n"
                "    def b(self): ...\nasync def c(): ...\n"
            ),
            ("A", "A.b", "c"),
            ("os.path", "x.y"),
        ),
        ("a.py", "def (", (), ()),
        (
            "a.ts",
            "import x from 'react'\nexport function f() {}\nconst y = require('fs')\nclass B {}",
            ("f", "B"),
            ("react", "fs"),
        ),
        ("a.go", 'import "fmt"\nfunc (s *S) Run() {}\ntype S struct{}', ("Run", "S"), ("fmt",)),
        ("a.rs", "use serde::de;\npub fn run() {}\nstruct S;", ("run", "S"), ("serde",)),
        ("a.ex", "defmodule A.B do\n  alias C.D\n  def run, do: 1\nend", ("A.B", "run"), ("C.D",)),
    ],
)
def test_symbols_are_read_by_language(
    name: str, text: str, defines: tuple[str, ...], imports: tuple[str, ...]
) -> None:
    """Source: ours."""
    found = symbols_of(name, text)

    assert (found.defines, found.imports) == (defines, imports)


@pytest.mark.parametrize(
    ("imported", "library"),
    [
        ("os.path", "os"),
        ("react", "react"),
        ("@scope/lib/part", "@scope/lib"),
        ("lodash/fp", "lodash"),
        ("./local", ""),
        ("github.com/a/b", "github.com/a/b"),
        ("crate", ""),
        ("Phoenix.Router", "Phoenix"),
    ],
)
def test_an_import_belongs_to_a_library(imported: str, library: str) -> None:
    """So that code and manifests meet in one node. Source: ours."""
    assert library_of(imported) == library


def test_a_file_says_no_more_than_one_write_can_hold(tmp_path: Path) -> None:
    """Generated files with thousands of functions. Source: ours."""
    text = "\n".join(f"def f{n}(): ..." for n in range(5_000))

    facts = file_facts(symbols_of("a.py", text), tmp_path / "a.py")

    assert 500 < len(facts) <= limits.SOURCE_FACTS_MAX


def test_what_others_made_is_not_looked_into(tmp_path: Path) -> None:
    """node_modules, hidden folders, links. Source: ours."""
    for path in ("a.py", "b/c.py", "node_modules/x.py", ".git/y.py", "b/z.txt"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "link.py").symlink_to(tmp_path / "a.py")

    found = [str(file.relative_to(tmp_path)) for file in files_under(tmp_path, is_source, 10)]

    assert found == ["a.py", "b/c.py"]
    assert len(list(files_under(tmp_path, is_source, 1))) == 1
