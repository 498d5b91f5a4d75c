"""Listens for relays on the node's Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

from mimo.config import logs
from mimo.config.errors import StartError
from mimo.config.paths import SOCKET_NAME
from mimo.interfaces.mcp.guard import ACTOR
from mimo.interfaces.mcp.server import MimoServer
from mimo.interfaces.mcp.wire import LINE_BYTES_MAX, Conversation

#: Relays that may wait to be accepted.
BACKLOG = 128
#: Relays that are served at once.
CONNECTIONS_MAX = 256
#: How long no relay is accepted after the process ran out of descriptors, in seconds.
ACCEPT_PAUSE_S = 0.5


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
        self._open: dict[asyncio.Task[None], Conversation] = {}

    async def serve(self, listening: socket.socket) -> None:
        """Accept relays until cancelled; then let go of all at once.

        Their calls stay with them: a relay repeats what it wasn't answered to the successor.
        """
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    link, _ = await loop.sock_accept(listening)
                except OSError as error:
                    # Out of descriptors: those who wait are served when others have left.
                    logs.get_logger(ACTOR).warning("bridge.refused", reason=str(error))
                    await asyncio.sleep(ACCEPT_PAUSE_S)
                    continue
                await self._welcome(link)
        finally:
            listening.close()
            await self._let_go()

    async def _welcome(self, link: socket.socket) -> None:
        reader, writer = await asyncio.open_unix_connection(sock=link, limit=LINE_BYTES_MAX)
        conversation = Conversation(self._server, reader, writer)
        if len(self._open) >= CONNECTIONS_MAX:
            conversation.refuse(f"expected at most {CONNECTIONS_MAX} clients, got one more")
            return
        task = asyncio.create_task(conversation.run(self._generation))
        self._open[task] = conversation
        task.add_done_callback(self._ended)
        self._changed(len(self._open))

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._open[task]
        self._changed(len(self._open))
        if not task.cancelled() and (error := task.exception()) is not None:
            log = logs.get_logger(ACTOR)
            log.error("bridge.internal_error", reason="a conversation ended", exc_info=error)

    async def _let_go(self) -> None:
        tasks = list(self._open)
        for task, conversation in list(self._open.items()):
            # Cut first: the SDK answers what is in flight with an error when it is cancelled.
            conversation.cut()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
