"""The log: whole lines, bounded and redacted values, and no failure that reaches the service."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.config import logs
from mimo.config.clock import ManualClock
from mimo.config.events import EVENTS
from tests.support.processes import in_child


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "mimo.log"
    logs.configure(path, "info")
    yield path
    logs.configure(None)


def descriptor_of(path: Path) -> int:
    """Return this process's descriptor of the open file."""
    wanted = path.stat().st_ino
    for number in range(3, 256):
        with contextlib.suppress(OSError):
            if os.fstat(number).st_ino == wanted:
                return number
    raise AssertionError(f"expected {path} to be open")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines() if line]


def test_a_line_has_its_head_fields_first_and_the_request_it_belongs_to(log: Path) -> None:
    """One request id in every line of every process that touched it (design 6)."""
    with logs.request("r-1"):
        logs.get_logger("storage/writer").info("storage.slow", duration_ms=812.5)
    logs.get_logger("storage/writer").info("storage.opened", sqlite="3.54.1")

    first, second = lines(log)
    assert list(first)[:5] == ["time", "level", "event", "actor", "pid"]
    assert (first["event"], first["actor"], first["pid"]) == (
        "storage.slow",
        "storage/writer",
        os.getpid(),
    )
    assert (first["request_id"], first["duration_ms"]) == ("r-1", 812.5)
    assert "request_id" not in second


def test_a_field_cannot_take_the_place_of_the_head(log: Path) -> None:
    """`pid` is the writer's; somebody else's is `pid_` (ours)."""
    logs.get_logger("x").info("bridge.connected", pid=1, level="high", time="then")

    (line,) = lines(log)
    assert (line["pid"], line["pid_"], line["level_"]) == (os.getpid(), 1, "high")
    assert line["level"] == "info"


def test_a_name_outside_the_list_is_logged_as_a_bug(log: Path) -> None:
    """The events are a closed list (aesthetics 3)."""
    logs.get_logger("x").warning("storage.exploded")

    assert lines(log)[0]["event"] == "log.unknown_event"
    assert lines(log)[0]["unknown"] == "storage.exploded"


def test_lines_below_the_level_are_not_written(log: Path) -> None:
    """Also by a logger that was made before the level was set (ours)."""
    logger = logs.get_logger("x")
    logs.configure(log, "warning")

    logger.info("node.started")
    logger.warning("node.stopped")

    assert [line["event"] for line in lines(log)] == ["node.stopped"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_key", "whatever"),
        ("client_secret", "whatever"),
        ("headers", {"Authorization": "Basic d2hhdGV2ZXI="}),
        ("note", "use sk-" + "whatever" * 3 + " please"),
        ("note", "Authorization: Bearer whatever-1234567"),
        ("note", ["ghp_whateverwhateverwhateverwhatever1234"]),
        ("note", "-----BEGIN PRIVATE KEY-----\nwhatever"),
        ("url", "https://ada:whatever@example.org/"),
    ],
)
def test_what_looks_like_a_secret_is_not_logged(log: Path, name: str, value: object) -> None:
    """By the field's name or the value's form (issue: config)."""
    logs.get_logger("x").info("bridge.call", **{name: value})

    assert logs.REDACTED in log.read_text()
    assert "whatever" not in log.read_text()


def test_idempotency_keys_are_no_secrets(log: Path) -> None:
    """They are needed to follow a call (ours)."""
    logs.get_logger("x").info("bridge.call", key="c0ffee:17")

    assert lines(log)[0]["key"] == "c0ffee:17"


class Unprintable:
    """An object whose text can't be had."""

    def __str__(self) -> str:
        raise RuntimeError


def test_any_value_is_logged_in_bounded_size(log: Path) -> None:
    """Depth, entries, characters and the whole line have limits; nothing raises (ours)."""
    deep: list[Any] = []
    deep.append(deep)

    logs.get_logger("x").info(
        "bridge.call",
        long="a" * 100_000,
        many=list(range(10_000)),
        deep=deep,
        odd=Unprintable(),
        surrogate="\ud800",
        number=float("inf"),
    )

    (line,) = lines(log)
    assert len(line["long"]) < logs.FIELD_CHARS_MAX + 40
    assert len(line["many"]) == logs.FIELD_ENTRIES_MAX
    assert line["odd"] == "<unprintable Unprintable>"
    assert line["number"] == "inf"


