"""Timers of one process as a heap; pure."""

from __future__ import annotations

import heapq
from typing import Any


class Timers:
    """Keep payloads by the moment at which they are due.

    The process arms one wakeup of the runtime for the nearest moment and asks `due` when it fires,
    since Thespian delivers wakeups that are due together in reverse order and can't cancel one.
    Source: thespian.md section 4.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._payloads: dict[int, Any] = {}
        self._next_id = 1

    def add(self, due_s: float, payload: Any) -> int:
        """Add a payload that is due at `due_s` (monotonic seconds) and return its id."""
        timer_id = self._next_id
        self._next_id += 1
        self._payloads[timer_id] = payload
        heapq.heappush(self._heap, (due_s, timer_id))
        return timer_id

    def cancel(self, timer_id: int) -> None:
        """Forget a timer; one that has fired or never was is no error."""
        self._payloads.pop(timer_id, None)

    def due(self, now_s: float) -> list[Any]:
        """Return the payloads whose moment has come, in the order of their moments.

        And forget them.
        """
        ready: list[Any] = []
        while self._heap and (self._heap[0][0] <= now_s or self._heap[0][1] not in self._payloads):
            _, timer_id = heapq.heappop(self._heap)
            if timer_id in self._payloads:
                ready.append(self._payloads.pop(timer_id))
        return ready

    def next_s(self) -> float | None:
        """Return the nearest moment, or None when no timer runs."""
        while self._heap and self._heap[0][1] not in self._payloads:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
