"""The interpreter of procedures: `step(procedure, run, event, now_s)` -> the run afterwards.

Pure. The run is saved before its calls are made, so whoever takes over repeats what was on its way
under the same key, and each effect happens once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mimo.actors.procedures import acting, moving, undoing
from mimo.actors.procedures.definition import Procedure
from mimo.actors.procedures.events import (
    Answered,
    Begin,
    Cancel,
    Decide,
    Event,
    Outcome,
    Resume,
    Signal,
    Tick,
)
from mimo.actors.procedures.state import UNDO, RunState, Thread
from mimo.actors.procedures.turn import ContextError, Turn, brief, thread_name
from mimo.config.errors import Busy, InvalidRequest, NotAvailable

#: Most events that wait for somebody who waits for them, and most keys remembered.
SIGNALS_MAX = 100
SEEN_MAX = 64


def new_run(procedure: Procedure, run_id: str, context: dict[str, Any], now_s: float) -> RunState:
    """Return a run that hasn't begun."""
    return RunState(
        run_id=run_id, context=context, started_s=now_s, ends_s=now_s + procedure.timeout_s
    )


def step(procedure: Procedure, state: RunState, event: Event, now_s: float) -> Outcome:
    """Return what an event makes of a run.

    Args:
        procedure: What is run.
        state: The run before; it isn't changed.
        event: What happened.
        now_s: Wall seconds UTC.

    Raises:
        InvalidRequest: The event names a state or payload that doesn't fit.
        NotAvailable: A decision came that nobody waits for.
        Busy: Too many events wait to be waited for.
    """
    if state.has_ended:
        return Outcome(state=state)
    turn = Turn(procedure, state, now_s)
    _take(turn, event)
    moving.settle(turn)
    while turn.run.goal and not turn.run.threads and not turn.run.has_ended:
        undoing.advance(turn)
    _set_status(turn.run)
    return Outcome(state=turn.run, calls=tuple(turn.calls), lines=tuple(turn.lines))


def _take(turn: Turn, event: Event) -> None:
    match event:
        case Begin():
            thread = turn.run.threads[""] = Thread(graph="", state="")
            moving.enter(turn, thread, turn.procedure.graph.initial)
        case Tick():
            _tick(turn)
        case Resume():
            _resume(turn)
        case Answered():
            _answered(turn, event)
        case Signal():
            _once(turn, event.key, lambda: _signal(turn, event))
        case Decide():
            _once(turn, event.key, lambda: _decide(turn, event))
        case Cancel():
            _once(turn, event.key, lambda: _cancel(turn, event))


def _once(turn: Turn, key: str, take: Callable[[], None]) -> None:
    """Take a request unless it was taken before: its answer may have been lost."""
    if key and key in turn.run.seen:
        return
    take()
    if key:
        turn.run.seen = [*turn.run.seen, key][-SEEN_MAX:]


def _set_status(run: RunState) -> None:
    if run.has_ended:
        return
    if any(thread.phase == "review" and not _asks(thread) for thread in run.threads.values()):
        run.status = "needs_review"
    elif run.goal:
        run.status = "rolling_back"
    elif any(thread.phase == "acting" for thread in run.threads.values()):
        run.status = "running"
    else:
        run.status = "waiting"


def _asks(thread: Thread) -> bool:
    """Tell whether a thread waits for a person to agree to a call that hasn't happened."""
    return thread.phase == "review" and thread.act is not None and thread.act.asks


# -- Time ----------------------------------------------------------------------------------------
def _tick(turn: Turn) -> None:
    for key, thread in list(turn.run.threads.items()):
        act = thread.act
        if thread.phase == "acting" and act is not None and act.due_s <= turn.now_s:
            if act.is_sent:
                late = Answered(key=act.key, code="deadline_exceeded", message="no answer in time")
                _answered(turn, late)
            else:
                acting.resend(turn, thread, moving.action_at(turn, key))
        elif thread.due_s is not None and thread.due_s <= turn.now_s:
            thread.due_s = None
            waits = turn.state_of(thread).wait
            is_event = waits is None or bool(waits.event)
            moving.leave_wait(turn, thread, "timeout" if is_event else "elapsed")
    if turn.run.ends_s <= turn.now_s and not turn.run.goal:
        moving.roll_back(
            turn, "failed", "run_timeout", "expected the run to end in time, got no end"
        )


def _resume(turn: Turn) -> None:
    for key, thread in list(turn.run.threads.items()):
        if thread.phase != "acting" or thread.act is None or not thread.act.is_sent:
            continue
        if not acting.resume(turn, thread, moving.action_at(turn, key)):
            undoing.review(
                turn,
                thread,
                f"{thread.act.tool}.{thread.act.operation} was interrupted: did it happen?",
            )


# -- Answers -------------------------------------------------------------------------------------
def _answered(turn: Turn, answer: Answered) -> None:
    for key, thread in turn.run.threads.items():
        act = thread.act
        if act is None or act.key != answer.key or thread.phase != "acting":
            continue
        if not act.is_sent and answer.code:
            return
        if key == UNDO:
            undoing.answered(turn, thread, answer)
        else:
            _judge(turn, thread, answer)
        return


