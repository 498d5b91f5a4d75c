"""Time as a parameter: the only module that reads a clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two kinds of time: one to measure with, one to date things with."""

    def monotonic_s(self) -> float:
        """Return seconds on this host's monotonic clock, shared by all its processes."""

    def wall_s(self) -> float:
        """Return seconds since 1970-01-01 UTC; may jump in either direction."""


class SystemClock:
    """The clocks of this host."""

    def monotonic_s(self) -> float:
        """Return seconds on this host's monotonic clock, shared by all its processes."""
        return time.monotonic()

    def wall_s(self) -> float:
        """Return seconds since 1970-01-01 UTC; may jump in either direction."""
        return time.time()


class ManualClock:
    """A clock that stands still until it is told to move; for tests.

    Args:
        monotonic_s: Where the monotonic clock starts.
        wall_s: Where the wall clock starts.
    """

    def __init__(self, monotonic_s: float = 1_000.0, wall_s: float = 1_700_000_000.0) -> None:
        self._monotonic_s = monotonic_s
        self._wall_s = wall_s

    def monotonic_s(self) -> float:
        """Return the monotonic seconds that were set."""
        return self._monotonic_s

    def wall_s(self) -> float:
        """Return the wall-clock seconds that were set."""
        return self._wall_s

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds` (at least 0).

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError(
                f"expected seconds >= 0, got {seconds}; a monotonic clock can't go back"
            )
        self._monotonic_s += seconds
        self._wall_s += seconds

    def set_wall(self, wall_s: float) -> None:
        """Set the wall clock alone, as an operator or NTP would."""
        self._wall_s = wall_s


SYSTEM_CLOCK = SystemClock()
