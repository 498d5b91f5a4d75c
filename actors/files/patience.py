"""How long a search may take."""

from __future__ import annotations

from mimo.config import limits
from mimo.config.clock import Clock


class Patience:
    """How long one expression may take in one file, and all of a search.

    Args:
        clock: Monotonic.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends_s = clock.monotonic_s() + limits.SEARCH_S
        self._file_ends_s = 0.0

    @property
    def is_over(self) -> bool:
        """Tell whether the whole search has taken too long."""
        return self._clock.monotonic_s() >= self._ends_s

    def begin_file(self) -> None:
        """Look at a file, or at it again by another expression."""
        self._file_ends_s = self._clock.monotonic_s() + limits.SEARCH_FILE_S

    def left_s(self) -> float:
        """Return the seconds that are left for the file.

        Raises:
            TimeoutError: None are.
        """
        left_s = self._file_ends_s - self._clock.monotonic_s()
        if left_s <= 0:
            raise TimeoutError
        return left_s
