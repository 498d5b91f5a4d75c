"""Records that storage takes and gives: plain frozen values, picklable, no SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Trust = Literal["user", "assistant", "tool", "file", "web"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMemory:
    """A memory to be stored, already checked and cleaned.

    Args:
        content: 1 to `limits.MEMORY_BYTES_MAX` bytes of UTF-8.
        category: What kind of memory it is; see `storage.schema.CATEGORIES`.
        importance: 0.0 to 1.0.
        tags: Lower-case, unique, sorted.
        project: Namespace; "" is the default project.
        speaker: Who said it; "" if unknown.
        session_id: The conversation it belongs to; "" if none.
        occurred_at_s: When it happened, wall seconds UTC; None means when it was stored.
        source: Where it came from, such as a client name, path or URL.
        trust: How far its text may be trusted.
        valid_from_s: Start of its validity, wall seconds UTC; None means always.
        valid_until_s: End of its validity (exclusive); None means open.
        protected: Never forgotten or archived by Mimo itself.
        metadata: Small JSON object of the caller's.
    """

    content: str
    category: str = "fact"
    importance: float = 0.5
    tags: tuple[str, ...] = ()
    project: str = ""
    speaker: str = ""
    session_id: str = ""
    occurred_at_s: float | None = None
    source: str = ""
    trust: Trust = "assistant"
    valid_from_s: float | None = None
    valid_until_s: float | None = None
    protected: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A stored memory.

    Args:
        id: Sequence number; rises, never reused.
        uid: 32 hex characters, the same in every export.
        created_at_s: When it was stored, wall seconds UTC.
        updated_at_s: When it was last changed.
        deleted_at_s: When it was soft-deleted; None if it wasn't.
        archived_at_s: When it was archived; None if it wasn't.
        superseded_by: Id of the memory that took its place; None if none did.
        access_count: How often it was returned to a user.
        accessed_at_s: When it was last returned; None if never.
        has_vector: Whether it can be found by meaning.

    The other fields are those of `NewMemory`.
    """

    id: int
    uid: str
    content: str
    category: str
    importance: float
    tags: tuple[str, ...]
    project: str
    speaker: str
    session_id: str
    occurred_at_s: float
    source: str
    trust: Trust
    valid_from_s: float | None
    valid_until_s: float | None
    protected: bool
    metadata: dict[str, Any]
    created_at_s: float
    updated_at_s: float
    deleted_at_s: float | None
    archived_at_s: float | None
    superseded_by: int | None
    access_count: int
    accessed_at_s: float | None
    has_vector: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which memories a search or a list considers; None and empty mean no restriction.

    Args:
        project: Exactly this project.
        categories: Any of these.
        tags: All of these.
        speaker: Exactly this speaker (case-insensitive).
        session_id: Exactly this session.
        source: Exactly this source.
        trust: Any of these levels.
        importance_min: At least this importance.
        since_s: Occurred at or after, wall seconds UTC.
        until_s: Occurred before, wall seconds UTC.
        include_deleted: Soft-deleted ones too.
        include_archived: Archived ones too.
        include_superseded: Superseded ones too.
        valid_at_s: Valid at this instant, wall seconds UTC.
        as_of_s: As everything was at this instant; see `storage.history`.
        when: A time expression that `since_s` and `until_s` were made of; "" if none.
    """

    project: str | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    speaker: str | None = None
    session_id: str | None = None
    source: str | None = None
    trust: tuple[Trust, ...] = ()
    importance_min: float | None = None
    since_s: float | None = None
    until_s: float | None = None
    include_deleted: bool = False
    include_archived: bool = False
    include_superseded: bool = False
    valid_at_s: float | None = None
    as_of_s: float | None = None
    when: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPatch:
    """What an update changes; a field named in `fields` is set, the others stay.

    Args:
        fields: Field names of `NewMemory` with their new values.
        redacted: How many secrets of each kind were taken out of the values; added to the
            memory's metadata.
    """

    fields: dict[str, Any]
    redacted: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One tool call.

    Args:
        tool: Name of the tool.
        operation: Name of its operation.
        outcome: `ok`, or the code of the error.
        duration_ms: How long it took, in milliseconds.
        at_s: When it began, wall seconds UTC.
        client: The client's name.
        request_id: The id that its log lines carry.
        connection: Over which connection it came; "" belongs to no session.
        project: The project that it named; "" if none.
        arguments: A JSON object, redacted and short; "" if it had none.
        memory_ids: The memories in its answer.
    """

    tool: str
    operation: str
    outcome: str
    duration_ms: float
    at_s: float
    client: str = ""
    request_id: str = ""
    connection: str = ""
    project: str = ""
    arguments: str = ""
    memory_ids: tuple[int, ...] = ()
