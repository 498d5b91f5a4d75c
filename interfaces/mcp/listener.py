"""Listens for relays on the node's Unix socket, and for HTTP where it is wanted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

from mimo.config.errors import StartError
from mimo.config.paths import SOCKET_NAME
from mimo.interfaces.mcp.server import MimoServer
from mimo.interfaces.mcp.wire import LINE_BYTES_MAX, Conversation

#: Relays that may wait to be accepted.
BACKLOG = 128


def bound_socket(folder: Path) -> socket.socket:
    """Return a socket that listens as `mimo.sock` in `folder`, in the place of a stale one.

    Only the user may connect. The name is moved into place, so there is always one.

    Raises:
        StartError: The folder can't be written.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.setblocking(False)
    fresh = f"{SOCKET_NAME}.{os.getpid()}"
    here = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.chdir(folder)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)  # noqa: PTH108  by its short name, see `paths.SOCKET_NAME`
        listener.bind(fresh)
        os.chmod(fresh, 0o600)  # noqa: PTH101  the same
        listener.listen(BACKLOG)
        os.rename(fresh, SOCKET_NAME)  # noqa: PTH104  the same
    except OSError as error:
        listener.close()
        raise StartError(
            f"expected to bind {folder / SOCKET_NAME}, got: {error.strerror}; mend the rights"
            " of the data directory or choose another with --data-dir"
        ) from error
    finally:
        os.fchdir(here)
        os.close(here)
    return listener


class Listener:
    """Serves every relay that connects.

    Args:
        server: What answers.
        generation: Told to relays, so that they know a successor.
        changed: Told how many relays are connected.
    """

    def __init__(self, server: MimoServer, generation: int, changed: Callable[[int], None]) -> None:
        self._server = server
        self._generation = generation
        self._changed = changed
        self._count = 0

    async def serve(self, listening: socket.socket) -> None:
        """Accept relays until cancelled."""
        acceptor = await asyncio.start_unix_server(
            self._serve_one, sock=listening, limit=LINE_BYTES_MAX, backlog=BACKLOG
        )
        async with acceptor:
            await acceptor.serve_forever()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        self._changed(self._count)
        try:
            await Conversation(self._server, reader, writer).run(self._generation)
        finally:
            self._count -= 1
            self._changed(self._count)
