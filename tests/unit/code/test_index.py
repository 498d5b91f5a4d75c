"""The index: always what the files hold, whatever was changed, killed or damaged before."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimo.actors.code import messages as cm
from mimo.actors.code.reading import parsed, row_of, stamps_of
from mimo.actors.workspace.opening import folder
from mimo.config import limits
from mimo.storage.code_index import CodeIndex
from mimo.storage.code_records import Project, Stamps
from tests.support.code_bench import Bench, bench
from tests.support.source import ROOT

CACHE = '''
class Cache:
    """Keeps values."""

    def get(self, key):
        return self.load(key)

    def load(self, key):
        return read(key)


def read(key):
    return key
'''
USER = """
from cache import Cache, read

def main():
    cache = Cache()
    print(cache.get("a"), read("b"))
"""


def fill(made: Bench) -> None:
    (made.root / "app").mkdir()
    (made.root / "app" / "cache.py").write_text(CACHE)
    (made.root / "app" / "main.py").write_text(USER)


def test_a_definition_is_shown_with_its_source(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        fill(made)
        found = made.ask(cm.Definition(name="Cache.get"))

    assert found["found"]
    assert found["definition"]["path"] == "app/cache.py"
    assert found["definition"]["line"] == 5
    assert found["content"] == "    def get(self, key):\n        return self.load(key)"
    assert found["others"] == []


def test_what_is_not_defined_suggests_what_is(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        fill(made)
        found = made.ask(cm.Definition(name="Cache.ge"))

    assert found == {"symbol": "Cache.ge", "found": False, "similar": ["Cache.get"]}


def test_references_tell_their_lines_and_what_they_stand_in(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        fill(made)
        found = made.ask(cm.References(name="read"))

    assert [(each["path"], each["line"], each["within"]) for each in found["references"]] == [
        ("app/cache.py", 9, "Cache.load"),
        ("app/main.py", 2, ""),
        ("app/main.py", 6, "main"),
    ]
    assert found["references"][0]["text"] == "return read(key)"
    assert found["total"] == 3


def test_the_call_graph_goes_both_ways(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        fill(made)
        found = made.ask(cm.CallGraph(name="Cache.load"))
        of_main = made.ask(cm.CallGraph(name="main"))

    assert found["callers"] == [{"name": "Cache.get", "path": "app/cache.py", "lines": [6]}]
    assert found["callees"] == [{"name": "read", "lines": [9], "defined_at": ["app/cache.py:12"]}]
    assert [each["name"] for each in of_main["callees"]] == ["Cache", "print", "get", "read"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("get", ["get"]),
        ("*ad", ["load", "read"]),
        ("ca", ["Cache", "cache"]),
        ("Cache.*", ["get", "load"]),
        ("100%", []),
        ("r_ad", []),
        ("r?ad", ["read"]),
    ],
)
def test_names_are_searched_by_parts_and_by_wildcards(
    tmp_path: Path, pattern: str, names: list[str]
) -> None:
    with bench(tmp_path) as made:
        fill(made)
        (made.root / "app" / "more.py").write_text("cache = None\n")
        found = made.ask(cm.Search(pattern=pattern))

    assert sorted(each["name"] for each in found["symbols"]) == names


def test_imports_are_listed_only_when_they_are_asked_for(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        fill(made)
        plain = made.ask(cm.Symbols(path="app/main.py"))
        imports = made.ask(cm.Symbols(path="app", kind="import"))

    assert [each["name"] for each in plain["symbols"]] == ["main"]
    assert [each["name"] for each in imports["symbols"]] == ["Cache", "read"]


def test_only_what_has_changed_is_read_again(tmp_path: Path) -> None:
    """Of a whole project, one file. Its time: `python -m tests.load code`."""
    with bench(tmp_path) as made:
        shutil.copytree(ROOT / "storage", made.root / "storage")
        _age(made.root)
        first = made.refresh()
        again = made.refresh()
        changed = made.root / "storage" / "faults.py"
        changed.write_text(changed.read_text() + "\n\ndef brand_new():\n    pass\n")
        os.utime(changed, (1_000, 1_000))
        gone = next((made.root / "storage").glob("code_*.py"))
        gone.unlink()
        third = made.refresh()

        assert (first.changed, first.removed) == (first.seen, 0)
        assert (again.changed, again.removed) == (0, 0)
        assert (third.changed, third.removed) == (1, 1)
        assert made.ask(cm.Definition(name="brand_new"))["found"]
        assert str(gone) not in made.index.known([str(made.root)])


def _age(root: Path) -> None:
    """Make files look as if they were written long ago."""
    for path in root.rglob("*"):
        os.utime(path, (500, 500))


def test_a_file_that_changed_within_the_tick_of_a_clock_is_read_again(tmp_path: Path) -> None:
    """Same size, same time, another content. Source: git, racy-git."""
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    found = path.stat()

    assert stamps_of(found, found.st_mtime_ns + 1_000).mtime_ns == 0
    assert stamps_of(found, found.st_mtime_ns + 10**9).mtime_ns == found.st_mtime_ns


NAMES = ("a.py", "b.py", "sub/c.py", "sub/d.js", "sub2/e.go", "notes.txt")
SOURCES = (
    *("x = 1\n", "def f():\n    return g(x)\n", "class A:\n    def f(self): pass\n"),
    *("function f() { return g(); }\n", "package main\nfunc f() { g() }\n", "((((", ""),
)
CHANGES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from((*SOURCES, None))), min_size=1, max_size=6
)


@settings(max_examples=15, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=4))
def test_bit_by_bit_it_becomes_what_a_new_index_would_be(
    rounds: list[list[tuple[str, str | None]]],
) -> None:
    with tempfile.TemporaryDirectory() as place, bench(Path(place)) as made:
        for changes in rounds:
            for name, source in changes:
                path = made.root / name
                path.parent.mkdir(exist_ok=True)
                if source is None:
                    path.unlink(missing_ok=True)
                else:
                    path.write_text(source)
            made.refresh()
        grown = _contents(made.index)
        with tempfile.TemporaryDirectory() as beside:
            shutil.copytree(made.root, Path(beside) / "work")
            with bench(Path(beside)) as new:
                new.refresh()
                fresh = _contents(new.index)

    assert grown == fresh
    assert not made.errors


def _contents(index: CodeIndex) -> list[tuple[object, ...]]:
    symbols = index.rows(
        "SELECT f.hash, s.qualified_name, s.kind, s.line, f.lines FROM files AS f"
        " LEFT JOIN symbols AS s ON s.file_id = f.id"
    )
    uses = index.rows(
        "SELECT f.hash, n.name, u.kind, u.places FROM files AS f"
        " JOIN uses AS u ON u.file_id = f.id JOIN names AS n ON n.id = u.name_id"
    )
    return sorted(map(repr, symbols)) + sorted(map(repr, uses))  # type: ignore[return-value]


def test_a_folder_is_not_another_one_whose_name_begins_so(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        for name in ("app", "app2", "app-x"):
            (made.root / name).mkdir()
            (made.root / name / "a.py").write_text("x = 1\n")
        made.refresh()
        made.refresh("app")

        assert list(made.index.known([str(made.root / "app")])) == [f"{made.root}/app/a.py"]
        assert made.index.totals([str(made.root)]).files == 3


def test_links_hidden_and_ignored_files_are_left_out(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        outside = tmp_path / "outside.py"
        outside.write_text("secret = 1\n")
        (made.root / ".git").mkdir()
        (made.root / ".gitignore").write_text("made/\n")
        for name in ("made/a.py", ".hidden/a.py", "node_modules/a.js", "ok/a.py"):
            (made.root / name).parent.mkdir()
            (made.root / name).write_text("x = 1\n")
        (made.root / "link.py").symlink_to(outside)
        (made.root / "folder").symlink_to(tmp_path)
        os.mkfifo(made.root / "pipe.py")
        made.refresh()

        assert list(made.index.known([str(made.root)])) == [f"{made.root}/ok/a.py"]


def test_a_file_that_becomes_a_link_meanwhile_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at as a file, opened as a link. Source: mcp.md 7, symlink races."""
    (tmp_path / "outside.py").write_text("secret_name = 1\n")
    with bench(tmp_path) as made:
        (made.root / "a.py").write_text("x = 1\n")

        def folder_of(place: object) -> object:
            (made.root / "a.py").unlink(missing_ok=True)
            (made.root / "a.py").symlink_to(tmp_path / "outside.py")
            return folder(place.parent)  # type: ignore[attr-defined]

        monkeypatch.setattr("mimo.actors.workspace.opening.folder_of", folder_of)
        made.refresh()

        assert not made.index.rows("SELECT * FROM symbols")
        assert "could not be read" in made.index.notes([str(made.root)], 1)[0][1]


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        fill(made)
        made.refresh()
        path = made.index.path
    path.write_bytes(b"no database at all, but long enough" * 100)

    with bench(tmp_path) as made:
        assert made.ask(cm.Definition(name="read"))["found"]


def test_an_index_of_another_format_is_made_anew(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.index.rows("PRAGMA user_version = 999")
        path = made.index.path

    index = CodeIndex(path)
    assert index.totals(["/"]).files == 0
    index.close()


def test_a_project_is_remembered(tmp_path: Path) -> None:
    index = CodeIndex(tmp_path / "index.db")
    project = Project("/a", "f", "running", 1.0, None, "{}")
    index.put_project(project)
    assert index.running() == [index.project("/a")] == [project]
    index.put_project(project._replace(state="completed", ended_s=2.0))
    assert index.running() == []
    assert index.project("/b") is None
    index.close()


def test_of_a_huge_file_no_more_is_kept_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CODE_SYMBOLS_PER_FILE_MAX", 3)
    monkeypatch.setattr(limits, "CODE_USES_PER_FILE_MAX", 4)
    source = "".join(f"def f{number}():\n    return g(h)\n" for number in range(9))

    answer = parsed(source.encode(), "python")
    answer["path"], answer["hash"], answer["stamps"] = "/a.py", "x", list(Stamps(1, 2, 3))
    row = row_of(answer, "python")

    assert len(row.symbols) == 3
    assert all(within < 3 for use in row.uses for within in use.places[2::3])
    assert "not all" in row.note
