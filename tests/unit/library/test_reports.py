"""What checkers print is read as they meant it; a failure is never clean."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.library import checkers, reports
from mimo.actors.library.diagnosing import Round, Step, prepared
from mimo.actors.library.messages import Diagnose
from mimo.actors.terminal import child as terminal
from mimo.actors.terminal.child import Command, Ended
from mimo.actors.workspace.places import Roots
from mimo.config.errors import ApprovalRequired, InvalidRequest, NotAvailable

PROJECT = Path("/home/me/project")

#: Reader, standard output, standard error; file, line, column, severity, message, code.
PRINTED: tuple[tuple[reports.Reader, str, str, tuple[Any, ...]], ...] = (
    (
        reports.lines,
        "a/b.py:3:5: error: Incompatible types in assignment  [assignment]\n",
        "",
        ("a/b.py", 3, 5, "error", "Incompatible types in assignment", "assignment"),
    ),
    (
        reports.lines,
        "src/a.ts(3,14): error TS2322: Type 'string' is not assignable to type 'number'.\n",
        "",
        ("src/a.ts", 3, 14, "error", "Type 'string' is not assignable to type 'number'.", "TS2322"),
    ),
    (
        reports.lines,
        "",
        "# example.org/it\n./main.go:7:2: undefined: x\n",
        ("main.go", 7, 2, "error", "undefined: x", ""),
    ),
    (
        reports.ruff,
        json.dumps(
            [
                {
                    "filename": "/home/me/project/x.py",
                    "location": {"row": 2, "column": 1},
                    "code": "F401",
                    "message": "`os` imported but unused",
                }
            ]
        ),
        "",
        ("x.py", 2, 1, "warning", "`os` imported but unused", "F401"),
    ),
    (
        reports.ruff,
        json.dumps(
            [
                {
                    "filename": "/home/me/project/x.py",
                    "location": {"row": 2, "column": 1},
                    "code": None,
                    "message": "Expected an expression",
                }
            ]
        ),
        "",
        ("x.py", 2, 1, "error", "Expected an expression", "syntax"),
    ),
    (
        reports.pylint,
        json.dumps(
            [
                {
                    "path": "x.py",
                    "line": 4,
                    "column": 0,
                    "type": "convention",
                    "message": "Missing docstring",
                    "symbol": "missing-docstring",
                }
            ]
        ),
        "",
        ("x.py", 4, 1, "info", "Missing docstring", "missing-docstring"),
    ),
    (
        reports.eslint,
        json.dumps(
            [
                {
                    "filePath": "/home/me/project/x.js",
                    "messages": [
                        {
                            "line": 1,
                            "column": 7,
                            "severity": 2,
                            "message": "unused",
                            "ruleId": "no-unused",
                        }
                    ],
                }
            ]
        ),
        "",
        ("x.js", 1, 7, "error", "unused", "no-unused"),
    ),
    (
        reports.cargo,
        json.dumps(
            {
                "reason": "compiler-message",
                "message": {
                    "level": "warning",
                    "message": "unused variable: `x`",
                    "code": {"code": "unused_variables"},
                    "spans": [
                        {
                            "file_name": "src/main.rs",
                            "line_start": 2,
                            "column_start": 9,
                            "is_primary": True,
                        }
                    ],
                },
            }
        )
        + '\n{"reason":"build-finished","success":true}\n',
        "",
        ("src/main.rs", 2, 9, "warning", "unused variable: `x`", "unused_variables"),
    ),
    (
        reports.node,
        "",
        "/home/me/project/x.js:3\nlet = ;\n      ^\n\nSyntaxError: Unexpected token ';'\n",
        ("x.js", 3, 0, "error", "Unexpected token ';'", "syntax"),
    ),
)


@pytest.mark.parametrize(("read", "stdout", "stderr", "expected"), PRINTED)
def test_what_a_checker_prints_is_read(
    read: reports.Reader, stdout: str, stderr: str, expected: tuple[Any, ...]
) -> None:
    """One form for all (ours)."""
    (found,) = read("it", PROJECT, stdout, stderr)

    shown = (found.file, found.line, found.column, found.severity, found.message, found.code)
    assert shown == expected


@given(st.text(max_size=300), st.sampled_from(sorted({str(row[0].__name__) for row in PRINTED})))
def test_any_output_is_read_or_counts_as_a_failure(text: str, name: str) -> None:
    """No output of a stranger's program brings a call down (ours)."""
    checker = checkers.Checker(name="it", arguments=("x",), read=getattr(reports, name))
    step = Step(checker=checker, command=Command(argv=("it",), cwd=PROJECT, env={}))
    found = Round(request=Diagnose(kind="lint", path="."), project=PROJECT, language="python")

    found.add(step, Ended(reason="exited", exit_code=0, stdout=text.encode()))

    assert found.tools[0]["status"] in {"ran", "failed"}


