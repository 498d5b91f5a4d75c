"""The tables as peewee models, and the constants of the file format.

The migrations make the tables; these models describe the newest form and a test compares the two.
"""

from __future__ import annotations

from typing import Final

import peewee

from mimo.storage.schema_knowledge import (
    GraphNode,
    GraphRow,
    NodeAlias,
    Premise,
    RuleRow,
    TripleRow,
    TripleSource,
)
from mimo.storage.schema_lifecycle import (
    ActiveDay,
    ExportedMemory,
    InteractionMemory,
    LifecycleAction,
    LifecycleRun,
    LifecycleStage,
    LifecycleState,
    MemoryFeedback,
    MemorySpacing,
    SessionMark,
    SessionRow,
)
from mimo.storage.schema_reasoning import ReasoningSession, ReasoningStep, ReasoningTopic
from mimo.storage.schema_table import Table
from mimo.storage.schema_tasks import ApprovalRow, TaskNeed, TaskQueue, TaskRow, TaskStep
from mimo.storage.schema_work import (
    DocumentChunk,
    DocumentRow,
    ProcedureRow,
    ProcedureRun,
    ProcedureStep,
)

#: "MIMO" in ASCII: what SQLite's header says whose file it is.
APPLICATION_ID: Final = 0x4D494D4F

#: What kinds of memory there are.
CATEGORIES: Final = (
    "fact",
    "preference",
    "action",
    "observation",
    "plan",
    "episode",
    "procedure",
    "entity_anchor",
)

#: How far the text of a memory may be trusted, most trusted first.
TRUST_LEVELS: Final = ("user", "assistant", "tool", "file", "web")


class Identity(Table):
    """One row: which database this is. `seq` rises with every change and is never reused."""

    id = peewee.IntegerField(primary_key=True)
    uuid = peewee.TextField()
    created_at = peewee.FloatField()
    seq = peewee.IntegerField()

    class Meta:  # noqa: D106
        table_name = "identity"


class SchemaVersion(Table):
    """One row for each migration that was applied."""

    version = peewee.IntegerField(primary_key=True)
    title = peewee.TextField()
    applied_at = peewee.FloatField()

    class Meta:  # noqa: D106
        table_name = "schema_version"


class MemoryRow(Table):
    """A memory; times are wall seconds UTC. `speaker_key` is the speaker, case-folded."""

    id = peewee.AutoField()
    uid = peewee.TextField()
    category = peewee.TextField()
    importance = peewee.FloatField()
    project = peewee.TextField()
    speaker = peewee.TextField()
    speaker_key = peewee.TextField()
    session_id = peewee.TextField()
    occurred_at = peewee.FloatField()
    source = peewee.TextField()
    trust = peewee.TextField()
    valid_from = peewee.FloatField(null=True)
    valid_until = peewee.FloatField(null=True)
    protected = peewee.IntegerField()
    created_at = peewee.FloatField()
    updated_at = peewee.FloatField()
    deleted_at = peewee.FloatField(null=True)
    archived_at = peewee.FloatField(null=True)
    superseded_by = peewee.IntegerField(null=True)
    access_count = peewee.IntegerField()
    accessed_at = peewee.FloatField(null=True)
    content_hash = peewee.TextField()
    metadata = peewee.TextField()
    content = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "memories"


class MemoryTag(Table):
    """A tag of a memory."""

    memory_id = peewee.IntegerField()
    tag = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "memory_tags"
        primary_key = peewee.CompositeKey("memory_id", "tag")


class MemoryLink(Table):
    """A link from one memory to another; `kind` is one of `storage.links.KINDS`."""

    source_id = peewee.IntegerField()
    target_id = peewee.IntegerField()
    kind = peewee.TextField()
    weight = peewee.FloatField()
    count = peewee.IntegerField()
    note = peewee.TextField()
    created_at = peewee.FloatField()
    updated_at = peewee.FloatField()

    class Meta:  # noqa: D106
        table_name = "memory_links"
        primary_key = peewee.CompositeKey("source_id", "target_id", "kind")