def _judge(turn: Turn, thread: Thread, answer: Answered) -> None:
    act, action = thread.act, moving.action_at(turn, thread.graph)
    if act is None:
        return
    verdict = acting.judge(turn, thread, action, answer)
    name = thread_name(thread.graph, thread.state)
    match verdict:
        case "ok":
            _did(turn, thread, answer.data)
        case "failed" | "unsure":
            thread.act = None
            if verdict == "unsure":
                undoing.remember_unsure(turn, thread, act)
            code = "timeout" if answer.code == "deadline_exceeded" else answer.code
            turn.line(name, verdict, {"code": code, "message": answer.message[:200]})
            moving.act_ended(turn, thread, "error", code=code, message=answer.message[:500])
        case "asks":
            undoing.review(turn, thread, answer.message)
        case "review":
            undoing.review(
                turn,
                thread,
                f"{act.tool}.{act.operation} ended with {answer.code}: did it happen?",
            )
        case _:
            pass


def _did(turn: Turn, thread: Thread, data: Any) -> None:
    """Note an effect; only then look at what its result leads to."""
    action = moving.action_at(turn, thread.graph)
    thread.act = None
    undoing.remember(turn, thread, data)
    turn.line(thread_name(thread.graph, thread.state), "ok", brief(data))
    if action.save_as:
        try:
            turn.save({action.save_as: data})
        except ContextError as error:
            moving.act_ended(turn, thread, "error", code="context", message=str(error))
            return
    moving.act_ended(turn, thread, "ok")


# -- Requests --------------------------------------------------------------------------------------
def _signal(turn: Turn, event: Signal) -> None:
    if turn.run.goal:
        raise NotAvailable("expected a run that goes on, got one that is rolled back")
    waiting = [
        thread
        for thread in turn.run.threads.values()
        if thread.phase == "waiting"
        and (wait := turn.state_of(thread).wait) is not None
        and wait.event == event.name
    ]
    if not waiting and len(turn.run.signals) >= SIGNALS_MAX:
        raise Busy(f"expected at most {SIGNALS_MAX} events to wait, got one more; wait for the run")
    turn.line("", "signal", {"event": event.name, "is_awaited": bool(waiting)})
    if not waiting:
        turn.run.signals.append([event.name, event.payload])
    for thread in waiting:
        moving.leave_wait(turn, thread, event.name, event.payload)


def _decide(turn: Turn, event: Decide) -> None:
    asking = {
        thread_name(thread.graph, thread.state): (key, thread)
        for key, thread in turn.run.threads.items()
        if thread.phase in ("approval", "review")
    }
    if not asking:
        raise NotAvailable(
            "expected a run that waits for a decision, got one that waits for none;"
            " see procedure_status"
        )
    if event.at and event.at not in asking:
        raise InvalidRequest(f"expected 'at' to be one of {', '.join(asking)}, got {event.at!r}")
    if not event.at and len(asking) > 1:
        raise InvalidRequest(f"expected 'at', since several states ask: {', '.join(asking)}")
    name = event.at or next(iter(asking))
    key, thread = asking[name]
    word = "approved" if event.approved else "rejected"
    said = {"by": event.by, "note": event.note[:500]}
    turn.line(name, word, {key: text for key, text in said.items() if text} or None)
    if thread.phase == "approval":
        thread.phase = "acting"
        turn.raise_(thread, word, note=event.note)
    elif key == UNDO:
        undoing.decided(turn, event.resolution if event.approved else "leave")
    else:
        _reviewed(turn, thread, event)


def _reviewed(turn: Turn, thread: Thread, event: Decide) -> None:
    """Go on with a call whose outcome only a person could find out."""
    is_asked = _asks(thread)
    thread.phase, thread.question = "acting", ""
    act = thread.act
    if act is not None and is_asked:
        act.asks = False
        _agreed(turn, thread, event)
    elif act is not None and event.approved and event.resolution == "done":
        _did(turn, thread, {})
    elif act is not None and event.approved and not thread.is_stopping:
        act.is_unsure, act.tries, act.began_s = False, 1, turn.now_s
        acting.resend(turn, thread, moving.action_at(turn, thread.graph))
    else:
        thread.act = None
        moving.act_ended(turn, thread, "stopped")
        if not turn.run.goal:
            moving.roll_back(turn, "failed", "rejected", event.note or "rejected in review")


def _agreed(turn: Turn, thread: Thread, event: Decide) -> None:
    """Make the call that a person was asked about, or take the refusal as its error."""
    act = thread.act
    if act is not None and event.approved and not thread.is_stopping:
        act.is_approved = True
        acting.resend(turn, thread, moving.action_at(turn, thread.graph))
        return
    thread.act = None
    moving.act_ended(turn, thread, "error", code="rejected", message=event.note or "rejected")


def _cancel(turn: Turn, event: Cancel) -> None:
    turn.line("", "cancel", {"note": event.note[:500]} if event.note else None)
    if turn.run.goal:
        turn.run.goal = "cancelled"
    else:
        moving.roll_back(turn, "cancelled", "cancelled", event.note or "cancelled on request")