@pytest.mark.parametrize(
    "ended",
    [
        Ended(reason="exited", exit_code=2, stderr=b"bad config"),
        Ended(reason="exited", exit_code=1),
        Ended(reason="timeout"),
        Ended(reason="memory"),
        Ended(reason="not_started", trouble="no such file"),
        Ended(reason="exited", exit_code=0, left_out=5),
    ],
)
def test_a_checker_that_could_not_look_is_never_clean(ended: Ended) -> None:
    """Neither crashed, late, too large, nor silent with a bad exit code (original: a trap)."""
    checker = checkers.TABLE["python"]["typecheck"][0][0]
    step = Step(checker=checker, command=Command(argv=("mypy",), cwd=PROJECT, env={}))
    found = Round(request=Diagnose(kind="typecheck", path="."), project=PROJECT, language="python")

    found.add(step, ended)
    told = found.told()

    assert (told["complete"], told["clean"]) == (False, False)
    assert told["tools"][0]["status"] == "failed"


def test_a_call_without_any_checker_is_not_clean() -> None:
    """Nothing ran (ours)."""
    found = Round(request=Diagnose(kind="lint", path="."), project=PROJECT, language="python")

    assert not found.told()["clean"]


def test_what_two_checkers_say_counts_once() -> None:
    """`cargo check` and `cargo clippy` are one compiler (ours)."""
    found = Round(request=Diagnose(kind="lint", path="."), project=PROJECT, language="rust")
    for source in ("one", "two"):
        found.found += reports.lines(source, PROJECT, "a.rs:1:2: error: no\n", "")

    told = found.told()

    assert (told["error_count"], told["diagnostics"][0]["source"]) == (1, "one")


def environment(*folders: Path) -> dict[str, str]:
    return terminal.environment({"PATH": os.pathsep.join(map(str, folders))})


def test_ruff_and_mypy_are_understood_as_they_are_today(tmp_path: Path) -> None:
    """The real programs on a real project (ours)."""
    project = tmp_path.resolve()
    (project / "pyproject.toml").write_text("[project]\nname = 'it'\n")
    (project / "a.py").write_text("import os\n\nx: int = 'text'\n")
    request = Diagnose(kind="diagnose", path=".", approved=True)
    environ = environment(Path(sys.executable).parent)

    found = prepared(request, Roots(allowed=(project,)), environ, "ask")
    for step in found.steps:
        found.add(step, terminal.run(step.command))
    told = found.told()

    assert [(row["tool"], row["status"]) for row in told["tools"]] == [
        ("python", "ran"),
        ("ruff", "ran"),
        ("mypy", "ran"),
    ]
    assert {(each["code"], each["line"]) for each in told["diagnostics"]} == {
        ("F401", 1),
        ("assignment", 3),
    }
    assert sorted(path.name for path in project.iterdir()) == ["a.py", "pyproject.toml"]


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    """Each checker that isn't there is named (original: no problems)."""
    project = tmp_path.resolve()
    (project / "go.mod").write_text("module it\n")
    request = Diagnose(kind="diagnose", path=".", approved=True)

    told = prepared(request, Roots(allowed=(project,)), environment(project), "ask").told()

    assert {row["status"] for row in told["tools"]} == {"unavailable"}
    assert not told["complete"]


def test_settings_decide_who_is_asked(tmp_path: Path) -> None:
    """`ask` asks, `allow` runs, `refuse` says so (ours)."""
    project = tmp_path.resolve()
    (project / "a.py").write_text("x = 1\n")
    roots = Roots(allowed=(project,))
    environ = environment(Path(sys.executable).parent)
    request = Diagnose(kind="lint", path=".")

    with pytest.raises(ApprovalRequired, match="ruff check"):
        prepared(request, roots, environ, "ask")
    assert len(prepared(request, roots, environ, "allow").steps) == 1
    refused = prepared(request, roots, environ, "refuse")
    assert (refused.steps, refused.tools[0]["status"]) == ([], "unavailable")


def test_a_file_named_like_an_option_is_a_file(tmp_path: Path) -> None:
    """Data stands after `--` (CVE-2025-68144)."""
    project = tmp_path.resolve()
    (project / "--output=x.py").write_text("x = 1\n")
    request = Diagnose(kind="lint", path="--output=x.py", approved=True)

    found = prepared(
        request, Roots(allowed=(project,)), environment(Path(sys.executable).parent), "ask"
    )

    argv = found.steps[0].command.argv
    assert argv.index("--") == len(argv) - 2
    found.add(found.steps[0], terminal.run(found.steps[0].command))
    assert found.tools[0]["status"] == "ran"


def test_a_language_that_can_not_be_told_is_asked_for(tmp_path: Path) -> None:
    """And one without such a checker is not available (ours)."""
    project = tmp_path.resolve()
    roots = Roots(allowed=(project,))

    with pytest.raises(InvalidRequest, match="language"):
        prepared(Diagnose(kind="lint", path="."), roots, environment(project), "ask")
    with pytest.raises(NotAvailable, match="none"):
        prepared(
            Diagnose(kind="typecheck", path=".", language="elixir"),
            roots,
            environment(project),
            "ask",
        )
