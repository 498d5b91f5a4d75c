"""Which checkers there are for a language, and where a project has them.

Most run code of the project: its plugins, its build scripts, its configuration written as code, or
simply a program that it brought along.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mimo.actors.library import reports

Kind = Literal["check", "lint", "typecheck"]
KINDS: Final[tuple[Kind, ...]] = ("check", "lint", "typecheck")
LANGUAGES: Final = ("python", "javascript", "typescript", "rust", "go", "elixir")
#: Stands for the file or folder that is checked.
TARGET: Final = "{target}"
#: Compiles files, whose names come on standard input with NUL between, and runs none of them.
_SYNTAX: Final = """
import json, sys
for name in sys.stdin.read().split("\\0"):
    try:
        with open(name, "rb") as stream:
            compile(stream.read(), name, "exec", dont_inherit=True)
    except SyntaxError as error:
        print(json.dumps([name, error.lineno, error.offset, error.msg]))
    except (ValueError, RecursionError, MemoryError) as error:
        print(json.dumps([name, 0, 0, str(error) or type(error).__name__]))
    except OSError:
        pass
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """A program that checks.

    Args:
        name: Its own; "" to run this Python.
        arguments: After the program; `TARGET` is what is checked.
        read: Reads what it prints.
        finds: Exit codes with which it says that it has looked.
        runs_code: Whether code of the project may run.
        files: Whether it takes the names of the files on standard input.
        only_files: Whether it checks one file, not a folder.
    """

    name: str
    arguments: tuple[str, ...]
    read: reports.Reader
    finds: frozenset[int] = frozenset({0, 1})
    runs_code: bool = True
    files: bool = False
    only_files: bool = False


_PYTHON_SYNTAX: Final = Checker(
    name="python",
    arguments=("-I", "-S", "-c", _SYNTAX),
    read=reports.own,
    finds=frozenset({0}),
    runs_code=False,
    files=True,
)
_RUFF: Final = Checker(
    name="ruff",
    arguments=("check", "--output-format=json", "--no-fix", "--no-cache", "--", TARGET),
    read=reports.ruff,
)
_PYLINT: Final = Checker(
    name="pylint",
    arguments=("--output-format=json", "--recursive=y", "--", TARGET),
    read=reports.pylint,
    finds=frozenset(code for code in range(32)),
)
_MYPY: Final = Checker(
    name="mypy",
    arguments=(
        "--show-column-numbers",
        "--no-color-output",
        "--no-error-summary",
        "--no-pretty",
        "--cache-dir=/dev/null",
        "--",
        TARGET,
    ),
    read=reports.lines,
)
_NODE: Final = Checker(
    name="node", arguments=("--check", "--", TARGET), read=reports.node, only_files=True
)
_ESLINT: Final = Checker(
    name="eslint", arguments=("--format=json", "--", TARGET), read=reports.eslint
)
_TSC: Final = Checker(
    name="tsc",
    arguments=("--noEmit", "--pretty", "false", "--project", "."),
    read=reports.lines,
    finds=frozenset({0, 1, 2}),
)
_CARGO: Final = Checker(
    name="cargo",
    arguments=("check", "--message-format=json", "--offline", "--quiet"),
    read=reports.cargo,
    finds=frozenset({0, 101}),
)
_CLIPPY: Final = Checker(
    name="cargo",
    arguments=("clippy", "--message-format=json", "--offline", "--quiet"),
    read=reports.cargo,
    finds=frozenset({0, 101}),
)
_GO: Final = Checker(name="go", arguments=("build", "-o", "/dev/null", "./..."), read=reports.lines)
_VET: Final = Checker(name="go", arguments=("vet", "./..."), read=reports.lines)
_GOLANGCI: Final = Checker(name="golangci-lint", arguments=("run",), read=reports.lines)
_MIX: Final = Checker(name="mix", arguments=("compile", "--all-warnings"), read=reports.lines)
_CREDO: Final = Checker(
    name="mix",
    arguments=("credo", "--format=flycheck"),
    read=reports.lines,
    finds=frozenset(range(128)),
)

#: Language -> kind -> the checkers; of several in one entry the first one that is there runs.
TABLE: Final[Mapping[str, Mapping[Kind, tuple[tuple[Checker, ...], ...]]]] = {
    "python": {
        "check": ((_PYTHON_SYNTAX,),),
        "lint": ((_RUFF, _PYLINT),),
        "typecheck": ((_MYPY,),),
    },
    "javascript": {"check": ((_NODE,),), "lint": ((_ESLINT,),), "typecheck": ()},
    "typescript": {"check": ((_TSC,),), "lint": ((_ESLINT,),), "typecheck": ((_TSC,),)},
    "rust": {"check": ((_CARGO,),), "lint": ((_CLIPPY,),), "typecheck": ((_CARGO,),)},
    "go": {"check": ((_GO,),), "lint": ((_GOLANGCI, _VET),), "typecheck": ((_GO,),)},
    "elixir": {"check": ((_MIX,),), "lint": ((_CREDO,),), "typecheck": ()},
}
_SUFFIXES: Final = {
    ".py": "python",
    ".pyi": "python",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "typescript",
    ".tsx": "typescript",
    ".rs": "rust",
    ".go": "go",
    ".ex": "elixir",
    ".exs": "elixir",
}
#: A file that makes its folder a project -> its language; the first one that is there decides.
_MARKS: Final = {
    "Cargo.toml": "rust",
    "go.mod": "go",
    "mix.exs": "elixir",
    "tsconfig.json": "typescript",
    "pyproject.toml": "python",
    "setup.cfg": "python",
    "setup.py": "python",
    "package.json": "javascript",
}


def language_of_names(names: Iterable[str]) -> str:
    """Return the language of a folder by the names in it; "" if they don't tell."""
    found = list(names)
    for mark, language in _MARKS.items():
        if mark in found:
            return language
    known = [_SUFFIXES[suffix] for name in found if (suffix := Path(name).suffix) in _SUFFIXES]
    return max(sorted(set(known)), key=known.count, default="")


def language_of_file(name: str) -> str:
    """Return the language of a file by its name; "" if it doesn't tell."""
    return _SUFFIXES.get(Path(name).suffix, "")


def is_project(names: Iterable[str]) -> bool:
    """Tell whether a folder with these names is the top of a project."""
    return any(name in _MARKS for name in names)


def planned(language: str, kinds: Sequence[Kind]) -> list[tuple[Checker, ...]]:
    """Return what is to run for a language, each once; of several the first one that is there."""
    chosen = [choices for kind in kinds for choices in TABLE.get(language, {}).get(kind, ())]
    return list(dict.fromkeys(chosen))


def program_of(checker: Checker, project: Path, search: str) -> str:
    """Return the program: the project's own, else the one in `search`; "" if there is none.

    Args:
        checker: What is to run.
        project: The project's folder.
        search: Folders, as in PATH.
    """
    if not checker.runs_code:
        return sys.executable
    own = [project / "node_modules" / ".bin", *(project / name / "bin" for name in _VENVS)]
    folders = os.pathsep.join([*map(str, own), search])
    return shutil.which(checker.name, path=folders) or ""


_VENVS: Final = (".venv", "venv", "env")


def label(checker: Checker) -> str:
    """Return a checker's name for people, such as `cargo clippy`."""
    verb = checker.arguments[0]
    return f"{checker.name} {verb}" if checker.name in {"cargo", "go", "mix"} else checker.name
