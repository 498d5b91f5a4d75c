"""The amplifier: a session that isn't concluded before it stood up to what its level demands."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from mimo.actors.reasoning import analysis
from mimo.actors.reasoning.asking import PAST, TAG, Answer, Ask, Found, Needs, Recipe, look
from mimo.actors.reasoning.ending import conclude, conclusion_memory, is_worth
from mimo.actors.reasoning.evidence import confidence, excerpt
from mimo.actors.reasoning.guiding import begin, recall_past, start_needs
from mimo.actors.reasoning.questioning import (
    ADAPTIVE,
    LEVELS,
    challenge,
    find_issues,
    is_taken,
    open_challenges,
    open_issues,
    perspectives_of,
    refusal,
    taken,
)
from mimo.actors.reasoning.session import Session
from mimo.actors.reasoning.stepping import progress, refuse_ended, session_confidence
from mimo.actors.reasoning.terms import cover, terms_of, terms_of_all
from mimo.actors.reasoning.thinking import step_json, step_needs, take, verification
from mimo.config.errors import Conflict, InvalidRequest, NotFound

#: Share of the parts and answers that a synthesis must speak of, by what a level wants.
SYNTHESIS_SHARE: Final = {"none": 0.0, "required": 0.8, "strict": 1.0}
#: Share of an item's terms from which a text speaks of it.
SPOKEN_SHARE: Final = 0.5
#: Longest answer that is kept, in characters.
KEPT_CHARS: Final = 2_000


def _amplified(ask: Ask) -> Session:
    session = ask.about
    refuse_ended(session)
    if session.kind != "amplified":
        raise Conflict(
            f"expected a session of amplify_start, got {session.id}, a {session.kind} one"
        )
    return session


def _start(ask: Ask, found: Found) -> Answer:
    problem = ask.wanted("problem")
    seen = analysis.analyse(problem)
    given = ask.text("level") or "adaptive"
    level = ADAPTIVE[seen.complexity] if given == "adaptive" else given
    session = begin(ask, problem, kind="amplified", strategy="amplified")
    session.level, session.analysis = level, seen.shown()
    session.parts = analysis.parts_of(problem)
    recall_past(session, found)
    data = {
        "session_id": session.id,
        "type": seen.kind,
        "level": level,
        "level_reason": f"complexity {seen.complexity}" if given == "adaptive" else "asked for",
        "demands": dataclasses.asdict(LEVELS[level]),
        "similar_problems": session.past,
        **_stage(session),
    }
    return Answer(data=data, session=session)


def _stage(session: Session) -> dict[str, Any]:
    """Return where an amplified session stands and what it wants next."""
    blocked = blocks(session)
    action, wants = blocked[0] if blocked else ("synthesize", "conclude with amplify_conclude")
    stage = "decompose" if action == "decompose" else "conclude" if not blocked else "think"
    return {
        "stage": stage,
        "blocking": bool(blocked),
        "next_action": action,
        "text": wants,
    }


def blocks(session: Session) -> list[tuple[str, str]]:
    """Return what stands before a conclusion: action and request, the next one first."""
    level = LEVELS[session.level]
    found: list[tuple[str, str]] = []
    if level.decompose and not session.decomposition:
        parts = "; ".join(excerpt(part) for part in session.parts)
        found.append(
            ("decompose", f"give the parts of the problem by amplify_decomposition: {parts}")
        )
    found += [
        ("address_challenge", f"answer {one.id} by amplify_challenge: {one.question}")
        for one in open_challenges(session)
    ]
    found += [
        ("resolve_coherence", f"resolve {one.id} by amplify_resolve_coherence: {one.detail}")
        for one in open_issues(session, "major")
    ]
    steps, have = len(session.path()), taken(session)
    if steps < level.steps_min:
        found.append(("continue", f"{steps} of {level.steps_min} steps; amplify_think goes on"))
    if len(have) >= level.perspectives:
        return found
    left = [name for name in perspectives_of(session) if name not in have]
    wanted = f"{len(have)} of {level.perspectives} perspectives"
    found.append(
        ("consider_perspective", f"{wanted}; take one by amplify_perspective: {', '.join(left)}")
    )
    return found


def _decomposition(ask: Ask, _found: Found) -> Answer:
    """Take the caller's parts; they must speak of what the problem speaks of."""
    session, response = _amplified(ask), ask.wanted("response")
    wanted = terms_of(session.problem)
    covered = cover(wanted, terms_of(response))
    parts = analysis.parts_of(response)
    is_enough = covered.share >= SPOKEN_SHARE and len(parts) > 1
    data = {
        "session_id": session.id,
        "accepted": is_enough,
        "parts": parts,
        "basis": (
            f"{len(parts)} parts speak of {len(covered.covered)} of {len(wanted)} terms; at least 2"
            f" parts and {SPOKEN_SHARE:.0%} of the terms are wanted"
        ),
        "missing": list(covered.missing),
    }
    if not is_enough:
        return Answer(data=data | _stage(session))
    session.decomposition, session.parts = response[:KEPT_CHARS], parts
    session.updated_at_s = ask.now_s
    return Answer(data=data | _stage(session), session=session)


