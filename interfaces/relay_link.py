"""A relay's connection to the node: reached, greeted, lost, reached again.

Standard library only.
"""

from __future__ import annotations

import json
import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from mimo.interfaces import relay_node
from mimo.interfaces.relay_lines import Lines, TooLong
from mimo.interfaces.relay_node import Place

#: Pauses between attempts to reach a node, in seconds: first, while one is expected, when idle.
FIRST_PAUSE_S = 0.01
EXPECTED_PAUSE_S = 0.1
IDLE_PAUSE_S = 5.0
#: A node that fails to start is tried again after this long, in seconds.
START_PAUSE_S = 1.0
#: How often the lock is looked at, and how long a greeting may take, in seconds.
LOOK_PAUSE_S = 0.25
GREETING_S = 10.0

#: Starts in a row that must fail before the client is told: the loser of a race for the data
#: directory fails too, and the winner may be killed before anybody looks.
FAILED_STARTS_MAX = 2
#: A node that has tried by itself often enough. Source: sysexits.h EX_SOFTWARE.
GAVE_UP_EXIT_CODE = 70

_QUICK_ATTEMPTS = 50
_READ_BYTES = 262_144
#: Longest line from the node: a result is far below, a resource may be larger.
_LINE_BYTES_MAX = 16_777_216


class Outbox:
    """Lines that wait to be written.

    Args:
        write: Writes what it can at once and returns how much that was.
    """

    def __init__(self, write: Callable[[memoryview], int]) -> None:
        self._write = write
        self._lines: deque[memoryview] = deque()
        self.size = 0

    def put(self, line: bytes) -> None:
        """Append a line; its newline is added."""
        self._lines.append(memoryview(line + b"\n"))
        self.size += len(line) + 1

    def flush(self) -> None:
        """Write as much as goes at once."""
        while self._lines:
            head = self._lines[0]
            try:
                written = self._write(head)
            except BlockingIOError:
                return
            self.size -= written
            if written == len(head):
                self._lines.popleft()
            else:
                self._lines[0] = head[written:]


