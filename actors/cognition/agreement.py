"""Whether a number that somebody wrote stands for an exact value, as precisely as they wrote it."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from mimo.actors.cognition.arithmetic import decimals_of, nearest, number, shown
from mimo.actors.cognition.verdict import Status

#: A rounding that is further off than this share is no rounding of that value.
ROUNDED_WITHIN: Final = Fraction(5, 100)
#: Whoever says "about" is right within the first share, and wrong beyond the second.
ABOUT_WITHIN: Final = Fraction(1, 100)
ABOUT_BEYOND: Final = Fraction(10, 100)


def decimals_written(text: str) -> int:
    """Return how many decimals a number was written with."""
    mantissa = text.lower().partition("e")[0]
    return len(mantissa.partition(".")[2])


def agrees(
    exact: Fraction, written: str, *, about: bool = False, whole: bool = False
) -> tuple[Status, str]:
    """Tell whether a written number stands for an exact value.

    Args:
        exact: What was computed.
        written: The number as it was written, with or without a sign.
        about: It was said to be approximate.
        whole: A whole number may also be a rounding, as with converted units.

    Returns:
        The status, and how it agrees or what is exact.
    """
    claimed = -number(written[1:]) if written.startswith("-") else number(written.lstrip("+"))
    if claimed == exact:
        return "verified", f"exactly {shown(exact)}"
    off = abs(claimed - exact) / abs(exact) if exact else None
    decimals = decimals_written(written)
    is_near = off is not None and off <= ROUNDED_WITHIN
    if (decimals or whole or about) and is_near and _is_rounding(exact, claimed, decimals):
        return "verified", f"{shown(exact)}, rounded as written"
    if not about or off is None:
        return "refuted", f"exactly {shown(exact)}, not {written}"
    if off <= ABOUT_WITHIN:
        return "verified", f"exactly {shown(exact)}, less than 1 % off"
    if off <= ABOUT_BEYOND:
        return "unknown", f"exactly {shown(exact)}; whether {written} is near enough is a judgement"
    return "refuted", f"exactly {shown(exact)}, more than 10 % off"


def _is_rounding(exact: Fraction, claimed: Fraction, decimals: int) -> bool:
    """Tell whether it is the nearest number with so many decimals; of a half, either one."""
    scaled, goal = abs(exact) * 10**decimals, abs(claimed) * 10**decimals
    if (exact < 0) != (claimed < 0):
        return False
    is_half = decimals_of(exact) is not None and 2 * abs(scaled - goal) == 1
    return goal == nearest(scaled) or is_half
