"""A procedure as it is run: immutable, every default filled in. `parsing` makes it of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mimo.actors.procedures.versions import Version

Json = Any

#: Seconds that one try of an action may take unless its operation or definition says otherwise.
ACTION_TIMEOUT_S = 30.0
#: Seconds that a whole run may take unless its definition says otherwise.
RUN_TIMEOUT_S = 3_600.0
RUN_TIMEOUT_S_MAX = 30 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the catalogue says about an operation.

    Args:
        parameters: Names that it takes.
        required: Names that it needs.
        idempotent: Whether repeating it changes nothing more.
        reads: Whether it changes nothing at all.
        deadline_s: How long it may take.
        callable: Whether a procedure may call it.
        result: JSON Schema of its result.
    """

    parameters: frozenset[str]
    required: frozenset[str]
    idempotent: bool
    reads: bool
    deadline_s: float
    callable: bool
    result: Mapping[str, Any] = field(default_factory=dict, compare=False)


Catalogue = Mapping[tuple[str, str], Facts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often an action is tried, and how long it waits before the next try.

    The n-th wait is `first_s * factor ** (n - 1)`, at most `most_s`, changed by up to `jitter` of
    itself in either direction.
    """

    attempts: int = 3
    first_s: float = 1.0
    factor: float = 2.0
    most_s: float = 60.0
    jitter: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One tool call.

    Args:
        tool: Name of the tool.
        operation: Name of its operation.
        arguments: Template.
        save_as: Name in the context for the result; "" keeps none.
        timeout_s: Seconds for one try.
        retry: When it is tried again.
        repeatable: Whether a try whose outcome is unknown may be repeated under the same key.
        reads: Whether it changes nothing.
        accept: Error codes that count as success.
        when: For a compensation: guard over the result; None is always.
    """

    tool: str
    operation: str
    arguments: Json
    save_as: str = ""
    timeout_s: float = ACTION_TIMEOUT_S
    retry: Retry = Retry()
    repeatable: bool = False
    reads: bool = False
    accept: tuple[str, ...] = ()
    when: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Time, a moment or an event to wait for.

    Args:
        seconds: Template of how long; None without a bound.
        until: Template of an ISO 8601 moment; None without one.
        event: Name of the event that ends it; "" waits for time alone.
        save_as: Name in the context for the event's payload.
    """

    seconds: Json = None
    until: Json = None
    event: str = ""
    save_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A question that a person decides.

    Args:
        question: Template of the question.
        timeout_s: Seconds until nobody answered; None without a bound.
    """

    question: Json
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Where an event leads.

    Args:
        on: Name of the event.
        to: Name of the next state in the same graph.
        code: Only errors with this code; "" is any.
        when: Guard; None is always.
    """

    on: str
    to: str
    code: str = ""
    when: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A terminal state.

    Args:
        succeeded: Whether the run did what it was for.
        result: Template of the run's result; None: that of the definition.
        message: Template of why it failed.
    """

    succeeded: bool
    result: Json = None
    message: Json = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One state: exactly one of action, assign, wait, approval, branches, end, or a mere choice.

    Args:
        name: Unique in its graph.
        transitions: Tried in this order.
        action: The tool call of this state.
        compensation: What undoes that call.
        assign: Templates of values for the context.
        wait: What it waits for.
        approval: What it asks.
        branches: Graphs that run side by side, by name.
        end: How the graph ends here.
        visits_max: How often it may be entered; 0 is without limit.
    """

    name: str
    transitions: tuple[Transition, ...] = ()
    action: Action | None = None
    compensation: Action | None = None
    assign: Mapping[str, Json] | None = None
    wait: Wait | None = None
    approval: Approval | None = None
    branches: Mapping[str, Graph] = field(default_factory=dict)
    end: End | None = None
    visits_max: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """States, and the one in which it begins."""

    initial: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A whole procedure.

    Args:
        name: What it is called.
        version: Major, minor, patch.
        description: What it is for.
        graph: Its states.
        context_schema: What the context must look like, always.
        timeout_s: Seconds for a whole run.
        result: Template of the result of a success.
    """

    name: str
    version: Version
    description: str
    graph: Graph
    context_schema: Mapping[str, Any]
    timeout_s: float
    result: Json

    def graph_at(self, path: str) -> Graph:
        """Return the graph of a thread: "" is the whole, `fork:left` a branch of state `fork`."""
        graph = self.graph
        for part in path.split("/") if path else ():
            state, _, branch = part.partition(":")
            graph = graph.states[state].branches[branch]
        return graph
