"""The restart budget of a supervisor; pure."""

from __future__ import annotations


class RestartBudget:
    """Count restarts within a sliding window.

    Args:
        intensity: Restarts allowed within the window; 0 allows none.
        period_s: Length of the window, in seconds.

    Source: OTP supervisor:add_restart/1.
    """

    def __init__(self, intensity: int, period_s: float) -> None:
        self._intensity = intensity
        self._period_s = period_s
        self._restarts_s: list[float] = []

    def add(self, now_s: float) -> bool:
        """Count one restart at `now_s` (monotonic seconds) and tell whether it is allowed.

        A restart that lies exactly `period_s` back still counts. The refused one is counted too.
        """
        oldest_s = now_s - self._period_s
        self._restarts_s = [at_s for at_s in self._restarts_s if at_s >= oldest_s]
        self._restarts_s.append(now_s)
        return len(self._restarts_s) <= self._intensity

    def count(self, now_s: float) -> int:
        """Return how many restarts the window that ends at `now_s` holds."""
        return sum(at_s >= now_s - self._period_s for at_s in self._restarts_s)

    def reset(self) -> None:
        """Forget all restarts, as after a pause that healed by itself."""
        self._restarts_s.clear()
