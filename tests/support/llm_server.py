"""A real HTTP server that answers in the chat forms of OpenAI and Ollama, well or badly."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Ways to misbehave after which another attempt may succeed.
PASSING = ("too_many", "error", "half", "not_json", "no_choices", "no_text", "reset", "empty")
#: Ways that take too long, unless somebody stops waiting.
LATE = ("hang", "trickle")
#: Ways that nothing mends.
LASTING = ("no_key", "no_model", "redirect")
_STATUSES = {"too_many": 429, "wait": 429, "error": 500, "no_key": 401, "no_model": 404}

Body = dict[str, Any]


class LlmServer(ThreadingHTTPServer):
    """The server; the next requests are answered in the ways of `script`, others in `way`.

    A way is "" for well. `say` makes the text of an answer from the request's body.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answerer)
        self.way = ""
        self.script: deque[str] = deque()
        self.retry_after = "1"
        self.say: Callable[[Body], str] = lambda _body: "Turin."
        self.requests: list[Body] = []
        self.at_once = 0
        self.most_at_once = 0
        self.counting = threading.Lock()
        self.released = threading.Event()

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that give up are what this server is for."""


@contextlib.contextmanager
def llm_server() -> Iterator[LlmServer]:
    """Give a server that serves; it and its threads are gone afterwards."""
    server = LlmServer()
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
    server: LlmServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing."""

    def do_POST(self) -> None:
        """Answer as the server's way demands."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.counting:
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
            server.requests.append({"path": self.path, "headers": dict(self.headers), **body})
            way = server.script.popleft() if server.script else server.way
        try:
            self._answer(way, body)
        finally:
            with server.counting:
                server.at_once -= 1

    def do_GET(self) -> None:
        """Note who follows a redirect."""
        self.server.requests.append({"path": self.path, "headers": dict(self.headers)})
        self._send(b"{}")

    def _answer(self, way: str, body: Body) -> None:
        if way in {"slow", "hang"}:
            self.server.released.wait(0.3 if way == "slow" else 60)
        if way in _STATUSES:
            wait = {"Retry-After": self.server.retry_after} if way == "wait" else {}
            self._send(b'{"error": "no"}', _STATUSES[way], headers=wait)
        elif way == "redirect":
            self._send(b"", 307, headers={"Location": self.server.url + "/elsewhere"})
        elif way == "reset":
            self.close_connection = True
        elif way == "huge":
            self._send(b" " * 2_000_000 + self._good(body))
        elif way == "trickle":
            self._trickle()
        else:
            good = self._good(body, way)
            made = {"half": good[: len(good) // 2], "not_json": b"<html>", "no_choices": b"{}"}
            self._send(made.get(way, good), length=len(good) if way == "half" else None)

    def _good(self, body: Body, way: str = "") -> bytes:
        text: str | None = self.server.say(body)
        if way in {"no_text", "empty"}:
            text = None if way == "no_text" else "<think>nothing</think>"
        message = {"role": "assistant", "content": text}
        if self.path.endswith("/api/chat"):
            counts = {"prompt_eval_count": 10, "eval_count": 5}
            given: Body = {"message": message, "done": True, "done_reason": "stop", **counts}
        else:
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
            given = {"object": "chat.completion", "choices": [choice], "usage": usage}
        return json.dumps({"model": body["model"], **given}).encode()

    def _trickle(self) -> None:
        self._head(200, 100_000, {})
        with contextlib.suppress(OSError):
            while not self.server.released.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()
        self.close_connection = True

    def _send(
        self,
        content: bytes,
        status: int = 200,
        *,
        length: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._head(status, len(content) if length is None else length, headers or {})
        with contextlib.suppress(OSError):
            self.wfile.write(content)
        if length is not None:
            self.close_connection = True

    def _head(self, status: int, length: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
