"""What may be run as a skill: every refusal of the guard, and that nothing else gets through."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.skills.configuration import SkillsFile, filled, parsed, read_file
from mimo.config import limits

COMMANDS = frozenset({"npx", "docker", "/opt/tool/run"})
VARIABLES = frozenset({"GITHUB_TOKEN", "HOME"})


def read(entry: Any, name: str = "one") -> SkillsFile:
    raw = json.dumps({"mcpServers": {name: entry}}).encode()
    return parsed(raw, commands=COMMANDS, variables=VARIABLES)


def problem(entry: Any, name: str = "one") -> str:
    found = read(entry, name)
    assert not found.skills
    return " ".join(found.problems.values())


def test_an_entry_in_the_usual_form_is_taken() -> None:
    found = read({"command": "npx", "args": ["-y", "@scope/server"], "env": {"LEVEL": "info"}})

    assert found.problems == {}
    assert found.skills["one"].argv == ("npx", "-y", "@scope/server")
    assert found.skills["one"].env == (("LEVEL", "info"),)


@pytest.mark.parametrize(
    "command",
    ["bash", "/bin/sh", "/tmp/npx", "./npx", "npx ", "NPX", "", None, 7, "/opt/tool/run/../sh"],
)
def test_only_named_programs_run_and_a_folder_is_no_disguise(command: Any) -> None:
    """The original compared by basename, so that `/tmp/npx` passed."""
    assert "expected a command among" in problem({"command": command})


@pytest.mark.parametrize("char", list("\r\n;&|`$(){}!<>\\\0"))
def test_nothing_of_a_shell_gets_into_an_argument(char: str) -> None:
    assert "no shell" in problem({"command": "npx", "args": [f"a{char}b"]})


@pytest.mark.parametrize(
    "args",
    [
        ["run", "--privileged"],
        ["run", "--network=host"],
        ["run", "--network", "host"],
        ["run", "--pid=host"],
        ["run", "--ipc=host"],
        ["run", "-v", "/var/run/docker.sock:/s"],
        ["run", "--cap-add=ALL"],
    ],
)
def test_a_container_does_not_get_the_machine(args: list[str]) -> None:
    assert "container" in problem({"command": "docker", "args": args})


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "NODE_OPTIONS", "MIMO_DATA_DIR", "lower", "A-B", "1A", "BASH_ENV", ""]
)
def test_a_variable_does_not_change_what_runs(name: str) -> None:
    assert "expected a variable" in problem({"command": "npx", "env": {name: "x"}})


def test_only_allowed_variables_are_handed_on() -> None:
    found = read({"command": "npx", "env": {"TOKEN": "${GITHUB_TOKEN}", "P": "a:${HOME}"}})

    assert filled(found.skills["one"], {"HOME": "/h"}) == {"TOKEN": "", "P": "a:/h"}
    assert "expected only" in problem({"command": "npx", "env": {"X": "${AWS_SECRET}"}})
    assert "no shell" in problem({"command": "npx", "env": {"X": "$HOME"}})


@pytest.mark.parametrize("name", ["", "A", "a b", "../x", "a_b", "x" * 25, "é", "a\0"])
def test_a_name_is_plain(name: str) -> None:
    assert "expected a name" in problem({"command": "npx"}, name)


@pytest.mark.parametrize(
    "entry",
    [
        [],
        "npx",
        {"command": "npx", "shell": True},
        {"command": "npx", "args": "a"},
        {"command": "npx", "args": ["x"] * (limits.SKILL_ARGUMENTS_MAX + 1)},
        {"command": "npx", "args": ["x" * (limits.SKILL_TEXT_CHARS_MAX + 1)]},
        {"command": "npx", "args": [1]},
        {"command": "npx", "env": []},
        {"command": "npx", "env": {"A": 1}},
        {"command": "npx", "confirm": "yes"},
        {"command": "npx", "type": "http"},
    ],
)
def test_odd_entries_are_refused_with_a_sentence(entry: Any) -> None:
    assert "expected" in problem(entry)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_makes_it_fail(raw: bytes) -> None:
    found = parsed(raw, commands=COMMANDS, variables=VARIABLES)

    assert found.problems
    assert not found.skills


@given(st.lists(st.text(string.printable, max_size=20), max_size=5))
def test_what_passes_has_nothing_of_a_shell(args: list[str]) -> None:
    for skill in read({"command": "npx", "args": args}).skills.values():
        assert not set("".join(skill.argv)) & set(";&|`$(){}!<>\\\r\n")


def test_a_disabled_skill_is_left_out() -> None:
    assert read({"command": "npx", "disabled": True}) == SkillsFile(skills={}, problems={})


def test_another_configuration_has_another_mark() -> None:
    marks = {
        read(each).skills["one"].mark
        for each in (
            {"command": "npx"},
            {"command": "npx", "args": ["a"]},
            {"command": "npx", "env": {"A": "b"}},
            {"command": "npx", "confirm": True},
        )
    }

    assert len(marks) == 4


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_not_read(tmp_path: Path, mode: int) -> None:
    """CVE-2025-54136: whoever can change the file runs programs as the user."""
    path = tmp_path / "skills.json"
    path.write_text('{"mcpServers": {"one": {"command": "npx"}}}')
    path.chmod(mode)

    found = read_file(path, commands=COMMANDS, variables=VARIABLES)

    assert not found.skills
    assert "chmod 600" in found.problems[""]


def test_a_missing_file_says_nothing(tmp_path: Path) -> None:
    found = read_file(tmp_path / "none.json", commands=COMMANDS, variables=VARIABLES)

    assert found == SkillsFile(skills={}, problems={})
