"""Questions whose answers can be computed, turned into the claim that an answer makes."""

from __future__ import annotations

import re
from typing import Final

from mimo.actors.cognition.claims import check_claim, check_claims
from mimo.actors.cognition.dates import DAY
from mimo.actors.cognition.verdict import UNCHECKED, Verdict

_QUOTED_OR_WORD: Final = r"(?:'[^']{1,200}'|\"[^\"]{1,2000}\"|[A-Za-z]{2,40})"
_NUMBER: Final = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+)?")
_WEEKDAY: Final = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", re.IGNORECASE)
_YES: Final = re.compile(r"\s*(?:yes|true|it is)\b", re.IGNORECASE)
_NO: Final = re.compile(r"\s*(?:no|false|it is not|it isn't)\b", re.IGNORECASE)

#: A question, and the claim that its answer makes; `{}` is the answer's number.
_NUMBERS: Final = (
    (
        (
            rf"how many (?:times does )?(?:the )?(?:letter )?'?(?P<a>[a-z])'?(?:'?s)?(?: are| is)?"
            rf"(?: there)?(?: appears?| occurs?)? in (?:the )?(?:word |string |name )?"
            rf"(?P<b>{_QUOTED_OR_WORD})"
        ),
        "there are {} {a}'s in {b}",
    ),
    (
        (
            r"how many (?P<a>letters|characters|words|vowels|consonants|digits)(?: are)?(?: there)?"
            r" in (?:the )?(?:word |string |text |phrase |sentence )?"
            r"(?P<b>'[^']{1,200}'|\"[^\"]{1,2000}\")"
        ),
        "{b} has {} {a}",
    ),
    (
        (
            r"how many (?P<a>[a-zA-Z ]{1,30}?)(?: are)?(?: there)? in (?P<b>an?|\d[\d.,]*)"
            r" (?P<c>[a-zA-Z ]{1,30})"
        ),
        "{b} {c} is {} {a}",
    ),
    (
        (
            r"(?:convert|what is|how much is) (?P<a>\d[\d.,]* ?[a-zA-Z°]{1,20}) (?:in|to|into)"
            r" (?P<b>[a-zA-Z°]{1,20})"
        ),
        "{a} is {} {b}",
    ),
    (
        (
            rf"how many (?P<a>days|weeks) (?:are|lie|is)?(?: there)? ?(?:between|from) (?P<b>{DAY})"
            rf" (?:and|to|until) (?P<c>{DAY})"
        ),
        "there are {} {a} between {b} and {c}",
    ),
    (
        (
            r"(?:what is|what's|calculate|compute|evaluate|work out|how much is)?:?"
            r" ?(?P<a>[-(√\d][^?=a-z]*(?:(?:of|mod|plus|minus|times|divided by)[^?=a-z]*)*) ?=?"
        ),
        "{a} = {}",
    ),
)
_NUMBER_FORMS: Final = tuple(
    (re.compile(rf"(?:^|.*[.:;,] ?){form}\s*[?.]*\s*$", re.IGNORECASE), claim)
    for form, claim in _NUMBERS
)
_DAY_FORM: Final = re.compile(
    rf"(?:on )?(?:what|which) (?:week)?day(?: of the week)? (?:is|was|will be|does|did)"
    rf" (?P<a>{DAY})(?: be| fall on)?\s*\?*",
    re.IGNORECASE,
)
_TRUTH_FORM: Final = re.compile(
    r"(?:is|was) (?P<a>[\w',.-]{1,200}) (?P<b>(?:an? )?(?:prime|composite|even|odd|leap year"
    r"|palindrome|divisible by|multiple of|perfect square)\b[^?]{0,60})\??\s*",
    re.IGNORECASE,
)


def check_answer(problem: str, answer: str) -> Verdict:
    """Return the verdict on an answer to a problem, or on the claims in the answer.

    Args:
        problem: A question, such as `What is 17 * 23?`.
        answer: What somebody says is its answer.

    Returns:
        `unknown` where neither can be computed.
    """
    claim = claim_of(problem.strip(), answer.strip())
    if claim:
        verdict = check_claim(claim)
        if verdict.evaluator:
            return verdict
    inner = [each for each in check_claims(answer) if each.status == "refuted"]
    # Right steps don't make the answer to another question right.
    return inner[0] if inner else UNCHECKED


def claim_of(problem: str, answer: str) -> str:
    """Return what an answer to a question claims, as a sentence; "" if that isn't known."""
    if found := _DAY_FORM.fullmatch(problem):
        day = _WEEKDAY.search(answer)
        return f"{found['a']} is a {day[0]}" if day else ""
    if found := _TRUTH_FORM.fullmatch(problem):
        says = "" if _YES.match(answer) else "not " if _NO.match(answer) else None
        return "" if says is None else f"{found['a']} is {says}{found['b'].strip()}"
    numbers = _NUMBER.findall(answer)
    if not numbers:
        return ""
    for form, claim in _NUMBER_FORMS:
        if found := form.match(problem):
            # A last number is the answer, those before it are its steps.
            return claim.format(numbers[-1], **found.groupdict())
    return ""
