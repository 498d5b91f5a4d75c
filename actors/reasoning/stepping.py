"""One step: its claims checked, what it repeats or contradicts, and how good that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mimo.actors.cognition.claims import check_claims
from mimo.actors.memory.messages import Search
from mimo.actors.reasoning import strategies
from mimo.actors.reasoning.asking import look
from mimo.actors.reasoning.evidence import (
    Check,
    Hit,
    check,
    confidence,
    excerpt,
    is_related,
    stands,
)
from mimo.actors.reasoning.session import Session, Step
from mimo.actors.reasoning.terms import Cover, claims_of, cover, statements, terms_of, terms_of_all
from mimo.config import limits
from mimo.config.errors import Conflict

#: Earlier steps that a new one is compared with, and claims of each; claims that are checked.
COMPARED_MAX: Final = 40
CLAIMS_COMPARED_MAX: Final = 8
CHECKED_MAX: Final = 20
#: Memories with which a claim is compared for which none was looked for.
MEMORIES_MAX: Final = 12
#: Memories on the subject that are shown with a step.
KNOWLEDGE_MAX: Final = 3
#: Terms that are named in one sentence.
NAMED_MAX: Final = 8


def searches_for(text: str, project: str) -> dict[str, Search]:
    """Return the searches that the claims of a text need: one each, for the tellingest."""
    claims = claims_of(text)[: limits.CLAIMS_SEARCHED_MAX] or tuple(statements(text)[:1])
    return {claim: look(claim, project) for claim in claims}


def checks_of(
    text: str, hits: Mapping[str, Sequence[Hit]], *, is_deed: bool = False
) -> list[Check]:
    """Return what is known of each claim of a text.

    Args:
        text: A thought.
        hits: What was found for each claim that was looked for.
        is_deed: Whether it tells what was done or seen, which needs no support: then only what was
            decided is returned.
    """
    everything = [hit for found in hits.values() for hit in found][:MEMORIES_MAX]
    claimed = frozenset(claims_of(text))
    found = []
    for sentence in dict.fromkeys(statements(text)):
        verdicts = check_claims(sentence)
        if sentence in claimed or verdicts:
            found.append(check(sentence, verdicts, hits.get(sentence, everything)))
        if len(found) >= CHECKED_MAX:
            break
    return [one for one in found if one.status != "open" or not is_deed]


def contradicted(text: str, path: Sequence[Step]) -> list[tuple[int, str]]:
    """Return the earlier steps that a text contradicts, and why."""
    claims = claims_of(text)[:CLAIMS_COMPARED_MAX]
    found: dict[int, str] = {}
    for step in path[-COMPARED_MAX:]:
        for earlier in claims_of(step.said)[:CLAIMS_COMPARED_MAX]:
            for claim in claims:
                kind, why = stands(claim, earlier)
                if kind == "contradicts":
                    found.setdefault(step.number, why)
    return list(found.items())


def take_step(  # noqa: PLR0913  the parts of a step
    session: Session,
    text: str,
    hits: Mapping[str, Sequence[Hit]],
    now_s: float,
    *,
    result: str = "",
    success: bool | None = None,
) -> Step:
    """Add a step to a session's current branch and return it.

    Args:
        session: Is changed.
        text: The thought.
        hits: What was found for its claims.
        now_s: Wall seconds UTC.
        result: What came of it.
        success: Whether it worked; None if nobody said.

    Raises:
        Conflict: The session has ended, or has too many steps.
    """
    refuse_ended(session)
    if len(session.steps) >= limits.REASONING_STEPS_MAX:
        raise Conflict(
            f"expected at most {limits.REASONING_STEPS_MAX} steps, got one more; conclude, and"
            " begin a session for the rest"
        )
    has_outcome = bool(result) or success is not None
    step = Step(
        number=len(session.steps) + 1,
        branch=session.current,
        kind=strategies.kind_of(session, text, has_outcome=has_outcome),
        text=text,
        at_s=now_s,
        result=result,
        success=success,
    )
    path = session.path()
    checks = checks_of(text, hits, is_deed=step.kind != "thought")
    checks += checks_of(result, hits, is_deed=True)
    step.checks = [each.shown() for each in checks]
    against = contradicted(step.said, path)
    step.against = [number for number, _ in against]
    step.faults = strategies.misfits(session, step)
    step.faults += [f"contradicts step {number}: {why}" for number, why in against]
    terms = terms_of(text)
    related = (hit for found in hits.values() for hit in found if is_related(hit, terms))
    step.related = list(dict.fromkeys(hit.memory_id for hit in related))
    session.steps.append(step)
    session.updated_at_s = now_s
    note_outcomes(session)
    return step


def note_outcomes(session: Session) -> None:
    """Let a session be stuck after too many failures, and active again after a success."""
    path = session.path()
    if session.status == "concluded":
        return
    lately = [step.success for step in path if step.success is not None]
    is_stuck = lately[-strategies.FAILURES_MAX :] == [False] * strategies.FAILURES_MAX
    session.status = "stuck" if is_stuck else "active"


def refuse_ended(session: Session) -> None:
    """Refuse to go on with a session that has ended.

    Raises:
        Conflict: It has.
    """
    if session.status == "concluded":
        raise Conflict(f"expected a session that goes on, got {session.id}, which was concluded")


def evaluation(session: Session, step: Step) -> dict[str, Any]:
    """Return how good a step is, by what was counted, as JSON values.

    It is bad if a claim is refuted or anything is wrong with it, good if a claim holds and nothing
    is wrong, else maybe.
    """
    counted = step.tally
    is_bad = bool(counted.refuted or step.faults)
    quality = "bad" if is_bad else "good" if counted.held else "maybe"
    issues = [*step.faults, *(f"{one['claim']!r}: {one['why']}" for one in refuted_of(step))]
    return {
        "quality": quality,
        **confidence(counted, len(step.against)),
        "feedback": (
            f"{counted.held} claims hold, {counted.refuted} are refuted, {counted.open} could not"
            f" be decided; adds {len(new_terms(session, step))} terms to what was said before"
        ),
        "issues": issues,
        "suggestions": _suggestions(session, step),
    }


def new_terms(session: Session, step: Step) -> list[str]:
    """Return the terms that nobody used before this step on its path."""
    before = [each.said for each in session.path(step.branch) if each.number < step.number]
    known = terms_of_all([session.problem, *before])
    return [term for term in terms_of(step.said) if term not in known]


def _suggestions(session: Session, step: Step) -> list[str]:
    found = [f"mend {excerpt(one['claim'])!r}: {one['why']}" for one in refuted_of(step)]
    unchecked = [one["claim"] for one in step.checks if one["status"] == "open"]
    if unchecked:
        found.append(f"give evidence for {excerpt(unchecked[0])!r}, or store it once you know")
    missing = coverage(session).missing
    if missing and len(session.steps) > 1:
        found.append(f"nothing said yet about: {', '.join(missing[:NAMED_MAX])}")
    return found


def refuted_of(step: Step) -> list[dict[str, Any]]:
    """Return the claims of a step that are refuted."""
    return [one for one in step.checks if one["status"] == "refuted"]


def coverage(session: Session) -> Cover:
    """Return which terms of the problem the steps on the current path speak of."""
    return cover(terms_of(session.problem), terms_of_all(step.said for step in session.path()))


def progress(session: Session) -> dict[str, Any]:
    """Return how far a session is, by what was counted, as JSON values."""
    covered = coverage(session)
    return {
        "steps": len(session.path()),
        "terms_covered": len(covered.covered),
        "terms": len(covered.covered) + len(covered.missing),
        "missing": list(covered.missing[:NAMED_MAX]),
        "unmet": strategies.unmet(session),
    }


def session_confidence(session: Session) -> dict[str, Any]:
    """Return how sure one may be of the current path."""
    return confidence(session.tally(), session.contradictions())


def knowledge(hits: Mapping[str, Sequence[Hit]], step: Step) -> list[dict[str, Any]]:
    """Return the memories on a step's subject, the closest of each claim first."""
    seen: dict[int, Hit] = {}
    for found in hits.values():
        for hit in found:
            if hit.memory_id in step.related:
                seen.setdefault(hit.memory_id, hit)
    return [
        {"memory_id": hit.memory_id, "text": excerpt(hit.content)}
        for hit in list(seen.values())[:KNOWLEDGE_MAX]
    ]
