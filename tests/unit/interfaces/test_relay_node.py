"""Where a relay looks for its node, and what it answers meanwhile."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path

import pytest

from mimo.config import settings
from mimo.config.paths import RunPaths
from mimo.interfaces import relay_node
from mimo.interfaces.mcp.baked import BAKED_FILE
from mimo.interfaces.relay_answers import load
from mimo.interfaces.relay_link import Link
from mimo.interfaces.relay_node import Choice, Place, find_place, is_held, last_words
from mimo.interfaces.stdio import read_choice


def place(tmp_path: Path, *argv: str, toml: str = "", **environ: str) -> Place:
    if toml:
        folder = tmp_path / ".config" / "mimo"
        folder.mkdir(parents=True)
        (folder / "mimo.toml").write_text(toml, encoding="utf-8")
    return find_place(read_choice(list(argv)), {"HOME": str(tmp_path), **environ})


def test_the_data_directory_is_the_flags_before_the_variables_before_the_files(
    tmp_path: Path,
) -> None:
    """As `config/settings.py` decides it, so that relay and node mean the same."""
    toml = 'data_dir = "from_file"\n'
    by_file = place(tmp_path, toml=toml)
    by_variable = find_place(
        Choice(None, None, []), {"HOME": str(tmp_path), "MIMO_DATA_DIR": "/from/variable"}
    )
    by_flag = find_place(
        Choice("/from/flag", None, []), {"HOME": str(tmp_path), "MIMO_DATA_DIR": "/from/variable"}
    )

    assert by_file.paths.data_dir == tmp_path / ".config" / "mimo" / "from_file"
    assert by_variable.paths.data_dir == Path("/from/variable")
    assert by_flag.paths.data_dir == Path("/from/flag")
    loaded = settings.load_settings({}, {"HOME": str(tmp_path)}, None)
    assert loaded.data_dir == by_file.paths.data_dir


def test_without_a_choice_it_is_the_platforms_place(tmp_path: Path) -> None:
    """Only HOME may be counted on: hosts give an almost empty environment (mcp.md 2.4)."""
    assert place(tmp_path).paths.data_dir.is_relative_to(tmp_path)


@pytest.mark.parametrize("content", [b"\xff", b"[[[", b"data_dir = 3"])
def test_a_settings_file_that_cannot_be_read_is_left_to_the_node(
    tmp_path: Path, content: bytes
) -> None:
    """The node names file and line; the relay passes its sentence on."""
    file = tmp_path / "odd.toml"
    file.write_bytes(content)

    found = place(tmp_path, "--config", str(file))

    assert found.paths.data_dir.is_relative_to(tmp_path)
    assert found.arguments[-2:] == ["--config", str(file)]


def test_what_is_meant_for_the_node_is_handed_on(tmp_path: Path) -> None:
    """`mimo node` knows data directory, settings file and single settings."""
    found = place(tmp_path, "--data-dir", "/d", "--log-level", "debug", "--idle-exit", "5 min")

    assert found.arguments == [
        "node",
        "--data-dir",
        "/d",
        "--set",
        "log_level=debug",
        "--set",
        "idle_exit_s=5 min",
    ]


@pytest.mark.parametrize(
    ("argv", "toml", "environ", "is_usual"),
    [
        ((), "", {}, True),
        ((), 'log_level = "debug"\n', {}, True),
        ((), "[tools]\nread_only = true\n", {}, False),
        ((), "", {"MIMO_TOOLS_READ_ONLY": "1"}, False),
        (("--set", "tools.read_only=true"), "", {}, False),
    ],
)
def test_tools_are_only_listed_from_memory_where_no_setting_can_change_them(
    tmp_path: Path, argv: tuple[str, ...], toml: str, environ: dict[str, str], *, is_usual: bool
) -> None:
    """A read-only node must not be announced as one that writes."""
    found = place(tmp_path, *argv, toml=toml, **environ)
    answers = load(BAKED_FILE.read_bytes(), tools_are_usual=found.tools_are_usual)

    assert (answers.legacy("2025-11-25", "tools/list", {}) is not None) == is_usual
    assert answers.legacy("2025-11-25", "prompts/list", {}) is not None


def test_an_unknown_option_ends_with_2_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """As every command line does."""
    with pytest.raises(SystemExit, match="2"):
        read_choice(["--nonsense"])
    assert "nonsense" in capsys.readouterr().err


def test_a_data_directory_is_held_while_a_node_has_its_lock(tmp_path: Path) -> None:
    """Looking must not leave the lock taken."""
    paths = RunPaths(tmp_path)
    assert not is_held(paths)
    paths.run.mkdir()
    lock = os.open(paths.lock, os.O_RDWR | os.O_CREAT)
    assert not is_held(paths)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    assert is_held(paths)
    os.close(lock)
    assert not is_held(paths)


@pytest.mark.parametrize(
    ("written", "shown"),
    [(b"", ""), (b"one\ntwo\n\n", "two"), (b"\xff\n", "\ufffd"), (b"x" * 9_000, "x" * 500)],
)
def test_a_nodes_last_words_are_one_short_line(tmp_path: Path, written: bytes, shown: str) -> None:
    """They become an error message for the client."""
    paths = RunPaths(tmp_path)
    assert last_words(paths) == ""
    paths.logs.mkdir()
    relay_node.words_file(paths).write_bytes(written)

    assert last_words(paths) == shown


def test_a_node_of_another_version_is_used_and_the_operator_told(tmp_path: Path) -> None:
    """After an upgrade the old node goes on until it is restarted."""
    paths = RunPaths(tmp_path)
    paths.run.mkdir()
    here = Path.cwd()
    try:
        os.chdir(paths.run)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("mimo.sock")
            listening.listen()
            link = Link(Place(paths, [], tools_are_usual=True), "1.0")
            link.tick(0.0, wants_node=False)
            node, _ = listening.accept()
            with node:
                assert link.flush(0.0)
                greeting = json.loads(node.recv(4_096))
                node.sendall(b'{"mimo":1,"ok":true,"version":"2.0","generation":1}\n')
                assert link.read(0.0) == []
    finally:
        os.chdir(here)
        link.close(0.0)

    assert greeting["version"] == "1.0"
    assert "node of version 2.0" in link.notices[0]
