"""When the vector index is made anew: seldom enough to cost little, often enough to be of use."""

from __future__ import annotations

from typing import Final

from mimo.storage import vector_file
from mimo.storage.connection import Database
from mimo.storage.vector_file import Head, VectorFile

#: Fewer vectors than these are held by each searching process: 31 MB, and quicker to compare.
INDEXED_MIN = 20_000
#: It is made anew when this many vectors, and this share of all, came since, or are gone.
NEWER_MIN = 4_096
NEWER_SHARE: Final = 0.1


def is_due(head: Head | None, count: int, newer: int) -> bool:
    """Return whether to make the index anew.

    Args:
        head: Of the index that there is; None without a sound one.
        count: Vectors of the model in the database.
        newer: How many of them came after the index.
    """
    if count < INDEXED_MIN:
        return False
    if head is None:
        return True
    gone = max(0, head.count + newer - count)
    return max(newer, gone) >= max(NEWER_MIN, NEWER_SHARE * count)


class IndexKeeping:
    """Keeps the index of one database and model.

    Args:
        db: Open for reading.
        model_id: Whose vectors.
        dim: Their length.
    """

    def __init__(self, db: Database, model_id: str, dim: int) -> None:
        self._db = db
        self._model_id = model_id
        self._dim = dim
        self._path = vector_file.index_path(db.path)
        self._head: Head | None = None
        self._is_checked = False

    def tend(self) -> Head | None:
        """Make the index anew if that is due; return what it says of itself then.

        Raises:
            OSError: It can't be written; the old one stays.
            MimoError: The database can't be read; see `storage.faults`.
        """
        if not self._is_checked:
            self._head = self._sound()
            self._is_checked = True
        with self._db.snapshot() as link:
            after = self._head.change_seq if self._head is not None else 0
            count, newer = vector_file.counts(link, self._model_id, after)
        if not is_due(self._head, count, newer):
            return None
        # A trouble with it must not be met again at once, whatever it is.
        self._head = Head(
            database="", model_id="", dim=0, count=count, change_seq=after, body_crc=0
        )
        self._head = vector_file.write(self._path, self._db, self._model_id, self._dim)
        return self._head

    def _sound(self) -> Head | None:
        """Return the head of the index that there is, if all of it can be used."""
        found = VectorFile.open(self._path, self._db.identity.uuid, self._model_id, self._dim)
        if found is None:
            return None
        with self._db.snapshot() as link:
            return found.head if found.living(link) is not None else None
