"""The command line where no node is needed: dispatch, errors, output, settings, logs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from mimo.actors.catalogue import TOOLS
from mimo.config import logs
from mimo.config.errors import InvalidRequest
from mimo.interfaces.cli import hosts, log_reading, output, wire
from mimo.interfaces.cli.log_reading import Wanted
from mimo.interfaces.cli.main import cli, main
from mimo.interfaces.cli.place import Place, parsed_overrides, whole
from mimo.interfaces.cli.table import COMMANDS
from mimo.supervision.messages import KILLED


@pytest.fixture(autouse=True)
def own_place(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point every command at an empty data directory and no settings file."""
    monkeypatch.setenv("MIMO_DATA_DIR", str(data_dir))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(data_dir.parent))
    yield
    logs.configure(None)


class Shell:
    """Runs commands as a shell would."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def run(self, *argv: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        code = main(list(argv))
        out, err = self._captured.readouterr()
        return code, out, err

    def json(self, *argv: str) -> Any:
        """Return what `--json` printed."""
        _code, out, _err = self.run(*argv, "--json")
        return json.loads(out)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@pytest.mark.parametrize("name", [name for name, entry in COMMANDS.items() if entry.place])
def test_every_command_of_the_table_loads_and_explains_itself(shell: Shell, name: str) -> None:
    """The table names real commands, each with help (issue: admin CLI)."""
    code, out, err = shell.run(name, "--help")

    assert (code, err) == (0, "")
    assert "Usage: mimo" in out
    assert "--data-dir" in out


def test_every_command_that_reads_has_json() -> None:
    """Programs read JSON, people tables (issue: admin CLI)."""
    context = click.Context(cli)
    reading = (
        "status",
        "tree",
        "tables",
        "breakers",
        "logs",
        "call",
        "tools",
        "backup",
        "check",
        "doctor",
        "config",
        "version",
    )

    for name in reading:
        command = cli.get_command(context, name)
        assert command is not None
        assert any("--json" in parameter.opts for parameter in command.params), name


def test_the_help_lists_the_commands_of_the_table_in_its_order(shell: Shell) -> None:
    """The README's table and the help are the same (ours)."""
    _code, out, _err = shell.run("--help")
    shown = re.findall(r"^  (\w+)  ", out.partition("Commands:")[2], re.MULTILINE)

    assert shown == list(COMMANDS)


@pytest.mark.parametrize(
    ("argv", "code", "part"),
    [
        (("nope",), 64, "No such command 'nope'"),
        (("kill",), 64, "Missing argument 'ID'"),
        (("kill", "x", "--signal", "HUP"), 64, "'HUP' is not one of"),
        (("config", "--set", "nonsense"), 64, "expected --set KEY=VALUE"),
        (("config", "--set", "recall.workers=many"), 78, "expected recall.workers to be a whole"),
        (("config", "--config", "/none.toml"), 78, "got nothing there"),
        (("tree",), 69, "start it with 'mimo start'"),
        (("kill", "storage/writer"), 69, "start it with 'mimo start'"),
        (("restart", "storage/writer"), 69, "start it with 'mimo start'"),
        (("call", "memory", "{}"), 69, "start it with 'mimo start'"),
        (("backup",), 66, "expected a database"),
        (("check",), 66, "expected a database"),
        (("restore", "--yes"), 66, "expected a backup"),
        (("restore", "x.db", "--yes"), 66, "see 'mimo backup --list'"),
        (("logs",), 66, "the node hasn't run yet"),
    ],
)
def test_an_error_is_one_sentence_on_stderr_and_a_clear_exit_code(
    shell: Shell, argv: tuple[str, ...], code: int, part: str
) -> None:
    """Never a traceback, nothing on stdout (issue: bad input)."""
    found, out, err = shell.run(*argv)

    assert (found, out) == (code, "")
    assert part in err
    assert err.startswith("mimo: ")
    assert len(err.splitlines()) == 1


