"""Web pages: only from hosts that are allowed, at addresses that were checked, within limits."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.web import exchange
from mimo.actors.web.downloading import Downloaded, download
from mimo.actors.web.guard import addresses, is_public, target_of
from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import (
    DeadlineExceeded,
    InvalidRequest,
    MimoError,
    NotAvailable,
    NotFound,
    Unavailable,
)
from tests.support.pages import Answer, page, serving
from tests.support.website import website


def _get(url: str, *allow: str) -> Downloaded:
    return download(url, allow, SYSTEM_CLOCK)


# -- Allowed --------------------------------------------------------------------------------------
def test_a_host_that_is_named_with_its_port_is_read() -> None:
    """Also on loopback: that is what the port says. Source: issue 3, ingest."""
    with serving(page(b"<p>hello", "text/html; charset=utf-8")) as host:
        found = _get(f"http://{host}/ä%20?b=ö#d", host)

    assert (found.raw, found.suffix) == (b"<p>hello", ".html")


@pytest.mark.parametrize("allow", [[], ["example.org"], ["*.example.org"], ["127.0.0.2"]])
def test_no_other_host_is_read(allow: list[str]) -> None:
    """Egress is off by default; the message says how to allow it. Source: issue 3, ingest."""
    with pytest.raises(NotAvailable, match=r"web\.allow"):
        _get("http://127.0.0.1:1/", *allow)


@pytest.mark.parametrize("allow", ["*", "127.0.0.1", "localhost"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_private_address_needs_its_port(host: str, allow: str) -> None:
    """A name or a star allows public addresses only. Source: OWASP, SSRF."""
    with serving(page(b"secret")) as served:
        port = served.partition(":")[2]
        with pytest.raises(NotAvailable, match=r"web\.allow"):
            _get(f"http://{host}:{port}/", allow)


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0.0.0.0",  # noqa: S104
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "224.0.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "127.0.0.1.",
    ],
)
def test_other_spellings_of_private_addresses_are_refused(host: str) -> None:
    """Whatever the resolver makes of a name is judged. Source: OWASP, SSRF."""
    with pytest.raises((NotAvailable, Unavailable)):
        addresses(target_of(f"http://{host}/", ["*"]))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::a00:1", False),
        ("fe80::1%eth0", False),
        ("0.0.0.0", False),  # noqa: S104
        ("255.255.255.255", False),
    ],
)
def test_public_addresses_are_told_from_others(address: str, *, expected: bool) -> None:
    """Also inside of another form. Source: IANA special-purpose address registries."""
    assert is_public(address) is expected


@pytest.mark.parametrize(
    ("allow", "host", "expected"),
    [
        ("*.example.org", "docs.example.org", True),
        ("*.example.org", "a.b.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "evilexample.org", False),
        ("example.org", "example.org", True),
        ("example.org", "example.org.evil.net", False),
        ("Example.ORG", "EXAMPLE.org.", True),
    ],
)
def test_hosts_are_matched_by_whole_labels(allow: str, host: str, *, expected: bool) -> None:
    """A prefix or suffix of the text isn't enough. Source: ours."""
    if expected:
        assert target_of(f"https://{host}/x", [allow]).port == 443
    else:
        with pytest.raises(NotAvailable):
            target_of(f"https://{host}/x", [allow])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/x",
        "file:///etc/passwd",
        "example.org/x",
        "http://",
        "http:///x",
        "http://user:password@example.org/",
        "http://example.org/a b",
        "http://example.org/\r\nX-Evil: 1",
        "http://example.org:99999/",
        "http://[::1/",
        "http://" + "a" * 300 + "/",
        "javascript:alert(1)",
        "",
    ],
)
def test_what_is_no_url_of_a_page_is_refused(url: str) -> None:
    """With an example. Source: ours."""
    with pytest.raises(InvalidRequest, match="expected a URL"):
        target_of(url, ["*"])


