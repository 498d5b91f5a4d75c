"""A worker's connection to a keeper."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mimo.actors.terminal.orders import decoded, encoded

_BLOCK_BYTES = 262_144


class Link:
    """A connection on which nothing ever waits.

    Args:
        connection: Its socket; non-blocking from now on.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._unread = bytearray()
        self.is_gone = False

    @classmethod
    def to(cls, path: Path) -> Link:
        """Connect to the keeper that listens at `path`, however long that is.

        Raises:
            OSError: None does.
        """
        here = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        try:
            # A socket's path may have 107 characters; a folder's any number.
            os.chdir(path.parent)
            connection.connect(path.name)
        except OSError:
            connection.close()
            raise
        finally:
            os.fchdir(here)
            os.close(here)
        return cls(connection)

    def fileno(self) -> int:
        """Return the socket's number."""
        return self._socket.fileno()

    def send(self, message: Mapping[str, Any]) -> bool:
        """Send a message; False when the keeper is gone or doesn't read."""
        try:
            line = encoded(dict(message))
            if self._socket.send(line) < len(line):
                # Half a message is of no use to anybody.
                self.is_gone = True
        except OSError:
            self.is_gone = True
        return not self.is_gone

    def pull(self) -> list[dict[str, Any]]:
        """Return the messages that have come."""
        lines: list[bytes] = []
        try:
            while block := self._socket.recv(_BLOCK_BYTES):
                self._unread += block
                if b"\n" in block:
                    *whole, rest = bytes(self._unread).split(b"\n")
                    lines += whole
                    self._unread = bytearray(rest)
            self.is_gone = True
        except BlockingIOError:
            pass
        except OSError:
            self.is_gone = True
        return [decoded(line) for line in lines]

    def close(self) -> None:
        """Let go of the connection."""
        self.is_gone = True
        with contextlib.suppress(OSError):
            self._socket.close()
