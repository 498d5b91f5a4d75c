"""Memories as plain JSON values: the one shape in which every operation returns them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mimo.storage.commands import Stored
from mimo.storage.records import Memory, NewMemory

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_time(at_s: float | None) -> str:
    """Return wall seconds UTC as ISO 8601 ending in Z; "" for None and outside the years 1 to 9999.

    Fractions are kept to the millisecond and left out where they are zero.
    """
    if at_s is None:
        return ""
    try:
        moment = _EPOCH + timedelta(milliseconds=round(at_s * 1000))
    except OverflowError:
        return ""
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def memory_json(
    memory: Memory,
    *,
    detailed: bool = False,
    score: float | None = None,
    explanation: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one memory as JSON values.

    Args:
        memory: The stored memory.
        detailed: Also its life: validity, state, access counts, metadata.
        score: How well it matches, rounded to four places.
        explanation: The components of the score.
    """
    shown: dict[str, Any] = {
        "memory_id": memory.id,
        "content": memory.content,
        "category": memory.category,
        "importance": round(memory.importance, 4),
        "tags": list(memory.tags),
        "project": memory.project,
        "speaker": memory.speaker,
        "session_id": memory.session_id,
        "occurred_at": iso_time(memory.occurred_at_s),
        "source": memory.source,
        "trust": memory.trust,
    }
    if score is not None:
        shown["score"] = round(score, 4)
    if explanation is not None:
        shown["explanation"] = dict(explanation)
    if memory.deleted_at_s is not None:
        shown["deleted_at"] = iso_time(memory.deleted_at_s)
    if detailed:
        shown |= _life(memory)
    return shown


def _life(memory: Memory) -> dict[str, Any]:
    return {
        "uid": memory.uid,
        "protected": memory.protected,
        "metadata": memory.metadata,
        "valid_from": iso_time(memory.valid_from_s),
        "valid_until": iso_time(memory.valid_until_s),
        "created_at": iso_time(memory.created_at_s),
        "updated_at": iso_time(memory.updated_at_s),
        "deleted_at": iso_time(memory.deleted_at_s),
        "archived_at": iso_time(memory.archived_at_s),
        "superseded_by": memory.superseded_by or 0,
        "access_count": memory.access_count,
        "accessed_at": iso_time(memory.accessed_at_s),
        "has_vector": memory.has_vector,
    }


def is_valid_at(memory: Memory, at_s: float) -> bool:
    """Tell whether a memory is valid at an instant: from its start on, until before its end."""
    starts_s, ends_s = memory.valid_from_s, memory.valid_until_s
    return (starts_s is None or starts_s <= at_s) and (ends_s is None or at_s < ends_s)


def stored_json(outcome: Stored, memory: NewMemory) -> dict[str, Any]:
    """Return what `store` answers for one memory: its id, and how it stands to those there."""
    shown: dict[str, Any] = {
        "memory_id": outcome.id,
        "uid": outcome.uid,
        "created": outcome.created,
        "decision": outcome.decision,
    }
    if outcome.similar:
        shown["similar"] = [
            {"memory_id": found, "kind": kind, "score": score, "why": why, "content": content}
            for found, kind, score, why, content in outcome.similar
        ]
    if outcome.superseded:
        shown["superseded"] = list(outcome.superseded)
    if isinstance(redacted := memory.metadata.get("redacted"), dict):
        shown["redacted"] = sorted(redacted)
    return shown


def stored_many_json(outcomes: Iterable[Stored], memories: Iterable[NewMemory]) -> dict[str, Any]:
    """Return what `store_many` answers, in the order in which the memories were given."""
    stored = [stored_json(*both) for both in zip(outcomes, memories, strict=True)]
    created = sum(1 for entry in stored if entry["created"])
    return {
        "created_count": created,
        "known_count": len(stored) - created,
        "stored": stored,
    }


def deleted_json(memory: Memory) -> dict[str, Any]:
    """Return what `delete` answers: the memory is hidden and can be restored."""
    return {
        "memory_id": memory.id,
        "deleted_at": iso_time(memory.deleted_at_s),
        "restorable": True,
    }


def one_json(memory: Memory, *, detailed: bool = True) -> dict[str, Any]:
    """Return what `get`, `update` and `restore` answer."""
    return {"memory": memory_json(memory, detailed=detailed)}


def page_json(
    memories: Iterable[Memory], *, next_cursor: str, detailed: bool = False
) -> dict[str, Any]:
    """Return what `list` answers: one page, and the cursor of the next one or ""."""
    shown = [memory_json(memory, detailed=detailed) for memory in memories]
    return {"memories": shown, "count": len(shown), "next_cursor": next_cursor}


def stats_json(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `stats` answers, from the counts of `storage.memories.stats`."""
    states = ("deleted", "archived", "superseded", "protected", "with_vector")
    return {
        "total": counts["count"],
        "by_category": counts["by_category"],
        "by_project": counts["by_project"],
        "by_tag": counts["by_tag"],
        "by_state": {state: counts[state] for state in states},
        "content_bytes": counts["content_bytes"],
        "database_bytes": counts["database_bytes"],
        "oldest": iso_time(counts["oldest_s"]),
        "newest": iso_time(counts["newest_s"]),
    }
