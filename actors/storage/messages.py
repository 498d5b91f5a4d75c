"""The vocabulary of the storage group, besides the writes in `mimo.actors.memory.messages`."""

from __future__ import annotations

from dataclasses import dataclass

from mimo.storage.commands import Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterStatus:
    """Ask the writer how it is: a `WriterReport`. It commits nothing for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterReport:
    """How the writer is.

    Args:
        writes: Commands committed since its start.
        commits: Group commits since its start.
        wal_bytes: Size of the write-ahead log.
        refusing: Why it refuses to write; empty while it writes.
        refusing_code: The error's code; empty while it writes.
        sqlite_version: Which SQLite it is.
    """

    writes: int
    commits: int
    wal_bytes: int
    refusing: str
    refusing_code: str
    sqlite_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupNow:
    """Make a backup and verify it: reply with its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckNow:
    """Check the database's integrity: reply with a tuple of sentences, empty when all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Do an edit durably and reply with what it returned, as a call; a cast wants no reply.

    Args:
        command: What is to be written.
        as_result: Whether the reply is the `Result` of a tool call; the edit then returns an
            object that fits the operation's result schema.
    """

    command: Edit
    as_result: bool = False
