"""What the procedures' actor can be asked; replies are `mimo.actors.operations.Result`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProcedure:
    """Start a run.

    Args:
        name: Of the procedure.
        version: Of the procedure; "" is the newest that is active.
        context: What the run begins with.
        wait_s: Seconds to wait for its end before answering.
        key: Idempotency key: the same one starts one run.
        client: Who asks.
    """

    name: str
    version: str
    context: dict[str, Any]
    wait_s: float
    key: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureStatus:
    """Tell how a run stands.

    Args:
        run_id: Of the run.
        lines: Most lines of its journal to show.
    """

    run_id: str
    lines: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelProcedure:
    """End a run and undo its effects.

    Args:
        run_id: Of the run.
        note: Why.
        key: Idempotency key.
    """

    run_id: str
    note: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalProcedure:
    """Tell a run that something happened; it is kept until the run waits for it.

    Args:
        run_id: Of the run.
        event: Its name.
        payload: What it says.
        key: Idempotency key.
    """

    run_id: str
    event: str
    payload: dict[str, Any]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideProcedure:
    """Answer what a run asks.

    Args:
        run_id: Of the run.
        approved: Whether it may go on.
        at: Name of the state that asks; "" where one does.
        resolution: Of a call whose outcome is unknown: `repeat` or `done`.
        note: What to keep in the journal.
        key: Idempotency key.
        client: Who passed the decision on.
        is_confirmed: Whether a person was asked about this very decision, and agreed.
    """

    run_id: str
    approved: bool
    at: str
    resolution: str
    note: str
    key: str
    client: str
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListProcedures:
    """Show the registered procedures, and those that are shipped.

    Args:
        name: Only this one, with all its versions; "" shows the newest version of each.
    """

    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowProcedure:
    """Show one definition; `version` "" is the newest that is active."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Keep a definition, or one that is shipped.

    Args:
        definition: JSON values; None takes the shipped one.
        example: Name of the shipped one.
        key: Idempotency key.
        client: Who asks.
    """

    definition: Any
    example: str
    key: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Validate:
    """Tell what is wrong with a definition."""

    definition: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """Walk through a procedure without any effect.

    Args:
        name: Of a registered one; "" takes the definition.
        version: Of the registered one.
        definition: JSON values, or None.
        context: What the run would begin with.
        answers: State name -> the result, `{"error": code}`, or the event to assume there.
    """

    name: str
    version: str
    definition: Any
    context: dict[str, Any]
    answers: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deactivate:
    """Let a procedure be run no more.

    Args:
        name: Of the procedure.
        version: Only this one; "" is all.
        key: Idempotency key.
    """

    name: str
    version: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRuns:
    """Show runs, newest first.

    Args:
        name: Only of this procedure.
        status: Only of this status; `open` is all that haven't ended.
        limit: 1 to `limits.PAGE_MAX`.
    """

    name: str
    status: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutePlan:
    """Run a list of tool calls.

    Args:
        plan: Steps, see `plans`.
        context: What the run begins with.
        wait_s: Seconds to wait for its end before answering.
        timeout_s: Seconds for the whole.
        dry_run: Whether nothing is called: answers are assumed.
        answers: In a dry run: step -> the result or `{"error": code}` to assume.
        key: Idempotency key: the same one starts one run.
        client: Who asks.
    """

    plan: tuple[Any, ...]
    context: dict[str, Any]
    wait_s: float
    timeout_s: float
    dry_run: bool
    answers: dict[str, Any]
    key: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Classify:
    """Tell how something would be done, without doing it.

    Args:
        description: In words.
        whole: Whether to show the plan that it comes to.
    """

    description: str
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Execute:
    """Do what is described, if it is known how.

    Args:
        description: In words.
        context: What the run begins with.
        wait_s: Seconds to wait for its end before answering.
        key: Idempotency key: the same one starts one run.
        client: Who asks.
    """

    description: str
    context: dict[str, Any]
    wait_s: float
    key: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """Count runs by status, and tell how long ended ones took."""
