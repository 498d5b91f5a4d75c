"""How threads move: enter a state, raise an event in it, follow a transition, end, stop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mimo.actors.memory.cleaning import time_of
from mimo.actors.procedures import acting, conditions, undoing
from mimo.actors.procedures.definition import (
    RUN_TIMEOUT_S_MAX,
    Action,
    End,
    State,
    Transition,
    Wait,
)
from mimo.actors.procedures.state import UNDO, Thread
from mimo.actors.procedures.templates import TemplateError
from mimo.actors.procedures.turn import ContextError, Raised, Turn, brief, thread_name
from mimo.config import limits
from mimo.config.errors import InvalidRequest


def action_at(turn: Turn, key: str) -> Action:
    """Return the action that the thread under this key is at."""
    if key == UNDO:
        return undoing.action_of(turn)
    action = turn.state_of(turn.run.threads[key]).action
    if action is None:
        raise ValueError(f"expected an action in {key!r}, got none")
    return action


# -- Entering ------------------------------------------------------------------------------------
def enter(turn: Turn, thread: Thread, name: str) -> None:
    """Enter a state and begin what it does."""
    thread.state, thread.act, thread.due_s, thread.question = name, None, None, ""
    thread.phase = "acting"
    thread.visits[name] = thread.visits.get(name, 0) + 1
    turn.run.entered += 1
    state = turn.state_of(thread)
    turn.line(thread_name(thread.graph, name), "entered")
    if turn.run.entered > limits.PROCEDURE_ENTRIES_MAX:
        roll_back(turn, "failed", "too_many_states", "expected the run to end, got a long loop")
        return
    if state.visits_max and thread.visits[name] > state.visits_max:
        turn.raise_(
            thread,
            "error",
            code="visits_exceeded",
            message=f"expected at most {state.visits_max} visits, got one more",
        )
        return
    try:
        _begin(turn, thread, state)
    except TemplateError as error:
        turn.raise_(thread, "error", code="template", message=str(error))
    except ContextError as error:
        turn.raise_(thread, "error", code="context", message=str(error))


def _begin(turn: Turn, thread: Thread, state: State) -> None:
    """Begin what a state does.

    Raises:
        TemplateError: A hole has no value.
        ContextError: A value doesn't fit the context.
    """
    if state.action is not None:
        if state.compensation is not None and undoing.is_full(turn):
            most = limits.PROCEDURE_UNDO_MAX
            raise ContextError(f"expected at most {most} calls to be undone, got one more")
        acting.begin(turn, thread, state.action, turn.render(state.action.arguments))
    elif state.assign is not None:
        turn.save({name: turn.render(value) for name, value in state.assign.items()})
        turn.raise_(thread, "ok")
    elif state.wait is not None:
        _begin_wait(turn, thread, state.wait)
    elif state.approval is not None:
        thread.phase = "approval"
        thread.question = str(turn.render(state.approval.question))[:1_000]
        if state.approval.timeout_s is not None:
            thread.due_s = turn.now_s + state.approval.timeout_s
        turn.line(thread_name(thread.graph, state.name), "asks", thread.question)
    elif state.branches:
        _fork(turn, thread, state)
    elif state.end is not None:
        _end(turn, thread, state.end)
    else:
        turn.raise_(thread, "ok")


def _begin_wait(turn: Turn, thread: Thread, wait: Wait) -> None:
    thread.phase = "waiting"
    moments = []
    if wait.seconds is not None:
        moments.append(turn.now_s + _seconds(turn.render(wait.seconds)))
    if wait.until is not None:
        moments.append(_moment(turn.render(wait.until)))
    thread.due_s = min(moments, default=None)
    turn.line(thread_name(thread.graph, thread.state), "waits", {"event": wait.event or None})
    for index, (name, payload) in enumerate(turn.run.signals):
        if name == wait.event:
            del turn.run.signals[index]
            leave_wait(turn, thread, name, payload)
            return


def _seconds(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= RUN_TIMEOUT_S_MAX:
        most = f"{RUN_TIMEOUT_S_MAX:g}"
        raise TemplateError(f"expected 0 to {most} seconds, got {str(value)[:40]!r}")
    return float(value)


def _moment(value: Any) -> float:
    try:
        return time_of(str(value), "until")
    except InvalidRequest as error:
        raise TemplateError(error.message) from None


def leave_wait(turn: Turn, thread: Thread, name: str, payload: Any = None) -> None:
    """End a wait or an approval by an event, keeping what the event says."""
    wait = turn.state_of(thread).wait
    thread.phase, thread.due_s = "acting", None
    if wait is not None and wait.save_as and name == wait.event:
        try:
            turn.save({wait.save_as: payload})
        except ContextError as error:
            turn.raise_(thread, "error", code="context", message=str(error))
            return
    turn.raise_(thread, name, payload=payload)


def _fork(turn: Turn, thread: Thread, state: State) -> None:
    thread.phase, thread.failure = "joining", None
    prefix = f"{thread.graph}/" if thread.graph else ""
    children = []
    for name in state.branches:
        child = Thread(graph=f"{prefix}{state.name}:{name}", state="")
        turn.run.threads[child.graph] = child
        children.append(child)
    for child in children:
        if child.graph in turn.run.threads and not child.is_stopping:
            enter(turn, child, turn.procedure.graph_at(child.graph).initial)


# -- Events --------------------------------------------------------------------------------------
def settle(turn: Turn) -> None:
    """Let all raised events happen, and those that they raise."""
    while turn.raised:
        raised = turn.raised.popleft()
        thread = turn.run.threads.get(raised.graph)
        if thread is not None and not thread.is_stopping:
            _happen(turn, thread, raised)


def _happen(turn: Turn, thread: Thread, raised: Raised) -> None:
    event = {"name": raised.name, **raised.info}
    found = _transition(turn, thread, event)
    name = thread_name(thread.graph, thread.state)
    if found is not None:
        said = {key: value for key, value in raised.info.items() if value not in (None, "")}
        turn.line(name, "leaves", brief({"on": raised.name, "to": found.to, **said}))
        if raised.name == "error":
            turn.run.error = {key: str(said.get(key, ""))[:500] for key in ("code", "message")}
        enter(turn, thread, found.to)
        return
    code = str(raised.info.get("code") or ("no_transition" if raised.name == "ok" else raised.name))
    message = str(
        raised.info.get("message") or f"expected a transition for {raised.name}, got none"
    )
    _fail(turn, thread, code, message)


def _transition(turn: Turn, thread: Thread, event: Mapping[str, Any]) -> Transition | None:
    scope = turn.scope(event=event)
    for each in turn.state_of(thread).transitions:
        if (
            each.on == event["name"]
            and each.code in ("", event.get("code"))
            and (each.when is None or conditions.holds(each.when, scope))
        ):
            return each
    return None


def act_ended(turn: Turn, thread: Thread, name: str, **info: Any) -> None:
    """Raise the end of a thread's call; a thread that is stopping ends here."""
    if thread.is_stopping:
        _leave(turn, thread)
    elif name != "stopped":
        turn.raise_(thread, name, **info)


