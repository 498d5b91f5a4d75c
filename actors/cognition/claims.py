"""Finds the claims in a text that can be computed, and computes them.

What is only supposed, asked, denied as a whole or quoted from elsewhere isn't judged. A verdict is
about what was computed and nothing else in the text.
"""

from __future__ import annotations

import re
from typing import Final

from mimo.actors.cognition import counting, dates, divisibility, equations, units
from mimo.actors.cognition.verdict import UNCHECKED, Verdict
from mimo.config import limits

_SENTENCES: Final = re.compile(r"(?<=[.!?])\s+(?=[\"'“(]?[A-Z0-9'])|\n+")
#: Sentences that claim nothing, or the contrary of what they hold.
_NO_CLAIM: Final = re.compile(
    r"\?\s*$|\b(?:if|unless|suppose|supposing|assum(?:e|es|ing)|let|imagine|pretend|hypothetically"
    r"|false|wrong(?:ly)?|incorrect(?:ly)?|untrue|mistaken(?:ly)?|not true|never|whether|would"
    r"|should|might|could|may|must|wants?|expect(?:s|ed)?|instead of|rather than"
    r"|check that|verify that|claim(?:s|ed)?|no longer|unlike|used to)\b",
    re.IGNORECASE,
)
_QUOTES: Final = str.maketrans(
    {
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "`": "'",
    }
)
_EVALUATORS: Final = (
    counting.check,
    dates.check,
    units.check,
    divisibility.check,
)


def check_claims(text: str) -> tuple[Verdict, ...]:
    """Return a verdict on each claim of a text that can be computed, in order.

    Args:
        text: Any; read up to `limits.CLAIM_TEXT_CHARS_MAX` characters and `limits.CLAIMS_MAX`
            claims.
    """
    found: list[Verdict] = []
    for sentence in _sentences(text[: limits.CLAIM_TEXT_CHARS_MAX].translate(_QUOTES)):
        if not _NO_CLAIM.search(sentence):
            found += _judged(sentence)
        if len(found) >= limits.CLAIMS_MAX:
            break
    return tuple(found[: limits.CLAIMS_MAX])


def check_claim(text: str) -> Verdict:
    """Return the verdict on what a text claims: refuted if any claim in it is.

    Args:
        text: A sentence, or a few.

    Returns:
        `unknown` with an evidence that says so where nothing can be computed.
    """
    verdicts = check_claims(text)
    for status in ("refuted", "verified", "unknown"):
        for verdict in verdicts:
            if verdict.status == status:
                return verdict
    return UNCHECKED


def _sentences(text: str) -> list[str]:
    return [each.strip() for each in _SENTENCES.split(text) if each.strip()]


def _judged(sentence: str) -> list[Verdict]:
    """Let each evaluator look; equations come last, at what none of the others took."""
    found: list[Verdict] = []
    rest = sentence
    for check in _EVALUATORS:
        for verdict in check(rest):
            found.append(verdict)
            rest = rest.replace(verdict.claim, " ; ")
    # Days look like subtractions, quoted text like anything.
    rest = re.sub(dates.DAY, " ; ", rest, flags=re.IGNORECASE)
    rest = re.sub(r"'[^']*'|\"[^\"]*\"", " ; ", rest)
    return found + equations.check(rest)
