"""A thread that stands where the bridge's actor stands: it drains a real gateway and answers."""

from __future__ import annotations

import contextlib
import select
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mimo.actors.bridge.gateway import Cancellation, Connections, Gateway, Submission

#: What an answerer may return: a value for `done`, or this to leave the call open.
OPEN = object()


@dataclass(slots=True)
class Seen:
    """What crossed the gateway so far."""

    submissions: list[Submission] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)


@contextlib.contextmanager
def answering(gateway: Gateway, answer: Callable[[Submission], Any]) -> Iterator[Seen]:
    """Answer every submission with `answer(submission)` until the block ends."""
    seen = Seen()
    stopping = threading.Event()

    def run() -> None:
        while not stopping.is_set():
            select.select([gateway.fileno()], [], [], 0.02)
            for item in gateway.drain():
                match item:
                    case Submission():
                        seen.submissions.append(item)
                        if (value := answer(item)) is not OPEN:
                            item.done(value)
                    case Cancellation():
                        seen.cancelled.append(item.ticket)
                    case Connections():
                        seen.connections.append(item.count)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stopping.set()
        thread.join(5)
        gateway.close()
