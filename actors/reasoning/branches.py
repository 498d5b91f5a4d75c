"""The tree of branches: opening one, how each stands, leaving one for another."""

from __future__ import annotations

from typing import Any

from mimo.actors.reasoning.evidence import confidence
from mimo.actors.reasoning.session import ROOT, Branch, Session
from mimo.config import limits
from mimo.config.errors import Conflict, NotFound


def open_branch(session: Session, idea: str) -> Branch:
    """Open a branch at the end of the current one and go there.

    Raises:
        Conflict: There are too many.
    """
    if len(session.branches) >= limits.REASONING_BRANCHES_MAX:
        raise Conflict(
            f"expected at most {limits.REASONING_BRANCHES_MAX} branches, got one more; follow those"
            " that are there"
        )
    path = session.path()
    made = Branch(
        id=f"b{len(session.branches)}",
        parent=session.current,
        from_step=path[-1].number if path else 0,
        idea=idea,
    )
    session.branches.append(made)
    session.current = made.id
    return made


def leave(session: Session, to: str, why: str) -> str:
    """Leave the current branch as a dead end for another one; return it, or "" if none is open.

    Args:
        session: Is changed.
        to: Where to; "" for the open branch that stands best.
        why: Why it was left.

    Raises:
        NotFound: There is no such branch.
        Conflict: It is the current one.
    """
    if to and session.branch(to) is None:
        there = ", ".join(each.id for each in session.branches)
        raise NotFound(f"expected a branch of {there}, got {to!r}")
    if to == session.current:
        raise Conflict(f"expected another branch than the current one, got {to!r}")
    goal = to or best_branch(session, open_others(session))
    if not goal:
        return ""
    for each in session.branches:
        if each.id == session.current:
            each.status, each.why = "dead_end", why
        elif each.id == goal:
            each.status, each.why = "open", ""
    session.current = goal
    return goal


def open_others(session: Session) -> list[str]:
    """Return the open branches besides the current one."""
    return [
        each.id for each in session.branches if each.id != session.current and each.status == "open"
    ]


def explored(session: Session) -> list[str]:
    """Return the branches that have steps of their own.

    The root counts only if it goes on beyond where others begin.
    """
    stem = max((each.from_step for each in session.branches if each.parent == ROOT), default=0)
    found = {step.branch for step in session.steps if step.branch != ROOT or step.number > stem}
    return [each.id for each in session.branches if each.id in found]


def standing(session: Session, branch_id: str) -> dict[str, Any]:
    """Return how a branch stands, by the claims and contradictions on the path to its end."""
    return confidence(session.tally(branch_id), session.contradictions(branch_id))


def best_branch(session: Session, among: list[str]) -> str:
    """Return the branch that stands best; of equals the current one, then the newest; "" of none.

    Where nothing was decided, a branch stands at one half: the mean of the prior.
    """

    def worth(branch_id: str) -> tuple[bool, float, bool, int]:
        branch = session.branch(branch_id)
        score = standing(session, branch_id).get("score", 0.5)
        is_open = branch is not None and branch.status == "open"
        return is_open, score, branch_id == session.current, among.index(branch_id)

    return max(among, key=worth, default="")


def tree_json(session: Session) -> list[dict[str, Any]]:
    """Return all branches as JSON values."""
    shown = []
    for each in session.branches:
        one: dict[str, Any] = {
            "branch_id": each.id,
            "status": each.status,
            "steps": sum(step.branch == each.id for step in session.steps),
            "standing": standing(session, each.id),
        }
        if each.parent:
            one |= {"parent": each.parent, "from_step": each.from_step, "idea": each.idea}
        if each.why:
            one["why"] = each.why
        shown.append(one)
    return shown
