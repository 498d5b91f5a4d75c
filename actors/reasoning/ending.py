"""Branches, reflection and conclusion; what a session taught is stored for the next one."""

from __future__ import annotations

from typing import Any, Final

from mimo.actors.memory.building import scrubbed
from mimo.actors.reasoning import strategies
from mimo.actors.reasoning.asking import TAG, Answer, Ask, Found, Needs, Recipe
from mimo.actors.reasoning.branches import (
    leave,
    open_branch,
    open_others,
    standing,
    tree_json,
)
from mimo.actors.reasoning.evidence import confidence, excerpt
from mimo.actors.reasoning.guiding import FAILED, LESSON
from mimo.actors.reasoning.session import Session, Step
from mimo.actors.reasoning.stepping import (
    coverage,
    evaluation,
    note_outcomes,
    refuse_ended,
    refuted_of,
    searches_for,
    session_confidence,
    take_step,
)
from mimo.actors.reasoning.terms import statements
from mimo.actors.reasoning.thinking import outcome_of, step_json
from mimo.config.errors import Conflict

#: Longest conclusion that is put together of steps, in characters. Source: the original.
CONCLUSION_CHARS_MAX: Final = 500
#: Key insights of a conclusion. Source: the original.
INSIGHTS_MAX: Final = 3
#: Lessons that a session carries.
LESSONS_MAX: Final = 20
#: Importance of what a failure and a success taught. Source: the original.
IMPORTANCE: Final = {False: 0.8, True: 0.7}
#: From which share of claims that hold a chain is strong, and moderate. Source: the original.
STRONG, MODERATE = 0.7, 0.4


def _branch_needs(ask: Ask) -> Needs:
    return Needs(searches=searches_for(ask.wanted("thought"), ask.about.project))


def _branch(ask: Ask, found: Found) -> Answer:
    session, idea = ask.about, ask.wanted("thought")
    refuse_ended(session)
    made = open_branch(session, idea)
    step = take_step(session, idea, found.hits, ask.now_s)
    data = {
        "session_id": session.id,
        "branch_id": made.id,
        "parent": made.parent,
        "from_step": made.from_step,
        "branch_thought": idea,
        **step_json(session, step),
        "total_branches": len(session.branches),
        "current_exploration_depth": _depth(session),
        "branches": tree_json(session),
        "next": strategies.demand(session),
    }
    return Answer(data=data, session=session)


def _depth(session: Session) -> int:
    depth, at = 0, session.branch(session.current)
    while at is not None and at.parent:
        depth, at = depth + 1, session.branch(at.parent)
    return depth


def _backtrack(ask: Ask, _found: Found) -> Answer:
    session = ask.about
    refuse_ended(session)
    left = session.current
    why = ask.text("thought") or standing(session, left)["basis"]
    goal = leave(session, ask.text("to_branch"), why)
    session.updated_at_s = ask.now_s
    data: dict[str, Any] = {
        "session_id": session.id,
        "backtracked_from": left,
        "now_on_branch": session.current,
        "no_more_branches": not goal,
        "branch_status": standing(session, session.current),
        "remaining_unexplored": open_others(session),
        "branches": tree_json(session),
        "next": strategies.demand(session) if goal else "open another branch with reason branch",
    }
    return Answer(data=data, session=session)


# -- Reflecting ------------------------------------------------------------------------------------
def lessons_of(session: Session, told: str) -> list[str]:
    """Return what a session taught: what its author says, then what was counted."""
    found = [told] if told else []
    for step in session.path():
        found += [f"{excerpt(one['claim']).rstrip('.')}: {one['why']}" for one in refuted_of(step)]
        if step.success is False and step.result:
            found.append(f"{excerpt(step.text)} failed: {excerpt(step.result)}")
    return list(dict.fromkeys(found))[:LESSONS_MAX]


