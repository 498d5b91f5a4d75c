"""A raw MCP client: JSON-RPC lines over a real `mimo stdio`, many calls in flight, each recorded.

It depends on nothing of the SDK, so it can also send what no decent client would, and its own cost
per call is small beside the server's.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

from tests.support.history import History, Op

PROTOCOL_VERSION = "2025-11-25"
#: How long an answer may take before the client gives up, in seconds.
ANSWER_S = 30.0
#: How long the process may take to leave after its input was closed, in seconds.
LEAVE_S = 10.0


class CallError(Exception):
    """The answer was an error, or there was none."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Pending:
    """A request on its way; `wait` returns the whole JSON-RPC answer."""

    def __init__(self, op: Op | None = None) -> None:
        self.op = op
        self.sent_s = time.monotonic()
        self.done_s = 0.0
        self._answered = threading.Event()
        self._answer: dict[str, Any] = {}
        self._callback: Callable[[Pending], None] | None = None

    def wait(self, timeout_s: float = ANSWER_S) -> dict[str, Any]:
        """Return the answer.

        Raises:
            CallError: None came in time (code `no_answer`).
        """
        if not self._answered.wait(timeout_s):
            raise CallError("no_answer", f"none within {timeout_s} s")
        return self._answer

    def result(self, timeout_s: float = ANSWER_S) -> dict[str, Any]:
        """Return the data of a tool call's success.

        Raises:
            CallError: The answer is an error, or none came.
        """
        answer = self.wait(timeout_s)
        code, detail = failure_of(answer)
        if code:
            raise CallError(code, detail)
        found = answer["result"].get("structuredContent")
        return found if isinstance(found, dict) else {}

    @property
    def is_done(self) -> bool:
        """Tell whether the answer is there."""
        return self._answered.is_set()

    def settle(self, answer: dict[str, Any]) -> None:
        """Take the answer; for the reader's thread."""
        self.done_s = time.monotonic()
        self._answer = answer
        self._answered.set()
        if self._callback is not None:
            self._callback(self)

    def when_done(self, callback: Callable[[Pending], None]) -> None:
        """Call `callback` on the reader's thread; give it before the request is sent."""
        self._callback = callback


