"""What can happen to a run, and what it then wants: the values around the interpreter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mimo.actors.procedures.state import RunState


@dataclass(frozen=True, slots=True)
class Begin:
    """The run was made; enter its first state."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Whoever ran it has died; what it had begun may or may not have happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A tool call has ended.

    Args:
        key: Of the call.
        data: Its result; None for a failure.
        code: Of the failure; "" for a success.
        message: Of the failure.
        retry_after_s: When the one who refused wants to be asked again.
    """

    key: str
    data: Any = None
    code: str = ""
    message: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something happened outside.

    Args:
        name: Of the event.
        payload: What it says.
        key: Of the request; the same one counts once.
    """

    name: str
    payload: Any = None
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """A person decided.

    Args:
        approved: Whether what was asked may happen; of a review: whether the run may go on.
        at: Name of the state that asks; "" where only one does.
        resolution: Of a review that goes on: `repeat` the call, or it is `done` already.
        note: What the person said.
        by: Who passed the decision on.
        key: Of the request; the same one counts once.
    """

    approved: bool
    at: str = ""
    resolution: Literal["repeat", "done"] = "repeat"
    note: str = ""
    by: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Somebody wants the run to end and its effects undone.

    Args:
        note: Why.
        key: Of the request; the same one counts once.
    """

    note: str = ""
    key: str = ""


Event = Begin | Tick | Resume | Answered | Signal | Decide | Cancel


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoke:
    """Make this tool call now that the state is durable."""

    key: str
    tool: str
    operation: str
    arguments: Any
    timeout_s: float
    is_approved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the run's journal.

    Args:
        number: From 1, without gaps.
        state: Where it happened; "" for the run as a whole.
        what: entered, called, ok, error, retry, waiting, approval, ... in one word.
        detail: Plain values.
    """

    number: int
    state: str
    what: str
    detail: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an event led to.

    Args:
        state: The run afterwards.
        calls: What it wants done, once the state is durable.
        lines: What is new in its journal.
    """

    state: RunState
    calls: tuple[Invoke, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def must_be_saved(self) -> bool:
        """Tell whether anything happened that a successor must know."""
        return bool(self.lines)
