"""What an evaluator found out about a claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Status = Literal["verified", "refuted", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a claim holds, who computed it, and what came out.

    Args:
        status: `verified` or `refuted` only if it was computed; else `unknown`.
        evaluator: Such as `arithmetic`; "" if none fitted.
        evidence: One sentence: what was computed, exactly.
        claim: The part of the text that was judged.
    """

    status: Status
    evaluator: str
    evidence: str
    claim: str = ""


#: No evaluator found anything that it can compute.
UNCHECKED: Final = Verdict(
    status="unknown", evaluator="", evidence="nothing in it can be computed exactly"
)


def judged(
    holds: bool,  # noqa: FBT001  what is judged reads first
    evaluator: str,
    evidence: str,
    claim: str,
) -> Verdict:
    """Return the verdict on a claim that was computed."""
    status: Status = "verified" if holds else "refuted"
    return Verdict(status=status, evaluator=evaluator, evidence=evidence, claim=claim)
