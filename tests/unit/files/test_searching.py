"""Finding files and lines: ignore rules, globs, limits, expressions that never end."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mimo.actors.files import choosing, messages, reading, searching, symbols
from mimo.actors.files.redacting import without_secrets
from mimo.actors.workspace.places import Roots
from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import InvalidRequest, NotFound


def whole(answer: Generator[None, None, dict[str, Any]]) -> dict[str, Any]:
    """Return what an answer is in the end."""
    while True:
        try:
            next(answer)
        except StopIteration as end:
            found: dict[str, Any] = end.value
            return found


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    """A small project."""
    root = tmp_path.resolve() / "project"
    files = {
        ".gitignore": "build/\n*.log\n",
        "app.py": "import os\n\n\nclass Cache:\n    def save(self) -> None:\n        pass\n",
        "src/one.ts": "export function load(): void {}\n// Needle\n",
        "src/two.js": "needle();\n",
        "build/out.txt": "needle\n",
        "run.log": "needle\n",
        "node_modules/x/index.js": "needle\n",
        ".env": "needle=1\n",
        "picture.bin": "needle\0",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Roots(allowed=(root,), dot_names=(".gitignore",))


def search(roots: Roots, *patterns: str, path: str = ".", **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "is_batch": len(patterns) > 1,
        "exclude": (),
        "respects_gitignore": True,
        "context_lines": 1,
        "limit": 50,
        **more,
    }
    request = messages.Search(path=path, patterns=patterns, **fields)
    return whole(searching.searched(request, roots, SYSTEM_CLOCK))


def paths(found: dict[str, Any]) -> list[str]:
    return [each["path"] for each in found["matches"]]


def test_a_search_sees_what_git_would(roots: Roots) -> None:
    """Without ignored, hidden and binary files; case doesn't matter."""
    found = search(roots, "needle")

    assert paths(found) == ["src/one.ts", "src/two.js"]
    assert found["matches"][0] == {
        "path": "src/one.ts",
        "line": 2,
        "text": "// Needle",
        "before": ["export function load(): void {}"],
        "after": [],
    }
    assert found["skipped"] == {"ignored": 3, "secret": 1, "large or binary": 1}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"path": "src"}, ["src/one.ts", "src/two.js"]),
        ({"path": "src/two.js"}, ["src/two.js"]),
        ({"path": "**/*.{ts,tsx}"}, ["src/one.ts"]),
        ({"exclude": ("*.ts",)}, ["src/two.js"]),
        ({"exclude": ("src",)}, []),
        ({"exclude": ("src/one.*",)}, ["src/two.js"]),
        ({"limit": 1}, ["src/one.ts"]),
    ],
)
def test_a_search_is_narrowed(roots: Roots, more: dict[str, Any], expected: list[str]) -> None:
    """By folder, file, glob, exclusion, and number."""
    assert paths(search(roots, "needle", **more)) == expected


def test_what_git_ignores_is_seen_when_asked_for(roots: Roots) -> None:
    """But never what is hidden."""
    found = paths(search(roots, "needle", respects_gitignore=False))

    assert found == [
        "build/out.txt",
        "node_modules/x/index.js",
        "run.log",
        "src/one.ts",
        "src/two.js",
    ]


def test_a_bad_pattern_among_several_has_an_error_of_its_own(roots: Roots) -> None:
    """The original gave a raw tuple. Source: original/tools.md 1.3, batch_search."""
    found = search(roots, "needle", "(", "nothing at all")

    assert [each.get("count") for each in found["results"]] == [2, None, 0]
    assert "expected a regular expression" in found["results"][1]["error"]
    assert (found["patterns_searched"], found["total_matches"]) == (2, 2)
    with pytest.raises(InvalidRequest, match="regular expression"):
        search(roots, "(")


