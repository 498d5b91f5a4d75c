"""Wait for a condition with a bound, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: How often a condition is looked at, in seconds: at first, and at most.
FIRST_LOOK_S = 0.002
LOOK_S_MAX = 0.05


def eventually(
    condition: Callable[[], T | None],
    *,
    within_s: float = 5.0,
    ignoring: tuple[type[Exception], ...] = (),
    what: str = "",
) -> T:
    """Return the first true value of `condition`; fail with its last one after `within_s`.

    Args:
        condition: Called every 2 to 50 ms; without side effects.
        within_s: The bound. Choose it generously: it is only reached by a test that fails.
        ignoring: Exceptions that mean "not yet", such as `ConnectionRefusedError`.
        what: What was waited for, for the failure's message; by default the condition's name.

    Raises:
        AssertionError: The condition didn't become true in time.
    """
    deadline_s = time.monotonic() + within_s
    pause_s = FIRST_LOOK_S
    last: object = None
    while True:
        try:
            value = condition()
        except ignoring as error:
            last = error
        else:
            if value:
                return value
            last = value
        if time.monotonic() >= deadline_s:
            name = what or getattr(condition, "__qualname__", repr(condition))
            raise AssertionError(f"expected {name} within {within_s} s, last got {last!r}")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, LOOK_S_MAX)


def remains(condition: Callable[[], object], *, for_s: float) -> None:
    """Fail as soon as `condition` becomes false within `for_s` seconds.

    For what must *not* happen; keep `for_s` short, since a passing test always waits all of it.

    Raises:
        AssertionError: The condition became false.
    """
    started_s = time.monotonic()
    while (passed_s := time.monotonic() - started_s) < for_s:
        value = condition()
        if not value:
            name = getattr(condition, "__qualname__", repr(condition))
            raise AssertionError(f"expected {name} for {for_s} s, got {value!r} at {passed_s:.2f}")
        time.sleep(min(0.01, for_s))
