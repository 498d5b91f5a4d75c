"""The tables of reasoning as peewee models."""

from __future__ import annotations

import peewee

from mimo.storage.schema_table import Table


class ReasoningSession(Table):
    """A session of reasoning; `state` is JSON, times are wall seconds UTC."""

    id = peewee.AutoField()
    session_id = peewee.TextField()
    kind = peewee.TextField()
    strategy = peewee.TextField()
    status = peewee.TextField()
    outcome = peewee.TextField()
    project = peewee.TextField()
    problem = peewee.TextField()
    steps = peewee.IntegerField()
    revision = peewee.IntegerField()
    started_at = peewee.FloatField()
    updated_at = peewee.FloatField()
    source = peewee.TextField()
    state = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "reasoning_sessions"


class ReasoningStep(Table):
    """A step of a session; `detail` is JSON."""

    session = peewee.IntegerField()
    number = peewee.IntegerField()
    revision = peewee.IntegerField()
    branch = peewee.TextField()
    kind = peewee.TextField()
    at = peewee.FloatField()
    content = peewee.TextField()
    detail = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "reasoning_steps"
        primary_key = peewee.CompositeKey("session", "number")


class ReasoningTopic(Table):
    """What was asked about, how often, and how often too little was known."""

    id = peewee.AutoField()
    terms = peewee.TextField()
    topic = peewee.TextField()
    asked = peewee.IntegerField()
    unsure = peewee.IntegerField()
    last_at = peewee.FloatField()
    last_level = peewee.TextField()
    last_gap = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "reasoning_topics"
