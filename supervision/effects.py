"""What a supervisor's policy asks its actor to do: values, nothing that acts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mimo.supervision.messages import ExitReason


class TimerKind(StrEnum):
    """What a timer of the policy is for."""

    #: The child has had its time to answer `Start`.
    START = "start"
    #: The child has had its time to leave.
    KILL = "kill"
    #: A failed restart is tried again; a message to itself, so that a stop is heard in between.
    RETRY = "retry"
    #: A parked group is tried again.
    UNPARK = "unpark"


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer; stale as soon as the child has another incarnation."""

    kind: TimerKind
    name: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class SpawnChild:
    """Make a process for the child and send it `Start`."""

    name: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class AskStop:
    """Send `Stop` to the child."""

    name: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class KillChild:
    """Send SIGKILL to the child's process."""

    name: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Call `Policy.timer_fired` with `timer` after `delay_s` seconds."""

    timer: Timer
    delay_s: float


@dataclass(frozen=True, slots=True)
class PublishUp:
    """Register the child: it serves."""

    name: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class PublishDown:
    """Unregister the child: its process ended."""

    name: str
    incarnation: int
    reason: ExitReason


@dataclass(frozen=True, slots=True)
class PublishResting:
    """Make known that the child starts when it is called."""

    name: str


@dataclass(frozen=True, slots=True)
class Report:
    """Write one report with OTP's four fields; the supervisor's name is the actor's to add.

    Args:
        event: Name of the log event.
        child: The offender.
        reason: Why.
        context: In which phase: start, running, stop, restart.
        is_error: Whether it is more than progress.
    """

    event: str
    child: str
    reason: str
    context: str
    is_error: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the administrator's request `token` with a value or a `MimoError`."""

    token: Any
    value: Any


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """Answer the administrator's request `token` with the child's `ChildStatus`."""

    token: Any
    name: str


@dataclass(frozen=True, slots=True)
class Booted:
    """All children were started: report `Started`."""


@dataclass(frozen=True, slots=True)
class BootFailed:
    """A child failed in the first start and all are down: report `StartFailed` and leave."""

    detail: str
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Leave:
    """All children are down: end the supervisor's process with this reason."""

    reason: ExitReason


Effect = (
    SpawnChild
    | AskStop
    | KillChild
    | SetTimer
    | PublishUp
    | PublishDown
    | PublishResting
    | Report
    | Answer
    | AnswerRow
    | Booted
    | BootFailed
    | Leave
)
