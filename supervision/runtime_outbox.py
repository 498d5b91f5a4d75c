"""What one process has to send: a connection a receiver, each with its own queue."""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from mimo.supervision.runtime_links import Lost, Outgoing

Address = tuple[str, int]
Outcome = Literal["sent", "dead", "failed"]

#: Most messages that may wait for one receiver; beyond it the newest is dropped.
WAITING_MAX = 10_000
#: Connections tried in a row, without one message written, before a receiver counts as dead.
CONNECTS_MAX = 3


class Outbox:
    """Writes payloads to their receivers; the owner polls and passes the events on.

    Args:
        poll: Where the connections are registered.
        key: The generation's key.
        hello: First payload of each connection: who we are.
    """

    def __init__(self, poll: select.poll, key: bytes, hello: bytes) -> None:
        self._poll = poll
        self._key = key
        self._hello = hello
        self._links: dict[Address, Outgoing] = {}
        self._by_file: dict[int, tuple[Address, Outgoing]] = {}
        self._masks: dict[int, int] = {}
        self._failures: dict[Address, int] = {}
        #: Payloads that aren't written yet.
        self.unsent = 0
        #: Tokens of payloads that are through, with what became of them; the owner takes them away.
        self.results: deque[tuple[Any, Outcome]] = deque()

    def __contains__(self, fd: int) -> bool:
        return fd in self._by_file

    def post(self, address: Address, payload: bytes, token: Any) -> None:
        """Send a payload, at once if the connection stands and nothing waits before it."""
        link = self._links.get(address)
        if link is not None and len(link.queue) >= WAITING_MAX:
            self.results.append((token, "failed"))
            return
        self.unsent += 1
        if link is None:
            link = self._connect(address, deque([(payload, token)]))
            if link is None:
                return
        else:
            link.queue.append((payload, token))
        self._advance(address, link, 0)

    def on_event(self, fd: int, event: int) -> None:
        """Act on what poll told about one of our connections."""
        address, link = self._by_file[fd]
        self._advance(address, link, event)

    def forget(self, address: Address) -> None:
        """Drop the connection to a receiver that is known to be dead."""
        link = self._links.get(address)
        if link is not None:
            self._drop(address, link)
            self._fail(link.queue, "dead")

    def expire(self, is_late: Callable[[Any], bool]) -> None:
        """Drop what waits too long; a payload that is partly written goes on."""
        for link in self._links.values():
            begun = link.queue.popleft() if link.is_writing else None
            late = deque(item for item in link.queue if item[1] is not None and is_late(item[1]))
            if late:
                gone = {id(token) for _, token in late}
                kept = [item for item in link.queue if id(item[1]) not in gone]
                link.queue.clear()
                link.queue.extend(kept)
                self._fail(late, "failed")
            if begun is not None:
                link.queue.appendleft(begun)

    def close(self) -> None:
        """Close all connections; what waits is lost."""
        for address, link in list(self._links.items()):
            self._drop(address, link)
            self._fail(link.queue, "failed")

    def _advance(self, address: Address, link: Outgoing, event: int) -> None:
        try:
            if event:
                link.on_event(event)
            else:
                link.pump()
        except Lost as lost:
            self._collect(address, link)
            self._drop(address, link)
            self._retry(address, link.queue, lost)
        else:
            self._collect(address, link)
            fd = link.socket.fileno()
            events = link.events
            if self._masks.get(fd) != events:
                self._masks[fd] = events
                self._poll.register(fd, events)

    def _collect(self, address: Address, link: Outgoing) -> None:
        """Take away what was written whole."""
        if not link.sent:
            return
        for token in link.sent:
            if token is not None:
                self.unsent -= 1
                self.results.append((token, "sent"))
                self._failures.pop(address, None)
        link.sent.clear()

    def _connect(self, address: Address, queue: deque[tuple[bytes, Any]]) -> Outgoing | None:
        try:
            link = Outgoing(address, self._key, self._hello)
        except Lost as lost:
            self._retry(address, queue, lost)
            return None
        link.queue.extend(queue)
        self._links[address] = link
        self._by_file[link.socket.fileno()] = (address, link)
        return link

    def _retry(self, address: Address, queue: deque[tuple[bytes, Any]], lost: Lost) -> None:
        """Try what was not written on a new connection, unless nobody is there."""
        waiting = deque(item for item in queue if item[1] is not None)
        if not waiting:
            return
        failures = self._failures.get(address, 0) + 1
        self._failures[address] = failures
        if lost.is_deserted or failures >= CONNECTS_MAX:
            del self._failures[address]
            self._fail(waiting, "dead")
            return
        link = self._connect(address, waiting)
        if link is not None:
            self._advance(address, link, 0)

    def _fail(self, queue: deque[tuple[bytes, Any]], outcome: Outcome) -> None:
        for _, token in queue:
            if token is not None:
                self.unsent -= 1
                self.results.append((token, outcome))

    def _drop(self, address: Address, link: Outgoing) -> None:
        fd = link.socket.fileno()
        self._by_file.pop(fd, None)
        if self._masks.pop(fd, None) is not None:
            self._poll.unregister(fd)
        link.close()
        if self._links.get(address) is link:
            del self._links[address]
