"""Rules of a `.gitignore` that somebody hostile wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimo.actors.workspace.ignoring import LINES_MAX, quick
from mimo.actors.workspace.places import Roots
from mimo.actors.workspace.walking import Walk

USUAL = [
    *("*.py[cod]", "**/node_modules/**", "npm-debug.log*", "!.vscode/*.json", "/build/", "*~"),
    *("[Bb]in/", "**/[Pp]ackages/*", "# a comment", "", "*.swp.*", "_ReSharper*/", "a/**/b/**/c"),
]


def test_what_people_write_is_kept() -> None:
    """Lines of GitHub's templates."""
    assert quick(USUAL) == USUAL


@pytest.mark.parametrize(
    "line", ["*a" * 6 + "*b", "*" * 500 + "b", "/".join(["**", "a"] * 7) + "/b", "x/" + "*?" * 9]
)
def test_a_line_that_takes_for_ever_ignores_nothing(line: str, tmp_path: Path) -> None:
    """CVE-2026-0621, ReDoS: a cloned project's own rules must not hold up a worker."""
    name = "a" * 200
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text(f"{line}\nignored\n")
    (tmp_path / name).write_text("")
    (tmp_path / "ignored").write_text("")
    deep = tmp_path.joinpath(*["a"] * 60)
    deep.mkdir(parents=True)
    root = Roots(allowed=(tmp_path,))

    found = {each.name for each in Walk(root.resolve("."), root).files()}

    assert found == {name}


def test_a_file_has_so_many_lines() -> None:
    """Each of them is tried for each file."""
    assert len(quick(["a"] * (LINES_MAX + 1))) == LINES_MAX
