"""Replies by idempotency key: a command that is sent again is answered, not done again.

The entry is written in the transaction of its effect, so the two exist together or not at all.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

import apsw

from mimo.config import limits
from mimo.config.errors import Conflict
from mimo.storage.commands import Edit, Keyed, Stored, StoreMemories, Value
from mimo.storage.connection import Database
from mimo.storage.records import Memory

#: Entries removed in one transaction, so that no writer waits for long.
PRUNED_AT_ONCE = 1_000


def fingerprint(command: Keyed) -> str:
    """Return a hash of what the command says, its key included."""
    return hashlib.sha256(repr(command).encode("utf-8", "backslashreplace")).hexdigest()


def encoded(value: Value) -> str:
    """Return a reply as JSON."""
    if isinstance(value, Memory):
        return json.dumps(dataclasses.asdict(value), ensure_ascii=False)
    return json.dumps(value)


def decoded(command: Keyed, reply: str) -> Value:
    """Return the reply to this command out of its JSON."""
    found = json.loads(reply)
    if isinstance(command, Edit):
        return found
    if isinstance(command, StoreMemories):
        return tuple(_stored(item) for item in found)
    return Memory(**{**found, "tags": tuple(found["tags"])})


def _stored(item: list[Any]) -> Stored:
    """Return an outcome out of its JSON; one that an older Mimo entered has three fields."""
    memory_id, uid, created, *rest = item
    if not rest:
        return Stored(memory_id, uid, created)
    decision, similar, superseded = rest
    found = tuple(tuple(one) for one in similar)
    return Stored(memory_id, uid, created, decision, found, tuple(superseded))


def recall(link: apsw.Connection, command: Keyed) -> Value | None:
    """Return the reply that this command has had; None if it is new.

    Raises:
        Conflict: The key was used for something else.
    """
    found = link.execute(
        "SELECT fingerprint, reply FROM ledger WHERE key = ?", (command.key,)
    ).fetchall()
    if not found:
        return None
    if found[0][0] != fingerprint(command):
        raise Conflict(
            f"expected idempotency key {command.key!r} to come with the same content as before, "
            "got other content; use a new key for a new request"
        )
    return decoded(command, str(found[0][1]))


def enter(link: apsw.Connection, command: Keyed, value: Value, now_s: float) -> None:
    """Keep the reply to this command."""
    link.execute(
        "INSERT INTO ledger (key, fingerprint, reply, at) VALUES (?, ?, ?, ?)",
        (command.key, fingerprint(command), encoded(value), now_s),
    )


def prune(db: Database, *, now_s: float) -> int:
    """Remove up to `PRUNED_AT_ONCE` entries that are too old, and return how many.

    Raises:
        MimoError: See `storage.faults`.
    """
    with db.transaction() as link:
        link.execute(
            "DELETE FROM ledger WHERE key IN "
            "(SELECT key FROM ledger WHERE at < ? ORDER BY at LIMIT ?)",
            (now_s - limits.IDEMPOTENCY_KEPT_S, PRUNED_AT_ONCE),
        )
        return link.changes()
