"""What is asked of memory/lifecycle about sessions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """Return what an assistant should know before it begins.

    Args:
        project: Only of this project; None for all.
        max_tokens: How long it may be, by estimate.
        connection: Whose own session isn't the last one.
    """

    project: str | None = None
    max_tokens: int = 800
    connection: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSessions:
    """Return the sessions that were used last.

    Args:
        project: Only of this project; None for all.
        limit: Most of them.
    """

    project: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSession:
    """Return one session with its last calls.

    Args:
        session: Which.
        limit: Most calls.
    """

    session: int
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Curate:
    """Keep what sessions brought.

    Args:
        session: Only this one, also if it isn't over; 0 for all that are.
        dry_run: Only show it.
    """

    session: int = 0
    dry_run: bool = False


SessionRequest = Briefing | ListSessions | ShowSession | Curate
