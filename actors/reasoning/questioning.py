"""What the amplifier asks: challenges made of evidence, perspectives, and coherence of the steps.

A challenge names what it was made of. An answer is judged by what it says about the question, never
by its length alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from mimo.actors.reasoning.evidence import Hit, excerpt
from mimo.actors.reasoning.guiding import past_of
from mimo.actors.reasoning.session import Challenge, Issue, Session, Step
from mimo.actors.reasoning.stepping import checks_of, refuted_of
from mimo.actors.reasoning.terms import ALIKE, cover, overlap, terms_of, terms_of_all

MUST, SHOULD = "must_address", "should_consider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How much is demanded.

    Args:
        decompose: Whether the problem is taken apart first.
        challenges: Most challenges of one step.
        perspectives: How many have to be taken.
        coherence: none, basic or full.
        synthesis: none, required or strict.
        steps_min: Fewest steps before a conclusion.
        must_max: Most challenges that must be answered.
    """

    decompose: bool
    challenges: int
    perspectives: int
    coherence: str
    synthesis: str
    steps_min: int
    must_max: int


#: Perspectives by kind of problem. Source: the original has five each; the words are ours.
PERSPECTIVES: Final = {
    "programming": ("correctness", "performance", "security", "maintenance", "user"),
    "decision": ("cost", "risk", "time", "reversibility", "those affected"),
    "calculation": ("units", "estimate", "boundary cases", "another method", "rounding"),
    "general": ("evidence", "opposite view", "what is missing", "consequences", "newcomer"),
}
ALL: Final = 5
#: Source: the original's table.
LEVELS: Final = {
    "minimal": Level(
        decompose=False,
        challenges=0,
        perspectives=0,
        coherence="none",
        synthesis="none",
        steps_min=0,
        must_max=0,
    ),
    "standard": Level(
        decompose=True,
        challenges=2,
        perspectives=2,
        coherence="basic",
        synthesis="none",
        steps_min=3,
        must_max=4,
    ),
    "deep": Level(
        decompose=True,
        challenges=3,
        perspectives=3,
        coherence="full",
        synthesis="required",
        steps_min=5,
        must_max=8,
    ),
    "exhaustive": Level(
        decompose=True,
        challenges=5,
        perspectives=ALL,
        coherence="full",
        synthesis="strict",
        steps_min=7,
        must_max=15,
    ),
}
#: The level that a complexity asks for. Source: the original.
ADAPTIVE: Final = {
    "trivial": "minimal",
    "simple": "standard",
    "moderate": "standard",
    "complex": "deep",
    "very_complex": "exhaustive",
}
#: Share of a question's terms that an answer must take up, and terms that it must add.
ANSWERS_SHARE: Final = 0.25
ADDED_MIN: Final = 3
#: Overlap with the problem below which a step strays, and with all before below which a conclusion
#: leaps. Source: the original.
STRAY, LEAP = 0.1, 0.3

_ABSOLUTE: Final = re.compile(
    r"\b(always|never|all|every|none|nobody|everyone|impossible|certainly|obviously|clearly|only)\b",
    re.IGNORECASE,
)
_CONCLUDES: Final = re.compile(r"\b(?:therefore|thus|hence|so|consequently)\b", re.IGNORECASE)
_ACTS: Final = re.compile(
    r"\b(?:delete|drop|deploy|migrate|remove|replace|rewrite|restart|send|publish|overwrite)\w*\b",
    re.IGNORECASE,
)


def challenge(session: Session, step: Step, past: list[Hit]) -> list[Challenge]:
    """Return the challenges that a step calls for, within its level; those of evidence first.

    Args:
        session: With the step; the challenges are added to it.
        step: The newest one.
        past: Memories of earlier sessions on similar subjects.
    """
    level = LEVELS[session.level]
    asked = {one.question for one in session.challenges}
    made: list[Challenge] = []
    must = sum(one.severity == MUST for one in session.challenges)
    for kind, severity, question, basis, ids in _candidates(session, step, past):
        if len(made) >= level.challenges or question in asked:
            continue
        if severity == MUST and must >= level.must_max:
            severity = SHOULD  # noqa: PLW2901  beyond the cap it is only offered
        must += severity == MUST
        number = len(session.challenges) + len(made) + 1
        made.append(Challenge(f"c{number}", kind, severity, question, basis, ids, step.number))
    session.challenges += made
    return made


