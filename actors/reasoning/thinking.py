"""Going on: steps, alone or many, with what memory says of them; verifying claims."""

from __future__ import annotations

from typing import Any, Final

from mimo.actors.cognition.claims import check_claims
from mimo.actors.reasoning import strategies
from mimo.actors.reasoning.asking import PAST, TAG, Answer, Ask, Found, Needs, Recipe, look
from mimo.actors.reasoning.branches import open_others
from mimo.actors.reasoning.evidence import (
    Tally,
    check,
    confidence,
    excerpt,
    is_related,
    tally,
)
from mimo.actors.reasoning.guiding import past_of
from mimo.actors.reasoning.knowing import said_by
from mimo.actors.reasoning.session import Session, Step
from mimo.actors.reasoning.stepping import (
    checks_of,
    contradicted,
    coverage,
    evaluation,
    knowledge,
    progress,
    searches_for,
    session_confidence,
    take_step,
)
from mimo.actors.reasoning.terms import terms_of
from mimo.config.errors import InvalidRequest, NotFound

#: Corrections that are shown with a thought. Source: the original.
CORRECTIONS_MAX: Final = 2


def step_needs(ask: Ask) -> Needs:
    """Return what one thought needs: a search for each of its claims."""
    text = "\n".join(part for part in (ask.wanted("thought"), ask.text("result")) if part)
    return Needs(searches=searches_for(text, ask.about.project))


def outcome_of(ask: Ask) -> tuple[str, bool | None]:
    """Return the result that the call tells of, and whether it was a success."""
    error = ask.text("error")
    success = ask.arguments.get("success", False if error else None)
    return error or ask.text("result"), success


def take(ask: Ask, found: Found) -> Step:
    """Add the call's thought as a step."""
    result, success = outcome_of(ask)
    return take_step(
        ask.about, ask.wanted("thought"), found.hits, ask.now_s, result=result, success=success
    )


def step_json(session: Session, step: Step) -> dict[str, Any]:
    """Return a step as JSON values."""
    return {
        "step_number": step.number,
        "branch_id": step.branch,
        "kind": step.kind,
        "evaluation": evaluation(session, step),
        "checks": step.checks,
    }


def _step(ask: Ask, found: Found) -> Answer:
    session, step = ask.about, take(ask, found)
    data = {
        "session_id": session.id,
        **step_json(session, step),
        "knowledge": knowledge(found.hits, step),
        "confidence": session_confidence(session),
        "progress": progress(session),
        "should_continue": bool(strategies.unmet(session)),
        "status": session.status,
        "lessons": session.lessons[-3:] if session.strategy == "reflexion" else [],
        "next": strategies.demand(session),
    }
    return Answer(data=data, session=session)


def _steps_needs(ask: Ask) -> Needs:
    return Needs(searches=searches_for("\n".join(ask.texts("thoughts")), ask.about.project))


def _steps(ask: Ask, found: Found) -> Answer:
    session = ask.about
    thoughts = ask.texts("thoughts")
    if not thoughts:
        raise InvalidRequest("expected 'thoughts' that say something, got none")
    made = [take_step(session, text, found.hits, ask.now_s) for text in thoughts]
    data = {
        "session_id": session.id,
        "steps": [step_json(session, step) for step in made],
        "confidence": session_confidence(session),
        "progress": progress(session),
        "should_continue": bool(strategies.unmet(session)),
        "status": session.status,
        "next": strategies.demand(session),
    }
    return Answer(data=data, session=session)


def _think(ask: Ask, found: Found) -> Answer:
    session, step = ask.about, take(ask, found)
    told = verification(step.checks)
    data = {
        "session_id": session.id,
        **step_json(session, step),
        "verification": told,
        "injected_knowledge": knowledge(found.hits, step),
        "confidence": session_confidence(session),
        "corrections": corrections(step.checks),
        "accumulated_context": {
            "steps": len(session.path()),
            "memory_ids": sorted({one for each in session.path() for one in each.related}),
            "branches": len(session.branches),
        },
        "should_continue": bool(strategies.unmet(session)),
        "warnings": step.faults,
        "recommended_action": recommended(session, step, told["status"]),
    }
    return Answer(data=data, session=session)


