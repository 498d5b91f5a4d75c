"""Writes of the lifecycle. What is done to a memory and the row that says why are one commit."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mimo.config import limits
from mimo.storage import arrivals, history, links, memory_writes
from mimo.storage.commands import Edit, StoreMemories, Transaction
from mimo.storage.lifecycle import day_of, trace
from mimo.storage.records import MemoryPatch, NewMemory

_ACTION: Final = """
    INSERT INTO lifecycle_actions (run_id, at, action, memory_id, score, reason, undo)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
#: Actions of the oldest runs that are dropped at once.
_PRUNED_AT_ONCE: Final = 1_000


class Faded(NamedTuple):
    """A memory that is to be archived.

    Args:
        memory_id: Which.
        used_at_s: When it was last used when that was decided; if it was used since, it stays.
        score: How far it had faded.
        reason: Why, in one sentence.
    """

    memory_id: int
    used_at_s: float
    score: float
    reason: str


def note_action(  # noqa: PLR0913, PLR0917  one argument a column
    transaction: Transaction,
    run_id: int,
    action: str,
    memory_id: int,
    reason: str,
    undo: str,
    score: float | None = None,
) -> None:
    """Note what a run did to a memory; in the transaction in which it is done."""
    row = (run_id, transaction.now_s, action, memory_id, score, reason, undo)
    transaction.link.execute(_ACTION, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkActive(Edit):
    """Note that the assistant was used at an instant; it returns whether the day is new."""

    at_s: float

    def apply(self, transaction: Transaction) -> bool:
        """Insert the day."""
        transaction.link.execute(
            "INSERT OR IGNORE INTO active_days (day, first_at) VALUES (?, ?)",
            (day_of(self.at_s), self.at_s),
        )
        return bool(transaction.link.changes())


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginRun(Edit):
    """Begin a run; it returns its id. A run that was left open is interrupted, since one runs.

    Args:
        kind: sleep, forget or consolidate.
        cause: idle, asked, exit or use.
    """

    kind: str
    cause: str

    def apply(self, transaction: Transaction) -> int:
        """Insert the row."""
        interrupt(transaction)
        transaction.link.execute(
            "INSERT INTO lifecycle_runs (kind, cause, state, started_at) VALUES (?, ?, ?, ?)",
            (self.kind, self.cause, "running", transaction.now_s),
        )
        return transaction.link.last_insert_rowid()


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptRuns(Edit):
    """End the runs that nobody goes on with; it returns how many."""

    def apply(self, transaction: Transaction) -> int:
        """Mark them; what they did stays, and stays explained."""
        return interrupt(transaction)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteStage(Edit):
    """Note what a stage of a run did.

    Args:
        run_id: Whose stage.
        ordinal: Its place in the run, from 0.
        name: Of the stage.
        state: done, failed or skipped.
        duration_s: How long it took.
        report: What it did, in figures.
    """

    run_id: int
    ordinal: int
    name: str
    state: str
    duration_s: float
    report: dict[str, Any] = field(default_factory=dict)

    def apply(self, transaction: Transaction) -> None:
        """Insert the row, or write it anew."""
        transaction.link.execute(
            "INSERT OR REPLACE INTO lifecycle_stages "
            "(run_id, ordinal, name, state, duration_s, report) VALUES (?, ?, ?, ?, ?, ?)",
            (
                self.run_id,
                self.ordinal,
                self.name,
                self.state,
                self.duration_s,
                json.dumps(self.report),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRun(Edit):
    """End a run.

    Args:
        run_id: Which.
        state: done, interrupted or failed.
    """

    run_id: int
    state: str

    def apply(self, transaction: Transaction) -> None:
        """Write how and when it ended."""
        transaction.link.execute(
            "UPDATE lifecycle_runs SET state = ?, ended_at = ? WHERE id = ? AND state = 'running'",
            (self.state, transaction.now_s, self.run_id),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PutState(Edit):
    """Remember a value under a name."""

    name: str
    value: str

    def apply(self, transaction: Transaction) -> None:
        """Write it."""
        transaction.link.execute(
            "INSERT OR REPLACE INTO lifecycle_state (name, value) VALUES (?, ?)",
            (self.name, self.value),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFaded(Edit):
    """Archive what has faded; it returns the ids that were.

    What was used, changed, protected or taken away since it was decided stays as it is.

    Args:
        run_id: By which run.
        faded: What, and why.
        cursor: How far the store was visited; remembered in the same commit.
    """

    run_id: int
    faded: tuple[Faded, ...]
    cursor: int

    def apply(self, transaction: Transaction) -> list[int]:
        """Archive each, with its row and the reason in its history."""
        link = transaction.link
        done = []
        for one in self.faded:
            now = trace(link, one.memory_id)
            if now is None or now.is_protected or now.used_at_s != one.used_at_s:
                continue
            transaction.next_seq()
            link.execute(
                "UPDATE memories SET archived_at = ? WHERE id = ?",
                (transaction.now_s, one.memory_id),
            )
            history.explain(link, one.memory_id, "archive", one.reason)
            undo = f"restore memory_id={one.memory_id}"
            note_action(
                transaction, self.run_id, "archive", one.memory_id, one.reason, undo, one.score
            )
            done.append(one.memory_id)
        PutState(name="forgetting", value=str(self.cursor)).apply(transaction)
        return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Protect(Edit):
    """Protect a memory from being forgotten, or protect it no more; it returns how it is now."""

    memory_id: int
    protected: bool

    def apply(self, transaction: Transaction) -> dict[str, Any]:
        """Change the flag; what is so already isn't touched.

        Raises:
            NotFound: There is no such memory.
            Conflict: It is deleted.
        """
        transaction.next_seq()
        patch = MemoryPatch(fields={"protected": self.protected})
        now = memory_writes.update(transaction.link, self.memory_id, patch, transaction.now_s)
        return {"memory_id": now.id, "protected": now.protected}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promote(Edit):
    """Store a note for good; it returns {memory_id, created, decision}.

    Args:
        run_id: By which run.
        memory: What the note says.
        reason: Why it is worth keeping.
    """

    run_id: int
    memory: NewMemory
    reason: str

    def apply(self, transaction: Transaction) -> dict[str, Any]:
        """Store it as any arrival: compared with what is like it, and linked."""
        transaction.next_seq()
        (stored,) = arrivals.store(transaction, StoreMemories(memories=(self.memory,)))
        undo = f"delete memory_id={stored.id}" if stored.created else "nothing was stored"
        note_action(transaction, self.run_id, "promote", stored.id, self.reason, undo)
        return {
            "memory_id": stored.id,
            "created": stored.created,
            "decision": stored.decision,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Condense(Edit):
    """Store what several memories say together, citing them; it returns its id, or 0.

    The sources stay; they fade faster, since another memory says what they say.

    Args:
        run_id: By which run.
        memory: What they say.
        source_ids: Whom it cites; if one isn't live any more, nothing is stored.
        reason: Why they belong together.
    """

    run_id: int
    memory: NewMemory
    source_ids: tuple[int, ...]
    reason: str

    def apply(self, transaction: Transaction) -> int:
        """Store it with a `cites` link to each source."""
        link = transaction.link
        if any(trace(link, one) is None for one in self.source_ids):
            return 0
        transaction.next_seq()
        stored = memory_writes.store(link, self.memory, transaction.now_s)
        for one in self.source_ids:
            cites = links.MemoryLink(source_id=stored.id, target_id=one, kind="cites", weight=1.0)
            if one != stored.id:
                links.put(link, cites, transaction.now_s)
        undo = f"delete memory_id={stored.id}"
        note_action(transaction, self.run_id, "condense", stored.id, self.reason, undo)
        return stored.id


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakenLinks(Edit):
    """Let links fade that were put long ago; it returns how many are weaker, how many are gone.

    Args:
        kinds: Of which kinds.
        before_s: Put before this, wall seconds UTC.
        share: What is left of their weight, 0 to 1.
        least: Below this weight they are removed.
    """

    kinds: tuple[str, ...]
    before_s: float
    share: float
    least: float

    def apply(self, transaction: Transaction) -> dict[str, int]:
        """Weaken, then remove."""
        link = transaction.link
        asked = (json.dumps(self.kinds), self.before_s)
        chosen = "kind IN (SELECT value FROM json_each(?)) AND updated_at < ?"
        link.execute(
            f"DELETE FROM memory_links WHERE {chosen} AND weight * ? < ?",  # noqa: S608
            (*asked, self.share, self.least),
        )
        removed = link.changes()
        link.execute(
            f"UPDATE memory_links SET weight = weight * ?, updated_at = ? WHERE {chosen}",  # noqa: S608
            (self.share, transaction.now_s, *asked),
        )
        return {"weakened": link.changes(), "removed": removed}


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneRuns(Edit):
    """Drop the oldest runs beyond the limit, and actions that nobody needs; it returns how many.

    An action stays as long as its memory is archived or exported, so that each such memory has a
    row that says why.
    """

    def apply(self, transaction: Transaction) -> dict[str, int]:
        """Delete them, a bounded number at once."""
        link = transaction.link
        link.execute(
            "DELETE FROM lifecycle_runs WHERE id IN (SELECT id FROM lifecycle_runs "
            "WHERE state <> 'running' ORDER BY id DESC LIMIT ? OFFSET ?)",
            (_PRUNED_AT_ONCE, limits.LIFECYCLE_RUNS_KEPT_MAX),
        )
        runs = link.changes()
        link.execute(
            "DELETE FROM lifecycle_actions WHERE id IN (SELECT a.id FROM lifecycle_actions a "
            "WHERE NOT EXISTS (SELECT 1 FROM lifecycle_runs r WHERE r.id = a.run_id) "
            "AND NOT EXISTS (SELECT 1 FROM memories m WHERE m.id = a.memory_id "
            "AND m.archived_at IS NOT NULL) "
            "AND NOT EXISTS (SELECT 1 FROM exported_memories e WHERE e.memory_id = a.memory_id) "
            "LIMIT ?)",
            (_PRUNED_AT_ONCE,),
        )
        return {"runs": runs, "actions": link.changes()}


def interrupt(transaction: Transaction) -> int:
    """End runs that were left open; in the caller's transaction."""
    transaction.link.execute(
        "UPDATE lifecycle_runs SET state = 'interrupted', ended_at = ? WHERE state = 'running'",
        (transaction.now_s,),
    )
    return transaction.link.changes()