class Link:
    """The connection to the node, whether there is one or not.

    Args:
        place: Which node.
        version: This relay's version.
    """

    def __init__(self, place: Place, version: str) -> None:
        self._place = place
        self._version = version
        self._id = os.urandom(16).hex()
        self._socket: socket.socket | None = None
        self._lines = Lines(_LINE_BYTES_MAX)
        self._outbox = Outbox(self._write)
        self._attempts = 0
        self._was_wanted = False
        self._next_try_s = 0.0
        self._next_start_s = 0.0
        self._next_look_s = 0.0
        self._greeted_s = 0.0
        self._child: int | None = None
        self._failed_starts = 0
        self.is_open = False
        #: What the operator must know; taken by the loop.
        self.notices: list[str] = []
        #: Why the node can't be started; taken by the loop.
        self.failure = ""

    def fileno(self) -> int:
        """Return the socket's descriptor, or -1."""
        return -1 if self._socket is None else self._socket.fileno()

    @property
    def waiting_bytes(self) -> int:
        """Return how much waits to be written."""
        return self._outbox.size

    def next_s(self) -> float | None:
        """Return when `tick` has something to do; None when only the socket matters."""
        if self._socket is None:
            return self._next_try_s
        return None if self.is_open else self._greeted_s + GREETING_S

    def tick(self, now_s: float, *, wants_node: bool) -> None:
        """Reach for the node, start one if it is wanted and there is none."""
        if self._socket is not None:
            if not self.is_open and now_s >= self._greeted_s + GREETING_S:
                self.close(now_s)
            return
        if wants_node and not self._was_wanted:
            self._next_try_s = 0.0
        self._was_wanted = wants_node
        if now_s < self._next_try_s:
            return
        self._attempts += 1
        try:
            self._socket = relay_node.connect(self._place.paths)
        except PermissionError as error:
            self.failure = str(error.strerror)
        if self._socket is not None:
            self._greet(now_s)
            return
        if wants_node:
            self._ensure_node(now_s)
            self._next_try_s = now_s + self._pause_s()
        else:
            self._next_try_s = now_s + min(EXPECTED_PAUSE_S * self._attempts, IDLE_PAUSE_S)

    def _pause_s(self) -> float:
        return FIRST_PAUSE_S if self._attempts < _QUICK_ATTEMPTS else EXPECTED_PAUSE_S

    def _greet(self, now_s: float) -> None:
        self._lines = Lines(_LINE_BYTES_MAX)
        self._outbox = Outbox(self._write)
        self._greeted_s = now_s
        hello: dict[str, Any] = {
            "mimo": 1,
            "kind": "mcp",
            "connection": self._id,
            "pid": os.getpid(),
            "version": self._version,
        }
        if self._place.offer:
            hello["offer"] = self._place.offer
        self._outbox.put(json.dumps(hello, separators=(",", ":")).encode())

    def _ensure_node(self, now_s: float) -> None:
        if self._child is not None:
            code = relay_node.ended(self._child)
            if code is None:
                return
            self._child = None
            self._judge_end(code)
        if now_s < max(self._next_look_s, self._next_start_s) or self.failure:
            return
        self._next_look_s = now_s + LOOK_PAUSE_S
        if relay_node.is_held(self._place.paths):
            return
        self._next_start_s = now_s + START_PAUSE_S
        try:
            self._child = relay_node.start_node(self._place)
        except OSError as error:
            self.failure = (
                f"expected to write in {self._place.paths.data_dir}, got: {error.strerror};"
                " mend its rights or choose another with --data-dir"
            )

    def _judge_end(self, code: int) -> None:
        """Give up when nodes end by themselves again and again; one that was killed didn't."""
        if code <= 0 or relay_node.is_held(self._place.paths):
            self._failed_starts = 0
            return
        self._failed_starts += 1
        if code == GAVE_UP_EXIT_CODE or self._failed_starts >= FAILED_STARTS_MAX:
            words = relay_node.last_words(self._place.paths) or f"exit code {code}"
            self.failure = f"the node can't start: {words}"
            self._failed_starts = 0

    def put(self, line: bytes) -> None:
        """Queue a line for the node."""
        self._outbox.put(line)

    def flush(self, now_s: float) -> bool:
        """Write what goes at once; False when the node is gone."""
        if self._socket is None:
            return True
        try:
            self._outbox.flush()
        except OSError:
            self.close(now_s)
            return False
        return True

    def read(self, now_s: float) -> list[bytes] | None:
        """Return the lines that came; None when the node is gone. Its greeting opens the link."""
        if self._socket is None:
            return []
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.close(now_s)
            return None
        lines = [line for line in self._lines.feed(data) if not isinstance(line, TooLong)]
        if not self.is_open and lines and not self._is_welcome(lines.pop(0)):
            self.close(now_s)
            return None
        return lines

    def _is_welcome(self, greeting: bytes) -> bool:
        try:
            body = json.loads(greeting)
        except ValueError:
            return False
        if not isinstance(body, dict) or body.get("ok") is not True:
            if isinstance(body, dict) and body.get("error"):
                self.failure = f"the node refused: {str(body['error'])[:500]}"
            return False
        other = str(body.get("version", ""))
        if other != self._version:
            self.notices.append(
                f"mimo {self._version} speaks to a node of version {other};"
                " 'mimo restart' makes them the same"
            )
        self.is_open, self._attempts, self._failed_starts = True, 0, 0
        return True

    def close(self, now_s: float) -> None:
        """Let go of the connection; `tick` will look for another."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self.is_open = None, False
        self._next_try_s = now_s + self._pause_s()

    def _write(self, data: memoryview) -> int:
        if self._socket is None:
            raise BrokenPipeError
        return self._socket.send(data)
