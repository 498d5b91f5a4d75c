"""The tables of sessions and of what time does to memories, as peewee models."""

from __future__ import annotations

import peewee

from mimo.storage.schema_table import Table


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