def _outcome_of_session(ask: Ask) -> bool | None:
    success = outcome_of(ask)[1]
    if success is None:
        last = next((each for each in reversed(ask.about.path()) if each.success is not None), None)
        success = last.success if last is not None else None
    return success


def _memory_of(ask: Ask) -> dict[str, Any]:
    """Return the memory of a session: what it was about, how it ended, what it taught."""
    session, success = ask.about, _outcome_of_session(ask)
    result = outcome_of(ask)[0]
    lessons = lessons_of(session, ask.text("thought"))
    outcome = {True: "succeeded", False: FAILED, None: "ended without an outcome"}[success]
    text = f"Reasoning on: {excerpt(session.problem)} - {outcome}."
    if result:
        text += f" {'Error' if success is False else 'Result'}: {excerpt(result)}"
    if lessons:
        text += LESSON + "; ".join(lessons[:INSIGHTS_MAX])
    tags = [TAG, session.strategy, *({FAILED} if success is False else ())]
    clean, _ = scrubbed({"content": text})
    return {
        "content": clean["content"],
        "category": "episode",
        "importance": IMPORTANCE[success is not False],
        "tags": tags,
        "project": session.project,
        "session_id": session.id,
        "source": "mimo reasoning",
        "on_similar": "ignore",
    }


def _reflect_needs(ask: Ask) -> Needs:
    if not ask.about.steps and not ask.text("thought") and not outcome_of(ask)[0]:
        raise Conflict("expected a session with steps, or a lesson in 'thought', got neither")
    wants = ask.arguments.get("store_learning", True)
    return Needs(memory=_memory_of(ask) if wants else None)


def _reflect(ask: Ask, found: Found) -> Answer:
    session = ask.about
    result, given = outcome_of(ask)
    success = _outcome_of_session(ask)
    path = session.path()
    _close_attempt(path, result, ask.text("thought"), success=given)
    lessons = lessons_of(session, ask.text("thought"))
    session.lessons = list(dict.fromkeys([*session.lessons, *lessons]))[-LESSONS_MAX:]
    if success is not None:
        session.outcome = "succeeded" if success else "failed"
    if found.memory_id:
        session.memory_ids.append(found.memory_id)
    session.updated_at_s = ask.now_s
    note_outcomes(session)
    wrong = [f"step {step.number} {fault}" for step in path for fault in step.faults]
    wrong += [
        f"step {step.number}: {excerpt(one['claim'])!r} is refuted: {one['why']}"
        for step in path
        for one in refuted_of(step)
    ]
    wrong += [f"attempt {step.number} failed: {step.result}" for step in strategies.failures(path)]
    data = {
        "session_id": session.id,
        "success": success if success is not None else "unknown",
        "critique": {
            "what_went_wrong": wrong,
            "what_could_help": [
                f"speak of {term}" for term in coverage(session).missing[:INSIGHTS_MAX]
            ],
            "what_to_try_next": [strategies.demand(session)],
        },
        "lessons_learned": lessons,
        "text": f"{len(wrong)} things went wrong in {len(path)} steps; {len(lessons)} lessons",
        "stored_for_future": bool(found.memory_id),
        "memory_id": found.memory_id,
        "status": session.status,
    }
    return Answer(data=data, session=session)


def _close_attempt(path: list[Step], result: str, told: str, *, success: bool | None) -> None:
    """Write the outcome and the lesson to the attempt that they are about: the last one."""
    if not path:
        return
    last = path[-1]
    if success is not None:
        last.success = success
    last.result = last.result or result
    for step in strategies.failures(path):
        step.lesson = step.lesson or told or step.result or "it failed"


# -- Concluding ------------------------------------------------------------------------------------
def _conclude_needs(ask: Ask) -> Needs:
    session = ask.about
    refuse_ended(session)
    if missing := strategies.unmet(session):
        raise Conflict(
            f"expected a session that {session.strategy} lets conclude, got: {'; '.join(missing)}"
        )
    return Needs(memory=conclusion_memory(ask) if is_worth(session) else None)


