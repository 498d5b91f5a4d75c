"""What comes to one process: callers, each let in only after it proved to hold the key."""

from __future__ import annotations

import pickle
import select
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from mimo.supervision.runtime_links import Incoming, Lost

#: Callers that may be connected without having proved to hold the key; the oldest goes first.
STRANGERS_MAX = 64
#: How long a caller may take to prove it, in seconds.
STRANGER_S = 10.0
#: Callers accepted in one go, before those already connected are served.
ACCEPTED_AT_ONCE = 16
#: What a message of a class that this process doesn't know, or knows otherwise, may raise.
_BROKEN = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    ImportError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)


class Reception:
    """Accepts callers and reads their messages; the owner polls and passes the events on.

    Args:
        poll: Where listener and callers are registered.
        listener: A listening socket.
        key: The generation's key.
        complain: Takes a sentence about what was refused.
    """

    def __init__(
        self,
        poll: select.poll,
        listener: socket.socket,
        key: bytes,
        complain: Callable[[str], None],
    ) -> None:
        self._poll = poll
        self._listener = listener
        self._key = key
        self._complain = complain
        self._port = int(listener.getsockname()[1])
        self._callers: dict[int, Incoming] = {}
        self._strangers: dict[int, Incoming] = {}
        self._is_open = False
        #: Sender's address and message, in the order of arrival; the owner takes them away.
        self.arrived: deque[tuple[Any, Any]] = deque()
        listener.setblocking(False)
        self._listener_fd = listener.fileno()
        self._open_door()

    def __contains__(self, fd: int) -> bool:
        return fd in self._callers or fd == self._listener_fd

    @property
    def has_strangers(self) -> bool:
        """Tell whether somebody has yet to prove that it holds the key, or waits at a shut door."""
        return bool(self._strangers) or not self._is_open

    def on_event(self, fd: int, now_s: float) -> None:
        """Accept or read."""
        if fd == self._listener_fd:
            self._accept(now_s)
            return
        caller = self._callers[fd]
        try:
            for payload in caller.read():
                self._take(caller, payload)
        except Lost as lost:
            if not caller.is_trusted:
                self._complain(f"refused a caller: {lost}")
            self._drop(fd)
        if caller.is_trusted:
            self._strangers.pop(fd, None)

    def expire(self, now_s: float) -> None:
        """Turn out who doesn't prove itself in time, and accept again after a shortage of files."""
        for fd in [fd for fd, caller in self._strangers.items() if caller.deadline_s < now_s]:
            self._drop(fd)
        if not self._is_open:
            self._open_door()

    def close(self) -> None:
        """Close listener and callers."""
        for fd in list(self._callers):
            self._drop(fd)
        self._shut_door()
        self._listener.close()

    def _accept(self, now_s: float) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                # Out of file numbers: the listener would stay readable, and we would spin.
                self._complain(f"can't accept: {error}")
                self._shut_door()
                return
            fd = connection.fileno()
            caller = Incoming(connection, self._key, self._port, now_s + STRANGER_S)
            self._callers[fd] = self._strangers[fd] = caller
            self._poll.register(fd, select.POLLIN)
            if len(self._strangers) > STRANGERS_MAX:
                self._drop(next(iter(self._strangers)))

    def _take(self, caller: Incoming, payload: bytes) -> None:
        """Unpickle a payload whose signature was verified."""
        try:
            message = pickle.loads(payload)
        except _BROKEN as error:
            self._complain(f"dropped a message that can't be read: {error}")
            return
        if caller.peer is None:
            caller.peer = message
        else:
            self.arrived.append((caller.peer, message))

    def _drop(self, fd: int) -> None:
        caller = self._callers.pop(fd)
        self._strangers.pop(fd, None)
        self._poll.unregister(fd)
        caller.close()

    def _open_door(self) -> None:
        self._poll.register(self._listener_fd, select.POLLIN)
        self._is_open = True

    def _shut_door(self) -> None:
        if self._is_open:
            self._poll.unregister(self._listener_fd)
            self._is_open = False
