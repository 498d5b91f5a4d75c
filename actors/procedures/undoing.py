"""Roll-back: what a run has done is undone, newest first, before it ends.

An effect that may or may not have happened is found out first, by repeating its call under its key.
"""

from __future__ import annotations

from mimo.actors.procedures import acting, conditions, templates
from mimo.actors.procedures.definition import Action, State
from mimo.actors.procedures.events import Answered
from mimo.actors.procedures.state import UNDO, Act, Thread, Undo
from mimo.actors.procedures.turn import Turn, thread_name
from mimo.config import limits


def remember(turn: Turn, thread: Thread, result: object) -> None:
    """Note that the thread's call had its effect, if its state says how to undo it."""
    state = turn.state_of(thread)
    if state.compensation is not None:
        found = Undo(graph=thread.graph, state=thread.state)
        if _fill(turn, found, state.compensation, result):
            turn.run.undo.append(found)


def remember_unsure(turn: Turn, thread: Thread, act: Act) -> None:
    """Note that the thread's call may have had its effect."""
    if turn.state_of(thread).compensation is not None:
        turn.run.undo.append(Undo(graph=thread.graph, state=thread.state, act=act))


def is_full(turn: Turn) -> bool:
    """Tell whether no more effects can be remembered, so that none may be begun."""
    acting_now = sum(thread.phase == "acting" for thread in turn.run.threads.values())
    return len(turn.run.undo) + acting_now > limits.PROCEDURE_UNDO_MAX


def advance(turn: Turn) -> None:
    """Undo the next effect, if none is being undone and all threads have ended."""
    run = turn.run
    if run.threads or run.has_ended:
        return
    while run.undo and not run.threads:
        _begin(turn, run.undo[-1])
    if not run.threads:
        _end(turn)


def answered(turn: Turn, thread: Thread, answer: Answered) -> None:
    """Take the answer to a call that undoes, or finds out."""
    found = turn.run.undo[-1]
    state = _state_of(turn, found)
    verdict = acting.judge(turn, thread, action_of(turn), answer)
    match verdict:
        case "again":
            return
        case "ok" if found.act is not None:
            found.act = None
            turn.line(thread_name(found.graph, found.state), "found_done")
            if _fill(turn, found, _compensation(state), answer.data):
                del turn.run.threads[UNDO]
            else:
                _drop(turn)
        case "failed" if found.act is not None:
            _drop(turn)
            turn.line(thread_name(found.graph, found.state), "found_undone", answer.code)
        case "ok":
            _note_undone(turn, found)
        case _:
            why = f"undoing {found.state} failed: {answer.code}: {answer.message}"
            review(turn, thread, answer.message if verdict == "asks" else why)


def decided(turn: Turn, resolution: str) -> None:
    """Do what a person decided about an effect that could not be undone."""
    found = turn.run.undo[-1]
    name = thread_name(found.graph, found.state)
    act = turn.run.threads[UNDO].act
    if resolution == "repeat":
        found.is_approved = found.is_approved or (act is not None and act.asks)
        del turn.run.threads[UNDO]
        turn.line(name, "repeated")
    elif resolution == "done":
        _note_undone(turn, found)
    else:
        turn.run.left.append(name)
        _drop(turn)
        turn.line(name, "left")


def review(turn: Turn, thread: Thread, question: str) -> None:
    """Leave a call to a person."""
    thread.phase, thread.question, thread.due_s = "review", question[:500], None
    turn.line(thread_name(thread.graph, thread.state), "needs_review", thread.question)


def action_of(turn: Turn) -> Action:
    """Return the action that the undoing thread is at: a compensation, or what it finds out."""
    found = turn.run.undo[-1]
    state = _state_of(turn, found)
    return state.action if found.act is not None and state.action else _compensation(state)


def _begin(turn: Turn, found: Undo) -> None:
    thread = Thread(graph="", state=thread_name(found.graph, found.state))
    turn.run.threads[UNDO] = thread
    action = action_of(turn)
    if found.problem:
        review(turn, thread, f"undoing {found.state}: {found.problem}")
    elif found.act is None:
        acting.begin(turn, thread, action, found.arguments, is_approved=found.is_approved)
    else:
        thread.act = found.act
        thread.act.tries, thread.act.put_off = 1, 0
        if acting.may_repeat(turn, thread.act, action):
            acting.resend(turn, thread, action)
        else:
            review(turn, thread, f"expected to know whether {found.state} had its effect")


def _end(turn: Turn) -> None:
    run = turn.run
    run.status = run.goal
    if run.goal == "failed" and run.undone and not run.left:
        run.status = "rolled_back"
    turn.line("", run.status, run.reason)


def _fill(turn: Turn, found: Undo, compensation: Action, result: object) -> bool:
    """Fill in what undoes an effect; False if nothing has to be undone."""
    scope = turn.scope(result=result if result is not None else {})
    if compensation.when is not None and not conditions.holds(compensation.when, scope):
        return False
    try:
        found.arguments = templates.render(compensation.arguments, scope)
    except templates.TemplateError as error:
        found.problem = str(error)
    return True


def _note_undone(turn: Turn, found: Undo) -> None:
    name = thread_name(found.graph, found.state)
    turn.run.undone.append(name)
    _drop(turn)
    turn.line(name, "undone")


def _drop(turn: Turn) -> None:
    turn.run.undo.pop()
    turn.run.threads.pop(UNDO, None)


def _state_of(turn: Turn, found: Undo) -> State:
    return turn.procedure.graph_at(found.graph).states[found.state]


def _compensation(state: State) -> Action:
    if state.compensation is None:
        raise ValueError(f"expected a compensation of {state.name!r}, got none")
    return state.compensation
