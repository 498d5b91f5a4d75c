"""MCP over HTTP: this machine only, bearer key, no foreign host or origin."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from mimo.actors.bridge.gateway import Gateway
from mimo.actors.catalogue import TOOLS
from mimo.actors.operations import Result
from mimo.config.errors import StartError
from mimo.interfaces.mcp.http import HOST, bound_port, make_http, read_key
from mimo.interfaces.mcp.server import MimoServer
from tests.support.answering import answering

KEY = "k" * 43
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    },
}
HEADERS = {
    "authorization": f"Bearer {KEY}",
    "accept": "application/json, text/event-stream",
    "content-type": "application/json",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve the real server on a free port."""
    gateway = Gateway()
    port = free_port()

    async def health() -> dict[str, object]:
        return {"ok": False, "code": "unavailable"}

    http = make_http(MimoServer(gateway, TOOLS), KEY, port, health)
    listening = bound_port(port)
    with answering(gateway, lambda _s: Result(data={"ok": True})):
        thread = threading.Thread(target=lambda: asyncio.run(http.serve(sockets=[listening])))
        thread.start()
        yield f"http://{HOST}:{port}"
        http.should_exit = True
        thread.join(10)
    with contextlib.suppress(OSError):
        listening.close()


def post(url: str, **headers: str) -> httpx2.Response:
    return httpx2.post(f"{url}/mcp", json=INITIALIZE, headers=HEADERS | headers, timeout=10)


def test_the_right_key_opens_a_session(url: str) -> None:
    """Streamable HTTP; the session id is visible ASCII."""
    answer = post(url)

    assert answer.status_code == 200
    assert answer.headers["mcp-session-id"].isascii()


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer x", f"Bearer {KEY}x", f"Basic {KEY}"])
def test_no_key_or_a_wrong_one_is_refused(url: str, value: str) -> None:
    """Loopback is no boundary: every program of the machine reaches it (mcp.md 7)."""
    assert post(url, authorization=value).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1:1", "127.0.0.1"])
def test_a_foreign_host_is_refused(url: str, host: str) -> None:
    """CVE-2025-66414/66416: DNS rebinding."""
    assert post(url, host=host).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1"])
def test_a_foreign_origin_is_refused(url: str, origin: str) -> None:
    """MCP, "Security": servers must validate Origin."""
    assert post(url, origin=origin).status_code == 403


def test_another_content_type_is_refused(url: str) -> None:
    """A form of a web page can't send JSON without asking first."""
    assert post(url, **{"content-type": "text/plain"}).status_code == 400


def test_a_body_beyond_the_limit_is_refused(url: str) -> None:
    """413, as a line of a relay is (mcp.md 7)."""
    answer = httpx2.post(f"{url}/mcp", content=b"x" * 5_000_000, headers=HEADERS, timeout=10)

    assert answer.status_code == 413


def test_no_web_page_is_allowed_in(url: str) -> None:
    """No CORS headers, ever (mcp.md 7)."""
    answer = httpx2.options(f"{url}/mcp", headers={"origin": url}, timeout=10)

    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("path", "code"), [("/livez", 200), ("/startupz", 200), ("/readyz", 503)])
def test_health_is_told_without_a_key_and_says_little(url: str, path: str, code: int) -> None:
    """Kubernetes, "Liveness, Readiness and Startup Probes"; reliability J7."""
    answer = httpx2.get(url + path, timeout=10)

    assert answer.status_code == code
    assert set(answer.json()) <= {"ok", "code"}


def test_a_key_is_made_once_and_only_the_user_reads_it(tmp_path: Path) -> None:
    """Mode 0600 from its first byte on."""
    file = tmp_path / "http.key"
    key = read_key(file)

    assert len(key) >= 43
    assert read_key(file) == key
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("wrong", ["readable", "short", "folder"])
def test_a_key_that_is_no_secret_is_refused(tmp_path: Path, wrong: str) -> None:
    """What to do is in the sentence."""
    file = tmp_path / "http.key"
    if wrong == "folder":
        file.mkdir(mode=0o700)
    else:
        file.write_text("short" if wrong == "short" else KEY, encoding="utf-8")
        file.chmod(0o644 if wrong == "readable" else 0o600)

    with pytest.raises(StartError, match=r"expected .*http\.key"):
        read_key(file)


def test_a_taken_port_is_refused_with_advice() -> None:
    """The bridge goes on serving relays and tries again."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with pytest.raises(StartError, match=r"set http\.port to another"):
            bound_port(taken.getsockname()[1])
