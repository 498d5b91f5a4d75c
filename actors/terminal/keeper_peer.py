"""One who asks a keeper over a socket: requests that wait, answers sent as fast as they're read."""

from __future__ import annotations

import contextlib
import socket
from typing import Any, Final

from mimo.actors.terminal.orders import LINE_BYTES_MAX, encoded

_BLOCK_BYTES: Final = 65_536
#: How long output may take to be complete after its first bytes, in seconds.
_SETTLE_S: Final = 0.1


class Peer:
    """A connection.

    Args:
        connection: Its socket; non-blocking from now on.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._unread = bytearray()
        self._unsent = bytearray()
        self._waiting: list[tuple[dict[str, Any], float, int]] = []
        self.is_gone = False

    def fileno(self) -> int:
        """Return the socket's number, for `select`."""
        return self._socket.fileno()

    @property
    def has_more(self) -> bool:
        """Tell whether something is left to send."""
        return bool(self._unsent)

    @property
    def due_s(self) -> float | None:
        """Return when the first of its requests has waited enough, in monotonic seconds."""
        return min((due_s for _, due_s, _ in self._waiting), default=None)

    def pull(self) -> list[bytes]:
        """Read what has come and return its whole lines."""
        try:
            block = self._socket.recv(_BLOCK_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            block = b""
        if not block:
            self.close()
            return []
        self._unread += block
        *lines, rest = bytes(self._unread).split(b"\n")
        self._unread = bytearray(rest)
        if len(rest) > LINE_BYTES_MAX:
            self.close()
        return lines

    def wait(self, request: dict[str, Any], due_s: float, total: int) -> None:
        """Keep a request until it can be answered.

        Args:
            request: With `until`: "end", "output" or "" for an answer at once.
            due_s: When it has waited enough, in monotonic seconds.
            total: Bytes of output until now.
        """
        self._waiting.append((request, due_s, total))

    def ready(self, now_s: float, total: int, *, is_over: bool) -> dict[str, Any] | None:
        """Return a request that can be answered now, and forget it; None when there is none."""
        for at, (request, due_s, known) in enumerate(self._waiting):
            until = request.get("until", "")
            if is_over or not until or now_s >= due_s:
                del self._waiting[at]
                return request
            if until == "output" and total > known:
                # More follows at once, mostly.
                soon_s = min(due_s, now_s + _SETTLE_S)
                self._waiting[at] = ({**request, "until": "settled"}, soon_s, known)
        return None

    def send(self, message: dict[str, Any]) -> None:
        """Send a message, now or as fast as the other reads."""
        self._unsent += encoded(message)
        self.push()

    def push(self) -> None:
        """Send what the socket takes now."""
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            self.close()

    def close(self) -> None:
        """Be gone."""
        self.is_gone = True
        self._waiting.clear()
        self._unsent.clear()
        with contextlib.suppress(OSError):
            self._socket.close()
