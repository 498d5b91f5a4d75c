"""The vector index: a file beside the database that all searching processes share, none owns.

Ids, change numbers and signs are mapped; of the vectors, only the few that are compared are read,
so that they cost no process any memory. It holds the vectors of one model as they were at some
change. It is a copy and nothing else: whatever is wrong with it (another database, another model, a
torn or foreign file, a restored backup) makes it worthless, and it is made again. It is written
whole under another name and then takes its place, so a crash leaves the old one, and who has opened
that one keeps it.

Layout: 4,096 bytes of head, then vectors (float16), ids, change numbers (int64), signs (uint64).
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

import apsw
import numpy as np
from numpy.typing import NDArray

from mimo.storage.connection import Database
from mimo.storage.vector_signs import Floats, Rows, Signs, signs_of, words_of

_MAGIC: Final = b"mimo vectors 1\n"
_HEAD_BYTES: Final = 4_096
#: Vectors read from the database at once, and bytes of the file read at once.
_BLOCK, _BLOCK_BYTES = 4_096, 1_048_576
_DRAFT: Final = ".draft-"

_READ: Final = """
    SELECT memory_id, change_seq, vector FROM vectors
    WHERE change_seq > ? AND +model_id = ? ORDER BY change_seq LIMIT ?
"""


def index_path(database: Path) -> Path:
    """Return where the index of this database stands."""
    return database.parent / "index" / "vectors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the file says of itself.

    Args:
        database: Identity of the database that it was made from.
        model_id: Whose vectors.
        dim: Their length.
        count: How many.
        change_seq: The newest change that it has.
        body_crc: CRC-32 of all that follows the head.
    """

    database: str
    model_id: str
    dim: int
    count: int
    change_seq: int
    body_crc: int

    @property
    def size_bytes(self) -> int:
        """Return the whole file's size."""
        return _HEAD_BYTES + self.count * (2 * self.dim + 16 + 8 * words_of(self.dim))


class _Descriptor:
    """A descriptor of a file, closed with its last user.

    Args:
        stream: The file, which may be closed afterwards.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.number = os.dup(stream.fileno())
        weakref.finalize(self, os.close, self.number)


@dataclass(frozen=True, slots=True, eq=False)
class VectorFile:
    """An open index; its arrays can't be written.

    Args:
        head: What it says of itself.
        file: Where the vectors are read from.
        ids: Whose each vector is.
        seqs: The change at which each was put, rising.
        signs: Of each.
    """

    head: Head
    file: _Descriptor
    ids: Rows
    seqs: Rows
    signs: Signs

    @classmethod
    def open(cls, path: Path, database: str, model_id: str, dim: int) -> VectorFile | None:
        """Map the file and check every byte of it; None if it isn't there or is of no use."""
        with contextlib.suppress(OSError, ValueError), path.open("rb") as stream:
            head = _head_of(stream)
            wanted = (database, model_id, dim)
            if head is None or (head.database, head.model_id, head.dim) != wanted:
                return None
            if _is_whole(stream, head):
                return cls._mapped(head, stream)
        return None

    @classmethod
    def _mapped(cls, head: Head, stream: IO[bytes]) -> VectorFile:
        before = _HEAD_BYTES + 2 * head.dim * head.count
        # A mapping begins at a page.
        first = before - before % mmap.ALLOCATIONGRANULARITY
        held = mmap.mmap(
            stream.fileno(), head.size_bytes - first, access=mmap.ACCESS_READ, offset=first
        )
        at = before - first

        def part(kind: str, columns: int) -> NDArray[Any]:
            nonlocal at
            found = np.frombuffer(held, dtype=kind, count=head.count * columns, offset=at)
            at += found.nbytes
            return found.reshape(head.count, columns)

        ids, seqs = part("<i8", 1), part("<i8", 1)
        return cls(
            head, _Descriptor(stream), ids[:, 0], seqs[:, 0], part("<u8", words_of(head.dim))
        )

    def vectors(self, rows: Rows) -> Floats:
        """Return the vectors of these rows."""
        size, file = 2 * self.head.dim, self.file.number
        places = (_HEAD_BYTES + size * rows).tolist()
        read = b"".join([os.pread(file, size, place) for place in places])
        return np.frombuffer(read, dtype="<f2").reshape(-1, self.head.dim).astype(np.float32)

    def living(self, link: apsw.Connection) -> NDArray[np.bool_] | None:
        """Return which rows are as the database has them now; None if the file isn't its index.

        A row counts if that very change of that memory's vector still stands. If the database has a
        vector of this model from before the file was made that the file lacks, they have different
        pasts.
        """
        found = link.execute(
            "SELECT change_seq, memory_id FROM vectors WHERE change_seq <= ? ORDER BY change_seq",
            (self.head.change_seq,),
        ).fetchall()
        known = np.array(found, dtype=np.int64).reshape(-1, 2)
        if not known.size:
            return np.zeros(self.head.count, dtype=np.bool_)
        place = np.minimum(np.searchsorted(known[:, 0], self.seqs), len(known) - 1)
        alive = (known[place, 0] == self.seqs) & (known[place, 1] == self.ids)
        missing = np.delete(known[:, 1], place[alive])
        if missing.size and _has_any(link, missing.tolist(), self.head):
            return None
        return np.asarray(alive)


