"""Levels and achievements: a pure function of counts, kept for clients that know them.

They unlock nothing and say nothing about how good Mimo is; the counts beside them do.
Source: the original's tables of levels, points and achievements.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from mimo.storage.standing import Counts

#: Said with every level.
MEANING: Final = "made of counts alone; it unlocks nothing and measures no skill"


class Level(NamedTuple):
    """One level: its number, name, and the points it begins with."""

    number: int
    name: str
    points: int


LEVELS: Final = (
    Level(1, "Base", 0),
    Level(2, "Enhanced", 100),
    Level(3, "Awakened", 500),
    Level(4, "Ascended", 2_000),
    Level(5, "Ultra", 10_000),
    Level(6, "Transcendent", 50_000),
)
#: Points for one of each count.
POINTS: Final = {
    "memories": 5,
    "accesses": 1,
    "facts": 10,
    "procedures": 50,
    "runs": 5,
    "sessions": 20,
    "calls": 1,
    "mended": 25,
}
#: Levels and points that are achievements.
_LEVELS_COUNTED: Final = LEVELS[1:5]
_POINTS_COUNTED: Final = (100, 1_000, 5_000, 10_000)
_THRESHOLDS: Final = {
    "memories": (1, 10, 100, 500, 1_000),
    "sessions": (1, 10, 50, 100),
    "facts": (1, 10, 50, 100),
    "procedures": (1, 5, 10),
    "calls": (100, 1_000, 10_000),
}


def points_of(counts: Counts) -> int:
    """Return the points that these counts make."""
    return sum(worth * int(getattr(counts, name)) for name, worth in POINTS.items())


def level_of(points: int) -> dict[str, Any]:
    """Return the level that these points make, and how far the next one is.

    Args:
        points: 0 or more.
    """
    reached = [level for level in LEVELS if level.points <= points]
    level = reached[-1]
    following = next((each for each in LEVELS if each.points > points), None)
    shown: dict[str, Any] = {
        "level": level.number,
        "name": level.name,
        "xp": points,
        "progress_percent": 100.0,
        "meaning": MEANING,
    }
    if following is not None:
        way = following.points - level.points
        shown["next_level_xp"] = following.points
        shown["progress_percent"] = round(100 * (points - level.points) / way, 1)
    return shown


def achievements(counts: Counts) -> list[dict[str, Any]]:
    """Return all 27 thresholds with their counts, whether they were passed or not."""
    points = points_of(counts)
    return [
        {"id": name, "have": have, "of": threshold, "unlocked": have >= threshold}
        for name, have, threshold in (*_counted(counts), *_pointed(points))
    ]


def _counted(counts: Counts) -> Iterator[tuple[str, int, int]]:
    for name, thresholds in _THRESHOLDS.items():
        for threshold in thresholds:
            yield f"{name}_{threshold}", int(getattr(counts, name)), threshold


def _pointed(points: int) -> Iterator[tuple[str, int, int]]:
    for level in _LEVELS_COUNTED:
        yield f"level_{level.number}", points, level.points
    for threshold in _POINTS_COUNTED:
        yield f"xp_{threshold}", points, threshold
