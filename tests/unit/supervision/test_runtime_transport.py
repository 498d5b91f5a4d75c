"""The transport's loop: what it waits for and how old it takes things to be."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

from mimo.config.clock import ManualClock
from mimo.supervision import runtime_transport
from mimo.supervision.runtime_transport import LoopbackTransport

LISTENER = 7


class _Reception:
    """Notes how late it was when a caller came."""

    has_strangers = False

    def __init__(self) -> None:
        self.arrived: deque[Any] = deque()
        self.seen_s: list[float] = []

    def __contains__(self, fd: int) -> bool:
        return fd == LISTENER

    def on_event(self, fd: int, now_s: float) -> None:
        self.seen_s.append(now_s)


def test_a_caller_that_comes_after_a_long_wait_is_as_old_as_its_arrival(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Judged by the time before the wait, it would be turned out at once as too slow.

    What it had written by then would be lost without a word. Source: ours.
    """
    clock = ManualClock(monotonic_s=1_000.0)
    monkeypatch.setattr(runtime_transport, "_now_s", clock.monotonic_s)

    def poll(_pause_ms: float | None) -> list[tuple[int, int]]:
        clock.advance(60.0)
        return [(LISTENER, 1)]

    transport: Any = object.__new__(LoopbackTransport)
    transport._is_closed = True
    transport._poll = SimpleNamespace(poll=poll)
    transport._outbox = _NoOutbox()
    transport._reception = _Reception()
    transport._timers, transport._inbox, transport._foreign = [], deque(), deque()
    transport._checkChildren = transport._shutdownSignalled = False
    transport._look_s, transport._wake_fd = 0.0, -1
    transport._step(None)
    assert transport._reception.seen_s == [1_060.0]


class _NoOutbox:
    unsent = 0

    def __contains__(self, fd: int) -> bool:
        return False
