"""What a memory was, as plain values: its versions, and the chain of supersessions it is in."""

from __future__ import annotations

import math
from typing import Any

from mimo.actors.memory.messages import MemoryHistory
from mimo.actors.memory.presentation import iso_time, memory_json
from mimo.actors.operations import Result
from mimo.storage import history, revisions
from mimo.storage.connection import Database
from mimo.storage.history import Version
from mimo.storage.records import Memory
from mimo.storage.search import Link

# What a version is compared and shown by, besides what is derived from it.
_SHOWN = (
    *("content", "category", "importance", "tags", "project", "speaker", "session_id"),
    *("occurred_at_s", "source", "trust", "valid_from_s", "valid_until_s", "protected", "metadata"),
    *("deleted_at_s", "archived_at_s", "superseded_by"),
)


def history_of(db: Database, request: MemoryHistory) -> Result:
    """Return the versions of a memory, newest first, and its chain, oldest first.

    Raises:
        NotFound: There is no such memory.
        MimoError: See `storage.faults`.
    """
    with db.snapshot() as link:
        states = history.versions(link, request.memory_id)
        chain = _chain(link, request.memory_id)
    shown = [
        _version_json(state, states[state.number] if state.number < len(states) else None)
        for state in reversed(states)
    ]
    return Result(
        data={
            "memories": chain,
            "versions": shown[: request.limit],
            "total": len(states),
        }
    )


def _chain(link: Link, memory_id: int) -> list[dict[str, Any]]:
    memories = revisions.chain(link, memory_id)
    shown = []
    for memory in memories:
        item = memory_json(memory)
        if memory.superseded_by is not None:
            item["superseded_by"] = memory.superseded_by
            item["superseded_as"] = revisions.kinds_of(link, memory.superseded_by).get(
                memory.id, ""
            )
        shown.append(item)
    return shown


def _version_json(state: Version, after: Version | None) -> dict[str, Any]:
    """Return one version; of one that was changed, also what it was before the change."""
    shown: dict[str, Any] = {
        "version": state.number,
        # Rounded up, so that `as_of` this instant shows this version and not the one before.
        "since": iso_time(math.ceil(state.since_s * 1_000) / 1_000),
        "until": iso_time(state.until_s),
        "change": state.change,
        "reason": state.reason,
        "content": state.memory.content,
    }
    if after is not None:
        shown["was"] = _differences(state.memory, after.memory)
    return shown


def _differences(before: Memory, after: Memory) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _SHOWN:
        value = getattr(before, name)
        if value == getattr(after, name) or name == "content":
            continue
        if name.endswith("_s"):
            found[name.removesuffix("_s")] = iso_time(value)
        else:
            found[name] = list(value) if name == "tags" else value
    return found