def verification(checks: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what claims came to: verified, partial, unverified, contradicted or no_claims."""
    counted = tally(checks)
    return {
        "status": _status(counted),
        "held": counted.held,
        "refuted": counted.refuted,
        "open": counted.open,
        "supporting_facts": [one for one in checks if one["status"] == "held"],
        "contradictions": [one for one in checks if one["status"] == "refuted"],
        "gaps": [one["claim"] for one in checks if one["status"] == "open"],
    }


def _status(counted: Tally) -> str:
    if counted.refuted:
        return "contradicted"
    if not counted.held:
        return "unverified" if counted.open else "no_claims"
    return "partial" if counted.open else "verified"


def corrections(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what refuted claims should say, with its source."""
    found = [
        {"claim": one["claim"], "correction": one["why"], "by": one["by"]}
        | ({"memory_ids": one["contradicting"]} if one.get("contradicting") else {})
        for one in checks
        if one["status"] == "refuted"
    ]
    return found[:CORRECTIONS_MAX]


def recommended(session: Session, step: Step, status: str) -> dict[str, Any]:
    """Return what to do next and why; the first rule that applies decides."""
    others = open_others(session)
    rules = (
        (
            (status == "contradicted" or step.against) and others,
            "backtrack",
            f"step {step.number} is contradicted, and {len(others)} other branches are open",
        ),
        (
            status == "contradicted" or step.against,
            "revise",
            f"step {step.number} is contradicted; say it again, mended",
        ),
        (step.success is False, "reflect", f"attempt {step.number} failed"),
        (step.faults, "revise", f"step {step.number}: {'; '.join(step.faults)}"),
        (not step.related and step.tally.open, "use_tool", "no memory is on its subject"),
        (status == "unverified", "verify_claim", f"{step.tally.open} claims are open"),
    )
    for applies, action, reason in rules:
        if applies:
            return {"action": action, "reason": reason, "guidance": strategies.demand(session)}
    reason = f"{step.tally.held} claims hold, nothing speaks against step {step.number}"
    return {"action": "continue", "reason": reason, "guidance": strategies.demand(session)}


def _claim_needs(ask: Ask) -> Needs:
    return Needs(searches={"claim": look(ask.wanted("claim"), ask.text("project"))})


def _verify_claim(ask: Ask, found: Found) -> Answer:
    claim, context = ask.wanted("claim"), ask.text("context")
    told = check(claim, check_claims(claim), found.of("claim"))
    terms = terms_of(claim)
    checks = [told.shown()]
    if context:
        checks += [each.shown() for each in checks_of(context, {})]
    data = verification(checks) | {
        "claim": claim,
        "checks": checks,
        "confidence": confidence(tally(checks)),
        "knowledge": [
            {"memory_id": hit.memory_id, "text": excerpt(hit.content)}
            for hit in found.of("claim")
            if is_related(hit, terms)
        ],
    }
    return Answer(data=data)


def _verify_texts(ask: Ask) -> list[str]:
    """Return the thoughts to be verified: those given, else those of the session's path."""
    thoughts = ask.texts("thoughts")
    if not thoughts and ask.session is None:
        raise InvalidRequest("expected 'session_id' or 'thoughts', got neither")
    return thoughts or [step.said for step in ask.about.path()]


def _verify_needs(ask: Ask) -> Needs:
    if not ask.texts("thoughts") and ask.session is not None:
        return Needs()
    project = ask.session.project if ask.session is not None else ask.text("project")
    return Needs(searches=searches_for("\n".join(_verify_texts(ask)), project))


def _verify(ask: Ask, found: Found) -> Answer:
    """Verify a chain of thoughts: its claims, and each thought against those before."""
    texts = _verify_texts(ask)
    if ask.session is not None and not ask.texts("thoughts"):
        checks = [one for step in ask.session.path() for one in step.checks]
        issues = [f"step {step.number} {it}" for step in ask.session.path() for it in step.faults]
    else:
        checks = [one.shown() for text in texts for one in checks_of(text, found.hits)]
        issues = _clashes(texts)
    counted = tally(checks)
    refuted = [one for one in checks if one["status"] == "refuted"]
    issues += [f"{one['claim']!r}: {one['why']}" for one in refuted]
    claims = sum(counted)
    data: dict[str, Any] = {
        "valid": not issues and bool(counted.held),
        "issues": issues,
        "checks": checks,
        "confidence": confidence(counted),
        "hallucination_risk": {
            "unsupported_claims": claims - counted.held,
            "claims": claims,
            "basis": f"{claims - counted.held} of {claims} claims have nothing that supports them",
        },
        "suggestions": [
            f"give evidence for {one['claim']!r}" for one in checks if one["status"] == "open"
        ][:5],
    }
    if ask.session is not None:
        covered = coverage(ask.session)
        data["completeness"] = {
            "terms_covered": len(covered.covered),
            "terms": len(covered.covered) + len(covered.missing),
            "missing": list(covered.missing),
            "unmet": strategies.unmet(ask.session),
        }
    return Answer(data=data)


def _clashes(texts: list[str]) -> list[str]:
    path = [
        Step(number=number, branch="", kind="thought", text=text, at_s=0.0)
        for number, text in enumerate(texts, 1)
    ]
    return [
        f"thought {step.number} contradicts thought {number}: {why}"
        for step in path
        for number, why in contradicted(step.text, path[: step.number - 1])
    ]


def _enriched(ask: Ask) -> Step:
    steps = ask.about.steps
    number = ask.arguments.get("step_number", len(steps))
    if not 1 <= number <= len(steps):
        raise NotFound(f"expected a step from 1 to {len(steps)}, got {number}")
    found: Step = steps[number - 1]
    return found


def _enrich_needs(ask: Ask) -> Needs:
    text, project = _enriched(ask).text, ask.about.project
    return Needs(
        searches={"topic": look(text, project), PAST: look(text, project, tags=(TAG,))},
        facts=text,
        project=project,
    )


def _enrich(ask: Ask, found: Found) -> Answer:
    step = _enriched(ask)
    terms = terms_of(step.text)
    near = [hit for hit in found.of("topic") if is_related(hit, terms)]
    data = {
        "session_id": ask.about.id,
        "step_number": step.number,
        "thought": step.text,
        "knowledge": [{"memory_id": hit.memory_id, "text": excerpt(hit.content)} for hit in near],
        "facts": [said_by(fact) for fact in found.facts],
        "similar_problems": past_of(step.text, found.of(PAST)),
        "checks": step.checks,
        "n": len(near) + len(found.facts),
        "basis": f"{len(near)} memories and {len(found.facts)} facts on the step's subject",
    }
    return Answer(data=data)


THINKING: Final = {
    "step": Recipe(answer=_step, needs=step_needs),
    "steps": Recipe(answer=_steps, needs=_steps_needs),
    "interleaved_think": Recipe(answer=_think, needs=step_needs),
    "verify": Recipe(answer=_verify, needs=_verify_needs),
    "verify_claim": Recipe(answer=_verify_claim, needs=_claim_needs),
    "enrich": Recipe(answer=_enrich, needs=_enrich_needs),
}
