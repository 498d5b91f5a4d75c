"""Group commit: many commands, one transaction, one sync.

Each command stands in a savepoint of its own, so one that is refused doesn't touch the others.
Outcomes are only returned once all of them are durable, so whoever is answered afterwards is
answered truly.

Source: reliability measured: 380 durable rows/s singly, 62,000 in batches of 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import apsw

from mimo.config.errors import InvalidRequest, MimoError
from mimo.storage import arrivals, faults, interactions, ledger, memory_writes, sequence
from mimo.storage.commands import (
    Command,
    Delete,
    Edit,
    Judge,
    Keyed,
    Outcome,
    PutVectors,
    RecordInteractions,
    Restore,
    Stored,
    StoreMemories,
    TouchAccess,
    Transaction,
    Update,
    Value,
)
from mimo.storage.connection import Database
from mimo.storage.records import Memory

__all__ = [
    "Command",
    "Delete",
    "Edit",
    "Outcome",
    "PutVectors",
    "RecordInteractions",
    "Restore",
    "StoreMemories",
    "Stored",
    "TouchAccess",
    "Update",
    "apply",
]

# What a single command may be refused for; anything else ends the whole transaction.
_REFUSALS = (apsw.ConstraintError, apsw.TooBigError, apsw.MismatchError, apsw.RangeError)


def apply(
    db: Database, commands: Sequence[Command], *, now_s: float, judge: Judge | None = None
) -> list[Outcome]:
    """Do all commands in one durable commit and return their outcomes, in order.

    Args:
        db: The writer's connection.
        commands: Done in this order.
        now_s: Wall seconds UTC; dates what is written.
        judge: Tells how new memories stand to old ones; None to store them unlooked.

    Returns:
        For each command its value, or the error for which it alone was refused.

    Raises:
        DiskFull: Nothing was written; the connection goes on working.
        Busy: Nothing was written; another process holds the lock.
        StorageFailed: The outcome of all is unknown; close the connection and open a new one.
        Corrupt: The database is damaged; it must not be written any more.
    """
    with db.transaction() as link:
        first = sequence.read(link, db.path).seq
        batch = Transaction(link, now_s, first, judge)
        outcomes = [_apply_one(batch, command, db) for command in commands]
        if batch.seq != first:
            link.execute("UPDATE identity SET seq = ?", (batch.seq,))
        reached = sequence.read(link, db.path)
    db.check_files()
    db.note(reached)
    return outcomes


def _apply_one(batch: Transaction, command: Command, db: Database) -> Outcome:
    seq = batch.seq
    batch.link.execute("SAVEPOINT command")
    try:
        outcome: Outcome = _once(batch, command)
    except MimoError as error:
        outcome = error
    except _REFUSALS as error:
        outcome = faults.translated(error, "do this", str(db.path))
    except UnicodeEncodeError as error:
        outcome = InvalidRequest(f"expected Unicode text, got a lone surrogate: {error.reason}")
    if isinstance(outcome, MimoError):
        batch.seq = seq
        batch.link.execute("ROLLBACK TO command")
    batch.link.execute("RELEASE command")
    return outcome


def _once(batch: Transaction, command: Command) -> Value:
    """Do the command, or return the reply it has had already."""
    if not isinstance(command, Keyed) or not command.key:
        return _do(batch, command)
    known = ledger.recall(batch.link, command)
    if known is not None:
        return known
    value = _do(batch, command)
    ledger.enter(batch.link, command, value, batch.now_s)
    return value


def _update(link: apsw.Connection, command: Update, now_s: float) -> Memory:
    return memory_writes.update(
        link, command.memory_id, command.patch, now_s, reason=command.reason
    )


def _do(batch: Transaction, command: Command) -> Value:
    link, now_s = batch.link, batch.now_s
    value: Value
    match command:
        case StoreMemories():
            batch.seq += len(command.memories)
            value = arrivals.store(batch, command)
        case Update():
            batch.seq += 1
            value = _update(link, command, now_s)
        case Delete():
            batch.seq += 1
            value = memory_writes.delete(link, command.memory_id, now_s)
        case Restore():
            batch.seq += 1
            value = memory_writes.restore(link, command.memory_id, now_s)
        case PutVectors():
            value = memory_writes.put_vectors(link, command, batch.seq + 1)
            batch.seq += len(command.vectors)
        case TouchAccess():
            value = memory_writes.touch(link, command.ids, now_s)
        case RecordInteractions():
            value = interactions.record(link, command.interactions)
        case Edit():
            value = command.apply(batch)
        case _:
            assert_never(command)
    return value
