"""The vocabulary of the memory subsystem.

Replies to tool requests are `mimo.actors.operations.Result`; a `MimoError` becomes a `Failure`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mimo.storage.commands import OnSimilar
from mimo.storage.records import Filters, MemoryPatch, NewMemory


# -- Answered by storage/writer -------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Remember:
    """Store memories, all or none; reply with their ids once they are durable.

    Args:
        memories: 1 to `limits.STORE_MANY_MAX`.
        key: Idempotency key, kept for `limits.IDEMPOTENCY_KEPT_S`; the same key stores once.
        many: Whether the caller used `store_many` (decides the shape of the result).
        supersedes: Ids of the memories whose place the first one takes.
        on_similar: What to do about memories that are like these; see `StoreMemories`.
    """

    memories: tuple[NewMemory, ...]
    key: str
    many: bool = False
    supersedes: tuple[int, ...] = ()
    on_similar: OnSimilar = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateMemory:
    """Change fields of one memory; `reason` says why, for the history."""

    memory_id: int
    patch: MemoryPatch
    key: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteMemory:
    """Delete softly; `RestoreMemory` takes it back."""

    memory_id: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreMemory:
    """Undo a soft deletion or an archiving."""

    memory_id: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutVectors:
    """Store vectors that the embedder made (cast or call); unknown or changed memories are skipped.

    Args:
        model_id: Name of the model; vectors of two models are never compared.
        vectors: (memory id, content hash, float16 bytes) each.
    """

    model_id: str
    vectors: tuple[tuple[int, str, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAccess:
    """Count memories as accessed: they were returned to a user (cast)."""

    memory_ids: tuple[int, ...]


# -- Answered by memory/recall/N --------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Find memories by words and meaning.

    Args:
        query: 1 to `limits.QUERY_CHARS_MAX` characters.
        filters: What is considered.
        limit: 1 to `limits.PAGE_MAX`.
        context: Neighbours of the same session to return around each hit, 0 to 5.
        mode: hybrid, keyword or meaning.
        explain: Whether to show each component of the scores.
        detailed: Whether to return all fields.
        cursor: From the page before; "" for the first.
    """

    query: str
    filters: Filters
    limit: int = 10
    cursor: str = ""
    context: int = 0
    mode: str = "hybrid"
    explain: bool = False
    detailed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesize:
    """Answer a question from memories that the answer cites.

    Args:
        search: How they are found; with `explain`.
        limit: From how many of them the answer is made.
        chars_max: Longest answer, in characters.
    """

    search: Search
    limit: int
    chars_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GetMemory:
    """Return one memory, deleted or not.

    Args:
        memory_id: Which.
        as_of_s: As it was at this instant, wall seconds UTC; None for now.
        valid_at_s: Also say whether it is valid at this instant; None to leave it out.
    """

    memory_id: int
    as_of_s: float | None = None
    valid_at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradictions:
    """Return pairs of memories that wait for a decision, newest first.

    Args:
        project: Only of this project; None for all.
        memory_id: Only with this memory; 0 for all.
        content: Instead, what this text would repeat, update or contradict; "" for none.
        limit: Most pairs.
    """

    project: str | None = None
    memory_id: int = 0
    content: str = ""
    limit: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAgain:
    """These memories have vectors now: look for what says the like in other words (cast)."""

    memory_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryHistory:
    """Return the versions of a memory, newest first, and the chain of supersessions it is in."""

    memory_id: int
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMemories:
    """Return memories page by page.

    Args:
        filters: What is considered.
        order: newest, oldest, importance or accessed.
        limit: 1 to `limits.PAGE_MAX`.
        cursor: From the page before; "" for the first.
        detailed: Whether to return all fields.
    """

    filters: Filters
    order: str = "newest"
    limit: int = 20
    cursor: str = ""
    detailed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPage:
    """Return records for another Mimo; see `storage.exchange`.

    Args:
        after: Place of the record before; (0, 0) at first.
        limit: 1 to `limits.PAGE_MAX`.
        project: Only what belongs to this project; None is all.
    """

    after: tuple[int, int] = (0, 0)
    limit: int = 100
    project: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryStats:
    """Return counts by category, project and state, and sizes."""

    filters: Filters


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryHealth:
    """Return whether memory works: a real read, index lag, model, SQLite version, WAL size."""


# -- Answered by memory/embedder ----------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """There are memories without a vector (cast)."""


# -- Answered by memory/working_memory ------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Keep a note in working memory until its time is over.

    Args:
        content: 1 to `limits.MEMORY_BYTES_MAX` bytes.
        session_id: Whose note it is.
        ttl_s: Seconds to keep it.
        key: Idempotency key.
        redacted: Kinds of secrets that were taken out of it.
        project: Where it belongs if it is stored for good.
        importance: 0 to 1; an important note is stored for good by the sleep cycle.
    """

    content: str
    session_id: str
    ttl_s: float
    key: str
    redacted: tuple[str, ...] = ()
    project: str = ""
    importance: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Return the notes of a session (or of all, with ""), newest first."""

    session_id: str
    limit: int = 20
