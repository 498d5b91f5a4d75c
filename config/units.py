"""Numbers with units, as people write them in settings: `30 s`, `5 min`, `64 MiB`."""

from __future__ import annotations

import math
import re

SECONDS_BY_UNIT = {
    "ms": 0.001,
    "s": 1.0,
    "min": 60.0,
    "h": 3_600.0,
    "d": 86_400.0,
}
BYTES_BY_UNIT = {
    "B": 1,
    "kB": 1_000,
    "MB": 1_000_000,
    "GB": 1_000_000_000,
    "KiB": 1_024,
    "MiB": 1_048_576,
    "GiB": 1_073_741_824,
}

_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]+(?:_[0-9]+)*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?) *([A-Za-z]*)", re.ASCII
)


def _quantity(value: object, units: dict[str, float], forms: str) -> float:
    """Return `value` in the base unit; numbers and strings without a unit are in it already.

    Raises:
        ValueError: `forms`, which says what was expected.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        number, factor = float(value), 1.0
    else:
        found = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None or (found[2] and found[2] not in units):
            raise ValueError(forms)
        number, factor = float(found[1]), units.get(found[2], 1.0)
    if not math.isfinite(number * factor):
        raise ValueError(forms)
    return number * factor


def seconds(value: object) -> float:
    """Return a duration in seconds.

    Raises:
        ValueError: What was expected.
    """
    return _quantity(
        value,
        SECONDS_BY_UNIT,
        'seconds, or a number with ms, s, min, h or d, such as "30 s" or "5 min"',
    )


def size_bytes(value: object) -> int:
    """Return a size in bytes.

    Raises:
        ValueError: What was expected.
    """
    forms = 'whole bytes, or a number with B, kB, MB, GB, KiB, MiB or GiB, such as "64 MiB"'
    size = _quantity(value, {unit: float(factor) for unit, factor in BYTES_BY_UNIT.items()}, forms)
    if size != int(size):
        raise ValueError(forms)
    return int(size)


def spell_seconds(value: float) -> str:
    """Return a duration in the largest unit that divides it, such as `30 min`."""
    for unit, factor in reversed(SECONDS_BY_UNIT.items()):
        if value >= factor and value % factor == 0:
            return f"{value / factor:g} {unit}"
    return f"{value:g} s"


def spell_bytes(value: float) -> str:
    """Return a size in the largest binary unit it fills, such as `1.5 MiB`."""
    for unit in ("GiB", "MiB", "KiB"):
        if value >= BYTES_BY_UNIT[unit]:
            return f"{value / BYTES_BY_UNIT[unit]:.1f}".removesuffix(".0") + f" {unit}"
    return f"{value:g} B"
