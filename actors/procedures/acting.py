"""Tool calls of a run: begun under a key, judged by their answer, tried again, or left to a person.

A failure is definite when nothing can have happened, and unsure when something may have: then only
what may be repeated under its key is repeated.
"""

from __future__ import annotations

import random
from typing import Any, Literal

from mimo.actors.procedures.definition import Action, Retry
from mimo.actors.procedures.events import Answered, Invoke
from mimo.actors.procedures.state import Act, Thread
from mimo.actors.procedures.turn import Turn, brief, thread_name
from mimo.config import limits

Verdict = Literal["ok", "again", "asks", "failed", "unsure", "review"]

#: Definite, and trying again won't help.
PERMANENT = frozenset({"invalid_request", "not_found", "conflict", "not_available", "corrupt"})
#: Definite: whoever does it wants a person to agree first.
ASKS = "approval_required"
#: Definite: a limit was met. Waiting helps, and costs no try.
CROWDED = frozenset({"busy", "breaker_open", "disk_full"})
#: Most times that one call is put off by a limit.
PUT_OFF_MAX = 30
#: How much longer than its own deadline a try is waited for, in seconds.
GRACE_S = 5.0
#: How long a key is trusted to be remembered by whoever keeps it, in seconds.
KEY_KEPT_S = limits.IDEMPOTENCY_KEPT_S - 3_600.0


def begin(
    turn: Turn, thread: Thread, action: Action, arguments: Any, *, is_approved: bool = False
) -> None:
    """Begin a tool call in this thread."""
    turn.run.steps += 1
    thread.phase = "acting"
    thread.act = Act(
        key=f"run:{turn.run.run_id}:{turn.run.steps}",
        tool=action.tool,
        operation=action.operation,
        arguments=arguments,
        began_s=turn.now_s,
        due_s=turn.now_s + action.timeout_s + GRACE_S,
        is_approved=is_approved,
    )
    called = {"call": f"{action.tool}.{action.operation}", "arguments": brief(arguments)}
    turn.line(thread_name(thread.graph, thread.state), "called", called)
    _invoke(turn, thread.act, action)


def resend(turn: Turn, thread: Thread, action: Action) -> None:
    """Make the next try: its time has come."""
    act = _act_of(thread)
    act.is_sent = True
    act.due_s = turn.now_s + action.timeout_s + GRACE_S
    turn.line(thread_name(thread.graph, thread.state), "called", {"try": act.tries})
    _invoke(turn, act, action)


def resume(turn: Turn, thread: Thread, action: Action) -> bool:
    """Repeat a try that was on its way when its sender died; False if it must not be repeated."""
    act = _act_of(thread)
    if not may_repeat(turn, act, action):
        return False
    act.is_unsure = not action.reads
    act.due_s = turn.now_s + action.timeout_s + GRACE_S
    _invoke(turn, act, action)
    return True


def may_repeat(turn: Turn, act: Act, action: Action) -> bool:
    """Tell whether a try whose outcome is unknown may be made again under its key."""
    if action.reads:
        return True
    return action.repeatable and turn.now_s - act.began_s < KEY_KEPT_S


def judge(  # noqa: PLR0911  a table of verdicts
    turn: Turn, thread: Thread, action: Action, answer: Answered
) -> Verdict:
    """Decide what an answer means; plan the next try where there is one."""
    act = _act_of(thread)
    name = thread_name(thread.graph, thread.state)
    if not answer.code or answer.code in action.accept:
        act.is_unsure = False
        return "ok"
    told = {"code": answer.code, "message": answer.message[:200], "try": act.tries}
    if answer.code == ASKS and not act.is_approved and not thread.is_stopping:
        act.is_unsure, act.asks = False, True
        return "asks"
    if answer.code in PERMANENT or answer.code == ASKS:
        # Whoever has done it under this key would have given the first answer again.
        act.is_unsure = False
        return "failed"
    if answer.code not in CROWDED and not action.reads:
        act.is_unsure = True
        if not may_repeat(turn, act, action):
            return "review"
    # A thread that is stopping only finds out what it may have done.
    is_wanted = act.is_unsure or not thread.is_stopping
    if is_wanted and answer.code in CROWDED and act.put_off < PUT_OFF_MAX:
        turn.line(name, "put_off", told)
        act.put_off += 1
        _wait(turn, act, action.retry, act.put_off, answer.retry_after_s or 0.0)
        return "again"
    if is_wanted and act.tries < action.retry.attempts:
        turn.line(name, "retry", told)
        _wait(turn, act, action.retry, act.tries, answer.retry_after_s or 0.0)
        act.tries += 1
        return "again"
    return "unsure" if act.is_unsure else "failed"


def delay_s(retry: Retry, number: int, seed: str) -> float:
    """Return how long to wait before the next try.

    Args:
        retry: How.
        number: Which wait it is, from 1.
        seed: The same seed gives the same jitter.

    Source: exponential back-off, 1 s doubling; jitter so that runs that failed together don't come
    back together.
    """
    plain = min(retry.first_s * retry.factor ** min(number - 1, 64), retry.most_s)
    spread = random.Random(f"{seed}:{number}").uniform(-retry.jitter, retry.jitter)
    return plain * (1.0 + spread)


def _wait(turn: Turn, act: Act, retry: Retry, number: int, least_s: float) -> None:
    act.is_sent = False
    act.due_s = turn.now_s + max(delay_s(retry, number, act.key), least_s)


def _invoke(turn: Turn, act: Act, action: Action) -> None:
    turn.calls.append(
        Invoke(
            key=act.key,
            tool=act.tool,
            operation=act.operation,
            arguments=act.arguments,
            timeout_s=action.timeout_s,
            is_approved=act.is_approved,
        )
    )


def _act_of(thread: Thread) -> Act:
    if thread.act is None:
        raise ValueError(f"expected a call in {thread.state!r}, got none")
    return thread.act