def is_worth(session: Session) -> bool:
    """Tell whether a conclusion is worth a memory: something was checked, and nothing refuted."""
    counted = session.tally()
    return counted.held > 0 and counted.refuted == 0


def conclusion_memory(ask: Ask) -> dict[str, Any]:
    """Return the memory of a conclusion and of what it stands on."""
    session = ask.about
    text = (
        f"Reasoning on: {excerpt(session.problem)} - concluded: {conclusion_of(ask)}"
        f" ({session_confidence(session)['basis']})"
    )
    clean, _ = scrubbed({"content": text})
    return {
        "content": clean["content"],
        "category": "episode",
        "importance": IMPORTANCE[True],
        "tags": [TAG, session.strategy],
        "project": session.project,
        "session_id": session.id,
        "source": "mimo reasoning",
        "on_similar": "ignore",
    }


def conclusion_of(ask: Ask) -> str:
    """Return what the caller concludes, else its last two thoughts."""
    last = " ".join(" ".join(step.said.split()) for step in ask.about.path()[-2:])
    return ask.text("thought") or last[-CONCLUSION_CHARS_MAX:]


def conclude(ask: Ask, found: Found) -> Answer:
    """End a session with what its path says."""
    session = ask.about
    session.conclusion = conclusion_of(ask)
    session.status = "concluded"
    session.updated_at_s = ask.now_s
    if found.memory_id:
        session.memory_ids.append(found.memory_id)
    path = session.path()
    covered = coverage(session)
    insights = sorted(path, key=lambda step: (-step.tally.held, step.tally.refuted, -step.number))
    data = {
        "session_id": session.id,
        "text": session.conclusion,
        "confidence": session_confidence(session),
        "reasoning_summary": [excerpt(step.said) for step in path][-10:],
        "key_insights": [
            excerpt((statements(step.text) or [step.text])[-1]) for step in insights[:INSIGHTS_MAX]
        ],
        "total_steps": len(path),
        "coverage": {
            "terms_covered": len(covered.covered),
            "terms": len(covered.covered) + len(covered.missing),
            "missing": list(covered.missing),
        },
        "reflection_stored": bool(found.memory_id),
        "memory_id": found.memory_id,
        "status": session.status,
    }
    return Answer(data=data, session=session)


def _interleaved_conclude(ask: Ask, found: Found) -> Answer:
    answer, session = conclude(ask, found), ask.about
    path, counted = session.path(), session.tally()
    pairs = len(path) * (len(path) - 1) // 2
    clashes = session.contradictions()
    share = counted.held / counted.checked if counted.checked else None
    qualities = [evaluation(session, step)["quality"] for step in path]
    data = answer.data | {
        "grounding": {
            "memory_ids": sorted({one for step in path for one in step.related}),
            "steps_with_memories": sum(bool(step.related) for step in path),
            "steps": len(path),
        },
        "chain_verification": {
            "status": _chain(share),
            "held": counted.held,
            "n": counted.checked,
            "open": counted.open,
        },
        "consistency": {
            "contradictions": clashes,
            "pairs": pairs,
            "basis": f"{pairs - clashes} of {pairs} pairs of steps don't contradict each other",
        },
        "final_confidence": confidence(counted, clashes),
        "qualities": {name: qualities.count(name) for name in ("good", "maybe", "bad")},
    }
    return Answer(data=data, session=session)


def _chain(share: float | None) -> str:
    if share is None:
        return "unverified"
    return "strong" if share >= STRONG else "moderate" if share >= MODERATE else "weak"


ENDING: Final = {
    "branch": Recipe(answer=_branch, needs=_branch_needs),
    "backtrack": Recipe(answer=_backtrack),
    "reflect": Recipe(answer=_reflect, needs=_reflect_needs),
    "conclude": Recipe(answer=conclude, needs=_conclude_needs),
    "interleaved_conclude": Recipe(answer=_interleaved_conclude, needs=_conclude_needs),
}
