"""The tables of the knowledge graph as peewee models."""

from __future__ import annotations

import peewee

from mimo.storage.schema_table import Table


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