# -- Ends ----------------------------------------------------------------------------------------
def _end(turn: Turn, thread: Thread, end: End) -> None:
    if not end.succeeded:
        message = str(turn.render(end.message)) or f"the run ended in {thread.state}"
        _fail(turn, thread, "failed", message)
    elif thread.graph:
        _leave(turn, thread)
    else:
        result = end.result if end.result is not None else turn.procedure.result
        filled = turn.render(result)
        size = len(json.dumps(filled, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        if size > limits.PROCEDURE_CONTEXT_BYTES_MAX:
            raise ContextError(f"expected a smaller result, got {size} bytes")
        turn.run.result = filled
        turn.run.status = "succeeded"
        turn.run.threads.clear()
        turn.run.undo.clear()
        turn.line("", "succeeded", brief(filled))


def _fail(turn: Turn, thread: Thread, code: str, message: str) -> None:
    """Fail a thread: the run is rolled back, or the state that forked it gets an error."""
    name = thread_name(thread.graph, thread.state)
    if not thread.graph:
        roll_back(turn, "failed", code, message, name)
        return
    parent = turn.run.threads[thread.graph.rpartition("/")[0]]
    if parent.failure is None:
        parent.failure = {"code": code, "message": message, "branch": thread.graph, "state": name}
        turn.line(name, "branch_failed", {"code": code, "message": message})
    _stop_branches(turn, parent)
    if thread.graph in turn.run.threads:
        _leave(turn, thread)


def roll_back(turn: Turn, goal: str, code: str, message: str, state: str = "") -> None:
    """Turn round: end what was begun, then undo it."""
    turn.run.goal = goal
    turn.run.reason = {"code": code, "message": message, "state": state}
    turn.line(state, "rolls_back", turn.run.reason)
    main = turn.run.threads.get("")
    if main is not None:
        _stop(turn, main)


def _stop(turn: Turn, thread: Thread) -> None:
    """Let a thread end what it has begun, and nothing more."""
    thread.is_stopping = True
    if thread.phase == "joining":
        _stop_branches(turn, thread)
        if thread.graph in turn.run.threads and not _branches(turn, thread):
            _leave(turn, thread)
        return
    act = thread.act
    has_begun = act is not None and (act.is_sent or act.is_unsure)
    is_asked = act is not None and act.asks
    if is_asked or (not has_begun and thread.phase != "review"):
        _leave(turn, thread)


def _stop_branches(turn: Turn, thread: Thread) -> None:
    for child in _branches(turn, thread):
        if child.graph in turn.run.threads and not child.is_stopping:
            _stop(turn, child)


def _branches(turn: Turn, thread: Thread) -> list[Thread]:
    prefix = f"{thread.graph}/{thread.state}:" if thread.graph else f"{thread.state}:"
    return [
        child
        for key, child in turn.run.threads.items()
        if key.startswith(prefix) and "/" not in key[len(prefix) :]
    ]


def _leave(turn: Turn, thread: Thread) -> None:
    """Remove a thread; the last branch lets the state that forked it go on."""
    del turn.run.threads[thread.graph]
    if not thread.graph:
        return
    parent = turn.run.threads.get(thread.graph.rpartition("/")[0])
    if parent is None or _branches(turn, parent):
        return
    if parent.is_stopping:
        _leave(turn, parent)
    elif parent.failure is not None:
        turn.raise_(parent, "error", **parent.failure)
    else:
        turn.raise_(parent, "ok")
