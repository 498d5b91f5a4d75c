"""A run without effects: the machine itself, with assumed answers and a clock that jumps.

What isn't said is assumed: a call succeeds with the smallest result that its schema allows, time
passes, an awaited event comes empty, a question is approved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from mimo.actors.procedures.definition import Catalogue, Procedure
from mimo.actors.procedures.events import Answered, Begin, Decide, Event, Invoke, Line, Signal, Tick
from mimo.actors.procedures.machine import new_run, step
from mimo.actors.procedures.state import RunState, Thread, next_due_s
from mimo.config.errors import InvalidRequest

#: Most events of one dry run.
EVENTS_MAX = 1_000

_SMALLEST: Mapping[str, Any] = {
    "string": "",
    "integer": 1,
    "number": 1.0,
    "boolean": True,
    "array": [],
    "null": None,
}


class DryRun:
    """Walk through a procedure.

    Args:
        procedure: What is walked through.
        catalogue: For the results to assume.
        answers: State name -> the result of its call, `{"error": code}`, or for a wait or question
            `{"event": name}`.
    """

    def __init__(
        self, procedure: Procedure, catalogue: Catalogue, answers: Mapping[str, Any]
    ) -> None:
        self._procedure = procedure
        self._catalogue = catalogue
        self._answers = answers
        self._calls: deque[Invoke] = deque()
        self.lines: list[Line] = []
        self.assumed: list[str] = []

    def walk(self, context: dict[str, Any], now_s: float) -> RunState:
        """Return how it ends; `lines` holds the journal, `assumed` what nobody said.

        Raises:
            InvalidRequest: It doesn't end, or an answer fits no state.
        """
        run = new_run(self._procedure, "dry-run", context, now_s)
        pending: Event = Begin()
        for _ in range(EVENTS_MAX):
            outcome = step(self._procedure, run, pending, now_s)
            run = outcome.state
            self._calls.extend(outcome.calls)
            self.lines.extend(outcome.lines)
            if run.has_ended:
                return run
            now_s, pending = self._next(run, now_s)
        raise InvalidRequest(
            f"expected an end within {EVENTS_MAX} events, got none; give other answers"
        )

    def _next(self, run: RunState, now_s: float) -> tuple[float, Event]:
        if self._calls:
            return now_s, self._answer(run, self._calls.popleft())
        for thread in run.threads.values():
            if thread.phase == "review":
                return now_s, Decide(approved=False, note="assumed")
            event = self._awaited(thread)
            if event is not None:
                return now_s, event
        due_s = next_due_s(run)
        if due_s is None:
            raise InvalidRequest("expected something to go on with, got a run that waits for ever")
        return max(now_s, due_s), Tick()

    def _answer(self, run: RunState, invoke: Invoke) -> Answered:
        state = next(
            (one.state for one in run.threads.values() if one.act and one.act.key == invoke.key), ""
        )
        given = self._answers.get(state)
        if isinstance(given, Mapping) and isinstance(given.get("error"), str):
            return Answered(key=invoke.key, code=given["error"], message="as answers say")
        if given is not None:
            return Answered(key=invoke.key, data=given)
        facts = self._catalogue.get((invoke.tool, invoke.operation))
        self.assumed.append(state)
        return Answered(key=invoke.key, data=smallest(facts.result if facts else {}))

    def _awaited(self, thread: Thread) -> Event | None:
        """Return what a wait or a question gets; None where time alone ends it."""
        given = self._answers.get(thread.state)
        name = given.get("event") if isinstance(given, Mapping) else None
        if thread.phase == "approval":
            if name == "timeout":
                return None
            return Decide(
                approved=name != "rejected", at=f"{thread.graph}/{thread.state}".strip("/")
            )
        if thread.phase != "waiting" or name == "timeout":
            return None
        graph = self._procedure.graph_at(thread.graph)
        wait = graph.states[thread.state].wait
        if wait is None or not wait.event:
            return None
        self.assumed.append(thread.state)
        payload = given.get("payload", {}) if isinstance(given, Mapping) else {}
        return Signal(name=wait.event, payload=payload)


def smallest(schema: Mapping[str, Any]) -> Any:
    """Return the smallest value that fits a result's schema."""
    kind = schema.get("type", "object")
    if kind != "object":
        return _SMALLEST[kind]
    parts = schema.get("properties", {})
    return {name: smallest(parts.get(name, {})) for name in schema.get("required", ())}