class MemoryVersion(Table):
    """What a memory was until it was changed; `tags` is a JSON array. Written by a trigger."""

    version_id = peewee.AutoField()
    id = peewee.IntegerField()
    version = peewee.IntegerField()
    since_s = peewee.FloatField()
    until_s = peewee.FloatField()
    change = peewee.TextField()
    reason = peewee.TextField()
    tags = peewee.TextField()
    uid = peewee.TextField()
    category = peewee.TextField()
    importance = peewee.FloatField()
    project = peewee.TextField()
    speaker = peewee.TextField()
    speaker_key = peewee.TextField()
    session_id = peewee.TextField()
    occurred_at = peewee.FloatField()
    source = peewee.TextField()
    trust = peewee.TextField()
    valid_from = peewee.FloatField(null=True)
    valid_until = peewee.FloatField(null=True)
    protected = peewee.IntegerField()
    created_at = peewee.FloatField()
    updated_at = peewee.FloatField()
    deleted_at = peewee.FloatField(null=True)
    archived_at = peewee.FloatField(null=True)
    superseded_by = peewee.IntegerField(null=True)
    content_hash = peewee.TextField()
    metadata = peewee.TextField()
    content = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "memory_versions"


class Vector(Table):
    """A memory's vector: float16, little-endian, unit length; valid while the hashes agree."""

    memory_id = peewee.IntegerField(primary_key=True)
    model_id = peewee.TextField()
    content_hash = peewee.TextField()
    change_seq = peewee.IntegerField()
    vector = peewee.BlobField()

    class Meta:  # noqa: D106
        table_name = "vectors"


class EmbeddingQueue(Table):
    """A memory that waits for its vector."""

    memory_id = peewee.IntegerField(primary_key=True)

    class Meta:  # noqa: D106
        table_name = "embedding_queue"


class LedgerEntry(Table):
    """The reply to a command, by its idempotency key."""

    key = peewee.TextField(primary_key=True)
    fingerprint = peewee.TextField()
    reply = peewee.TextField()
    at = peewee.FloatField()

    class Meta:  # noqa: D106
        table_name = "ledger"


class InteractionRow(Table):
    """A tool call; its arguments, a JSON object, are redacted and short."""

    id = peewee.AutoField()
    at = peewee.FloatField()
    tool = peewee.TextField()
    operation = peewee.TextField()
    outcome = peewee.TextField()
    duration_ms = peewee.FloatField()
    client = peewee.TextField()
    request_id = peewee.TextField()
    session = peewee.IntegerField(null=True)
    arguments = peewee.TextField()
    memory_ids = peewee.TextField()
    consolidated_at = peewee.FloatField(null=True)

    class Meta:  # noqa: D106
        table_name = "interactions"


#: Every table with rows of ours; virtual tables have no model.
MODELS: Final[tuple[type[Table], ...]] = (
    Identity,
    SchemaVersion,
    MemoryRow,
    MemoryTag,
    Vector,
    EmbeddingQueue,
    LedgerEntry,
    InteractionRow,
    MemoryLink,
    MemoryVersion,
    ProcedureRow,
    ProcedureRun,
    ProcedureStep,
    DocumentRow,
    DocumentChunk,
    GraphNode,
    NodeAlias,
    TripleRow,
    TripleSource,
    Premise,
    RuleRow,
    GraphRow,
    ActiveDay,
    MemorySpacing,
    LifecycleRun,
    LifecycleStage,
    LifecycleAction,
    LifecycleState,
    ExportedMemory,
    SessionRow,
    InteractionMemory,
    MemoryFeedback,
    SessionMark,
    ReasoningSession,
    ReasoningStep,
    ReasoningTopic,
    TaskRow,
    TaskNeed,
    TaskStep,
    ApprovalRow,
    TaskQueue,
)
