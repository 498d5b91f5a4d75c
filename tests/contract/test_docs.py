"""What exists is documented, and what is documented exists (aesthetics 0.10; datasette)."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from mimo.actors.catalogue import TOOLS
from mimo.actors.tree import ROOT as TREE
from mimo.config.errors import MimoError, all_error_types
from mimo.config.events import EVENTS
from mimo.config.settings import OTHER_VARIABLES, RULES, variable
from mimo.interfaces.cli.table import COMMANDS
from mimo.supervision.specs import walk
from tests.support import readme
from tests.support.source import modules

README = readme.README.read_text(encoding="utf-8")

#: Everything that has a name users meet: kind -> names.
NAMES = {
    "setting": list(RULES),
    "variable": [*(variable(key) for key in RULES), *OTHER_VARIABLES],
    "command": [f"mimo {name}" for name in COMMANDS],
    "event": list(EVENTS),
    "error code": [code for code in all_error_types() if code != MimoError.code],
    "operation": [operation.name for tool in TOOLS for operation in tool.operations],
    "tool": [tool.name for tool in TOOLS],
}

#: The order of the chapters (aesthetics 8).
CHAPTERS = (
    "A run",
    "Promises",
    "Measured",
    "Tools",
    "Hosts",
    "Commands",
    "Settings",
    "The tree",
    "How it recovers",
    "Limits",
    "Dependencies",
    "Develop",
    "License",
)


@pytest.mark.parametrize("kind", NAMES)
def test_every_name_is_in_the_readme(kind: str) -> None:
    """A user can look up whatever Mimo shows (aesthetics 5)."""
    assert not [name for name in NAMES[kind] if f"`{name}`" not in README]


def test_every_process_of_the_tree_is_in_the_readme() -> None:
    """The ids are command-line arguments and log keys (aesthetics 3)."""
    drawn = readme.written("tree", README) or ""

    assert not [spec.id for spec in walk(TREE) if not re.search(rf"[- `]?{spec.id}\b", drawn)]


@pytest.mark.parametrize("name", readme.SECTIONS)
def test_what_is_made_from_the_source_is_up_to_date(name: str) -> None:
    """`python -m tests.support.readme` writes it."""
    assert readme.written(name, README) == readme.SECTIONS[name]()


def test_the_chapters_stand_in_their_order() -> None:
    """What it is, a run, promises, figures, and so on (aesthetics 8)."""
    assert tuple(re.findall(r"^## (.+)$", README, re.MULTILINE)) == CHAPTERS


def test_every_block_for_a_host_can_be_pasted() -> None:
    """JSON and TOML blocks parse and start the relay (mcp.md 8)."""
    hosts = readme.written("hosts", README) or ""
    blocks = re.findall(r"```(json|toml)\n(.*?)```", hosts, re.DOTALL)
    found = [json.loads(text) if kind == "json" else tomllib.loads(text) for kind, text in blocks]

    assert len(found) == 4
    for block in found:
        (servers,) = block.values()
        assert servers["mimo"]["command"] == "mimo"
        assert servers["mimo"]["args"] == ["stdio"]


def test_every_event_that_is_logged_is_in_the_list_and_the_other_way_round() -> None:
    """The events are a closed list; one that nobody logs is dead (aesthetics 3)."""
    literal = re.compile(r'"([a-z]+\.[a-z_]+)"')
    used = {
        name
        for module in modules()
        if module.path != "config/events.py"
        for name in literal.findall(module.text)
    }
    logged = {
        found
        for module in modules()
        for found in re.findall(
            r"\.(?:debug|info|warning|error|exception)\(\s*\"([a-z]+\.[a-z_]+)\"", module.text
        )
    }

    assert not logged - set(EVENTS)
    assert not set(EVENTS) - used


def test_every_fault_point_is_reached_and_listed() -> None:
    """A point that stands nowhere tests nothing (ours)."""
    from mimo.config.faultpoints import POINTS

    reached = {
        name
        for module in modules()
        if module.path != "config/faultpoints.py"
        for name in re.findall(r"reach\(\s*\"([a-z_.]+)\"", module.text)
    }

    assert reached == set(POINTS)
