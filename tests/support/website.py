"""A small web site on loopback: pages, redirects, papers, a search service, pages of scripts."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.documents import pdf

HTML = (
    b"""<!DOCTYPE html><html lang="en"><head><title>On gears</title>
<meta name="author" content="Ada"><meta property="og:title" content="Gears">
<meta name="description" content="All about gears.">
<script type="application/ld+json">{"headline": "Gears", "datePublished": "2026-01-02"}</script>
</head><body><nav><a href="/">Home</a></nav><main><h1>Gears</h1>
<p>A gear <b>turns</b> another; see <a href="/more">more</a>. """
    + b"Gears mesh. " * 20
    + b"""</p>
</main><footer>(c)</footer></body></html>"""
)

SCRIPTED = b"""<!DOCTYPE html><title>Scripted</title><body><div id="root"></div>
<input id="name"><select id="colour"><option value="r">red<option value="b">blue</select>
<button id="go">Go</button><p id="out"></p>
<script>
document.getElementById('root').textContent = 'Made by ' + 'a script';
document.getElementById('go').onclick = () => {
  document.getElementById('out').textContent =
    'Hello ' + document.getElementById('name').value + ' in ' +
    document.getElementById('colour').value;
};
</script>"""

FEED = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"
 xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">
<opensearch:totalResults>12</opensearch:totalResults>
<entry><id>http://arxiv.org/abs/1706.03762v7</id><title>Attention Is
 All You Need</title><summary>The dominant models.</summary>
<published>2017-06-12T17:57:34Z</published><updated>2023-08-02T00:41:18Z</updated>
<author><name>Ashish Vaswani</name></author><author><name>Noam Shazeer</name></author>
<category term="cs.CL"/><link title="pdf" href="{pdf}" rel="related"/></entry></feed>"""


class Website(ThreadingHTTPServer):
    """The site; `requests` has (method, path, headers, body) of all that came.

    Path -> (status, content type, body, more headers) in `pages` goes first.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.pages: dict[str, tuple[int, str, bytes, dict[str, str]]] = {}
        self.released = threading.Event()

    @property
    def host(self) -> str:
        """Return host and port."""
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://{self.host}"

    @property
    def paths(self) -> list[str]:
        """Return the paths that were asked for."""
        return [path for _, path, _, _ in self.requests]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are no error here."""


@contextlib.contextmanager
def website() -> Iterator[Website]:
    """Give a site that serves; it and its threads are gone afterwards."""
    site = Website()
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.released.set()
        site.shutdown()
        thread.join()
        site.server_close()


class _Page(BaseHTTPRequestHandler):
    server: Website

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        path = self.path.partition("?")[0]
        if path == "/hang":
            self.server.released.wait(60)
        status, kind, content, more = self.server.pages.get(path) or self._usual(path, body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(content)

    def _usual(self, path: str, body: bytes) -> tuple[int, str, bytes, dict[str, str]]:
        html = "text/html; charset=utf-8"
        feed = FEED.replace("{pdf}", f"{self.server.url}/paper.pdf").encode()
        said = {"method": self.command, "body": body.decode(), **dict(self.headers)}
        row = {"title": "Gears", "url": f"{self.server.url}/", "content": "They mesh."}
        usual: dict[str, tuple[int, str, bytes, dict[str, str]]] = {
            "/": (200, html, HTML, {}),
            "/scripted": (200, html, SCRIPTED, {}),
            "/data.json": (200, "application/json", b'{"a":[1,2]}', {}),
            "/echo": (200, "application/json", json.dumps(said).encode(), {}),
            "/there": (302, html, b"", {"Location": "/"}),
            "/api/query": (200, "application/atom+xml", feed, {}),
            "/search": (200, "application/json", json.dumps({"results": [row]}).encode(), {}),
            "/paper.pdf": (200, "application/pdf", pdf("Abstract", "1 Introduction"), {}),
        }
        return usual.get(path, (404, "text/plain", b"no such page", {}))