def counts(link: apsw.Connection, model_id: str, after: int) -> tuple[int, int]:
    """Return how many vectors of the model there are, and how many of any came after a change."""
    row = link.execute(
        "SELECT (SELECT count(*) FROM vectors WHERE model_id = ?), "
        "(SELECT count(*) FROM vectors WHERE change_seq > ?)",
        (model_id, after),
    ).fetchall()[0]
    return int(str(row[0])), int(str(row[1]))


def write(path: Path, db: Database, model_id: str, dim: int) -> Head:
    """Write the index anew from the database, block by block, and put it in its place.

    Raises:
        OSError: It can't be written; the old one stays.
        MimoError: The database can't be read; see `storage.faults`.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in path.parent.glob(f"{_DRAFT}*"):
        left.unlink(missing_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=_DRAFT, delete=False) as stream:
        try:
            head = _write_all(stream, db, model_id, dim)
            os.replace(stream.name, path)  # noqa: PTH105  a name, not a path
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(stream.name)  # noqa: PTH108
            raise
    return head


def _write_all(stream: IO[bytes], db: Database, model_id: str, dim: int) -> Head:
    """Write vectors as they are read, then what fits into memory: 64 bytes a vector."""
    crc = 0

    def put(data: bytes) -> None:
        nonlocal crc
        crc = zlib.crc32(data, crc)
        stream.write(data)

    stream.write(bytes(_HEAD_BYTES))
    ids: list[Rows] = [np.zeros(0, dtype=np.int64)]
    seqs: list[Rows] = [np.zeros(0, dtype=np.int64)]
    signs: list[Signs] = [np.zeros((0, words_of(dim)), dtype=np.uint64)]
    for block_ids, block_seqs, vectors in _blocks(db, model_id, dim):
        put(vectors.tobytes())
        ids.append(block_ids)
        seqs.append(block_seqs)
        signs.append(signs_of(vectors.astype(np.float32)))
    all_seqs = np.concatenate(seqs)
    for part in (np.concatenate(ids), all_seqs, np.concatenate(signs)):
        put(part.astype(part.dtype.newbyteorder("<")).tobytes())
    head = Head(
        database=db.identity.uuid,
        model_id=model_id,
        dim=dim,
        count=len(all_seqs),
        change_seq=int(all_seqs[-1]) if all_seqs.size else 0,
        body_crc=crc,
    )
    stream.seek(0)
    stream.write(_head_bytes(head))
    stream.flush()
    os.fsync(stream.fileno())
    return head


def _blocks(
    db: Database, model_id: str, dim: int
) -> Iterator[tuple[Rows, Rows, NDArray[np.float16]]]:
    """Yield ids, change numbers and vectors in the order of change; each block is one read."""
    after = 0
    while True:
        with db.snapshot() as link:
            rows: list[tuple[Any, ...]] = link.execute(_READ, (after, model_id, _BLOCK)).fetchall()
        if not rows:
            return
        after = int(rows[-1][1])
        sound = [row for row in rows if len(row[2]) == 2 * dim]
        yield (
            np.array([row[0] for row in sound], dtype=np.int64),
            np.array([row[1] for row in sound], dtype=np.int64),
            np.frombuffer(b"".join(row[2] for row in sound), dtype="<f2").reshape(-1, dim),
        )


def _head_bytes(head: Head) -> bytes:
    text = json.dumps(asdict(head)).encode()
    return (_MAGIC + b"%08x\n" % zlib.crc32(text) + text).ljust(_HEAD_BYTES, b"\n")


def _head_of(stream: IO[bytes]) -> Head | None:
    """Return the head; the stream stands behind it then.

    Raises:
        ValueError: It isn't JSON.
    """
    magic, _, rest = stream.read(_HEAD_BYTES).partition(b"\n")
    check, _, text = rest.partition(b"\n")
    text = text.rstrip(b"\n")
    if magic + b"\n" != _MAGIC or check != b"%08x" % zlib.crc32(text):
        return None
    return Head(**json.loads(text))


def _is_whole(stream: IO[bytes], head: Head) -> bool:
    if os.fstat(stream.fileno()).st_size != head.size_bytes:
        return False
    crc = 0
    while block := stream.read(_BLOCK_BYTES):
        crc = zlib.crc32(block, crc)
    return crc == head.body_crc


def _has_any(link: apsw.Connection, ids: list[int], head: Head) -> bool:
    """Tell whether a vector of the file's model and time is among those of these memories."""
    row = link.execute(
        "SELECT 1 FROM json_each(?) j CROSS JOIN vectors v ON v.memory_id = j.value "
        "WHERE v.model_id = ? AND v.change_seq <= ? AND length(v.vector) = ? LIMIT 1",
        (json.dumps(ids), head.model_id, head.change_seq, 2 * head.dim),
    ).fetchone()
    return row is not None
