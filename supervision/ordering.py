"""Which children may be started now, given the strategy and where their siblings stand; pure."""

from __future__ import annotations

from collections.abc import Iterator

from mimo.supervision.children import Cause, Child, ChildState
from mimo.supervision.specs import RestartStrategy, SupervisorFlags

#: Starts that follow each other from left to right.
_IN_TURN = (Cause.BOOT, Cause.CASCADE)


def stops_together(flags: SupervisorFlags) -> bool:
    """Tell whether children are stopped all at once. Source: OTP terminate_dynamic_children/1."""
    return flags.strategy is RestartStrategy.DYNAMIC


def startable(everyone: list[Child], flags: SupervisorFlags) -> list[Child]:
    """Return those wanted children, in start order, for which nothing is missing that comes first.

    one_for_one and dynamic: in the first start one after the other, later each by itself.
    rest_for_one and one_for_all: all that must go are gone, all that stand before it serve.
    A supervisor that parks groups: what is critical and stands before it serves, and starts that
    belong together follow each other; a group that restarts by itself waits for no other group.
    """
    if flags.parks_groups:
        return list(_groups(everyone))
    if flags.strategy in (RestartStrategy.ONE_FOR_ONE, RestartStrategy.DYNAMIC):
        return list(_each_by_itself(everyone))
    return list(_strictly_in_order(everyone))


def _each_by_itself(everyone: list[Child]) -> Iterator[Child]:
    is_taken = False
    for child in everyone:
        in_turn = child.cause in _IN_TURN
        if _is_ready(child) and not (in_turn and is_taken):
            yield child
        is_taken |= in_turn and child.is_missing


def _strictly_in_order(everyone: list[Child]) -> Iterator[Child]:
    if any(child.is_leaving for child in everyone):
        return
    for child in everyone:
        if child.is_missing:
            if _is_ready(child):
                yield child
            return


def _groups(everyone: list[Child]) -> Iterator[Child]:
    last_leaving = max((i for i, child in enumerate(everyone) if child.is_leaving), default=-1)
    is_taken = False
    for position, child in enumerate(everyone):
        in_turn = child.cause in _IN_TURN
        must_wait = (in_turn and is_taken) or (_is_needed(child) and last_leaving > position)
        if _is_ready(child) and not must_wait:
            yield child
        if _is_needed(child) and child.is_missing:
            return
        is_taken |= in_turn and child.is_missing


def _is_ready(child: Child) -> bool:
    return child.wanted and child.state is ChildState.DOWN


def _is_needed(child: Child) -> bool:
    """Tell whether those below it can't do without it."""
    return child.spec.critical or child.spec.type == "worker"
