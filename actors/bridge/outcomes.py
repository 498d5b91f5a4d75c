"""What came of a call, in a few classes: whose matter it is that it failed.

Pure; the classes are for statistics and for what is learnt of calls.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from mimo.actors.operations import Result
from mimo.supervision.messages import Failure

OutcomeClass = Literal["ok", "effect", "request", "refused", "passing", "fault"]

#: The call worked, and what it ran said that it failed.
EXIT_NONZERO: Final = "exit_nonzero"
#: What each class means, for readers.
MEANINGS: Final[dict[OutcomeClass, str]] = {
    "ok": "it did what was asked",
    "effect": "the call worked, what it ran failed",
    "request": "the request didn't fit",
    "refused": "not possible here, or not allowed",
    "passing": "limits, restarts and deadlines; another try may work",
    "fault": "Mimo's own trouble",
}
_CLASSES: Final[dict[str, OutcomeClass]] = {
    "ok": "ok",
    EXIT_NONZERO: "effect",
    "invalid_request": "request",
    "not_found": "request",
    "conflict": "request",
    "not_available": "refused",
    "approval_required": "refused",
    "busy": "passing",
    "unavailable": "passing",
    "breaker_open": "passing",
    "restarting": "passing",
    "shutting_down": "passing",
    "deadline_exceeded": "passing",
    "cancelled": "passing",
}


def class_of(outcome: str) -> OutcomeClass:
    """Return the class of an outcome, which is `ok` or the code of an error."""
    return _CLASSES.get(outcome, "fault")


def outcome_of(answer: Any) -> str:
    """Return `ok`, the code of the error, or `exit_nonzero` where a command of the call failed."""
    if isinstance(answer, Failure):
        return answer.code
    if isinstance(answer, Result):
        code = answer.data.get("exit_code")
        if isinstance(code, int) and not isinstance(code, bool) and code != 0:
            return EXIT_NONZERO
    return "ok"
