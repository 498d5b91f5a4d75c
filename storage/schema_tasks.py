"""The tables of the task queue as peewee models."""

from __future__ import annotations

import peewee

from mimo.storage.schema_table import Table


class TaskRow(Table):
    """A task; `spec` and `state` are JSON."""

    id = peewee.AutoField()
    task_id = peewee.TextField()
    kind = peewee.TextField()
    description = peewee.TextField()
    status = peewee.TextField()
    priority = peewee.IntegerField()
    created_at = peewee.FloatField()
    updated_at = peewee.FloatField()
    finished_at = peewee.FloatField(null=True)
    source = peewee.TextField()
    spec = peewee.TextField()
    state = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "tasks"


class TaskNeed(Table):
    """That one task waits for another."""

    task = peewee.IntegerField()
    needs = peewee.IntegerField()

    class Meta:  # noqa: D106
        table_name = "task_needs"
        primary_key = peewee.CompositeKey("task", "needs")


class TaskStep(Table):
    """A line of a task's journal; `detail` is JSON."""

    task = peewee.IntegerField()
    number = peewee.IntegerField()
    at = peewee.FloatField()
    what = peewee.TextField()
    detail = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "task_steps"
        primary_key = peewee.CompositeKey("task", "number")


class ApprovalRow(Table):
    """A question that a person was asked, and the answer; `decision` is empty while none came."""

    id = peewee.AutoField()
    task = peewee.IntegerField()
    kind = peewee.TextField()
    question = peewee.TextField()
    asked_at = peewee.FloatField()
    decision = peewee.TextField()
    decided_at = peewee.FloatField(null=True)
    decided_by = peewee.TextField()
    note = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "approvals"


class TaskQueue(Table):
    """The queue as a whole: one row."""

    id = peewee.IntegerField(primary_key=True)
    revision = peewee.IntegerField()
    state = peewee.TextField()

    class Meta:  # noqa: D106
        table_name = "task_queue"
