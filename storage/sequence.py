"""The numbers that are given away once: changes of the database and ids of memories."""

from __future__ import annotations

from pathlib import Path

import apsw

from mimo.storage import faults
from mimo.storage.witness import Witness

_READ = """
    SELECT uuid, seq, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'memories'), 0)
    FROM identity
"""


def read(link: apsw.Connection, path: Path) -> Witness:
    """Return how far the database has come: its newest change, the last memory id given away.

    Raises:
        MimoError: See `storage.faults`.
    """
    with faults.mapped("read the sequence", path):
        uuid, seq, memory_id = link.execute(_READ).fetchall()[0]
    return Witness(uuid=str(uuid), seq=int(str(seq)), memory_id=int(str(memory_id)))


def raise_to(link: apsw.Connection, path: Path, seen: Witness) -> None:
    """Let the next change and the next memory be numbered after what the witness has seen.

    Raises:
        MimoError: See `storage.faults`.
    """
    with faults.mapped("raise the sequence", path):
        link.execute("BEGIN IMMEDIATE")
        link.execute("UPDATE identity SET seq = max(seq, ?)", (seen.seq,))
        link.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'memories', 0 "
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'memories')"
        )
        link.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'memories'",
            (seen.memory_id,),
        )
        link.execute("COMMIT")


def mend(link: apsw.Connection, path: Path, seen: Witness | None) -> tuple[str, ...]:
    """Raise the numbers to where the witness saw them, and return a sentence if they had gone back.

    Raises:
        MimoError: See `storage.faults`.
    """
    if seen is None:
        return ()
    found = read(link, path)
    if found.seq >= seen.seq:
        return ()
    raise_to(link, path, seen)
    notice = (
        f"expected change {seen.seq} or newer in {path}, got {found.seq}: the last "
        f"{seen.seq - found.seq} changes are gone; the write-ahead log was deleted or cut, or an "
        "older file was put here"
    )
    return (notice,)
