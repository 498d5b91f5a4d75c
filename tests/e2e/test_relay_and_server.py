"""A relay process and the real MCP server at the socket: what only the two together show."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.bridge.gateway import Submission
from mimo.actors.operations import Result
from mimo.config.paths import RunPaths
from mimo.interfaces.mcp import listener
from tests.support.answering import OPEN
from tests.support.relay import RelayProcess, handshake
from tests.support.scripted_node import serving_server
from tests.support.waiting import eventually


def healthy(_submission: Submission) -> Any:
    return Result(data={"ok": True, "checks": {}})


def health(request_id: Any) -> dict[str, Any]:
    params = {"name": "memory", "arguments": {"operation": "health"}}
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


def test_a_data_directory_may_have_any_length(tmp_path: Path) -> None:
    """A socket's path has 107 characters at most, a user's folder has not."""
    folder = tmp_path / ("long " * 20) / ("deep" * 20)
    with serving_server(folder, healthy), RelayProcess(folder) as relay:
        relay.opened().send(health(1))

        assert relay.message()["result"]["structuredContent"]["ok"] is True


def test_the_working_directory_does_not_matter(tmp_path: Path) -> None:
    """Hosts start servers anywhere, also where the folder was deleted since."""
    folder, gone = tmp_path / "data", tmp_path / "gone"
    gone.mkdir()
    with serving_server(folder, healthy):
        relay = RelayProcess(folder, cwd=gone)
        with relay:
            gone.rmdir()
            relay.opened().send(health(1))

            assert relay.message()["id"] == 1


def test_a_relative_data_directory_is_meant_from_where_the_relay_started(tmp_path: Path) -> None:
    """And still found after the relay has changed its directory."""
    with (
        serving_server(tmp_path / "data", healthy),
        RelayProcess(Path("data"), cwd=tmp_path) as relay,
    ):
        relay.opened().send(health(1))

        assert relay.message()["id"] == 1


def test_the_socket_is_the_users_alone(tmp_path: Path) -> None:
    """Contract: 0600 in a folder of 0700."""
    with serving_server(tmp_path / "data", healthy):
        mode = RunPaths(tmp_path / "data").socket.stat().st_mode

        assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize(
    "greeting",
    [
        b"GET / HTTP/1.1\r\n",
        b"\n",
        b"{}\n",
        b"[" * 50_000 + b"\n",
        b'{"mimo":1,"kind":"admin","connection":"a","pid":1,"version":"1"}\n',
        b'{"mimo":1,"kind":"mcp","connection":"../x","pid":1,"version":"1"}\n',
        b"\xff" * 100 + b"\n",
        b"",
    ],
    ids=lambda greeting: str(greeting[:24]),
)
def test_who_does_not_greet_as_a_relay_is_dropped(tmp_path: Path, greeting: bytes) -> None:
    """And everybody else is served on."""
    folder = tmp_path / "data"
    with serving_server(folder, healthy):
        os.chdir(RunPaths(folder).run)
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect("mimo.sock")
            stranger.sendall(greeting)
            stranger.shutdown(socket.SHUT_WR)
            stranger.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                assert stranger.recv(100) == b""
        with RelayProcess(folder) as relay:
            relay.opened().send(health(1))

            assert relay.message()["id"] == 1


def test_what_only_pydantic_refuses_is_answered_with_its_id(tmp_path: Path) -> None:
    """Python's parser nests deeper than the SDK's: nobody may wait for ever in between."""
    folder = tmp_path / "data"
    with serving_server(folder, healthy) as seen, RelayProcess(folder) as relay:
        relay.opened()
        eventually(lambda: seen.connections)
        nested = b'{"a":' * 400 + b"1" + b"}" * 400
        relay.write(b'{"jsonrpc":"2.0","id":5,"method":"tools/call","params":%s}\n' % nested)

        refused = relay.message()
        relay.send(health(6))

        assert (refused["id"], refused["error"]["code"]) == (5, -32600)
        assert relay.message()["id"] == 6


def test_one_client_too_many_waits_until_another_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything has a limit; who meets it gets a slower answer."""
    monkeypatch.setattr(listener, "CONNECTIONS_MAX", 1)
    folder = tmp_path / "data"
    with serving_server(folder, healthy) as seen, RelayProcess(folder) as first:
        first.opened().send(health(1))
        assert first.message()["id"] == 1
        with RelayProcess(folder) as second:
            second.opened().send(health(2))
            eventually(lambda: second.process.poll() is None and len(seen.submissions) == 1)
            first.end_input()
            assert first.wait() == 0

            assert second.message()["id"] == 2