def test_an_expression_that_never_ends_is_cut(
    roots: Roots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within its time. Source: mcp.md 7, ReDoS."""
    monkeypatch.setattr(limits, "SEARCH_FILE_S", 0.05)
    (roots.allowed[0] / "long.txt").write_text("a" * 5_000 + "\n")

    with pytest.raises(InvalidRequest, match="takes too long in long"):
        search(roots, r"(a+a+)+[bc]x?$")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    pattern=st.lists(
        st.sampled_from(
            ["a", "b", "^", "$", ".", "[^a]", r"\s", r"\b", "(a|b)", "*", "+", "?", "{2}", "x"]
        ),
        min_size=1,
        max_size=6,
    ).map("".join),
    text=st.text(alphabet="abx \n\r", max_size=30),
)
def test_a_line_is_found_if_it_matches_by_itself(tmp_path: Path, pattern: str, text: str) -> None:
    """However the search is made quick. Source: ours."""
    (tmp_path / "t.txt").write_bytes(text.encode())
    roots = Roots(allowed=(tmp_path,))
    try:
        expression = searching.compiled(pattern)
    except InvalidRequest:
        return
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    expected = [n for n, line in enumerate(lines, 1) if text and expression.search(line)]

    assert [each["line"] for each in search(roots, pattern)["matches"]] == expected


def test_a_search_that_takes_too_long_gives_what_it_has(
    roots: Roots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says so."""
    monkeypatch.setattr(limits, "SEARCH_S", 0.0)

    found = search(roots, "needle")

    assert found["truncated"]
    assert "one folder" in found["hint"]


def test_globs_find_files(roots: Roots) -> None:
    """Real ignore rules. Source: original/tools.md 1.3 (they were naive)."""

    def found(pattern: str, **more: Any) -> list[str]:
        fields: dict[str, Any] = {
            "path": ".",
            "exclude": (),
            "respects_gitignore": True,
            "limit": 100,
            **more,
        }
        request = messages.Glob(pattern=pattern, **fields)
        told: list[str] = whole(choosing.globbed(request, roots, SYSTEM_CLOCK))["matches"]
        return told

    assert found("**/*") == [".gitignore", "app.py", "picture.bin", "src/one.ts", "src/two.js"]
    assert found("*.py") == ["app.py"]
    assert found("**/*.{ts,js}") == ["src/one.ts", "src/two.js"]
    assert found("*.ts", path="src") == ["src/one.ts"]
    assert found("**/*", limit=2) == [".gitignore", "app.py"]
    for outside in ("../*", "/etc/*", "~/*", "x/../../*"):
        with pytest.raises(InvalidRequest, match="below `path`"):
            found(outside)
    with pytest.raises(InvalidRequest, match="choices"):
        found("{a,b}" * 10)


def test_a_folder_is_listed(roots: Roots) -> None:
    """Names, or entries down to a depth; what is hidden is counted."""
    plain = whole(reading.listed(messages.ListFolder(path=".", depth=1, nested=False), roots))
    deep = whole(reading.listed(messages.ListFolder(path="src", depth=2, nested=True), roots))

    assert plain["entries"] == [
        *(".gitignore", "app.py", "build/", "node_modules/", "picture.bin", "run.log", "src/"),
    ]
    assert plain["skipped"] == {"secret": 1}
    assert deep["entries"][1] == {"name": "two.js", "type": "file", "size": 10}
    with pytest.raises(InvalidRequest, match="expected a directory"):
        whole(reading.listed(messages.ListFolder(path="app.py", depth=1, nested=True), roots))


def test_one_file_that_cannot_be_read_does_not_hide_the_others(roots: Roots) -> None:
    """Each says why. Source: original/tools.md 1.3, read_multiple."""
    found = reading.many(messages.ReadMany(paths=("app.py", ".env", "none")), roots)["files"]

    assert found[0]["content"].startswith("import os")
    assert [each["error"].partition(":")[0] for each in found[1:]] == [
        "invalid_request",
        "not_found",
    ]


def test_what_stands_at_a_path_is_told(roots: Roots) -> None:
    """Size, bits, lines, or that it is no text."""
    app = reading.info(messages.GetInfo(path="app.py"), roots)
    picture = reading.info(messages.GetInfo(path="picture.bin"), roots)

    assert (app["type"], app["line_count"], app["line_ends"]) == ("file", 6, "lf")
    assert not picture["is_text"]
    assert reading.info(messages.GetInfo(path="src"), roots)["type"] == "directory"


def test_symbols_are_listed_read_and_found(roots: Roots) -> None:
    """By their syntax tree, to their real end. Source: original/tools.md 1.3 (100 lines)."""
    listed = symbols.listed(messages.ListSymbols(path="app.py", limit=9), roots)
    read = symbols.read(
        messages.ReadSymbol(path="app.py", symbol_name="Cache.save", context_lines=0), roots
    )
    found = whole(
        symbols.searched(
            messages.SearchSymbols(path=".", pattern="^(load|save)$", limit=9), roots, SYSTEM_CLOCK
        )
    )

    names = [each["name"] for each in listed["symbols"] if each["kind"] != "import"]
    assert names == ["Cache", "Cache.save"]
    assert read["content"] == "    def save(self) -> None:\n        pass\n"
    assert [(each["path"], each["name"]) for each in found["symbols"]] == [
        ("app.py", "Cache.save"),
        ("src/one.ts", "load"),
    ]
    with pytest.raises(NotFound, match=r"it defines .*Cache"):
        symbols.read(messages.ReadSymbol(path="app.py", symbol_name="x", context_lines=0), roots)
    with pytest.raises(InvalidRequest, match="language"):
        symbols.listed(messages.ListSymbols(path="run.log", limit=9), roots)


def test_secrets_in_files_are_not_shown(roots: Roots) -> None:
    """Wherever text of files stands in an answer. Source: issue 4, security."""
    key = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    (roots.allowed[0] / "conf.py").write_text(f"key = '{key}'\n")
    page = reading.page(messages.ReadPage(path="conf.py", first=1, count=9), roots)

    for answer in (page, search(roots, "key", path="conf.py")):
        shown = without_secrets(answer)
        assert key not in str(shown)
        assert "[redacted: " in str(shown)
        assert shown["redacted"]
    assert without_secrets({"content": "plain"}) == {"content": "plain"}
