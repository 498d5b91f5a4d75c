"""The children of one supervisor as its policy sees them: an ordered table of records; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mimo.config import limits
from mimo.config.errors import NotFound
from mimo.supervision.intensity import RestartBudget
from mimo.supervision.messages import ExitReason
from mimo.supervision.specs import ChildSpec, RestartType


class ChildState(StrEnum):
    """Where a child stands; the words of `ChildStatus.state`."""

    #: No process; wanted or not.
    DOWN = "down"
    #: A process that hasn't answered `Start` yet.
    STARTING = "starting"
    RUNNING = "running"
    #: Asked to stop, or being killed.
    STOPPING = "stopping"
    #: A restart failed; the next attempt is under way.
    RESTARTING = "restarting"
    #: A group that gave up; tried again now and then.
    PARKED = "parked"
    #: No process until the next call to it.
    RESTING = "resting"


class Cause(StrEnum):
    """What a start is for; it decides what a failed start means."""

    BOOT = "boot"
    #: The child ended by itself.
    RESTART = "restart"
    #: A sibling ended and took it along.
    CASCADE = "cascade"
    #: `StartChild`.
    ADD = "add"
    #: `RestartChild`.
    COMMAND = "command"
    #: The retry of a parked group.
    UNPARK = "unpark"
    #: Somebody calls a child that rests.
    DEMAND = "demand"


@dataclass(slots=True, eq=False)
class Child:
    """One child.

    Args:
        spec: What it is.
        state: Where it stands.
        wanted: Whether it shall have a process.
        must_stop: Whether its present process must go first.
        cause: What its present or next start is for.
        incarnation: Of the present or last process; 0 before the first.
        has_started: Whether the present process has answered `Started`.
        ignored: Whether the present process has answered `Ignored`.
        failure: Why the present start has failed; None while it hasn't.
        failure_code: Exit code of the node where no further start can succeed; else 0.
        since_s: When `state` changed last, in monotonic seconds.
        restarts: Restarts since the supervisor's start.
        last_exit: Why the last process ended.
        budget: The restart budget of a group that may be parked.
        parkings: How often in a row it was parked.
        parked_s: How long it was parked the last time.
        start_tokens: Administrators that wait for its start.
        stop_tokens: Administrators that wait for its end.
    """

    spec: ChildSpec
    budget: RestartBudget
    state: ChildState = ChildState.DOWN
    wanted: bool = True
    must_stop: bool = False
    cause: Cause = Cause.BOOT
    incarnation: int = 0
    has_started: bool = False
    ignored: bool = False
    failure: str | None = None
    failure_code: int = 0
    since_s: float = 0.0
    restarts: int = 0
    last_exit: ExitReason | None = None
    parkings: int = 0
    parked_s: float = 0.0
    start_tokens: list[Any] = field(default_factory=list)
    stop_tokens: list[Any] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return the child's id."""
        return self.spec.id

    @property
    def has_process(self) -> bool:
        """Tell whether a process of it may be alive."""
        return self.state in (ChildState.STARTING, ChildState.RUNNING, ChildState.STOPPING)

    @property
    def is_leaving(self) -> bool:
        """Tell whether its process is to go and is not gone yet."""
        return self.must_stop or self.state is ChildState.STOPPING

    @property
    def is_missing(self) -> bool:
        """Tell whether it shall run and doesn't."""
        return self.wanted and self.state is not ChildState.RUNNING

    @property
    def is_temporary(self) -> bool:
        """Tell whether it is never restarted, and forgotten once it is down."""
        return self.spec.restart is RestartType.TEMPORARY

    def is_restarted_after(self, reason: ExitReason) -> bool:
        """Tell whether its restart type asks for a restart after it ended by itself.

        Source: OTP supervisor:do_restart/3.
        """
        if self.spec.restart is RestartType.TRANSIENT:
            return not reason.is_normal
        return self.spec.restart is RestartType.PERMANENT

    def ended_well(self, reason: ExitReason) -> bool:
        """Tell whether this is how it should leave when asked to.

        Source: OTP supervisor:shutdown/1.
        """
        if self.spec.shutdown_s == 0:
            return reason.kind in ("killed", "shutdown")
        return reason.kind == "shutdown" or (
            reason.kind == "normal" and self.spec.restart is not RestartType.PERMANENT
        )

    def next_incarnation(self, now_s: float) -> int:
        """Return a number larger than any before it on this host since its boot."""
        return max(int(now_s * 1e6), self.incarnation + 1)

    def park_delay_s(self) -> float:
        """Return how long to leave it alone when it is parked for the `parkings`-th time in a row.

        Source: ours; see design section 4.
        """
        doubled = limits.PARKED_S_MIN * 2.0 ** min(self.parkings - 1, 30)
        return min(doubled, limits.PARKED_S_MAX)


class Children:
    """The children in start order."""

    def __init__(self) -> None:
        self._by_name: dict[str, Child] = {}

    def __iter__(self) -> Iterator[Child]:
        return iter(tuple(self._by_name.values()))

    def __reversed__(self) -> Iterator[Child]:
        return reversed(tuple(self._by_name.values()))

    def __len__(self) -> int:
        return len(self._by_name)

    def add(self, child: Child) -> None:
        """Append a child; its name must be new."""
        self._by_name[child.name] = child

    def forget(self, child: Child) -> None:
        """Drop a child and its spec."""
        self._by_name.pop(child.name, None)

    def get(self, name: str) -> Child:
        """Return the child.

        Raises:
            NotFound: There is none of that name.
        """
        child = self._by_name.get(name)
        if child is None:
            known = ", ".join(self._by_name) or "none"
            raise NotFound(f"expected one of the children {known}, got {name!r}; see 'mimo tree'")
        return child

    def find(self, name: str, incarnation: int) -> Child | None:
        """Return the child if this is its present or last incarnation, else None."""
        child = self._by_name.get(name)
        return child if child is not None and child.incarnation == incarnation else None

    def knows(self, name: str) -> bool:
        """Tell whether there is a child of that name."""
        return name in self._by_name

    def after(self, child: Child) -> list[Child]:
        """Return those that start after it, in start order."""
        everyone = list(self._by_name.values())
        return everyone[everyone.index(child) + 1 :]

    def others(self, child: Child) -> list[Child]:
        """Return all but this one, in start order."""
        return [other for other in self._by_name.values() if other is not child]
