"""Keeping what a session brought: its memories and the mark that they were made, in one commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from mimo.storage import arrivals, links
from mimo.storage.commands import Edit, StoreMemories, Transaction
from mimo.storage.records import NewMemory


class Kept(NamedTuple):
    """A memory to be made of a session.

    Args:
        memory: What it says.
        interactions: The calls that it was made from.
        cites: The memories that it speaks of.
    """

    memory: NewMemory
    interactions: tuple[int, ...]
    cites: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSession(Edit):
    """Store what a session's calls come to, and mark them; both or neither, and once.

    Args:
        session: Which session.
        upto: The last of its calls that was looked at.
        kept: What to store.
        summary: What the session brought, in one sentence.
    """

    session: int
    upto: int
    kept: tuple[Kept, ...]
    summary: str

    def apply(self, transaction: Transaction) -> dict[str, Any]:
        """Store, cite and mark; calls that somebody marked meanwhile were kept by him."""
        link = transaction.link
        link.execute(
            "UPDATE interactions SET consolidated_at = ? "
            "WHERE session = ? AND id <= ? AND consolidated_at IS NULL",
            (transaction.now_s, self.session, self.upto),
        )
        if not link.changes():
            self._close(transaction)
            return {"memory_ids": [], "created": 0}
        ids, created = [], 0
        for one in self.kept:
            transaction.next_seq()
            command = StoreMemories(memories=(one.memory,), on_similar="ignore")
            (stored,) = arrivals.store(transaction, command)
            ids.append(stored.id)
            created += stored.created
            self._cite(transaction, stored.id, one)
        self._close(transaction)
        return {"memory_ids": ids, "created": created}

    def _cite(self, transaction: Transaction, memory_id: int, one: Kept) -> None:
        link = transaction.link
        link.executemany(
            "INSERT OR IGNORE INTO interaction_memories (interaction_id, memory_id) "
            "SELECT id, ?2 FROM interactions WHERE id = ?1",
            [(interaction, memory_id) for interaction in one.interactions],
        )
        for cited in one.cites:
            found = link.execute("SELECT 1 FROM memories WHERE id = ?", (cited,)).fetchone()
            if found is not None and cited != memory_id:
                put = links.MemoryLink(
                    source_id=memory_id, target_id=cited, kind="mentions", weight=1.0
                )
                links.put(link, put, transaction.now_s)

    def _close(self, transaction: Transaction) -> None:
        """A call that came meanwhile leaves the session to be curated again."""
        transaction.link.execute(
            "UPDATE sessions SET summary = iif(?1 = '', summary, ?1), curated_at = iif("
            "EXISTS (SELECT 1 FROM interactions WHERE session = ?2 AND id > ?3), NULL, ?4) "
            "WHERE id = ?2",
            (self.summary, self.session, self.upto, transaction.now_s),
        )
