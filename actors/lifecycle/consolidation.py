"""Consolidation: notes of working memory that are worth it become memories.

What is worth it is decided by what was measured: how important its author called it, how often the
same was noted, how often it was read. A note goes only after its memory is durable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mimo.actors.lifecycle.messages import Note, Notes, Release
from mimo.actors.lifecycle.work import Ask, Stage, Work, commit
from mimo.config import limits
from mimo.storage.lifecycle_edits import Promote
from mimo.storage.records import NewMemory

WORKING_MEMORY: Final = "memory/working_memory"
#: Shares of a note's worth, how many repetitions and readings are full marks, and from which worth
#: it is stored. Source: ours, after the original's (importance 0.4, access 0.3).
IMPORTANCE_SHARE: Final = 0.5
REPEATED_SHARE: Final = 0.25
READ_SHARE: Final = 0.25
REPEATED_FULL: Final = 2
READ_FULL: Final = 3
WORTH_LEAST: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What one or several notes say in the same words.

    Args:
        notes: Oldest first.
        worth: 0 to 1.
        reason: What the worth is made of.
    """

    notes: tuple[Note, ...]
    worth: float
    reason: str


def candidates(notes: Iterable[Note]) -> list[Candidate]:
    """Return the notes by what they say, those worth most first."""
    same: dict[tuple[str, str], list[Note]] = {}
    for note in notes:
        words = " ".join(note.content.casefold().split())
        same.setdefault((note.project, words), []).append(note)
    found = [_candidate(sorted(group, key=lambda note: note.held_at_s)) for group in same.values()]
    return sorted(found, key=lambda one: (-one.worth, one.notes[0].held_at_s))


def consolidation(work: Work) -> Stage:
    """Store each note that is worth it, then remove it from working memory."""
    if WORKING_MEMORY not in work.is_up:
        return {"notes": 0, "promoted": 0, "known": 0, "left": 0, "working_memory": "absent"}
    notes = yield Ask(target=WORKING_MEMORY, request=Notes(limit=limits.NOTES_MAX))
    found = candidates(notes)
    chosen = [one for one in found if one.worth >= WORTH_LEAST][: limits.PROMOTED_AT_ONCE_MAX]
    promoted = known = 0
    for one in chosen:
        stored = yield from commit(promotion(one, work.run_id))
        yield Ask(
            target=WORKING_MEMORY, request=Release(keys=tuple(note.key for note in one.notes))
        )
        promoted += stored["created"]
        known += not stored["created"]
    released = sum(len(one.notes) for one in chosen)
    return {
        "notes": len(notes),
        "promoted": promoted,
        "known": known,
        "left": len(notes) - released,
    }


def worthy(work: Work) -> Stage:
    """Return how many notes are worth it now, as {worthy}; nothing is changed."""
    if WORKING_MEMORY not in work.is_up:
        return {"worthy": 0}
    notes = yield Ask(target=WORKING_MEMORY, request=Notes(limit=limits.NOTES_MAX))
    return {"worthy": sum(one.worth >= WORTH_LEAST for one in candidates(notes))}


def promotion(one: Candidate, run_id: int) -> Promote:
    """Return the edit that stores what these notes say; the same notes are stored once."""
    newest = one.notes[-1]
    sessions = {note.session_id for note in one.notes}
    memory = NewMemory(
        content=newest.content,
        category="observation",
        importance=max(note.importance for note in one.notes),
        project=newest.project,
        session_id=newest.session_id if len(sessions) == 1 else "",
        occurred_at_s=one.notes[0].held_at_s,
        source="working memory",
    )
    return Promote(run_id=run_id, memory=memory, reason=one.reason)


def _candidate(notes: list[Note]) -> Candidate:
    importance = max(note.importance for note in notes)
    repeated = len(notes) - 1
    reads = sum(note.reads for note in notes)
    worth = (
        IMPORTANCE_SHARE * importance
        + REPEATED_SHARE * min(1.0, repeated / REPEATED_FULL)
        + READ_SHARE * min(1.0, reads / READ_FULL)
    )
    reason = (
        f"worth {worth:.2f} >= {WORTH_LEAST:g}: importance {importance:g}, "
        f"noted {repeated + 1} times, read {reads} times"
    )
    return Candidate(notes=tuple(notes), worth=worth, reason=reason)
