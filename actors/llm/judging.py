"""What a provider's answer means for what is done next."""

from __future__ import annotations

from typing import Final

from mimo.actors.http_exchange import OK, TOO_MANY, UNAUTHORISED, Exchange, seconds_of
from mimo.actors.llm.attempts import Outcome

#: Statuses after which the same request may succeed. Source: RFC 9110, 15; 529 is "overloaded".
_MAY_PASS: Final = frozenset({408, 425, TOO_MANY, 500, 502, 503, 504, 529})


def outcome_of(exchange: Exchange | None, wall_s: float) -> Outcome:
    """Return what an exchange came to; `said` says nothing yet about its text.

    Args:
        exchange: None if it was given up.
        wall_s: Now, for a date in Retry-After.
    """
    if exchange is None:
        return Outcome(kind="late", why="no answer in time")
    if exchange.trouble:
        is_late = "Timeout" in exchange.trouble
        return Outcome(kind="late" if is_late else "transient", why=exchange.trouble)
    if exchange.status == OK:
        return Outcome(kind="said")
    return _of_status(exchange.status, seconds_of(exchange.retry_after, wall_s))


def _of_status(status: int, wait_s: float) -> Outcome:
    why = f"status {status}"
    if status in _MAY_PASS and wait_s:
        return Outcome(kind="wait", why=f"{why}, wait {wait_s:.0f} s", retry_after_s=wait_s)
    if status in _MAY_PASS:
        return Outcome(kind="transient", why=why)
    if status in UNAUTHORISED:
        why += ", the key isn't accepted"
    return Outcome(kind="refused", why=why)
