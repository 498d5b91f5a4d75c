"""One turn of the interpreter: a copy of the run that may be changed, and what it has led to."""

from __future__ import annotations

import copy
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mimo.actors.procedures import shapes, templates, versions
from mimo.actors.procedures.definition import Procedure, State
from mimo.actors.procedures.events import Invoke, Line
from mimo.actors.procedures.state import RunState, Thread
from mimo.config import limits

#: Most characters of one value in the journal.
BRIEF_CHARS_MAX = 500


@dataclass(frozen=True, slots=True)
class Raised:
    """An event that the machine itself raised in a thread.

    Args:
        graph: The thread.
        name: Of the event.
        info: What guards and journals see of it.
    """

    graph: str
    name: str
    info: Mapping[str, Any] = field(default_factory=dict)


class ContextError(Exception):
    """A value doesn't fit into the context; the text says why."""


class Turn:
    """What a turn works on.

    Args:
        procedure: What is run.
        state: The run before; it isn't changed.
        now_s: Wall seconds UTC.
    """

    def __init__(self, procedure: Procedure, state: RunState, now_s: float) -> None:
        self.procedure = procedure
        self.run = copy.deepcopy(state)
        self.now_s = now_s
        self.calls: list[Invoke] = []
        self.lines: list[Line] = []
        self.raised: deque[Raised] = deque()

    def line(self, state: str, what: str, detail: Any = None) -> None:
        """Write a line of the journal."""
        self.run.lines += 1
        self.lines.append(Line(number=self.run.lines, state=state, what=what, detail=detail))

    def raise_(self, thread: Thread, name: str, **info: Any) -> None:
        """Let an event happen in a thread, once what is at hand is done."""
        self.raised.append(Raised(thread.graph, name, info))

    def state_of(self, thread: Thread) -> State:
        """Return the definition of the state in which a thread is."""
        return self.procedure.graph_at(thread.graph).states[thread.state]

    def scope(self, **more: Any) -> dict[str, Any]:
        """Return what templates and guards read."""
        run = {
            "id": self.run.run_id,
            "name": self.procedure.name,
            "version": versions.spelled(self.procedure.version),
            "started_s": self.run.started_s,
            "error": self.run.error,
        }
        return {"context": self.run.context, "run": run, **more}

    def render(self, template: Any, **more: Any) -> Any:
        """Return a template, filled.

        Raises:
            TemplateError: A hole has no value.
        """
        return templates.render(template, self.scope(**more))

    def save(self, values: Mapping[str, Any]) -> None:
        """Put values into the context.

        Raises:
            ContextError: It would not fit its schema or its size; it stays as it was.
        """
        changed = {**self.run.context, **values}
        size = len(json.dumps(changed, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        if size > limits.PROCEDURE_CONTEXT_BYTES_MAX:
            raise ContextError(
                f"expected a context of at most {limits.PROCEDURE_CONTEXT_BYTES_MAX} bytes,"
                f" got {size}; save less"
            )
        wrong = next(shapes.misfits(self.procedure.context_schema, changed), None)
        if wrong is not None:
            raise ContextError(wrong)
        self.run.context = changed


def brief(value: Any) -> Any:
    """Return a value as the journal shows it: whole if short, else the beginning of its text."""
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= BRIEF_CHARS_MAX else text[:BRIEF_CHARS_MAX] + "..."


def thread_name(graph: str, state: str) -> str:
    """Return a state's name for the journal: with the branch it stands in."""
    return f"{graph}/{state}" if graph else state
