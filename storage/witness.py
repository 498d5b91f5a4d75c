"""A small file beside the database that remembers which database it was and how far it had come.

SQLite can't tell that its file was deleted, replaced or set back: it opens an empty one, the wrong
one, or one without the write-ahead log, and goes on. The witness lets `open_writer` notice. It is
written after each commit without a sync, so it may lag behind; it never runs ahead.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_FIELDS = 4
_MARK = "mimo-witness-1"
_BYTES = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What is known of a database from outside.

    Args:
        uuid: The database's identity.
        seq: A change it is known to have had.
        memory_id: A memory id it is known to have given away.
    """

    uuid: str
    seq: int
    memory_id: int


def path_of(db_path: Path) -> Path:
    """Return where the witness of this database stands."""
    return db_path.with_name(db_path.name + ".witness")


def encoded(witness: Witness) -> bytes:
    """Return the file's content: one padded line, so that it is overwritten in place."""
    line = f"{_MARK} {witness.uuid} {witness.seq} {witness.memory_id}"
    return line.ljust(_BYTES - 1).encode("ascii") + b"\n"


def decoded(content: bytes) -> Witness | None:
    """Return the witness, or None if the content isn't one (a torn write is not evidence)."""
    words = content.decode("ascii", "replace").split()
    if len(words) != _FIELDS or words[0] != _MARK or len(content) != _BYTES:
        return None
    with contextlib.suppress(ValueError):
        return Witness(uuid=words[1], seq=int(words[2]), memory_id=int(words[3]))
    return None


def read(db_path: Path) -> Witness | None:
    """Return the witness beside this database; None if there is none that can be read."""
    try:
        return decoded(path_of(db_path).read_bytes())
    except OSError:
        return None


def write(db_path: Path, witness: Witness) -> None:
    """Replace the witness, whole and synced."""
    target = path_of(db_path)
    aside = target.with_name(target.name + ".new")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, encoded(witness))
        os.fsync(handle)
    finally:
        os.close(handle)
    aside.replace(target)


class WitnessFile:
    """The witness, held open by the writer.

    Args:
        db_path: The database it stands beside.
    """

    def __init__(self, db_path: Path) -> None:
        self._handle = -1
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        # On a full disk there is no witness; the database itself is none the worse.
        with contextlib.suppress(OSError):
            self._handle = os.open(path_of(db_path), flags, 0o600)

    def note(self, witness: Witness) -> None:
        """Remember it; a failure is left unsaid, since the commit it follows has succeeded."""
        if self._handle >= 0:
            with contextlib.suppress(OSError):
                os.pwrite(self._handle, encoded(witness), 0)

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
