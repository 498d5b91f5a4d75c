"""The tables of procedures and of ingested documents as peewee models."""

from __future__ import annotations

import peewee

from mimo.storage.schema_table import Table


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
