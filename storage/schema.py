"""The tables as peewee models, and the constants of the file format.

The migrations make the tables; these models describe the newest form and a test compares the two.
"""

from __future__ import annotations

from typing import Final

import peewee

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


class Table(peewee.Model):
    """Base of the models; a query is given its database when it is executed."""


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


class SessionRow(Table):
    """A session of a client."""

    id = peewee.AutoField()
    client = peewee.TextField()
    connection = peewee.TextField()
    project = peewee.TextField()
    state = peewee.TextField()
    started_at = peewee.FloatField()
    last_at = peewee.FloatField()
    calls = peewee.IntegerField()
    failures = peewee.IntegerField()
    resumed = peewee.IntegerField()
    summary = peewee.TextField()
    curated_at = peewee.FloatField(null=True)

    class Meta:  # noqa: D106
        table_name = "sessions"


class InteractionMemory(Table):
    """A call from which a memory was made."""

    interaction_id = peewee.IntegerField()
    memory_id = peewee.IntegerField()

    class Meta:  # noqa: D106
        table_name = "interaction_memories"
        primary_key = peewee.CompositeKey("interaction_id", "memory_id")


class MemoryFeedback(Table):
    """How useful a memory was; evidence as it was at `updated_at`."""

    memory_id = peewee.IntegerField(primary_key=True)
    helpful = peewee.FloatField()
    unhelpful = peewee.FloatField()
    count = peewee.IntegerField()
    updated_at = peewee.FloatField()

    class Meta:  # noqa: D106
        table_name = "memory_feedback"


class SessionMark(Table):
    """Up to which call something was done."""

    name = peewee.TextField(primary_key=True)
    value = peewee.IntegerField()

    class Meta:  # noqa: D106
        table_name = "session_marks"


class ProcedureRow(Table):
    """A definition of a procedure; it never changes."""

    id = peewee.AutoField()
    name = peewee.TextField()
    major = peewee.IntegerField()
    minor = peewee.IntegerField()
    patch = peewee.IntegerField()
    hash = peewee.TextField()
    active = peewee.IntegerField()
    created_at = peewee.FloatField()
    source = peewee.TextField()
    description = peewee.TextField()
    definition = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "procedures"


class ProcedureRun(Table):
    """A run of a procedure; `state` is JSON."""

    id = peewee.AutoField()
    run_id = peewee.TextField()
    procedure_id = peewee.IntegerField()
    status = peewee.TextField()
    revision = peewee.IntegerField()
    started_at = peewee.FloatField()
    updated_at = peewee.FloatField()
    finished_at = peewee.FloatField(null=True)
    source = peewee.TextField()
    state = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "procedure_runs"


class ProcedureStep(Table):
    """A line of a run's journal; `detail` is JSON."""

    run = peewee.IntegerField()
    number = peewee.IntegerField()
    at = peewee.FloatField()
    state = peewee.TextField()
    what = peewee.TextField()
    detail = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "procedure_steps"
        primary_key = peewee.CompositeKey("run", "number")


class DocumentRow(Table):
    """A document that was ingested; times are wall seconds UTC."""

    id = peewee.AutoField()
    project = peewee.TextField()
    source = peewee.TextField()
    kind = peewee.TextField()
    title = peewee.TextField()
    strategy = peewee.TextField()
    encoding = peewee.TextField()
    size_bytes = peewee.IntegerField()
    version = peewee.TextField()
    options = peewee.TextField()
    chunk_count = peewee.IntegerField()
    job = peewee.TextField()
    changes = peewee.TextField()
    created_at = peewee.FloatField()
    updated_at = peewee.FloatField()
    forgotten_at = peewee.FloatField(null=True)

    class Meta:  # noqa: D106
        table_name = "documents"


class DocumentChunk(Table):
    """A chunk of a document's version, and the memory that it is."""

    document_id = peewee.IntegerField()
    version = peewee.TextField()
    ordinal = peewee.IntegerField()
    chunk_hash = peewee.TextField()
    memory_id = peewee.IntegerField()

    class Meta:  # noqa: D106
        table_name = "document_chunks"
        primary_key = peewee.CompositeKey("document_id", "version", "ordinal")


class GraphNode(Table):
    """An entity of the knowledge graph; `state` is active, unused or deleted."""

    id = peewee.AutoField()
    project = peewee.TextField()
    type = peewee.TextField()
    key = peewee.TextField()
    name = peewee.TextField()
    created_at = peewee.FloatField()
    updated_at = peewee.FloatField()
    state = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "nodes"


class NodeAlias(Table):
    """One more name of an entity."""

    project = peewee.TextField()
    key = peewee.TextField()
    node_id = peewee.IntegerField()
    name = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "node_aliases"
        primary_key = peewee.CompositeKey("project", "key", "node_id")


