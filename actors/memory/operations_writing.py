"""What a memory was, what took its place, and what it contradicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.memory import messages
from mimo.actors.memory.building import fields_of, reason_of, scrubbed
from mimo.actors.memory.cleaning import name_of
from mimo.actors.memory.parameters import take
from mimo.actors.memory.results import (
    CONTRADICTIONS,
    DISMISSED,
    HISTORY,
    REVERTED,
    SUPERSEDED,
)
from mimo.actors.operations import CallContext, Operation
from mimo.actors.storage.messages import Commit
from mimo.config.errors import InvalidRequest
from mimo.storage.contradictions import Dismiss
from mimo.storage.revisions import Revert, Supersede

Arguments = Mapping[str, Any]

WRITER = ("storage/writer",)
RECALL = ("memory/recall",)


def _history(arguments: Arguments, _context: CallContext) -> messages.MemoryHistory:
    return messages.MemoryHistory(
        memory_id=arguments["memory_id"], limit=arguments.get("limit", 20)
    )


def _supersede(arguments: Arguments, context: CallContext) -> Commit:
    fields, found = scrubbed(fields_of(arguments))
    content = fields.pop("content", "")
    if found:
        fields["metadata"] = {"redacted": found}
    new_id = arguments.get("new_id", 0)
    if bool(new_id) == bool(content):
        raise InvalidRequest(
            "expected either 'new_id' or 'content', got "
            f"{'both' if new_id else 'neither'}; name the memory that takes the place, or write it"
        )
    client = context.client.rpartition(" ")[0] or context.client
    fields.setdefault("source", name_of(client[:100], "source"))
    return Commit(
        command=Supersede(
            old_id=arguments["old_id"],
            new_id=new_id,
            content=content,
            fields=fields if content else {},
            kind=arguments.get("type", "update"),
            reason=reason_of(arguments),
            key=context.key,
        ),
        as_result=True,
    )


def _revert(arguments: Arguments, context: CallContext) -> Commit:
    return Commit(
        command=Revert(
            memory_id=arguments["memory_id"],
            version=arguments.get("version", 0),
            reason=reason_of(arguments),
            key=context.key,
        ),
        as_result=True,
    )


def _contradictions(arguments: Arguments, _context: CallContext) -> messages.Contradictions:
    given = fields_of(
        {name: arguments[name] for name in ("content", "project") if name in arguments}
    )
    return messages.Contradictions(
        project=given.get("project"),
        memory_id=arguments.get("memory_id", 0),
        content=given.get("content", ""),
        limit=arguments.get("limit", 10),
    )


def _dismiss(arguments: Arguments, context: CallContext) -> Commit:
    return Commit(
        command=Dismiss(
            memory_id=arguments["memory_id"], other_id=arguments["other_id"], key=context.key
        ),
        as_result=True,
    )


WRITING: tuple[Operation, ...] = (
    Operation(
        name="history",
        summary="Versions of one; and what it superseded.",
        parameters=take("memory_id", "limit"),
        required=("memory_id",),
        result=HISTORY,
        effect="read",
        idempotent=True,
        worker=RECALL,
        build=_history,
        example={"memory_id": 1},
    ),
    Operation(
        name="supersede",
        summary="Replace an old one; both are kept.",
        parameters=take("old_id", "new_id", "content", "type", "reason"),
        required=("old_id",),
        result=SUPERSEDED,
        effect="write",
        idempotent=True,
        worker=WRITER,
        build=_supersede,
        example={"old_id": 1, "content": "Ada lives in Milan", "reason": "she moved"},
    ),
    Operation(
        name="revert",
        summary="Go back to a version; this too can be reverted.",
        parameters=take("memory_id", "version", "reason"),
        required=("memory_id",),
        result=REVERTED,
        effect="write",
        worker=WRITER,
        build=_revert,
        example={"memory_id": 1, "version": 1},
    ),
    Operation(
        name="contradictions",
        summary="Pairs that contradict; or check a text.",
        parameters=take("memory_id", "content", "project", "limit"),
        result=CONTRADICTIONS,
        effect="read",
        idempotent=True,
        worker=RECALL,
        build=_contradictions,
        example={"limit": 5},
    ),
    Operation(
        name="dismiss",
        summary="Let both of a pair stay; 'contradictions' no longer shows it.",
        parameters=take("memory_id", "other_id"),
        required=("memory_id", "other_id"),
        result=DISMISSED,
        effect="write",
        worker=WRITER,
        build=_dismiss,
        example={"memory_id": 2, "other_id": 1},
    ),
)
