"""Sends requests in threads of their own, for a process that must not wait."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any, Final

from mimo.actors.http_exchange import Exchange, open_session
from mimo.config import limits
from mimo.supervision.process import Process

#: Most requests given up whose service still holds the line; then nothing is sent.
HANGING_MAX: Final = 4

Then = Callable[[Exchange | None], None]


class Late:
    """Timer payload: a request has taken too long; whoever gets it calls `give_up`."""

    def __init__(self, give_up: Callable[[], None]) -> None:
        self.give_up = give_up


class Sender:
    """Sends for one process; it must hand `Late` payloads back.

    Args:
        process: Its timers and watched files are used.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._hanging: list[threading.Thread] = []

    @property
    def is_stuck(self) -> bool:
        """Tell whether so many requests hang that no other may be sent."""
        self._hanging = [thread for thread in self._hanging if thread.is_alive()]
        return len(self._hanging) >= HANGING_MAX

    def send(self, url: str, body: dict[str, Any], key: str, timeout_s: float, then: Then) -> None:
        """Send one request; `then` gets the exchange, or None after `timeout_s`, exactly once.

        A socket pair tells the process that the thread is done.
        """
        process = self._process
        inner, outer = socket.socketpair()
        box: list[Exchange] = []
        worker = threading.Thread(
            target=_exchange, args=(url, body, key, timeout_s, box, outer), daemon=True
        )

        def over(*, is_late: bool) -> None:
            process.cancel(timer)
            process.unwatch_fd(inner.fileno())
            inner.close()
            if is_late:
                self._hanging.append(worker)
            then(box[0] if box else None)

        timer = process.after(timeout_s, Late(lambda: over(is_late=True)))
        process.watch_fd(inner.fileno(), lambda: over(is_late=False))
        worker.start()


def _exchange(  # noqa: PLR0913, PLR0917  a thread's arguments
    url: str,
    body: dict[str, Any],
    key: str,
    timeout_s: float,
    box: list[Exchange],
    outer: socket.socket,
) -> None:
    with outer, open_session(url) as session:
        exchange = Exchange(
            session=session,
            url=url,
            body=body,
            key=key,
            timeout_s=timeout_s,
            bytes_max=limits.LLM_ANSWER_BYTES_MAX,
        )
        exchange.run()
        box.append(exchange)
