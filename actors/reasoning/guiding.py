"""Beginning: a guided session, a plan, a sequence of thoughts; and taking a problem apart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from mimo.actors.reasoning import analysis, strategies
from mimo.actors.reasoning.asking import PAST, TAG, Answer, Ask, Found, Needs, Recipe, look
from mimo.actors.reasoning.evidence import Hit, excerpt, is_related
from mimo.actors.reasoning.knowing import assessed, gap_of
from mimo.actors.reasoning.session import Session
from mimo.actors.reasoning.stepping import evaluation, progress, searches_for, take_step
from mimo.actors.reasoning.terms import ALIKE, overlap, terms_of

#: Past problems that are brought up.
PAST_MAX: Final = 5
#: Label that the memory of a session which went wrong has.
FAILED: Final = "failed"
#: Before the lessons in such a memory.
LESSON: Final = " Lesson: "


def session_id_of(key: str) -> str:
    """Return the id of the session that a call with this key begins: the same key, the same one."""
    return f"reason_{hashlib.blake2b(key.encode(), digest_size=8).hexdigest()}"


def begin(ask: Ask, problem: str, *, kind: str, strategy: str, why: str = "") -> Session:
    """Return a new session."""
    return Session(
        id=session_id_of(ask.key),
        kind=kind,
        strategy=strategy,
        problem=problem,
        source=ask.client,
        started_at_s=ask.now_s,
        updated_at_s=ask.now_s,
        why=why,
        project=ask.text("project"),
    )


def past_of(problem: str, hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """Return what earlier sessions on similar problems came to, failures first."""
    terms = terms_of(problem)
    found = [
        {
            "memory_id": hit.memory_id,
            "outcome": FAILED if FAILED in hit.tags else "succeeded",
            "text": excerpt(hit.content),
            "lesson": lesson_in(hit.content),
        }
        for hit in hits
        if is_related(hit, terms)
    ]
    return sorted(found, key=lambda each: each["outcome"] != FAILED)[:PAST_MAX]


def start_needs(ask: Ask) -> Needs:
    """Return what a session needs at its beginning: what is known, and what was tried before."""
    problem = ask.wanted("problem")
    project = ask.text("project")
    return Needs(
        searches={
            "topic": look(problem, project),
            PAST: look(problem, project, tags=(TAG,)),
        },
        facts=problem,
        project=project,
    )


def recall_past(session: Session, found: Found) -> None:
    """Bring up what earlier sessions came to; their lessons are carried over."""
    session.past = past_of(session.problem, found.of(PAST))
    told = [each["lesson"] for each in session.past if each["lesson"]]
    session.lessons += dict.fromkeys(told)


def lesson_in(memory: str) -> str:
    """Return the first lesson that the memory of a session tells, or ""."""
    return memory.partition(LESSON)[2].partition("; ")[0]


def _guided(ask: Ask, found: Found) -> Answer:
    problem = ask.wanted("problem")
    seen = analysis.analyse(problem)
    given = ask.text("strategy") or "auto"
    strategy, why = (given, "you asked for it") if given != "auto" else analysis.choose(seen)
    session = begin(ask, problem, kind="guided", strategy=strategy, why=why)
    session.analysis = seen.shown()
    session.parts = analysis.parts_of(problem)
    recall_past(session, found)
    known = assessed(problem, found, ask.now_s)
    gap = gap_of(known)
    data = {
        "session_id": session.id,
        "strategy": strategy,
        "strategy_reason": why,
        "problem_analysis": session.analysis,
        "initial_confidence": {
            "level": known["confidence"],
            "score": known["score"],
            "n": known["n"],
            "basis": known["basis"],
            "gaps": known["gap_indicators"],
            "research_needed": gap["severity"] == "critical",
        },
        "initial_context": {
            "similar_problems": session.past,
            "knowledge": known["evidence"],
            "facts": known["facts"],
            "decomposition_steps": session.parts,
        },
        "lessons": session.lessons,
        "guidance": strategies.GUIDANCE[strategy],
        "next": strategies.demand(session),
    }
    return Answer(data=data, session=session)


def _decompose(ask: Ask, _found: Found) -> Answer:
    problem = ask.wanted("problem")
    seen = analysis.analyse(problem)
    parts = analysis.parts_of(problem)
    given = ask.text("strategy") or "auto"
    strategy, why = (given, "you asked for it") if given != "auto" else analysis.choose(seen)
    data: dict[str, Any] = {
        "original": problem,
        "strategy": strategy,
        "strategy_reason": why,
        "sub_problems": parts,
        "basis": f"{len(parts)} parts named by the text itself",
        "complexity": seen.complexity,
        "dependencies": analysis.dependencies_of(problem, parts),
        "checklist": list(analysis.CHECKLISTS[seen.kind]),
    }
    if strategy == "tot":
        data["approaches"] = [f"begin with: {part}" for part in parts]
    return Answer(data=data)


def _thought_needs(ask: Ask) -> Needs:
    project = ask.session.project if ask.session is not None else ask.text("project")
    return Needs(searches=searches_for(ask.wanted("thought"), project))


def _thought(ask: Ask, found: Found) -> Answer:
    """Record a thought, in the session given or in a new one."""
    text = ask.wanted("thought")
    session = ask.session or begin(ask, text, kind="sequential", strategy="sequential")
    step = take_step(session, text, found.hits, ask.now_s)
    data = {
        "status": "recorded",
        "session_id": session.id,
        "thought": text,
        "step_number": step.number,
        "evaluation": evaluation(session, step),
        "checks": step.checks,
    }
    return Answer(data=data, session=session)


def _sequential(ask: Ask, found: Found) -> Answer:
    """Record one of a numbered sequence of thoughts."""
    answer = _thought(ask, found)
    count = len(answer.session.steps) if answer.session is not None else 0
    number = ask.arguments.get("thought_number", count)
    total = max(ask.arguments.get("total_thoughts", number), number)
    wants_more = ask.arguments.get("next_thought_needed", number < total)
    data = answer.data | {
        "thought_number": number,
        "total_thoughts": total,
        "progress_percent": round(100 * number / total, 1),
        "thoughts_recorded": count,
        "next_thought_needed": wants_more,
        "status": "in_progress" if wants_more else "complete",
    }
    return Answer(data=data, session=answer.session)


def _plan_needs(ask: Ask) -> Needs:
    text = "\n".join(ask.texts("steps"))
    project = ask.text("project")
    return Needs(
        searches={
            "topic": look(text, project) if text else look("plan", project),
            PAST: look(text or "plan", project, tags=(TAG,)),
        }
    )


def _plan(ask: Ask, found: Found) -> Answer:
    """Keep a plan; say what it repeats and what was tried before."""
    steps = ask.texts("steps")
    text = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    session = begin(ask, text or "an empty plan", kind="plan", strategy="plan")
    session.parts = steps
    session.past = past_of(text, found.of(PAST))
    repeated = [
        f"step {later + 1} repeats step {earlier + 1}"
        for later in range(len(steps))
        for earlier in range(later)
        if overlap(terms_of(steps[later]), terms_of(steps[earlier])) >= ALIKE
    ]
    terms = terms_of(text)
    data = {
        "status": "planned" if steps else "empty",
        "session_id": session.id,
        "steps": steps,
        "text": text,
        "issues": repeated,
        "similar_problems": session.past,
        "knowledge": [
            {"memory_id": hit.memory_id, "text": excerpt(hit.content)}
            for hit in found.of("topic")
            if is_related(hit, terms)
        ][:PAST_MAX],
        "progress": progress(session),
    }
    return Answer(data=data, session=session)


_START = Recipe(answer=_guided, needs=start_needs, begins=True)
GUIDING: Final = {
    "guided": _START,
    "adaptive": _START,
    "interleaved_start": _START,
    "decompose": Recipe(answer=_decompose),
    "thought": Recipe(answer=_thought, needs=_thought_needs, begins=True),
    "sequential": Recipe(answer=_sequential, needs=_thought_needs, begins=True),
    "plan": Recipe(answer=_plan, needs=_plan_needs, begins=True),
}
