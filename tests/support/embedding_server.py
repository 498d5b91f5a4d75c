"""A real HTTP server that makes vectors in the forms of Ollama and OpenAI, well or badly."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

#: Length of the vectors.
DIM = 16
#: The ways to misbehave.
WAYS = (
    "slow",
    "hang",
    "trickle",
    "too_many",
    "busy_with_time",
    "error",
    "half",
    "not_json",
    "wrong_form",
    "few",
    "wrong_dimension",
    "ragged",
    "nan",
    "huge",
    "zero",
    "text",
    "endless",
    "redirect",
    "no_key",
    "reset",
)


def vector_of(text: str) -> list[float]:
    """Return the vector of a text: the same each time, for others another one."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    return [float(number) for number in np.random.default_rng(seed).normal(size=DIM)]


class EmbeddingServer(ThreadingHTTPServer):
    """The server; `way` is how it misbehaves now, "" for well.

    A request with a text that begins with `held` isn't answered until `released` is set.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answerer)
        self.way = ""
        self.held = ""
        self.requests: list[dict[str, Any]] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that give up are what this server is for."""


@contextlib.contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """Give a server that serves; it and its threads are gone afterwards."""
    server = EmbeddingServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        socketserver.ThreadingMixIn.server_close(server)


class _Answerer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: EmbeddingServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing."""

    def do_POST(self) -> None:
        """Answer as the server's way demands."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({"path": self.path, "headers": dict(self.headers), **body})
        way = self.server.way
        if self.server.held and body["input"][0].startswith(self.server.held):
            self.server.released.wait(60)
        if way in {"slow", "hang"}:
            self.server.released.wait(0.4 if way == "slow" else 60)
        refusal = {"too_many": 429, "busy_with_time": 503, "error": 500, "no_key": 401}.get(way)
        if refusal is not None:
            wait = {"Retry_After": "7"} if way in {"too_many", "busy_with_time"} else {}
            self._send(b'{"error": "no"}', refusal, length=None, **wait)
        elif way == "redirect":
            self._send(b"", 307, Location=self.server.url + "/elsewhere")
        elif way == "reset":
            self.close_connection = True
        else:
            self._answer(way, self._vectors(way, body["input"]))

    def _vectors(self, way: str, texts: list[str]) -> list[Any]:
        made: list[Any] = [vector_of(text) for text in texts]
        if way == "few":
            return made[1:]
        if way == "wrong_dimension":
            return [[*vector, 0.5] for vector in made]
        if way == "ragged":
            return [made[0][1:], *made[1:]]
        replaced: dict[str, Any] = {
            "nan": float("nan"),
            "huge": 10**400,
            "text": "0.5",
        }
        if way in replaced:
            made[0][3] = replaced[way]
        if way == "zero":
            made[0] = [0] * DIM
        return made

    def _answer(self, way: str, vectors: list[Any]) -> None:
        if self.path == "/api/embed":
            form: Any = {"model": "m", "embeddings": vectors}
        else:
            # As OpenAI says, the order is in the index; nothing promises that of the list.
            data = [
                {"object": "embedding", "index": place, "embedding": vector}
                for place, vector in enumerate(vectors)
            ]
            form = {"object": "list", "data": data[::-1], "model": "m"}
        if way == "wrong_form":
            form = {"data": {"embeddings": "none"}, "embeddings": 7}
        text = json.dumps(form).encode()
        if way == "not_json":
            text = b"<html>" + text
        if way == "endless":
            text += b" " * 10_000_000
        if way == "half":
            self._send(text, length=2 * len(text))
            self.close_connection = True
        elif way == "trickle":
            self._trickle(text)
        else:
            self._send(text)

    def _send(
        self, text: bytes, status: int = 200, *, length: int | None = None, **headers: str
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text) if length is None else length))
        self.end_headers()
        self.wfile.write(text)

    def _trickle(self, text: bytes) -> None:
        """Send a byte now and then: each read gets something in time, the whole never comes."""
        self._send(b"", length=len(text))
        for byte in text:
            if self.server.released.wait(0.1):
                return
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
