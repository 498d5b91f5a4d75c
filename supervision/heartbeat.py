"""The root supervisor's sign of life to the watchdog: a datagram a second."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any

#: Name of the watchdog's socket inside the run folder, which is the node's current directory.
SOCKET_NAME = "watch.sock"


class Heartbeat:
    """Sends beats; what can't be delivered is dropped, for the next one comes soon.

    Args:
        path: The watchdog's socket; short and relative, as socket paths are limited to 104 bytes.
        generation: Told with each beat, so that an earlier generation's don't count.
    """

    def __init__(self, path: str, generation: int) -> None:
        self._path = path
        self._beat = str(generation).encode()
        self._socket: socket.socket | None = None

    @classmethod
    def from_args(cls, args: dict[str, Any]) -> Heartbeat | None:
        """Return the heartbeat that `Start.args["heartbeat"]` asks of a root, if any."""
        wanted = args.get("heartbeat")
        return cls(wanted["path"], wanted["generation"]) if wanted else None

    def beat(self) -> None:
        """Show that this process handles messages."""
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
        with contextlib.suppress(OSError):
            self._socket.sendto(self._beat, self._path)

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class HeartbeatListener:
    """The watchdog's end.

    Args:
        path: Where to listen; a socket that a dead watchdog left there is replaced.
    """

    def __init__(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108  relative to the current directory, as bind is
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """Return the number to wait for."""
        return self._socket.fileno()

    def drain(self, generation: int) -> bool:
        """Read all beats that have come; tell whether one was of `generation`."""
        seen = False
        with contextlib.suppress(BlockingIOError):
            while True:
                seen |= self._socket.recv(64) == str(generation).encode()
        return seen

    def close(self) -> None:
        """Stop listening and remove the socket."""
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)  # noqa: PTH108