# -- Pinned ---------------------------------------------------------------------------------------
def test_the_address_that_was_checked_is_the_one_that_is_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that answers otherwise a moment later gains nothing. Source: DNS rebinding."""
    answers = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"])
    connected: list[str] = []

    def resolve(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(address: tuple[str, int], _timeout: float) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(Unavailable):
        _get("http://rebinding.example/", "*")

    assert connected == ["93.184.216.34"]


def test_one_private_address_among_several_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The system could choose it. Source: ours."""
    both = [(2, 1, 6, "", ("93.184.216.34", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)

    with pytest.raises(NotAvailable, match=r"got 10\.0\.0\.1"):
        addresses(target_of("http://both.example/", ["*"]))


@pytest.mark.parametrize("there", ["http://127.0.0.1:1/", "//localhost:1/x", "file:///etc/passwd"])
def test_a_redirect_is_judged_like_the_first_request(there: str) -> None:
    """Host, address and scheme. Source: OWASP, SSRF."""
    with (
        serving(page(b"", status=302, Location=there)) as host,
        pytest.raises((NotAvailable, InvalidRequest)),
    ):
        _get(f"http://{host}/", host)


def test_redirects_are_followed_and_end() -> None:
    """Relative ones too; a ring is refused by the limit. Source: RFC 9110, 15.4."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/ring":
            page(b"", status=307, Location="/ring")(handler)
        elif handler.path == "/":
            page(b"", status=301, Location="there")(handler)
        else:
            page(handler.path.encode())(handler)

    with serving(answer) as host:
        assert _get(f"http://{host}/", host).raw == b"/there"
        with pytest.raises(InvalidRequest, match=f"at most {limits.WEB_REDIRECTS_MAX} redirects"):
            _get(f"http://{host}/ring", host)


def test_a_redirect_to_no_url_is_refused() -> None:
    """However it is broken. Source: ours."""
    with (
        serving(page(b"", status=302, Location="http://[")) as host,
        pytest.raises(InvalidRequest, match="redirect to a URL"),
    ):
        _get(f"http://{host}/", host)


def test_what_is_posted_goes_to_no_other_server() -> None:
    """Nor do headers of the caller, with whatever they say. Source: RFC 9110, 15.4.8."""
    with website() as there, website() as here:
        allow = (here.host, there.host)
        for path, status in (("/307", 307), ("/303", 303)):
            here.pages[path] = (status, "text/plain", b"", {"Location": f"{there.url}/echo"})
        post = exchange.Request(
            url=f"{here.url}/303", method="POST", body=b"{}", headers={"X-Mine": "1"}
        )

        answer = exchange.ask(post, allow, SYSTEM_CLOCK)
        with pytest.raises(InvalidRequest, match="redirect of the POST"):
            exchange.ask(replace(post, url=f"{here.url}/307"), allow, SYSTEM_CLOCK)

        assert [method for method, *_ in there.requests] == ["GET"]
        assert "X-Mine" not in there.requests[0][2]
        assert answer.head.redirects == (f"{here.url}/303",)


def test_no_proxy_and_no_password_comes_from_the_surroundings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither variables nor files of the user have a say. Source: issue 4, security."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with website() as site:
        _get(f"{site.url}/", site.host)

        assert "Authorization" not in site.requests[0][2]


# -- Within limits --------------------------------------------------------------------------------
@pytest.mark.parametrize("has_length", [True, False])
def test_a_page_that_is_too_large_is_refused(
    monkeypatch: pytest.MonkeyPatch, *, has_length: bool
) -> None:
    """Whether the server says its size or not. Source: issue 3, ingest."""
    monkeypatch.setattr(limits, "WEB_BYTES_MAX", 100_000)
    body = b"x" * 300_000
    length = str(len(body)) if has_length else ""
    with (
        serving(page(body, Content_Length=length)) as host,
        pytest.raises(InvalidRequest, match="at most 100000 bytes"),
    ):
        _get(f"http://{host}/", host)


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """Each byte comes in time, and all of them never. Source: slow loris."""
    monkeypatch.setattr(limits, "WEB_TIMEOUT_S", 0.4)
    ended = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        if part == "body":
            page(b"", Content_Length="100000")(handler)
        with contextlib.suppress(OSError):
            while not ended.wait(0.02):
                handler.wfile.write(b"X")

    with serving(drip) as host:
        try:
            with pytest.raises(DeadlineExceeded, match=r"within 0\.4 s"):
                _get(f"http://{host}/", host)
        finally:
            ended.set()


@pytest.mark.parametrize(
    ("answer", "expected", "match"),
    [
        (page(b"", "image/png"), InvalidRequest, "image/png"),
        (page(b"x", Content_Encoding="gzip"), InvalidRequest, "gzip"),
        (page(b"", status=404), NotFound, "404"),
        (page(b"", status=403), InvalidRequest, "403"),
        (page(b"", status=429), Unavailable, "429"),
        (page(b"", status=500), Unavailable, "500"),
        (page(b"half", Content_Length="1000"), Unavailable, "before the end|IncompleteRead"),
        (lambda handler: handler.wfile.write(b"nonsense\r\n\r\n"), Unavailable, "nonsense"),
        (lambda _handler: None, Unavailable, "expected an answer"),
    ],
)
def test_a_server_that_misbehaves_gets_an_error_that_says_how(
    answer: Answer, expected: type[MimoError], match: str
) -> None:
    """Never a crash, never half a page as a whole one. Source: issue 3, ingest."""
    with serving(answer) as host, pytest.raises(expected, match=match):
        _get(f"http://{host}/", host)


def test_the_encoding_that_the_server_names_is_used() -> None:
    """And an unknown one ignored. Source: RFC 9110, 8.3."""
    with serving(page("Köln".encode("latin-1"), "text/plain; charset=iso-8859-1")) as host:
        assert _get(f"http://{host}/", host).raw == "Köln".encode()
    with serving(page(b"plain", "text/plain; charset=nonsense")) as host:
        assert _get(f"http://{host}/", host).raw == b"plain"


def test_nobody_listens() -> None:
    """The port is closed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unavailable, match="to answer"):
            _get(f"http://{host}/", host)


def test_a_connection_is_closed_whatever_happens() -> None:
    """No socket is left. Source: house rule."""
    assert exchange.STEP_S < limits.WEB_TIMEOUT_S
    with serving(page(b"x", "image/png")) as host, pytest.raises(InvalidRequest):
        _get(f"http://{host}/", host)
    # pytest turns a ResourceWarning of an open socket into a failure.
