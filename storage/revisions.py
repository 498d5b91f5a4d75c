"""Writes that put one memory in another's place, or back to what it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import apsw

from mimo.config import limits
from mimo.config.errors import Conflict, InvalidRequest, NotFound
from mimo.storage import history, links, memory_writes
from mimo.storage.commands import Edit, Transaction
from mimo.storage.memories import fetch
from mimo.storage.records import Memory, NewMemory

#: Why a memory takes another's place: the world changed, the old one was wrong, the new one says
#: more, or several became one.
SUPERSESSIONS: Final = ("update", "correction", "refinement", "merge")

#: What a new memory takes over from the one whose place it takes.
_INHERITED: Final = ("category", "importance", "tags", "project", "speaker", "protected")

_RESTORED: Final = (
    *("category", "importance", "project", "speaker", "speaker_key", "session_id", "occurred_at"),
    *("source", "trust", "valid_from", "valid_until", "protected", "deleted_at", "archived_at"),
    *("superseded_by", "content_hash", "metadata", "content"),
)


def supersede(  # noqa: PLR0913
    link: apsw.Connection, old_id: int, new_id: int, *, kind: str, reason: str, now_s: float
) -> None:
    """Put a memory in another's place; both stay, linked, and the old one's version is kept.

    After an update the old one is valid until the new one's validity begins, or until now; a
    correction, refinement or merge leaves its validity as it was.

    Raises:
        NotFound: One of them isn't there.
        InvalidRequest: They are the same.
        Conflict: The old one's place is taken, one is deleted, or the chain would be a ring.
    """
    if old_id == new_id:
        raise InvalidRequest(f"expected two memories, got {old_id} twice; name the newer as new_id")
    old, new = fetch(link, old_id), fetch(link, new_id)
    if old.superseded_by == new_id:
        return
    if old.superseded_by is not None:
        raise Conflict(
            f"expected a memory whose place is free, got {old_id}, superseded by "
            f"{old.superseded_by}; supersede that one, or revert {old_id} first"
        )
    for memory in (old, new):
        if memory.deleted_at_s is not None:
            raise Conflict(f"memory {memory.id} is deleted; restore it first")
    if old_id in _successors(link, new_id):
        raise Conflict(
            f"expected memory {new_id} to be the newer one, but {old_id} supersedes it already; "
            "swap old_id and new_id"
        )
    link.execute(
        "UPDATE memories SET superseded_by = ?, valid_until = ?, updated_at = ? WHERE id = ?",
        (new_id, _valid_until(old, new, kind, now_s), now_s, old_id),
    )
    history.explain(link, old_id, "supersede", reason)
    links.put(
        link,
        links.MemoryLink(
            source_id=new_id, target_id=old_id, kind="supersedes", weight=1.0, note=kind
        ),
        now_s,
    )


def _valid_until(old: Memory, new: Memory, kind: str, now_s: float) -> float | None:
    if kind != "update":
        return old.valid_until_s
    ends_s = now_s if new.valid_from_s is None else new.valid_from_s
    if old.valid_from_s is not None and ends_s <= old.valid_from_s:
        return old.valid_until_s
    return ends_s if old.valid_until_s is None else min(ends_s, old.valid_until_s)


def _successors(link: apsw.Connection, memory_id: int) -> list[int]:
    rows = link.execute(
        "WITH RECURSIVE chain (id) AS (SELECT superseded_by FROM memories WHERE id = ? UNION "
        "SELECT m.superseded_by FROM chain c JOIN memories m ON m.id = c.id) "
        "SELECT id FROM chain WHERE id IS NOT NULL",
        (memory_id,),
    )
    return [int(str(found)) for (found,) in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Supersede(Edit):
    """Put a memory in another's place; it returns {old_id, new_id, type, created}.

    Args:
        old_id: Whose place is taken.
        new_id: Who takes it; 0 to store `content` for it.
        content: Text of a new memory, which takes over category, importance, tags, project,
            speaker and protection.
        fields: Fields of `NewMemory` that the new memory has otherwise.
        kind: One of `SUPERSESSIONS`.
        reason: Why, for the history.
    """

    old_id: int
    new_id: int = 0
    content: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    kind: str = "update"
    reason: str = ""

    def apply(self, transaction: Transaction) -> dict[str, Any]:
        """See `supersede`.

        Raises:
            NotFound: One of them isn't there.
            InvalidRequest: They are the same, or the new text is the old one.
            Conflict: See `supersede`.
        """
        link = transaction.link
        new_id, created = self.new_id, False
        if not new_id:
            old = fetch(link, self.old_id)
            taken = {name: getattr(old, name) for name in _INHERITED}
            memory = NewMemory(content=self.content, **{**taken, **self.fields})
            transaction.next_seq()
            stored = memory_writes.store(link, memory, transaction.now_s)
            new_id, created = stored.id, stored.created
        transaction.next_seq()
        supersede(
            link, self.old_id, new_id, kind=self.kind, reason=self.reason, now_s=transaction.now_s
        )
        return {"old_id": self.old_id, "new_id": new_id, "type": self.kind, "created": created}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revert(Edit):
    """Make a memory what it was; it returns {memory_id, reverted_to, version}.

    What it is now becomes a version like the others, so a revert can be reverted.

    Args:
        memory_id: Which.
        version: The number of the version; 0 for the one before the present.
        reason: Why, for the history.
    """

    memory_id: int
    version: int = 0
    reason: str = ""

    def apply(self, transaction: Transaction) -> dict[str, Any]:
        """Write all fields, tags and state of the version.

        Raises:
            NotFound: There is no such memory or version.
        """
        link, now_s = transaction.link, transaction.now_s
        states = history.versions(link, self.memory_id)
        wanted = self.version or len(states) - 1
        if not 0 < wanted < len(states):
            raise NotFound(
                f"expected a version of memory {self.memory_id} before the present one, from 1 to "
                f"{len(states) - 1}, got {self.version or 'none'}; see 'history'"
            )
        then, present = states[wanted - 1].memory, states[-1].memory
        transaction.next_seq()
        columns = ", ".join(_RESTORED)
        link.execute(
            f"UPDATE memories SET updated_at = ?, ({columns}) = "  # noqa: S608
            f"(SELECT {columns} FROM memory_versions WHERE id = ? AND version = ?) WHERE id = ?",
            (now_s, self.memory_id, wanted, self.memory_id),
        )
        history.explain(link, self.memory_id, "revert", self.reason)
        memory_writes.reindex(link, self.memory_id, then)
        if then.superseded_by is None and present.superseded_by is not None:
            links.remove(link, present.superseded_by, self.memory_id, "supersedes")
        return {
            "memory_id": self.memory_id,
            "reverted_to": wanted,
            "version": len(states) + 1,
        }


def chain(link: apsw.Connection, memory_id: int) -> list[Memory]:
    """Return the memory with all that it superseded and all that superseded it, oldest first.

    At most `limits.PAGE_MAX` of them.

    Raises:
        NotFound: There is no such memory.
    """
    fetch(link, memory_id)
    ids = [memory_id, *_successors(link, memory_id)]
    rows = link.execute(
        "WITH RECURSIVE chain (id) AS (VALUES (?) UNION "
        "SELECT m.id FROM chain c JOIN memories m ON m.superseded_by = c.id) "
        "SELECT id FROM chain LIMIT ?",
        (ids[-1], limits.PAGE_MAX),
    )
    found = [fetch(link, int(str(one))) for (one,) in rows]
    return sorted(found, key=lambda memory: (memory.created_at_s, memory.id))


def kinds_of(link: apsw.Connection, memory_id: int) -> dict[int, str]:
    """Return by which kind of supersession each memory lost its place to this one."""
    return {
        one.target_id: one.note
        for one in links.of(link, memory_id, ("supersedes",))
        if one.source_id == memory_id
    }