def _candidates(
    session: Session, step: Step, past: list[Hit]
) -> list[tuple[str, str, str, str, list[int]]]:
    found: list[tuple[str, str, str, str, list[int]]] = []
    for one in refuted_of(step):
        question = f"Step {step.number} claims {excerpt(one['claim'])!r}. What does that change?"
        found.append(("contradiction", MUST, question, one["why"], one.get("contradicting", [])))
    for number in step.against:
        question = f"Step {step.number} contradicts step {number}. Which of them holds, and why?"
        found.append(("contradiction", MUST, question, "the two steps exclude each other", []))
    for before in past_of(session.problem, past):
        if before["outcome"] == "failed":
            question = f"An earlier attempt failed: {before['text']} What is different now?"
            basis = f"memory {before['memory_id']}"
            found.append(("historical", MUST, question, basis, [before["memory_id"]]))
    if absolute := _ABSOLUTE.search(step.text):
        question = f"Step {step.number} says {absolute.group()!r}. Name a case where it isn't so."
        found.append(("negation", SHOULD, question, f"the word {absolute.group()!r}", []))
    if acting := _ACTS.search(step.text):
        question = f"What if {acting.group()!r} in step {step.number} goes wrong half-way?"
        found.append(("failure_mode", SHOULD, question, f"the word {acting.group()!r}", []))
    open_claims = [one["claim"] for one in step.checks if one["status"] == "open"]
    if open_claims:
        question = f"What would show that {excerpt(open_claims[0])!r} is false?"
        found.append(("edge_case", SHOULD, question, "nothing supports or refutes it", []))
    said = terms_of_all(each.said for each in session.path())
    missing = cover(terms_of(session.problem), said).missing
    if missing:
        question = f"What about {', '.join(missing[:3])}, of which the problem speaks?"
        found.append(("alternative", SHOULD, question, f"{len(missing)} terms unmentioned", []))
    return found


def refusal(question: str, response: str) -> str:
    """Return why a response doesn't answer a question; "" if it does.

    It must take up some of the question's terms, add some of its own, and claim nothing that is
    computed to be false.
    """
    wanted, given = terms_of(question), terms_of(response)
    taken = cover(wanted, given)
    added = [term for term in given if term not in wanted]
    if taken.share < ANSWERS_SHARE:
        return (
            f"it takes up {len(taken.covered)} of the question's {len(wanted)} terms; speak of"
            f" {', '.join(taken.missing[:5])}"
        )
    if len(added) < ADDED_MIN:
        return f"it adds {len(added)} terms to the question, of at least {ADDED_MIN}"
    for one in checks_of(response, {}):
        if one.status == "refuted":
            return f"it claims {excerpt(one.claim)!r}, but {one.why}"
    return ""


def perspectives_of(session: Session) -> tuple[str, ...]:
    """Return the perspectives that suit a session's kind of problem."""
    return PERSPECTIVES[session.analysis.get("kind", "general")]


def is_taken(one: dict[str, Any]) -> bool:
    """Tell whether a perspective brought anything that wasn't said before."""
    return int(one["new_terms"]) >= ADDED_MIN


def taken(session: Session) -> list[str]:
    """Return the perspectives that brought anything new."""
    return [one["name"] for one in session.perspectives if is_taken(one)]


def find_issues(session: Session, step: Step) -> list[Issue]:
    """Return how a new step doesn't cohere with what stands before; it is added to the session."""
    coherence = LEVELS[session.level].coherence
    if coherence == "none":
        return []
    before = [each for each in session.path() if each.number < step.number]
    found = [
        ("contradiction", "major", f"step {step.number} contradicts step {number}", [number])
        for number in step.against
    ]
    terms = terms_of(step.text)
    for each in before:
        if len(terms) > 1 and overlap(terms, terms_of(each.text)) >= ALIKE:
            detail = f"step {step.number} says what step {each.number} said"
            found.append(("circular", "major", detail, [each.number]))
    if coherence == "full":
        found += _loose(session, step, before, terms)
    issues = [
        Issue(
            f"i{len(session.issues) + place}", kind, severity, detail, sorted({*steps, step.number})
        )
        for place, (kind, severity, detail, steps) in enumerate(found, 1)
    ]
    session.issues += issues
    return issues


def _loose(
    session: Session, step: Step, before: list[Step], terms: tuple[str, ...]
) -> list[tuple[str, str, str, list[int]]]:
    """Return where a step strays from the problem, or leaps to a conclusion."""
    found: list[tuple[str, str, str, list[int]]] = []
    about = terms_of_all([session.problem, session.decomposition])
    if terms and len(about.intersection(terms)) / len(terms) < STRAY:
        detail = (
            f"step {step.number} has {len(about.intersection(terms))} of its {len(terms)} terms"
        )
        found.append(("scope", "minor", f"{detail} from the problem", []))
    known = terms_of_all([session.problem, *(each.said for each in before)])
    if terms and _CONCLUDES.search(step.text):
        grounded = len(known.intersection(terms))
        if grounded / len(terms) < LEAP:
            detail = f"step {step.number} concludes with {grounded} of {len(terms)} terms grounded"
            found.append(("leap", "minor", detail, []))
    return found


def open_issues(session: Session, severity: str = "") -> list[Issue]:
    """Return the issues that nobody resolved."""
    return [one for one in session.issues if not one.response and severity in ("", one.severity)]


def open_challenges(session: Session, severity: str = MUST) -> list[Challenge]:
    """Return the challenges that nobody answered."""
    return [
        one for one in session.challenges if not one.response and severity in ("", one.severity)
    ]
