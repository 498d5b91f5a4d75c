"""What is asked of memory/lifecycle, and what it asks of working memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A client called (cast): the day is active, and nobody sleeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeExit:
    """The node is about to leave: reply once the cycle that is due has run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecayCheck:
    """Return how far memories have faded.

    Args:
        memory_id: Which one; 0 for those with the lowest scores.
        limit: How many of those.
        project: Only of this project; None for all.
    """

    memory_id: int = 0
    limit: int = 10
    project: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgettingPreview:
    """Return what a run would archive now, and why; list so many."""

    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """Archive what has faded, in the whole store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidate:
    """Store the notes that are worth keeping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleep:
    """Run the cycle now, or let it run by itself no more, or again.

    Args:
        action: run, pause or resume.
    """

    action: str = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepReport:
    """Return what runs did.

    Args:
        run_id: With every action of this one; 0 for the newest runs.
        limit: How many runs, or actions.
    """

    run_id: int = 0
    limit: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Recover:
    """Bring a memory back out of the files of the archive."""

    memory_id: int


# -- Answered by memory/working_memory --------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Return all notes, as a tuple of `Note`, oldest first."""

    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note in working memory.

    Args:
        key: By which it is released.
        content: What it says.
        session_id: Whose it is.
        project: Where it belongs.
        importance: 0 to 1, as its author said.
        reads: How often it was returned.
        held_at_s: Since when it is held, wall seconds UTC.
    """

    key: str
    content: str
    session_id: str
    project: str
    importance: float
    reads: int
    held_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Remove notes that are stored for good now; reply with how many there were."""

    keys: tuple[str, ...]
