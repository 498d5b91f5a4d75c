"""What a relay meets at the socket: a node that does what the test says, or the real MCP server.

Both hold the data directory's lock as a node does, so that no relay starts another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mimo.actors.bridge.gateway import Gateway, Submission
from mimo.actors.catalogue import TOOLS
from mimo.config.paths import RunPaths
from mimo.interfaces.mcp.listener import Listener, bound_socket
from mimo.interfaces.mcp.server import MimoServer
from tests.support.answering import Seen, answering

#: A scripted node's answer that closes the connection.
HANG_UP = object()

Answer = Callable[[int, dict[str, Any]], Any]


@contextlib.contextmanager
def held(paths: RunPaths) -> Iterator[None]:
    """Hold the data directory as a node does."""
    paths.run.mkdir(parents=True, exist_ok=True)
    lock = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


class ScriptedNode:
    """Accepts relays one after another and answers each line with `answer(n, message)`.

    Args:
        data_dir: Where the socket is bound.
        answer: Returns the message to send back, None for none, or `HANG_UP`.
    """

    def __init__(self, data_dir: Path, answer: Answer) -> None:
        self._answer = answer
        self._listener = bound_socket(RunPaths(data_dir).run)
        self._listener.setblocking(True)
        self._links: list[socket.socket] = []
        self.greetings: list[dict[str, Any]] = []
        self.lines: list[tuple[int, dict[str, Any]]] = []
        self._is_closed = False
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def methods(self) -> list[tuple[int, str]]:
        """Return number and method of each line that came."""
        return [(number, str(body.get("method", ""))) for number, body in self.lines]

    def send(self, message: dict[str, Any]) -> None:
        """Send a message to the newest relay."""
        self._links[-1].sendall(json.dumps(message).encode() + b"\n")

    def close(self) -> None:
        """Die: close every socket at once."""
        self._is_closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._links:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self._links.append(link)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with link, contextlib.suppress(OSError), link.makefile("rb") as stream:
            self.greetings.append(json.loads(stream.readline()))
            link.sendall(b'{"mimo":1,"ok":true,"version":"0.1.0","generation":1}\n')
            for raw in stream:
                number, _, line = raw.partition(b" ")
                body = json.loads(line)
                self.lines.append((int(number), body))
                answer = self._answer(int(number), body)
                if answer is HANG_UP:
                    link.shutdown(socket.SHUT_RDWR)
                    return
                if answer is not None:
                    link.sendall(json.dumps(answer).encode() + b"\n")


def result(body: dict[str, Any], value: Any = None) -> dict[str, Any]:
    """Return the answer to a request."""
    return {"jsonrpc": "2.0", "id": body["id"], "result": {} if value is None else value}


def echo(number: int, body: dict[str, Any]) -> Any:
    """Answer every request with its number and method."""
    if "id" not in body or "method" not in body:
        return None
    return result(body, {"n": number, "method": body["method"]})


@contextlib.contextmanager
def serving_server(
    data_dir: Path, answer: Callable[[Submission], Any], tools: Any = TOOLS
) -> Iterator[Seen]:
    """Serve relays with the real MCP server, whose calls `answer` answers in the actors' stead."""
    gateway = Gateway()
    paths = RunPaths(data_dir)
    with held(paths), answering(gateway, answer) as seen:
        listening = bound_socket(paths.run)
        listener = Listener(MimoServer(gateway, tools), 1, gateway.connections)
        loop = asyncio.new_event_loop()
        serving: list[asyncio.Task[None]] = []

        def run() -> None:
            asyncio.set_event_loop(loop)
            serving.append(loop.create_task(listener.serve(listening)))
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(serving[0])
            loop.run_until_complete(_end_tasks())
            loop.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield seen
        finally:
            loop.call_soon_threadsafe(serving[0].cancel)
            thread.join(5)


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
