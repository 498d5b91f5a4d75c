"""What the writer can be asked to do, as values. `batches.apply` does it.

A `key` is an idempotency key: the same key with the same content has its effect once and the same
reply each time, for `limits.IDEMPOTENCY_KEPT_S`; an empty key means that nobody will repeat the
command.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import apsw

from mimo.config.errors import MimoError
from mimo.storage.records import Interaction, MemoryPatch, NewMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMemories:
    """Store memories, all or none; the outcome is a tuple of `Stored`, in their order.

    A memory that is there already, word for word, isn't stored again; see `memory_writes.store`.
    """

    memories: tuple[NewMemory, ...]
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Change fields of one memory; the outcome is the `Memory` as it is now."""

    memory_id: int
    patch: MemoryPatch
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


class Stored(NamedTuple):
    """One memory of a `StoreMemories`; `created` is False if it was there already."""

    id: int
    uid: str
    created: bool


@dataclass(slots=True)
class Transaction:
    """The writer's open transaction.

    Args:
        link: Its connection.
        now_s: Its time, wall seconds UTC; dates what is written.
        seq: The number of its newest change; whoever changes what searches see takes the next ones.
    """

    link: apsw.Connection
    now_s: float
    seq: int

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