def test_a_bridge_that_stops_in_order_fails_no_call(tmp_path: Path) -> None:
    """The SDK answers what is in flight with -32000 when it is cancelled; no client may see it."""
    folder = tmp_path / "data"
    with RelayProcess(folder) as relay:
        for round_number in range(5):
            with serving_server(folder, lambda _s: OPEN) as seen:
                if round_number == 0:
                    relay.opened().send(*(health(number) for number in range(8)))
                eventually(lambda: len(seen.submissions) == 8)
        with serving_server(folder, healthy):
            answers = [relay.message() for _ in range(8)]

    assert all("error" not in answer for answer in answers)
    assert sorted(answer["id"] for answer in answers) == list(range(8))


def test_both_eras_share_one_server(tmp_path: Path) -> None:
    """The first request decides for its connection only (mcp.md 1)."""
    folder = tmp_path / "data"
    prefix = "io.modelcontextprotocol/"
    meta = {f"{prefix}protocolVersion": "2026-07-28", f"{prefix}clientCapabilities": {}}
    with (
        serving_server(folder, healthy),
        RelayProcess(folder) as old,
        RelayProcess(folder) as new,
    ):
        old.opened().send(health(1))
        call = health(1)
        call["params"]["_meta"] = meta
        new.send(call)

        legacy, modern = old.message()["result"], new.message()["result"]

    assert legacy["structuredContent"] == modern["structuredContent"]
    assert modern["resultType"] == "complete"
    assert modern["_meta"][f"{prefix}serverInfo"]["name"] == "mimo"


def test_a_long_answer_arrives_whole(tmp_path: Path) -> None:
    """Pipes take 64 kB at a time; the relay waits for room and loses nothing."""
    folder = tmp_path / "data"
    content = "".join(chr(0x4E00 + number % 5_000) for number in range(21_000))
    item = {"memory_id": 1, "content": content}
    with (
        serving_server(folder, lambda _s: Result(data={"memory": item})),
        RelayProcess(folder) as relay,
    ):
        relay.opened()
        for number in range(20):
            relay.request(number, "resources/read", uri="mimo://memories/1")
        answers = [relay.message()["result"] for _ in range(20)]

    texts = {json.loads(answer["contents"][0]["text"])["memory"]["content"] for answer in answers}
    assert texts == {content}


def test_a_client_that_was_restricted_gets_no_more_whoever_else_is_there(tmp_path: Path) -> None:
    """Flags --tools and --read-only hold for it alone, also for old names and schemas."""
    folder = tmp_path / "data"
    with (
        serving_server(folder, healthy),
        RelayProcess(folder) as free,
        RelayProcess(folder, "--tools", "memory,knowledge", "--read-only") as bound,
    ):
        free.opened().request(1, "tools/list")
        bound.opened().request(1, "tools/list")
        everything, less = free.message()["result"]["tools"], bound.message()["result"]["tools"]

        assert len(everything) > 2
        assert [tool["name"] for tool in less] == ["memory", "knowledge"]
        assert all(tool["annotations"]["readOnlyHint"] for tool in less)
        bound.send(health(2))
        assert "error" not in bound.message()
        for number, (name, arguments) in enumerate(
            [
                ("file", {"operation": "read", "path": "a"}),
                ("store_fact", {"content": "x"}),
                ("memory", {"operation": "store", "content": "x"}),
            ],
            start=3,
        ):
            bound.request(number, "tools/call", name=name, arguments=arguments)
            answer = bound.message()
            assert "error" in answer or answer["result"]["isError"]


def test_a_restriction_that_cannot_be_understood_is_refused_and_said(tmp_path: Path) -> None:
    """It must not mean everything."""
    folder = tmp_path / "data"
    with serving_server(folder, healthy), RelayProcess(folder, "--tools", "memry") as relay:
        relay.send(*handshake("2025-11-25"))
        relay.request(1, "tools/list")
        answers = [relay.message(), relay.message()]

        said = [each["error"]["message"] for each in answers if "error" in each]
        assert said
        assert "got 'memry'; correct --tools" in said[-1]
