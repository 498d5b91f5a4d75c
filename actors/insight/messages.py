"""What is asked of tools/insight."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageStats:
    """Return how the tools were used.

    Args:
        days: So many back from now.
        limit: Most rows of each list.
        include_daily: Also day by day.
    """

    days: int = 30
    limit: int = 50
    include_daily: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDetail:
    """Return how one tool was used.

    Args:
        tool: Its name.
        days: So many back from now.
        limit: Most rows of each list.
    """

    tool: str
    days: int = 30
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTrends:
    """Return what is used more or less than in the time before.

    Args:
        days: Length of both times, in days.
        limit: Most rows.
    """

    days: int = 30
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Return what there is and what came of it.

    Args:
        include_achievements: Also which thresholds were passed.
        include_guidance: Also what the record suggests.
    """

    include_achievements: bool = False
    include_guidance: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestNext:
    """Return what usually follows.

    Args:
        task: What is to be done, in words; "" if it isn't said.
        recent: The last calls, `tool.operation` or `tool`, oldest first; empty: the session's own.
        connection: Whose session that is.
        limit: Most suggestions.
    """

    task: str = ""
    recent: tuple[str, ...] = ()
    connection: str = ""
    limit: int = 5