def test_a_line_beyond_its_limit_keeps_its_head(log: Path) -> None:
    """The log's reader can always tell when, who and what (ours)."""
    logs.get_logger("x").info("bridge.call", **{f"f{i}": "a" * 1_900 for i in range(20)})

    assert lines(log)[0]["cut_bytes"] > logs.LINE_BYTES_MAX


def test_many_processes_write_whole_lines_into_one_file(log: Path) -> None:
    """O_APPEND and one write a line. Source: POSIX write(), O_APPEND."""
    logger = logs.get_logger("x")

    def work() -> None:
        for number in range(200):
            logger.info("bridge.call", number=number, text="b" * 1_000)

    children = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                work()
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)

    assert len(lines(log)) == 800


def test_a_rotated_log_is_left_by_every_process(log: Path) -> None:
    """Each process sees by the inode that its file was renamed (ours)."""
    logger = logs.get_logger("x")
    logger.info("node.started", text="a" * 500)

    assert logs.rotate(log, 100, keep=2) is True
    logger.info("node.stopped")

    def child() -> None:
        logger.info("node.swept")

    assert in_child(child) == 0
    assert [line["event"] for line in lines(log)] == ["node.stopped", "node.swept"]
    assert [line["event"] for line in lines(log.with_name("mimo.log.1"))] == ["node.started"]


def test_rotation_keeps_only_so_many(log: Path) -> None:
    """`logs.keep` files besides the present one (ours)."""
    logger = logs.get_logger("x")
    for number in range(5):
        logger.info("node.started", number=number)
        logs.rotate(log, 10, keep=2)

    assert sorted(path.name for path in log.parent.iterdir()) == ["mimo.log.1", "mimo.log.2"]
    assert lines(log.with_name("mimo.log.1"))[0]["number"] == 4
    assert logs.rotate(log, 10, keep=2) is False


def test_a_full_disk_drops_lines_and_tells_how_many_afterwards(tmp_path: Path) -> None:
    """Catalogue H6: the service goes on, logs are dropped and counted."""
    path = tmp_path / "mimo.log"
    file = logs.LogFile(ManualClock())
    file.direct(path)
    line = b'{"event":"' + b"a" * 500 + b'"}\n'

    def work() -> None:
        file.write(line)
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (700, hard))
        file.write(line)
        file.write(line)
        assert file.dropped == 2
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        file.write(line)
        assert file.dropped == 0

    assert in_child(work) == 0
    whole, torn, report, last = path.read_bytes().splitlines()
    assert (whole, last) == (line.strip(), line.strip())
    assert line.startswith(torn)
    assert json.loads(report)["event"] == "log.dropped"
    assert json.loads(report)["count"] == 2


def test_a_descriptor_that_was_closed_and_reused_is_never_written_to(tmp_path: Path) -> None:
    """A forked process closes what it inherits; the number then belongs to another file (ours)."""
    file = logs.LogFile()
    file.direct(tmp_path / "mimo.log")
    file.write(b"{}\n")
    inherited = descriptor_of(tmp_path / "mimo.log")
    other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    try:
        os.dup2(other, inherited)

        file.write(b"{}\n")

        assert (tmp_path / "other").read_bytes() == b""
        assert (tmp_path / "mimo.log").read_bytes() == b"{}\n{}\n"
    finally:
        os.close(other)
        os.close(inherited)


def test_a_log_in_a_folder_that_is_gone_drops_its_lines(tmp_path: Path) -> None:
    """No failure of the log reaches the service (catalogue H6)."""
    logs.configure(tmp_path / "none" / "mimo.log")
    try:
        logs.get_logger("x").info("node.started")
        assert logs._SINK.file.dropped == 1
    finally:
        logs.configure(None)


def test_nothing_is_ever_written_to_stdout(tmp_path: Path) -> None:
    """Stdout belongs to the protocol (catalogue J4), configured or not."""
    code = (
        "import sys, pathlib; from mimo.config import logs\n"
        "logs.get_logger('x').error('node.started')\n"
        "logs.configure(pathlib.Path(sys.argv[1])); logs.get_logger('x').error('node.started')\n"
    )

    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "mimo.log")], capture_output=True, check=True
    )

    assert (found.stdout, found.stderr) == (b"", b"")
    assert len(lines(tmp_path / "mimo.log")) == 1


def test_every_event_has_a_meaning_and_a_folder() -> None:
    """`<folder>.<fact>` (aesthetics 3)."""
    for name, meaning in EVENTS.items():
        folder, _, fact = name.partition(".")
        assert folder.isidentifier(), name
        assert fact.isidentifier(), name
        assert meaning.endswith("."), name
