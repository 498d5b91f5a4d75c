"""Lets an HTTP client speak to `mimo stdio`: the conformance suite knows no other transport.

Message for message: a legacy session is one relay, a stateless request one relay of its own.
"""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.relay import RelayProcess

SESSION = "mcp-session-id"


class _Door(ThreadingHTTPServer):
    """The HTTP side and the sessions behind it."""

    daemon_threads = True

    def __init__(self, data_dir: Path, env: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self._data_dir = data_dir
        self._env = env
        self.sessions: dict[str, tuple[RelayProcess, threading.Lock]] = {}

    def relay(self) -> RelayProcess:
        """Start a relay."""
        return RelayProcess(self._data_dir, env=self._env)

    def close(self) -> None:
        """End every relay and the server."""
        self.shutdown()
        self.server_close()
        for relay, _ in self.sessions.values():
            relay.__exit__()


class _Exchange(BaseHTTPRequestHandler):
    """One HTTP request."""

    server: _Door

    def do_POST(self) -> None:
        """Carry a message in and its answer out."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        session_id = self.headers.get(SESSION, "")
        if session_id in self.server.sessions:
            relay, lock = self.server.sessions[session_id]
            with lock:
                self._answer(ask(relay, body), session_id)
        elif body.get("method") == "initialize":
            session_id, relay = uuid.uuid4().hex, self.server.relay()
            self.server.sessions[session_id] = relay, threading.Lock()
            self._answer(ask(relay, body), session_id)
        else:
            with self.server.relay() as relay:
                self._answer(ask(relay, body), "")

    def do_GET(self) -> None:
        """Refuse the stream of a session: nothing of the product's scenarios comes on it."""
        self.send_error(405)

    def do_DELETE(self) -> None:
        """Leave the session to the end."""
        self.send_response(200)
        self.end_headers()

    def _answer(self, answer: dict[str, Any] | None, session_id: str) -> None:
        text = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(202 if answer is None else 200)
        if session_id:
            self.send_header(SESSION, session_id)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def ask(relay: RelayProcess, body: dict[str, Any]) -> dict[str, Any] | None:
    """Send a message and return its answer; None for a notification."""
    relay.send(body)
    if "id" not in body:
        return None
    while True:
        answer = relay.message()
        if answer.get("id") == body["id"]:
            return answer


@contextlib.contextmanager
def http_over_stdio(data_dir: Path, env: dict[str, str]) -> Iterator[str]:
    """Give the address of an HTTP server behind which every session is a `mimo stdio`."""
    door = _Door(data_dir, env)
    thread = threading.Thread(target=door.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{door.server_address[1]}/mcp"
    finally:
        door.close()
        thread.join(5)
