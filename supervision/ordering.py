"""Which child may be started now, given the strategy and where its siblings stand; pure."""

from __future__ import annotations

from mimo.supervision.children import Cause, Child, Children
from mimo.supervision.specs import RestartStrategy, SupervisorFlags

#: Starts that follow each other from left to right.
_IN_TURN = (Cause.BOOT, Cause.CASCADE)


def stops_together(flags: SupervisorFlags) -> bool:
    """Tell whether children are stopped all at once. Source: OTP terminate_dynamic_children/1."""
    return flags.strategy is RestartStrategy.DYNAMIC


def may_start(child: Child, children: Children, flags: SupervisorFlags) -> bool:
    """Tell whether nothing that must come first is missing.

    one_for_one and dynamic: in the first start one after the other, later each by itself.
    rest_for_one and one_for_all: all that must go are gone, all that stand before it serve.
    A supervisor that parks groups: what is critical and stands before it serves, and starts that
    belong together follow each other; a group that restarts by itself waits for no other group.
    """
    before = children.before(child)
    if flags.parks_groups:
        return _may_start_group(child, before, children)
    if flags.strategy in (RestartStrategy.ONE_FOR_ONE, RestartStrategy.DYNAMIC):
        return not _must_wait_its_turn(child, before)
    if any(other.is_leaving for other in children.others(child)):
        return False
    return not any(other.is_missing for other in before)


def _may_start_group(child: Child, before: list[Child], children: Children) -> bool:
    if any(_is_needed(other) and other.is_missing for other in before):
        return False
    if _is_needed(child) and any(other.is_leaving for other in children.after(child)):
        return False
    return not _must_wait_its_turn(child, before)


def _is_needed(child: Child) -> bool:
    """Tell whether those below it can't do without it."""
    return child.spec.critical or child.spec.type == "worker"


def _must_wait_its_turn(child: Child, before: list[Child]) -> bool:
    return child.cause in _IN_TURN and any(
        other.cause in _IN_TURN and other.is_missing for other in before
    )
