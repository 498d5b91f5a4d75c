"""Rules of a `.gitignore` that can be tried quickly: it came with the project, from anybody."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

#: Most lines of one file; the longest of GitHub's templates has 420.
LINES_MAX: Final = 2_000
#: Most stars in the name of one file or folder: trying takes a power of their number, so six of
#: them took 35 s for one name.
STARS_MAX: Final = 3
#: Most `**` in a line, likewise.
DEEP_STARS_MAX: Final = 2


def quick(lines: Iterable[str]) -> list[str]:
    """Return the lines that are tried in little time whatever the names; others ignore nothing."""
    return [line for line in islice(lines, LINES_MAX) if _is_quick(line)]


def _is_quick(line: str) -> bool:
    parts = line.strip().split("/")
    return parts.count("**") <= DEEP_STARS_MAX and all(
        part == "**" or part.count("*") <= STARS_MAX for part in parts
    )
