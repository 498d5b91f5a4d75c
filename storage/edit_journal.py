"""The journal of file edits: what is about to change, and what stood there before.

A database of its own, since what stood in a file can't travel to the writer as a message. The
`file` tool's process alone has it open. An edit's intent is durable before the first file changes,
so whatever dies in between, the next process finds it and brings the files to one side.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import apsw

from mimo.config import limits
from mimo.config.errors import Corrupt, NotFound, StorageFailed
from mimo.storage import faults

Kind = Literal["replace", "remove", "make_folder", "remove_folder", "move"]
State = Literal["intended", "done", "rolled_back"]

_FORMAT = 1
_SCHEMA = """
CREATE TABLE edits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT UNIQUE,
    client TEXT NOT NULL,
    operation TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intended', 'done', 'rolled_back')),
    at_s REAL NOT NULL,
    result TEXT NOT NULL,
    undoes INTEGER,
    undone_by INTEGER,
    size INTEGER NOT NULL
) STRICT;
CREATE TABLE edit_steps (
    edit_id INTEGER NOT NULL REFERENCES edits (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    root TEXT NOT NULL,
    path TEXT NOT NULL,
    destination TEXT NOT NULL,
    temporary TEXT NOT NULL,
    mode INTEGER,
    before BLOB,
    before_sha256 TEXT NOT NULL,
    after_sha256 TEXT NOT NULL,
    PRIMARY KEY (edit_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX edits_by_state ON edits (state);
"""
_EDIT = "SELECT id, key, client, operation, state, at_s, result, undoes, undone_by FROM edits"


def sha256(data: bytes) -> str:
    """Return the hash by which a file's content is known again."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of one file or folder.

    Args:
        kind: What happens.
        root: The allowed folder that holds it.
        path: Below `root`; names joined by `/`.
        destination: Of a move: the whole path that it goes to.
        temporary: Of a replacement: name of the file with the new content.
        mode: Permission bits of what stood there; None if nothing did.
        before: What stood there; None if nothing did, or it was no file.
        before_sha256: Its hash, or identity where it was a folder; "" if nothing stood there.
        after_sha256: Hash of the new content; "" where there is none.
    """

    kind: Kind
    root: str
    path: str
    destination: str = ""
    temporary: str = ""
    mode: int | None = None
    before: bytes | None = field(default=None, repr=False)
    before_sha256: str = ""
    after_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEdit:
    """One edit, of one file or many.

    Args:
        id: Given by the journal; 0 before.
        key: Idempotency key of the call.
        client: Who asked.
        operation: Name of the operation.
        state: intended: it may be half done; done; or rolled back.
        at_s: When, wall seconds UTC.
        result: What the caller is told.
        undoes: The edit that this one takes back, or None.
        undone_by: The edit that took this one back, or None.
        steps: In the order in which they are done.
    """

    id: int = 0
    key: str
    client: str
    operation: str
    state: State = "intended"
    at_s: float
    result: dict[str, Any]
    undoes: int | None = None
    undone_by: int | None = None
    steps: tuple[Step, ...]


class EditJournal:
    """The open journal; not to be carried over a fork.

    Args:
        path: The file; it and its folder are made if they are missing, for this user alone.

    Raises:
        MimoError: It can't be opened, or is of another format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _mapped("open the journal of edits", path):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._link = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            self._link.set_busy_timeout(round(limits.BUSY_TIMEOUT_S * 1_000))
            for pragma in (
                "auto_vacuum = INCREMENTAL",
                "journal_mode = WAL",
                "synchronous = FULL",
                "foreign_keys = ON",
                "cache_size = -512",
                "temp_store = MEMORY",
            ):
                self._link.execute(f"PRAGMA {pragma}").fetchall()
            self._create()

    def _create(self) -> None:
        found = self._link.execute("PRAGMA user_version").fetchall()[0][0]
        if not found:
            with self._transaction():
                self._link.execute(_SCHEMA)
                self._link.execute(f"PRAGMA user_version = {_FORMAT}")
        elif found != _FORMAT:
            raise StorageFailed(
                f"expected a journal of edits of format {_FORMAT} in {self.path}, got {found};"
                " use the Mimo that wrote it, or move it away"
            )

    # -- Writing -----------------------------------------------------------------------------
    def begin(self, edit: JournalEdit) -> int:
        """Make an intent durable and return its id; old edits make room for it.

        Raises:
            MimoError: It couldn't be written: nothing may be changed then.
        """
        packed = [
            None if step.before is None else zlib.compress(step.before, 1) for step in edit.steps
        ]
        size = sum(len(each) for each in packed if each is not None)
        with self._writing() as link:
            self._make_room(size)
            link.execute(
                "INSERT INTO edits (key, client, operation, state, at_s, result, undoes, size)"
                " VALUES (?, ?, ?, 'intended', ?, ?, ?, ?)",
                (
                    *(edit.key or None, edit.client, edit.operation, edit.at_s),
                    *(_packed(edit.result), edit.undoes, size),
                ),
            )
            edit_id = link.last_insert_rowid()
            link.executemany(
                "INSERT INTO edit_steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        *(edit_id, ordinal, step.kind, step.root, step.path, step.destination),
                        *(step.temporary, step.mode, packed[ordinal]),
                        *(step.before_sha256, step.after_sha256),
                    )
                    for ordinal, step in enumerate(edit.steps)
                ],
            )
        return edit_id

    def finish(self, edit: JournalEdit, result: dict[str, Any]) -> None:
        """Note that an edit is done, with what its caller is told.

        Raises:
            MimoError: It couldn't be written; it is found as an intent then.
        """
        with self._writing() as link:
            link.execute(
                "UPDATE edits SET state = 'done', result = ? WHERE id = ?",
                (_packed(result), edit.id),
            )
            if edit.undoes is not None:
                link.execute(
                    "UPDATE edits SET undone_by = NULL WHERE undone_by = ?", (edit.undoes,)
                )
                link.execute("UPDATE edits SET undone_by = ? WHERE id = ?", (edit.id, edit.undoes))

    def roll_back(self, edit: JournalEdit) -> None:
        """Note that nothing of an edit is left; its key may be used again.

        Raises:
            MimoError: It couldn't be written; it is found as an intent then.
        """
        with self._writing() as link:
            link.execute(
                "UPDATE edits SET state = 'rolled_back', key = NULL WHERE id = ?", (edit.id,)
            )

    def _make_room(self, size: int) -> None:
        """Remove the oldest finished edits beyond the limits."""
        rows: list[Any] = self._link.execute(
            "SELECT id, size FROM edits WHERE state != 'intended' ORDER BY id DESC"
        ).fetchall()
        kept = size
        for count, (edit_id, its_size) in enumerate(rows, 1):
            kept += its_size
            if count >= limits.EDITS_KEPT_MAX or kept > limits.EDITS_BYTES_MAX:
                self._link.execute(
                    "DELETE FROM edits WHERE id <= ? AND state != 'intended'", (edit_id,)
                )
                self._link.execute("PRAGMA incremental_vacuum").fetchall()
                return

    # -- Reading -----------------------------------------------------------------------------
    def intended(self) -> list[JournalEdit]:
        """Return the edits that may be half done, oldest first."""
        rows = self._rows(f"{_EDIT} WHERE state = 'intended' ORDER BY id")
        return [self._edit(row) for row in rows]

    def by_key(self, key: str) -> JournalEdit | None:
        """Return the edit of this idempotency key, without what stood in the files."""
        rows = self._rows(f"{_EDIT} WHERE key = ?", (key,)) if key else []
        return self._edit(rows[0], with_contents=False) if rows else None

    def edit(self, edit_id: int) -> JournalEdit:
        """Return one edit with what stood in its files.

        Raises:
            NotFound: There is none of this id, or no more.
        """
        rows = self._rows(f"{_EDIT} WHERE id = ?", (edit_id,))
        if not rows:
            raise NotFound(
                f"expected the id of an edit, got {edit_id}; the operation edits lists them"
            )
        return self._edit(rows[0])

    def last_of(self, client: str) -> int | None:
        """Return the id of a client's newest edit that can be undone, or None."""
        rows = self._rows(
            "SELECT max(id) FROM edits WHERE client = ? AND state = 'done' AND undone_by IS NULL"
            " AND undoes IS NULL",
            (client,),
        )
        found: int | None = rows[0][0]
        return found

    def newest(self, limit: int, prefix: str = "") -> list[JournalEdit]:
        """Return edits, newest first, without what stood in the files.

        Args:
            limit: How many at most.
            prefix: Only those that touched this path or something below it; "" is all.
        """
        where = (
            "WHERE id IN (SELECT edit_id FROM edit_steps WHERE root || '/' || path = ?1"
            " OR substr(root || '/' || path || '/', 1, length(?1) + 1) = ?1 || '/')"
            if prefix
            else ""
        )
        rows = self._rows(
            f"{_EDIT} {where} ORDER BY id DESC LIMIT {limit:d}", (prefix,) if prefix else ()
        )
        return [self._edit(row, with_contents=False) for row in rows]

    def close(self) -> None:
        """Close the connection."""
        with _mapped("close the journal of edits", self.path):
            self._link.close()

    def _edit(self, row: tuple[Any, ...], *, with_contents: bool = True) -> JournalEdit:
        steps = self._rows(
            "SELECT kind, root, path, destination, temporary, mode, CASE WHEN ? THEN before END,"
            " before_sha256, after_sha256 FROM edit_steps WHERE edit_id = ? ORDER BY ordinal",
            (with_contents, row[0]),
        )
        edit_id, key, client, operation, state, at_s, result, undoes, undone_by = row
        return JournalEdit(
            id=edit_id,
            key=key or "",
            client=client,
            operation=operation,
            state=state,
            at_s=at_s,
            result=json.loads(result),
            undoes=undoes,
            undone_by=undone_by,
            steps=tuple(_step(values) for values in steps),
        )

    def _rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with _mapped("read the journal of edits", self.path):
            return self._link.execute(sql, params).fetchall()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[apsw.Connection]:
        with _mapped("write the journal of edits", self.path), self._transaction():
            yield self._link

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._link.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._link.execute("COMMIT")
        finally:
            if self._link.in_transaction:
                self._link.execute("ROLLBACK")


@contextlib.contextmanager
def _mapped(doing: str, path: Path) -> Iterator[None]:
    """Raise Mimo's errors; a damaged journal says what is lost with it.

    Raises:
        MimoError: See `storage.faults`.
    """
    try:
        with faults.mapped(doing, path):
            yield
    except Corrupt:
        raise Corrupt(
            f"expected a sound journal of edits at {path}, got a damaged one; move it away: then"
            " earlier edits can't be undone, and one that was half done stays so"
        ) from None


def _step(values: tuple[Any, ...]) -> Step:
    kind, root, path, destination, temporary, mode, before, before_sha, after_sha = values
    return Step(
        kind=kind,
        root=root,
        path=path,
        destination=destination,
        temporary=temporary,
        mode=mode,
        before=None if before is None else zlib.decompress(before),
        before_sha256=before_sha,
        after_sha256=after_sha,
    )


def _packed(result: dict[str, Any]) -> str:
    return json.dumps(result, ensure_ascii=True, separators=(",", ":"))