def _think_needs(ask: Ask) -> Needs:
    session = _amplified(ask)
    wanted = dict(step_needs(ask).searches)
    past = look(session.problem, session.project, tags=(TAG,))
    return Needs(searches={**wanted, PAST: past})


def _think(ask: Ask, found: Found) -> Answer:
    session = _amplified(ask)
    past = found.hits.pop(PAST, [])
    step = take(ask, found)
    made = challenge(session, step, past)
    issues = find_issues(session, step)
    stated = step.tally
    data = {
        "session_id": session.id,
        **step_json(session, step),
        "coherence": {
            "issues": [dataclasses.asdict(one) for one in issues],
            "open": len(open_issues(session)),
        },
        "claim_verification": verification(step.checks),
        "confidence_gap": {
            "claims": sum(stated),
            "supported": stated.held,
            "basis": f"{stated.held} of {sum(stated)} claims are supported",
        },
        "challenges_generated": [dataclasses.asdict(one) for one in made],
        "must_address": [one.id for one in open_challenges(session)],
        "progress": progress(session),
        **_stage(session),
    }
    return Answer(data=data, session=session)


def _challenge(ask: Ask, _found: Found) -> Answer:
    session, response = _amplified(ask), ask.wanted("response")
    wanted = ask.wanted("challenge_id")
    one = next((each for each in session.challenges if each.id == wanted), None)
    if one is None:
        there = ", ".join(each.id for each in open_challenges(session, "")) or "none"
        raise NotFound(f"expected an open challenge, {there}; got {wanted!r}")
    why = refusal(one.question, response)
    if not why:
        one.response = response[:KEPT_CHARS]
        session.updated_at_s = ask.now_s
    data = {
        "session_id": session.id,
        "challenge_id": one.id,
        "accepted": not why,
        "reason": why or "it takes up the question and adds to it",
        "remaining": [each.id for each in open_challenges(session)],
        **_stage(session),
    }
    return Answer(data=data, session=None if why else session)


def _perspective(ask: Ask, _found: Found) -> Answer:
    session, name = _amplified(ask), ask.wanted("perspective").lower()
    insights = ask.texts("insights")
    if not insights:
        raise InvalidRequest("expected 'insights' that say something, got none")
    said = [session.problem, *(step.said for step in session.path())]
    said += [one for each in session.perspectives for one in each["insights"]]
    known = terms_of_all(said)
    added = [term for term in terms_of("\n".join(insights)) if term not in known]
    one = {
        "name": name,
        "insights": [each[:KEPT_CHARS] for each in insights],
        "new_terms": len(added),
    }
    is_new = is_taken(one) and name not in taken(session)
    if is_new:
        session.perspectives.append(one)
        session.updated_at_s = ask.now_s
    data = {
        "session_id": session.id,
        "perspective": name,
        "accepted": is_new,
        "basis": f"{len(insights)} insights with {len(added)} terms that nobody used before",
        "recorded": taken(session),
        "required": LEVELS[session.level].perspectives,
        **_stage(session),
    }
    return Answer(data=data, session=session if is_new else None)


def _resolve(ask: Ask, _found: Found) -> Answer:
    session, response = _amplified(ask), ask.wanted("response")
    wanted = ask.text("issue_id")
    chosen = [
        one
        for one in open_issues(session)
        if ask.arguments.get("resolve_all", False) or one.id == wanted
    ]
    if not chosen:
        there = ", ".join(one.id for one in open_issues(session)) or "none"
        raise NotFound(f"expected an open issue, {there}; got {wanted!r}; or use resolve_all")
    refused = {}
    for one in chosen:
        texts = [session.steps[number - 1].text for number in one.steps]
        why = refusal("\n".join(texts), response)
        if why:
            refused[one.id] = why
        else:
            one.response = response[:KEPT_CHARS]
    session.updated_at_s = ask.now_s
    data = {
        "session_id": session.id,
        "resolved": [one.id for one in chosen if one.id not in refused],
        "refused": refused,
        "remaining": [one.id for one in open_issues(session)],
        **_stage(session),
    }
    return Answer(data=data, session=session)


