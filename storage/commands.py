"""What the writer can be asked to do, as values. `batches.apply` does it.

A `key` is an idempotency key: the same key with the same content has its effect once and the same
reply each time, for `limits.IDEMPOTENCY_KEPT_S`; an empty key means that nobody will repeat the
command.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import apsw

from mimo.config.errors import MimoError
from mimo.storage.records import Interaction, MemoryPatch, NewMemory

#: What to do about memories that are like a new one.
OnSimilar = Literal["report", "supersede", "ignore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMemories:
    """Store memories, all or none; the outcome is a tuple of `Stored`, in their order.

    A memory that is there already, word for word, isn't stored again; see `memory_writes.store`.
    One that is like others is linked with them, and the outcome says so; see `arrivals.store`.

    Args:
        memories: What to store.
        supersedes: Ids of the memories whose place the first one takes.
        on_similar: `report` what is like it; `supersede` also puts it in the place of the memory
            that it repeats, updates, corrects, refines or contradicts most; `ignore` doesn't look.
        key: Idempotency key.
    """

    memories: tuple[NewMemory, ...]
    supersedes: tuple[int, ...] = ()
    on_similar: OnSimilar = "report"
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Change fields of one memory; the outcome is the `Memory` as it is now.

    Args:
        memory_id: Which.
        patch: What is changed.
        reason: Why, for the history; "" if nobody said.
        key: Idempotency key.
    """

    memory_id: int
    patch: MemoryPatch
    reason: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Delete one memory softly; the outcome is the `Memory`. Deleting it again changes nothing."""

    memory_id: int
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """Undo a soft deletion or an archiving; the outcome is the `Memory`."""

    memory_id: int
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutVectors:
    """Keep vectors of memories that are still as they were; the outcome is how many were kept.

    Args:
        model_id: Name of the model that made them.
        vectors: (memory id, content hash it was made from, float16 bytes) each.
    """

    model_id: str
    vectors: tuple[tuple[int, str, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchAccess:
    """Count memories as returned to a user; the outcome is how many exist."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordInteractions:
    """Keep tool calls for later statistics; the outcome is how many."""

    interactions: tuple[Interaction, ...]


class Neighbour(NamedTuple):
    """A live memory of the same project that shares words; `content` is its beginning."""

    id: int
    content: str


class Finding(NamedTuple):
    """How a new memory stands to one that is there.

    Args:
        memory_id: The one that is there.
        kind: redundant, update, correction, contradiction, refinement or similar.
        score: How much they have in common, 0 to 1.
        why: What it was told by, in a few words.
        is_certain: Whether the new one says nothing else, so that it needn't be stored.
    """

    memory_id: int
    kind: str
    score: float
    why: str
    is_certain: bool = False


class Judge(Protocol):
    """Whoever can tell how statements stand to each other; pure and quick."""

    def telling(self, content: str) -> Sequence[str]:
        """Return the words by which a memory is found again, most telling first."""

    def findings(
        self,
        content: str,
        neighbours: Sequence[Neighbour],
        cosines: Mapping[int, float] | None = None,
    ) -> list[Finding]:
        """Return how a new text stands to those that have much to do with it, closest first.

        Args:
            content: The new text.
            neighbours: What it is compared with.
            cosines: Of its vector with those of neighbours, by id, as far as they are known.
        """


class Stored(NamedTuple):
    """One memory of a `StoreMemories`.

    Args:
        id: Its id, or that of the one that was there already.
        uid: As the id.
        created: False if it was there already.
        decision: `new`, or how it stands to the closest memory; see `Finding.kind`.
        similar: Findings, each a tuple (memory id, kind, score, why, beginning of its content).
        superseded: Ids of the memories whose place it took.
    """

    id: int
    uid: str
    created: bool
    decision: str = "new"
    similar: tuple[tuple[int, str, float, str, str], ...] = ()
    superseded: tuple[int, ...] = ()


@dataclass(slots=True)
class Transaction:
    """The writer's open transaction.

    Args:
        link: Its connection.
        now_s: Its time, wall seconds UTC; dates what is written.
        seq: The number of its newest change; whoever changes what searches see takes the next ones.
        judge: Tells how new memories stand to old ones; None to store them unlooked.
    """

    link: apsw.Connection
    now_s: float
    seq: int
    judge: Judge | None = None

    def next_seq(self) -> int:
        """Number one more change and return its number."""
        self.seq += 1
        return self.seq


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit(ABC):
    """A command that knows how to do itself: base of all writes besides those of memories.

    Subclasses are frozen dataclasses of plain values, since they travel between processes and since
    the ledger tells them apart by what they say.

    Args:
        key: Idempotency key; "" if nobody will repeat it.
    """

    key: str = ""

    @abstractmethod
    def apply(self, transaction: Transaction) -> Any:
        """Do it and return plain JSON values; the ledger keeps them as the reply.

        It runs in a savepoint: when it raises a `MimoError`, nothing of it stays.
        """


Keyed = StoreMemories | Update | Delete | Restore | Edit
Command = Keyed | PutVectors | TouchAccess | RecordInteractions
Value = Any
Outcome = Value | MimoError
