"""What each strategy demands of its steps, and before a conclusion.

- cot (chain of thought): each step builds on the problem or on an earlier step, and says more.
- react: thoughts, then an action, then what was observed; no second action before.
- tot (tree of thoughts): at least two branches with steps; the best one concludes.
- reflexion: attempts with an outcome; after a failure a lesson, then an attempt that differs.

Source: the papers of the four (Wei 2022, Yao 2022, Yao 2023, Shinn 2023), as rules on a record.
"""

from __future__ import annotations

from typing import Final

from mimo.actors.reasoning.branches import best_branch, explored
from mimo.actors.reasoning.session import Session, Step
from mimo.actors.reasoning.terms import ALIKE, label_of, overlap, terms_of, terms_of_all

#: Failed attempts after which a session is stuck. Source: the original.
FAILURES_MAX: Final = 3
#: Fewest branches with steps that a tree compares, and fewest steps of a chain.
BRANCHES_MIN: Final = 2
CHAIN_MIN: Final = 2

GUIDANCE: Final = {
    "cot": "One inference a step; name the step or fact that it follows from.",
    "tot": "Open a branch for each idea with reason branch, follow it by steps, leave it with"
    " backtrack when its claims fail; conclude on the best one.",
    "react": "Begin a step with 'Thought:', 'Action:' or 'Observation:'; after each action give"
    " what was observed, or put it into 'result'.",
    "reflexion": "Each step is an attempt: give 'success', and 'result' or 'error'. After a failure"
    " call reflect with the lesson, then try something else.",
}


def kind_of(session: Session, text: str, *, has_outcome: bool) -> str:
    """Return what a step is, by its label, else by what the strategy takes it for."""
    label = label_of(text)[0]
    if label in ("thought", "action", "observation", "attempt"):
        return label
    if label:
        return "thought"
    if session.strategy == "reflexion":
        return "attempt"
    if session.strategy == "react" and has_outcome:
        return "action"
    return "thought"


def misfits(session: Session, step: Step) -> list[str]:
    """Return in what a new step doesn't do what its strategy demands, a sentence each.

    Args:
        session: Without the step.
        step: On the session's current branch.
    """
    found = _repeats(session, step)
    match session.strategy:
        case "cot":
            return found + _unlinked(session, step)
        case "react":
            return found + _out_of_turn(session, step)
        case "reflexion":
            return found + _unreflected(session, step)
        case _:
            return found


def unmet(session: Session) -> list[str]:
    """Return what the strategy still demands before a conclusion, a sentence each."""
    path = session.path()
    if not path:
        return ["no step yet"]
    match session.strategy:
        case "cot":
            return _unmet_chain(path)
        case "tot":
            return _unmet_tree(session)
        case "react":
            return _unmet_acting(path)
        case "reflexion":
            return _unmet_attempts(path)
        case _:
            return []


def demand(session: Session) -> str:  # noqa: PLR0911  a table
    """Return what the next step should be."""
    path = session.path()
    match session.strategy:
        case "react" if (waiting := _awaiting(path)) is not None:
            return f"give the observation of the action in step {waiting.number}"
        case "react":
            return "think, then act: a step that begins with 'Action:'"
        case "tot" if len(explored(session)) < BRANCHES_MIN:
            return "open another branch with reason branch and follow it"
        case "tot" if session.tally().refuted:
            return "this branch has refuted claims: leave it with reason backtrack"
        case "reflexion" if (failed := _unreflected_failure(path)) is not None:
            return f"call reflect with what attempt {failed.number} taught"
        case "reflexion" if session.lessons:
            return f"try again, minding: {session.lessons[-1]}"
        case "reflexion":
            return "make an attempt and give its outcome"
        case _:
            return "say what follows from the last step"


def failures(path: list[Step]) -> list[Step]:
    """Return the attempts that failed."""
    return [step for step in path if step.success is False]


def _repeats(session: Session, step: Step) -> list[str]:
    terms = terms_of(step.text)
    for earlier in session.path():
        is_same_kind = earlier.kind == step.kind
        if is_same_kind and len(terms) > 1 and overlap(terms, terms_of(earlier.text)) >= ALIKE:
            failed = ", which failed" if earlier.success is False else ""
            return [f"repeats step {earlier.number}{failed}"]
    return []


def _unlinked(session: Session, step: Step) -> list[str]:
    path = session.path()
    known = terms_of_all([session.problem, *(each.said for each in path)])
    terms = terms_of(step.text)
    names_step = any(f"step {each.number}" in step.text.lower() for each in path)
    if not terms or names_step or known.intersection(terms):
        return []
    return [f"builds on nothing: none of its {len(terms)} terms is in the problem or a step before"]


def _awaiting(path: list[Step]) -> Step | None:
    """Return the action that has no observation yet."""
    for step in reversed(path):
        if step.kind == "observation" or step.result:
            return None
        if step.kind == "action":
            return step
    return None


def _out_of_turn(session: Session, step: Step) -> list[str]:
    waiting = _awaiting(session.path())
    if step.kind == "observation" and waiting is None:
        return ["observes, but no action waits for an observation"]
    if step.kind != "observation" and waiting is not None:
        return [f"goes on before the action in step {waiting.number} was observed"]
    return []


def _unreflected_failure(path: list[Step]) -> Step | None:
    failed = [step for step in failures(path) if not step.lesson]
    return failed[-1] if failed else None


def _unreflected(session: Session, step: Step) -> list[str]:
    failed = _unreflected_failure(session.path())
    if step.kind != "attempt" or failed is None:
        return []
    return [f"tries again before reflecting on attempt {failed.number}, which failed"]


def _unmet_chain(path: list[Step]) -> list[str]:
    found = []
    if len(path) < CHAIN_MIN:
        found.append(f"{len(path)} of at least {CHAIN_MIN} steps")
    if any(fault.startswith("builds on nothing") for fault in path[-1].faults):
        found.append(f"step {path[-1].number}, the last one, builds on nothing")
    return found


def _unmet_tree(session: Session) -> list[str]:
    tried = explored(session)
    if len(tried) < BRANCHES_MIN:
        return [f"{len(tried)} of at least {BRANCHES_MIN} branches with steps"]
    best = best_branch(session, tried)
    if best != session.current:
        return [f"{best} stands better than {session.current}: backtrack to it, or follow this one"]
    return []


def _unmet_acting(path: list[Step]) -> list[str]:
    waiting = _awaiting(path)
    if waiting is not None:
        return [f"the action in step {waiting.number} has no observation"]
    if not any(step.kind == "observation" or step.result for step in path):
        return ["nothing was done and observed"]
    return []


def _unmet_attempts(path: list[Step]) -> list[str]:
    attempts = [step for step in path if step.kind == "attempt"]
    if not attempts:
        return ["no attempt"]
    last = attempts[-1]
    found = [f"attempt {last.number} has no outcome"] if last.success is None else []
    failed = _unreflected_failure(path)
    if failed is not None:
        found.append(f"attempt {failed.number} failed and taught nothing yet")
    return found
