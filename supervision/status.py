"""How processes of the tree fare: why one ended, and one row of the live tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitReason:
    """Why a process ended.

    Args:
        kind: normal, shutdown, killed (a signal, or unknown), frozen (a watchdog kill), crashed (an
            exception), gave_up (a supervisor past its restart intensity) or start_failed.
        detail: One sentence for the log; empty where there is nothing to add.
        exit_code: What the node shall leave with where no further start can succeed; else 0.
    """

    kind: Literal["normal", "shutdown", "killed", "frozen", "crashed", "gave_up", "start_failed"]
    detail: str = ""
    exit_code: int = 0

    @property
    def is_normal(self) -> bool:
        """Tell whether a transient child that ended so stays down.

        A supervisor that gave up ends with `shutdown`, as in OTP, so only a permanent one is
        restarted.
        """
        return self.kind in ("normal", "shutdown", "gave_up")


NORMAL = ExitReason(kind="normal")
SHUTDOWN = ExitReason(kind="shutdown")
KILLED = ExitReason(kind="killed")
FROZEN = ExitReason(kind="frozen")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStatus:
    """One row of the live tree.

    Args:
        name: The child's id.
        state: starting, running, stopping, down, restarting, parked or resting.
        pid: 0 when there is no process.
        incarnation: Of the present or last process.
        restarts: How often it was restarted since its supervisor started.
        since_s: Monotonic seconds of the last change of `state`.
        type: worker or supervisor.
        last_exit: Why its last process ended; None if none did.
        children: For a supervisor that is up, its own children as it last reported.
    """

    name: str
    state: str
    pid: int
    incarnation: int
    restarts: int
    since_s: float
    type: str
    last_exit: ExitReason | None = None
    children: tuple[ChildStatus, ...] = ()