def failure_of(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Return the code and the sentence of an answer that is an error; two empty ones otherwise.

    A tool's error is a result with `isError`; its text holds the code.
    """
    if "error" in answer:
        error = answer["error"]
        closed = error["code"] == -32000
        return ("connection_closed" if closed else str(error["code"])), str(error["message"])
    result = answer.get("result", {})
    if not result.get("isError"):
        return "", ""
    text = "".join(part.get("text", "") for part in result.get("content", ()))
    return code_in(result, text), text


def code_in(result: Mapping[str, Any], text: str) -> str:
    """Return the error code of a tool's result: from its `_meta`, else how its text begins."""
    found = (result.get("_meta") or {}).get("mimo/error") or {}
    return str(found.get("code") or text.split(":", 1)[0].strip() or "error")


class Client:
    """One `mimo stdio` process and the conversation with it.

    Args:
        data_dir: The node's data directory.
        history: Where the operations are recorded.
        name: The client's name, also in the history.
        env: The process's environment.
        command: What to run instead of `mimo stdio`; any MCP server over stdio.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        history: History | None = None,
        name: str = "client",
        env: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self.name = name
        self.history = History() if history is None else history
        self._ids = itertools.count(1)
        self._pending: dict[Any, Pending] = {}
        self._lock = threading.Lock()
        self._write_lock = threading.Lock()
        self.stray: list[bytes] = []
        self.notifications: list[dict[str, Any]] = []
        self.unmatched: list[dict[str, Any]] = []
        self._is_closed = False
        run = list(command or stdio_command(data_dir))
        self.process = subprocess.Popen(
            run,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(env) if env is not None else None,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._stdin: IO[bytes] = self.process.stdin
        self._stdout: IO[bytes] = self.process.stdout
        self._reading = threading.Event()
        self._reading.set()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- Protocol --------------------------------------------------------------------------------
    def initialize(self, timeout_s: float = ANSWER_S) -> dict[str, Any]:
        """Shake hands and return the server's answer."""
        answer = self.request(
            "initialize",
            {
                "protocolVersion": PROTOCOL_VERSION,
                "capabilities": {},
                "clientInfo": {"name": self.name, "version": "1"},
            },
        ).wait(timeout_s)
        self.notify("notifications/initialized")
        return answer

    def request(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        op: Op | None = None,
        when_done: Callable[[Pending], None] | None = None,
    ) -> Pending:
        """Send a request and return at once."""
        pending = Pending(op)
        if when_done is not None:
            pending.when_done(when_done)
        number = next(self._ids)
        with self._lock:
            self._pending[number] = pending
        self.write_json({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}})
        return pending

    def last_id(self) -> int:
        """Return the id of the newest request."""
        with self._lock:
            return max((key for key in self._pending if isinstance(key, int)), default=0)

    def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Send a notification."""
        self.write_json({"jsonrpc": "2.0", "method": method, "params": params or {}})

    def expect(self, request_id: Any) -> Pending:
        """Return what will hold the answer to an id that is sent by `write_raw`."""
        pending = Pending()
        with self._lock:
            self._pending[request_id] = pending
        return pending

    def write_json(self, message: Mapping[str, Any]) -> None:
        """Write one message as a line."""
        self.write_raw(json.dumps(message).encode() + b"\n")

    def write_raw(self, data: bytes) -> None:
        """Write bytes as they are; nothing happens when the process has gone."""
        with contextlib.suppress(BrokenPipeError, ValueError), self._write_lock:
            self._stdin.write(data)
            self._stdin.flush()

    # -- Tool calls ------------------------------------------------------------------------------
    def submit(
        self,
        operation: str,
        *,
        subject: str = "",
        tool: str = "memory",
        when_done: Callable[[Pending], None] | None = None,
        **arguments: Any,
    ) -> Pending:
        """Send a tool call, recorded in the history, and return at once."""
        op = self.history.begin(self.name, operation, subject, arguments)
        return self.request(
            "tools/call",
            {"name": tool, "arguments": {"operation": operation, **arguments}},
            op=op,
            when_done=when_done,
        )

    def call(
        self, operation: str, *, subject: str = "", timeout_s: float = ANSWER_S, **arguments: Any
    ) -> dict[str, Any]:
        """Make a tool call and return its data.

        Raises:
            CallError: The answer is an error, or none came in time.
        """
        pending = self.submit(operation, subject=subject, **arguments)
        try:
            return pending.result(timeout_s)
        except CallError as error:
            op = pending.op
            if error.code == "no_answer" and op is not None and op.end == "open":
                self.history.error(op, error.code, error.detail)
            raise

    def store(self, content: str, *, timeout_s: float = ANSWER_S, **fields: Any) -> int:
        """Store a memory and return its id.

        Raises:
            CallError: As `call`.
        """
        found = self.call("store", subject=content, timeout_s=timeout_s, content=content, **fields)
        return int(found["memory_id"])

    def find(self, words: str, *, timeout_s: float = ANSWER_S, **fields: Any) -> list[str]:
        """Search and return the contents found, best first.

        Raises:
            CallError: As `call`.
        """
        found = self.call("search", subject=words, timeout_s=timeout_s, query=words, **fields)
        return [memory["content"] for memory in found["memories"]]

    # -- The process -----------------------------------------------------------------------------
    @property
    def in_flight(self) -> int:
        """Return how many requests wait for their answer."""
        with self._lock:
            return len(self._pending)

    def stop_reading(self) -> None:
        """Leave what the server writes in the pipe."""
        self._reading.clear()

    def go_on_reading(self) -> None:
        """Read again."""
        self._reading.set()

    def end_input(self) -> None:
        """Close the server's standard input, as a host does to end it."""
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._stdin.close()

    def wait(self, timeout_s: float = LEAVE_S) -> int:
        """Wait for the process and return its exit code."""
        return self.process.wait(timeout_s)

    def kill(self) -> None:
        """End the process by SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Leave as a host does: end the input, wait, kill what is still there."""
        if self._is_closed:
            return
        self._is_closed = True
        self.go_on_reading()
        self.end_input()
        try:
            self.process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
        self._reader.join(LEAVE_S)
        self._stdout.close()

    def _read(self) -> None:
        """Take answers until the process closes its output; then nothing more will come."""
        while True:
            self._reading.wait()
            try:
                line = self._stdout.readline()
            except ValueError:
                break
            if not line:
                break
            self._take(line)
        self._lose_pending()

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            is_protocol = message["jsonrpc"] == "2.0"
        except (ValueError, KeyError, TypeError):
            is_protocol = False
        if not is_protocol:
            self.stray.append(line)
        elif "method" in message:
            self.notifications.append(message)
        else:
            with self._lock:
                pending = self._pending.pop(message.get("id"), None)
            if pending is None:
                self.unmatched.append(message)
            else:
                self._settle(pending, message)

    def _settle(self, pending: Pending, answer: dict[str, Any]) -> None:
        if pending.op is not None:
            code, detail = failure_of(answer)
            if code:
                self.history.error(pending.op, code, detail)
            else:
                self.history.ok(pending.op, answer["result"].get("structuredContent"))
        pending.settle(answer)

    def _lose_pending(self) -> None:
        with self._lock:
            lost = list(self._pending.values())
            self._pending.clear()
        for pending in lost:
            self._settle(
                pending,
                {"jsonrpc": "2.0", "error": {"code": -32000, "message": "the process ended"}},
            )


def stdio_command(data_dir: Path) -> list[str]:
    """Return the command that a host would be configured with."""
    return [sys.executable, "-m", "mimo", "stdio", "--data-dir", str(data_dir)]
