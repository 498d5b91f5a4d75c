"""One boot of the actor system as the watchdog judges it; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mimo.config import limits

#: States of a process that count as gone.
_GONE = (None, "Z")


@dataclass(slots=True, kw_only=True)
class Generation:
    """Where a generation stands.

    Args:
        number: Rises with each boot.
        phase: booting until the root has started, then running, then stopping.
        since_s: Monotonic seconds of the last change of `phase`.
        admin_pid: Thespian's admin; 0 while booting.
        root_pid: The root supervisor; 0 while booting.
        beat_s: When the root last showed that it handles messages.
        looked_s: When the processes were last looked at for being stopped.
        stopped_looks: Looks in a row that found one stopped.
    """

    number: int
    since_s: float
    phase: Literal["booting", "running", "stopping"] = "booting"
    admin_pid: int = 0
    root_pid: int = 0
    beat_s: float = 0.0
    looked_s: float = 0.0
    stopped_looks: int = 0

    def started(self, admin_pid: int, root_pid: int, now_s: float) -> None:
        """Note that the root serves."""
        self.admin_pid, self.root_pid = admin_pid, root_pid
        self.phase, self.since_s = "running", now_s
        self.beat_s = self.looked_s = now_s

    def stopping(self, now_s: float) -> None:
        """Note that the root was asked to leave."""
        self.phase, self.since_s = "stopping", now_s

    def beat(self, now_s: float) -> None:
        """Note a heartbeat."""
        self.beat_s = now_s

    def forgive(self, now_s: float) -> None:
        """Start all ages anew: the watchdog itself slept, as with a laptop's lid shut."""
        self.beat_s = self.looked_s = now_s
        self.stopped_looks = 0
        if self.phase != "running":
            self.since_s = now_s

    def verdict(self, states: Mapping[int, str | None], now_s: float) -> str:
        """Return why this generation has to go; empty while it may stay.

        Args:
            states: Process states of admin and root, by pid, as in `platform.process_state`.
            now_s: Monotonic seconds.
        """
        age_s = now_s - self.since_s
        if self.phase == "booting":
            late = age_s > limits.BOOT_TIMEOUT_S
            return f"it wasn't up within {limits.BOOT_TIMEOUT_S:.0f} s" if late else ""
        for name, pid in (("admin", self.admin_pid), ("root supervisor", self.root_pid)):
            if states.get(pid) in _GONE:
                return f"the {name} died"
        if self.phase == "stopping":
            late = age_s > limits.NODE_STOP_S
            return f"it didn't stop within {limits.NODE_STOP_S:.0f} s" if late else ""
        return self._silent(states.get(self.root_pid), now_s) or self._stopped(states, now_s)

    def _silent(self, root_state: str | None, now_s: float) -> str:
        patience_s = limits.HEARTBEAT_S * limits.HEARTBEATS_MISSED_MAX
        if root_state in ("D", "t"):
            patience_s = max(patience_s, limits.DISK_WAIT_S_MAX)
        silence_s = now_s - self.beat_s
        return f"no heartbeat for {silence_s:.1f} s" if silence_s > patience_s else ""

    def _stopped(self, states: Mapping[int, str | None], now_s: float) -> str:
        if now_s - self.looked_s < limits.WATCH_S:
            return ""
        self.looked_s = now_s
        self.stopped_looks = self.stopped_looks + 1 if "T" in states.values() else 0
        enough = self.stopped_looks >= limits.STOPPED_LOOKS_MAX
        return "admin or root supervisor is stopped" if enough else ""


class Budget:
    """How many generations may be lost before the node gives up.

    Args:
        losses_max: Losses allowed within `period_s`.
        period_s: The window, in seconds.
    """

    def __init__(
        self,
        losses_max: int = limits.GENERATIONS_LOST_MAX,
        period_s: float = limits.GENERATIONS_PERIOD_S,
    ) -> None:
        self._losses_max = losses_max
        self._period_s = period_s
        self._losses_s: deque[float] = deque()

    def spend(self, now_s: float) -> bool:
        """Note a loss; return whether another boot is allowed. Source: OTP add_restart/1."""
        self._losses_s.append(now_s)
        while self._losses_s[0] < now_s - self._period_s:
            self._losses_s.popleft()
        return len(self._losses_s) <= self._losses_max