class TripleRow(Table):
    """A fact; a derived one has a rule and premises."""

    id = peewee.AutoField()
    project = peewee.TextField()
    subject_id = peewee.IntegerField()
    predicate = peewee.TextField()
    object_id = peewee.IntegerField()
    confidence = peewee.FloatField()
    rule = peewee.TextField()
    valid_from = peewee.FloatField(null=True)
    valid_until = peewee.FloatField(null=True)
    generation = peewee.IntegerField()
    created_at = peewee.FloatField()
    updated_at = peewee.FloatField()
    deleted_at = peewee.FloatField(null=True)
    deleted_with = peewee.IntegerField(null=True)

    class Meta:  # noqa: D106
        table_name = "triples"


class TripleSource(Table):
    """Who says a fact; `memory_id` is 0 where no memory does."""

    triple_id = peewee.IntegerField()
    source = peewee.TextField()
    memory_id = peewee.IntegerField()
    at = peewee.FloatField()

    class Meta:  # noqa: D106
        table_name = "triple_sources"
        primary_key = peewee.CompositeKey("triple_id", "source", "memory_id")


class Premise(Table):
    """What a derived fact rests on."""

    derived_id = peewee.IntegerField()
    position = peewee.IntegerField()
    premise_id = peewee.IntegerField()

    class Meta:  # noqa: D106
        table_name = "premises"
        primary_key = peewee.CompositeKey("derived_id", "position")


class RuleRow(Table):
    """A rule of a project; `head`, `body` and `nodes` are JSON."""

    id = peewee.IntegerField(primary_key=True)
    project = peewee.TextField()
    name = peewee.TextField()
    head = peewee.TextField()
    body = peewee.TextField()
    nodes = peewee.TextField()
    confidence = peewee.FloatField()
    enabled = peewee.IntegerField()
    created_at = peewee.FloatField()

    class Meta:  # noqa: D106
        table_name = "rules"


class GraphRow(Table):
    """How far the derived facts of a project are."""

    project = peewee.TextField(primary_key=True)
    generation = peewee.IntegerField()
    rules_generation = peewee.IntegerField()
    materialised = peewee.IntegerField()
    derived_generation = peewee.IntegerField()
    fresh_until = peewee.FloatField(null=True)

    class Meta:  # noqa: D106
        table_name = "graphs"


class ActiveDay(Table):
    """A day, counted from 1970-01-01 UTC, on which the assistant was used."""

    day = peewee.IntegerField(primary_key=True)
    first_at = peewee.FloatField()

    class Meta:  # noqa: D106
        table_name = "active_days"


class MemorySpacing(Table):
    """How often a memory was used with time in between. Written by a trigger."""

    memory_id = peewee.IntegerField(primary_key=True)
    spaced = peewee.IntegerField()
    spaced_at = peewee.FloatField()

    class Meta:  # noqa: D106
        table_name = "memory_spacing"


class LifecycleRun(Table):
    """One run of the sleep cycle or of a part of it."""

    id = peewee.AutoField()
    kind = peewee.TextField()
    cause = peewee.TextField()
    state = peewee.TextField()
    started_at = peewee.FloatField()
    ended_at = peewee.FloatField(null=True)

    class Meta:  # noqa: D106
        table_name = "lifecycle_runs"


class LifecycleStage(Table):
    """What one stage of a run did; `report` is a JSON object."""

    run_id = peewee.IntegerField()
    ordinal = peewee.IntegerField()
    name = peewee.TextField()
    state = peewee.TextField()
    duration_s = peewee.FloatField()
    report = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "lifecycle_stages"
        primary_key = peewee.CompositeKey("run_id", "ordinal")


class LifecycleAction(Table):
    """What a run did to one memory, why, and how it is undone."""

    id = peewee.AutoField()
    run_id = peewee.IntegerField()
    at = peewee.FloatField()
    action = peewee.TextField()
    memory_id = peewee.IntegerField()
    score = peewee.FloatField(null=True)
    reason = peewee.TextField()
    undo = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "lifecycle_actions"


class LifecycleState(Table):
    """What the lifecycle remembers between runs, by name."""

    name = peewee.TextField(primary_key=True)
    value = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "lifecycle_state"


class ExportedMemory(Table):
    """Where in which file of the archive a memory stands that has no row any more."""

    memory_id = peewee.IntegerField(primary_key=True)
    uid = peewee.TextField()
    file = peewee.TextField()
    place = peewee.IntegerField()
    exported_at = peewee.FloatField()

    class Meta:  # noqa: D106
        table_name = "exported_memories"


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
)
