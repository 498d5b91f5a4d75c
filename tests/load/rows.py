"""One row of the README's measured table: a bar, what was measured, and whether it holds."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tests.support import figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured bar.

    Args:
        what: What was measured.
        bar: What was asked for.
        figure: What was found.
        how: How it was measured.
        is_met: Whether the bar holds.
        raw: The numbers behind the figure.
    """

    what: str
    bar: str
    figure: str
    how: str
    is_met: bool
    raw: dict[str, Any]


def record(group: str, rows: Iterable[Row]) -> list[Row]:
    """Write the rows into build/load.json under their group's name, and return them."""
    found = list(rows)
    figures.record(
        figures.LOAD, group, load_average=os.getloadavg()[0], rows=[asdict(row) for row in found]
    )
    return found


def require(rows: Iterable[Row]) -> None:
    """Fail with the rows whose bar doesn't hold.

    Raises:
        AssertionError: There are any.
    """
    missed = [f"{row.what}: expected {row.bar}, got {row.figure}" for row in rows if not row.is_met]
    assert not missed, "; ".join(missed)


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| what | bar | measured | how | |", "|---|---|---|---|---|"]
    for row in rows:
        mark = "met" if row.is_met else "**missed**"
        lines.append(f"| {row.what} | {row.bar} | {row.figure} | {row.how} | {mark} |")
    return "\n".join(lines)


def ms(seconds: float) -> str:
    """Return a time for the table."""
    if not math.isfinite(seconds):
        return "never"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def mib(size: float) -> str:
    """Return a size for the table."""
    return f"{size / 2**20:.0f} MiB"