def _synthesis(session: Session, text: str) -> dict[str, Any]:
    """Return what a synthesis has to speak of, and of what it does."""
    wanted = list(session.parts)
    wanted += [one.question for one in session.challenges if one.response]
    given = terms_of(text)
    missing = [one for one in wanted if cover(terms_of(one), given).share < SPOKEN_SHARE]
    share = (len(wanted) - len(missing)) / len(wanted) if wanted else 1.0
    listed = "; ".join(excerpt(one) for one in wanted)
    return {
        "completeness": round(share, 3),
        "n": len(wanted),
        "basis": f"{len(wanted) - len(missing)} of {len(wanted)} parts and answers are spoken of",
        "missing": missing,
        "prompt": f"Conclude in 'thought', and speak of each of these: {listed}",
    }


def _before_end(session: Session, text: str) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """Return what stands before a conclusion with this text, and what the text lacks."""
    level = LEVELS[session.level]
    told = _synthesis(session, text or "\n".join(step.said for step in session.path()))
    blocked = blocks(session)
    if not session.steps:
        blocked.append(("continue", "no step yet; amplify_think"))
    wants_text = level.synthesis != "none" and not text
    if wants_text or told["completeness"] < SYNTHESIS_SHARE[level.synthesis]:
        blocked.append(("synthesize", told["prompt"]))
    return blocked, told


def _conclude_needs(ask: Ask) -> Needs:
    session = _amplified(ask)
    blocked, _ = _before_end(session, ask.text("thought"))
    is_kept = not blocked and is_worth(session)
    return Needs(memory=conclusion_memory(ask) if is_kept else None)


def _conclude(ask: Ask, found: Found) -> Answer:
    session = _amplified(ask)
    blocked, told = _before_end(session, ask.text("thought"))
    data: dict[str, Any] = {
        "session_id": session.id,
        "concluded": not blocked,
        "synthesis": told,
        "coherence": _coherence(session),
        "confidence": session_confidence(session),
    }
    if blocked:
        data |= {
            "blocked": True,
            "reason": blocked[0][0],
            "required_action": blocked[0][1],
            "all_required": [wants for _, wants in blocked],
            "do_not": "answer as if this were concluded",
            "hint": f"{len(blocked)} things stand before the conclusion",
        }
        return Answer(data=data)
    ended = conclude(ask, found)
    return Answer(data=ended.data | data | {"blocked": False}, session=session)


def _coherence(session: Session) -> dict[str, Any]:
    left = open_issues(session)
    major = sum(one.severity == "major" for one in left)
    return {
        "status": "incoherent" if major else "loose" if left else "coherent",
        "issues": [dataclasses.asdict(one) for one in left],
        "found": len(session.issues),
        "open": len(left),
        "confidence_impact": confidence(session.tally(), major)["basis"],
    }


def _status(ask: Ask, _found: Found) -> Answer:
    session = ask.about
    if session.kind != "amplified":
        raise Conflict(f"expected a session of amplify_start, got a {session.kind} one")
    data = {
        "session_id": session.id,
        "level": session.level,
        "status": session.status,
        "counts": {
            "steps": len(session.path()),
            "challenges": len(session.challenges),
            "challenges_open": len(open_challenges(session, "")),
            "perspectives": len(taken(session)),
            "issues": len(session.issues),
            "issues_open": len(open_issues(session)),
        },
        "challenges": [dataclasses.asdict(one) for one in open_challenges(session, "")],
        "issues": [dataclasses.asdict(one) for one in open_issues(session)],
        "confidence": session_confidence(session),
        **_stage(session),
    }
    return Answer(data=data)


AMPLIFYING: Final = {
    "amplify_start": Recipe(answer=_start, needs=start_needs, begins=True),
    "amplify_decomposition": Recipe(answer=_decomposition),
    "amplify_think": Recipe(answer=_think, needs=_think_needs),
    "amplify_challenge": Recipe(answer=_challenge),
    "amplify_perspective": Recipe(answer=_perspective),
    "amplify_resolve_coherence": Recipe(answer=_resolve),
    "amplify_conclude": Recipe(answer=_conclude, needs=_conclude_needs),
    "amplify_status": Recipe(answer=_status),
}
