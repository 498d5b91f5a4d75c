"""What a run knows about itself: plain values, stored as JSON at each of its steps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

#: States of a run in which something may still happen.
OPEN: Final = ("running", "waiting", "rolling_back", "needs_review")
#: States in which it has ended.
ENDED: Final = ("succeeded", "failed", "rolled_back", "cancelled")
#: The thread that undoes.
UNDO: Final = "undo"


@dataclass(slots=True)
class Act:
    """A tool call that a thread makes.

    Args:
        key: Idempotency key; a try whose outcome is unknown is repeated under the same one.
        tool: Name of the tool.
        operation: Name of its operation.
        arguments: Filled in when the state was entered, the same at each try.
        began_s: When the first try under this key began, wall seconds UTC.
        due_s: When this try is given up, or the next one begins.
        tries: Tries so far.
        put_off: Tries that were refused because something was busy.
        is_sent: Whether a try is on its way; else it waits for `due_s`.
        is_unsure: Whether an earlier try under this key may have had its effect.
        asks: Whether whoever does it wants a person to agree first; nothing has happened yet.
        is_approved: Whether a person has agreed.
    """

    key: str
    tool: str
    operation: str
    arguments: Any
    began_s: float
    due_s: float
    tries: int = 1
    put_off: int = 0
    is_sent: bool = True
    is_unsure: bool = False
    asks: bool = False
    is_approved: bool = False


@dataclass(slots=True)
class Thread:
    """One place in a graph: the run itself, or a branch of it.

    Args:
        graph: Path of its graph; "" is the procedure's own.
        state: Name of its state.
        phase: acting, waiting, approval, joining or review.
        act: Its tool call, while acting or in review.
        due_s: When it stops waiting; None never.
        question: What it asks, while it waits for approval or review.
        visits: How often it entered each state.
        is_stopping: Whether it only ends what it has begun.
        failure: Why a branch of it failed.
    """

    graph: str
    state: str
    phase: str = "acting"
    act: Act | None = None
    due_s: float | None = None
    question: str = ""
    visits: dict[str, int] = field(default_factory=dict)
    is_stopping: bool = False
    failure: dict[str, str] | None = None


@dataclass(slots=True)
class Undo:
    """An effect that would be undone if the run failed.

    Args:
        graph: Where the state stands.
        state: Whose effect it is.
        arguments: Of its compensation; None while it isn't known whether the effect happened.
        act: The call whose outcome is unknown; None for a known one.
        problem: Why the compensation's arguments could not be filled in.
        is_approved: Whether a person has agreed to it.
    """

    graph: str
    state: str
    arguments: Any = None
    act: Act | None = None
    problem: str = ""
    is_approved: bool = False


@dataclass(slots=True)
class RunState:
    """A run.

    Args:
        run_id: Its name.
        context: What its templates read and its actions write.
        threads: Where it stands, by graph path.
        undo: Effects that can be undone, oldest first.
        status: One of `OPEN` or `ENDED`.
        started_s: Wall seconds UTC.
        ends_s: When it has taken too long.
        steps: Calls begun; part of their keys.
        entered: States entered.
        lines: Lines of its journal so far.
        goal: While it rolls back: its status at the end.
        reason: Why it rolls back or failed: code, message, state.
        undone: States whose effects were undone.
        left: States whose effects could not be undone.
        signals: Events that came before anybody waited for them: name and payload.
        seen: Keys of the last requests that it has taken.
        result: Of a run that succeeded.
        error: The last error that led to another state: code, message.
    """

    run_id: str
    context: dict[str, Any]
    started_s: float
    ends_s: float
    threads: dict[str, Thread] = field(default_factory=dict)
    undo: list[Undo] = field(default_factory=list)
    status: str = "running"
    steps: int = 0
    entered: int = 0
    lines: int = 0
    goal: str = ""
    reason: dict[str, str] | None = None
    undone: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    signals: list[list[Any]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    result: Any = None
    error: dict[str, str] | None = None

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.status in ENDED


def to_json(state: RunState) -> str:
    """Return the state as it is stored."""
    return json.dumps(asdict(state), ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> RunState:
    """Return the state that was stored."""
    found = json.loads(text)
    found["threads"] = {name: _thread(one) for name, one in found["threads"].items()}
    found["undo"] = [Undo(**{**one, "act": _act(one["act"])}) for one in found["undo"]]
    return RunState(**found)


def _thread(found: Mapping[str, Any]) -> Thread:
    return Thread(**{**found, "act": _act(found["act"])})


def _act(found: Mapping[str, Any] | None) -> Act | None:
    return None if found is None else Act(**found)


def next_due_s(state: RunState) -> float | None:
    """Return the nearest moment at which time alone changes something, wall seconds UTC."""
    if state.has_ended:
        return None
    moments = [
        thread.act.due_s if thread.phase == "acting" and thread.act else thread.due_s
        for thread in state.threads.values()
        if thread.phase in ("acting", "waiting", "approval")
    ]
    if not state.goal:
        moments.append(state.ends_s)
    return min((moment for moment in moments if moment is not None), default=None)