def test_a_bug_is_one_sentence_too(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 70, sysexits EX_SOFTWARE (ours)."""

    def broken(_self: Place) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(Place, "find_node", broken)

    code, _out, err = shell.run("status")

    assert code == 70
    assert "a bug in Mimo, KeyError at" in err
    assert len(err.splitlines()) == 1


def test_options_may_stand_before_and_after_the_command(shell: Shell) -> None:
    """The later one wins; settings add up (ours)."""
    found = shell.json(
        "--set",
        "recall.workers=3",
        "--set",
        "backups.keep=9",
        "config",
        "--set",
        "recall.workers=5",
    )

    assert found["recall.workers"] == {"value": 5, "origin": "flag recall.workers"}
    assert found["backups.keep"]["value"] == 9
    assert found["data_dir"]["origin"] == "MIMO_DATA_DIR"
    assert found["durability"]["origin"] == "default"


def test_settings_are_shown_with_their_units(shell: Shell) -> None:
    """People get `30 min`, programs seconds (ours)."""
    _code, out, _err = shell.run("config")

    assert re.search(r"^idle_exit_s +30 min", out, re.MULTILINE)
    assert shell.json("config")["idle_exit_s"]["value"] == 1800


@pytest.mark.parametrize("host", hosts.HOSTS)
def test_the_block_for_a_host_has_an_absolute_command(
    shell: Shell, host: str, data_dir: Path
) -> None:
    """Hosts have another PATH and working directory (mcp.md 8)."""
    code, out, err = shell.run("config", "print", host)

    assert code == 0
    assert err.startswith("# ")
    assert '"--data-dir"' in out
    assert str(data_dir) in out
    assert '"mimo"' not in out.replace('"mimo":', "")


def test_status_of_nothing_says_stopped(shell: Shell, data_dir: Path) -> None:
    """Exit code 69, EX_UNAVAILABLE, for scripts (ours)."""
    code, out, _err = shell.run("status")

    assert code == 69
    assert "stopped" in out
    assert shell.json("status") == {"state": "stopped", "data_dir": str(data_dir)}


def test_stopping_what_does_not_run_is_no_error(shell: Shell) -> None:
    """The wanted state is reached (ours)."""
    assert shell.run("stop") == (0, "no node runs\n", "")


def test_versions_tell_the_parts_that_matter(shell: Shell) -> None:
    """For reports of bugs (ours)."""
    assert {"mimo", "python", "thespian", "apsw"} <= set(shell.json("version"))


def test_tools_are_listed_without_a_node_as_the_settings_offer_them(shell: Shell) -> None:
    """The same schemas as in tools/list (design 8)."""
    memory, *others = shell.json("tools")
    readable, *_ = shell.json("tools", "--set", "tools.read_only=yes")
    _code, out, _err = shell.run("tools")

    assert memory["name"] == readable["name"] == "memory"
    assert [tool["name"] for tool in others] == [tool.name for tool in TOOLS[1:]]
    assert "store" in memory["inputSchema"]["properties"]["operation"]["enum"]
    assert "store" not in readable["inputSchema"]["properties"]["operation"]["enum"]
    assert re.search(r"^memory +store +write", out, re.MULTILINE)


def test_doctor_finds_nothing_wrong_with_an_empty_place(shell: Shell) -> None:
    """Every check has a finding, none of them failed (mcp.md 8)."""
    code, _out, _err = shell.run("doctor")
    found = {one["subject"]: one for one in shell.json("doctor")}

    assert code == 0
    assert {
        "settings",
        "sqlite",
        "data directory",
        "database",
        "model",
        "node",
        "handshake",
    } <= set(found)
    assert found["node"]["detail"].startswith("not running")


def test_doctor_tells_what_is_wrong(shell: Shell, data_dir: Path) -> None:
    """Exit code 1 and a sentence for each (mcp.md 8)."""
    (data_dir / "mimo.db").write_bytes(b"")
    data_dir.chmod(0o755)

    code, out, _err = shell.run("doctor", "--set", f"embedding.model_path={data_dir}")

    assert code == 1
    assert "failed   database" in out
    assert "'chmod 700' it" in out
    assert "expected model.onnx and vocab.txt" in out


def test_doctor_reports_wrong_settings_first(shell: Shell) -> None:
    """Without settings there is no place to look at (ours)."""
    code, out, _err = shell.run("doctor", "--set", "recall.workers=0")

    assert code == 1
    assert len(out.splitlines()) == 2
    assert "expected recall.workers" in out


@pytest.mark.parametrize("text", ["{", "[]", "3", "nope", ""])
def test_arguments_that_are_no_object_are_refused(shell: Shell, text: str) -> None:
    """Before the node is asked (ours)."""
    code, _out, err = shell.run("call", "memory", text)

    assert code == 64
    assert "JSON object" in err


def write_log(data_dir: Path) -> Path:
    """Write two files of log with a torn line between."""
    folder = data_dir / "logs"
    folder.mkdir()
    log = folder / "mimo.log"
    logs.configure(log, "debug")
    first = logs.get_logger("storage/writer")
    first.info("storage.opened", sqlite="3.54.1")
    logs.rotate(log, 1, keep=3)
    with logs.request("r-7"):
        first.warning("storage.slow", detail="two words")
        logs.get_logger("bridge/mcp_bridge").info("bridge.connected", client="x")
    with log.open("a") as stream:
        stream.write('{"torn": \n')
    logs.get_logger("storage").error("storage.corrupt")
    return log


def test_the_log_is_shown_over_rotated_files_and_torn_lines(shell: Shell, data_dir: Path) -> None:
    """Oldest first, one line an entry (ours)."""
    write_log(data_dir)

    code, out, _err = shell.run("logs")
    lines = out.splitlines()

    assert code == 0
    assert [line.split()[2] for line in lines] == [
        "storage.opened",
        "storage.slow",
        "bridge.connected",
        "storage.corrupt",
    ]
    assert lines[1].endswith('detail="two words" request_id=r-7')
    assert [line.split()[2] for line in shell.run("logs", "--lines", "1")[1].splitlines()] == [
        "storage.corrupt"
    ]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--request", "r-7"), 2),
        (("--level", "warning"), 2),
        (("--actor", "storage"), 3),
        (("--actor", "storage/writer"), 2),
        (("--event", "storage"), 3),
        (("--event", "storage.slow"), 1),
        (("--actor", "stor"), 0),
    ],
)
def test_the_log_is_filtered(
    shell: Shell, data_dir: Path, options: tuple[str, ...], count: int
) -> None:
    """By request, level, actor or group, event or folder (design 6)."""
    write_log(data_dir)

    _code, out, _err = shell.run("logs", *options, "--json")

    assert len(out.splitlines()) == count
    assert all(json.loads(line)["event"] for line in out.splitlines())


def test_a_log_is_followed_over_its_rotation(data_dir: Path) -> None:
    """What is written next is shown, also in the file that follows (ours)."""
    log = write_log(data_dir)
    logger = logs.get_logger("x")
    steps: Iterator[Callable[[], object]] = iter(
        [
            lambda: logger.info("node.started"),
            lambda: logs.rotate(log, 1, keep=3),
            lambda: logger.info("node.stopped"),
        ]
    )
    lines = log_reading.coming(log, Wanted(), lambda: next(steps)())  # noqa: PLW0108  each time the next one

    assert next(lines)["event"] == "node.started"
    assert next(lines)["event"] == "node.stopped"
    lines.close()  # type: ignore[attr-defined]


def test_ages_have_their_two_largest_units() -> None:
    """For people (ours)."""
    ages = [output.spell_age(age_s) for age_s in (0.4, 59, 61, 3_600, 90_061)]

    assert ages == ["0 s", "59 s", "1 min 1 s", "1 h 0 min", "1 d 1 h"]


def test_no_colour_without_a_terminal_and_none_under_no_color(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Source: no-color.org."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")

    _code, out, _err = shell.run("doctor")

    assert "\x1b" not in out
    assert not [line for line in out.splitlines() if line != line.rstrip()]


def test_messages_become_plain_values(tmp_path: Path) -> None:
    """Tuples to lists, paths to text, records to objects (ours)."""
    value = {"exit": KILLED, "paths": (tmp_path,), "none": None}

    assert whole(value) == {
        "exit": {"kind": "killed", "detail": "", "exit_code": 0},
        "paths": [str(tmp_path)],
        "none": None,
    }


def test_overrides_need_an_equals_sign() -> None:
    """A value may contain further ones (ours)."""
    assert parsed_overrides(("a=b=c",), "/x") == {"a": "b=c", "data_dir": "/x"}
    with pytest.raises(InvalidRequest):
        parsed_overrides(("a",), None)


def test_a_tools_error_keeps_its_code() -> None:
    """The exit code is that of the error's class (ours)."""
    result = {
        "isError": True,
        "content": [{"type": "text", "text": "busy: wait"}],
        "_meta": {"mimo/error": {"code": "busy"}},
    }
    error = wire.failure_of(result)

    assert error is not None
    assert (error.exit_code, error.message) == (75, "busy: wait")
    assert wire.failure_of({"content": []}) is None
