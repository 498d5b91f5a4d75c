"""The index of code: what the files of the workspace define and use.

A database of its own in the cache: all of it can be made anew, so what is damaged or of another
format is thrown away. The `code` tool's process alone has it open.
"""

# ruff: noqa: S608  the parts of a statement are of this module; values are bound

from __future__ import annotations

import array
import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import apsw

from mimo.config import limits
from mimo.config.errors import Corrupt
from mimo.storage import faults
from mimo.storage.code_records import FileRow, Project, Stamps, Totals

_FORMAT: Final = 1
_SCHEMA: Final = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    language TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    hash TEXT NOT NULL,
    lines INTEGER NOT NULL,
    note TEXT NOT NULL,
    uses INTEGER NOT NULL
) STRICT;
CREATE TABLE symbols (
    file_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    qualified_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    line INTEGER NOT NULL,
    col INTEGER NOT NULL,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (file_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX symbols_by_name ON symbols (name);
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE uses (
    file_id INTEGER NOT NULL,
    name_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    places BLOB NOT NULL,
    PRIMARY KEY (file_id, name_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX uses_by_name ON uses (name_id);
CREATE TABLE projects (
    path TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,
    began_s REAL NOT NULL,
    ended_s REAL,
    steps TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
_PRAGMAS: Final = (
    "auto_vacuum = INCREMENTAL",
    "journal_mode = WAL",
    # What a loss of power takes is read again.
    "synchronous = OFF",
    "cache_size = -4096",
    "temp_store = MEMORY",
)
#: Folders and files of which one is asked about: a path is one of these, or below one.
Scope = Sequence[str]


class CodeIndex:
    """The open index; not to be used after a fork.

    Args:
        path: The file; it and its folder are made if they are missing, for this user alone.

    Raises:
        MimoError: It can't be opened, though it was made anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._link = self._opened()
        except Corrupt:
            for ending in ("", "-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            self._link = self._opened()

    def _opened(self) -> apsw.Connection:
        """Open the file and see to its tables.

        Raises:
            Corrupt: It is damaged, or of another format.
            MimoError: See `storage.faults`.
        """
        with faults.mapped("open the index of code", self.path):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            link = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                link.set_busy_timeout(round(limits.BUSY_TIMEOUT_S * 1_000))
                for pragma in _PRAGMAS:
                    link.execute(f"PRAGMA {pragma}").fetchall()
                found: Any = link.execute("PRAGMA user_version").fetchall()[0][0]
                if not found:
                    link.execute(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_FORMAT};")
                    link.execute("COMMIT")
            except BaseException:
                link.close()
                raise
        if found not in (0, _FORMAT):
            link.close()
            raise Corrupt(f"expected an index of format {_FORMAT} in {self.path}, got {found}")
        return link

    # -- Writing -----------------------------------------------------------------------------
    def put(self, rows: Iterable[FileRow]) -> None:
        """Replace what is known of these files.

        Raises:
            MimoError: See `storage.faults`; nothing is changed then.
        """
        with self._writing():
            for row in rows:
                self._put(row)

    def touch(self, stamps: Iterable[tuple[str, Stamps]]) -> None:
        """Note new stamps of files that hold what they held.

        Raises:
            MimoError: See `storage.faults`; nothing is changed then.
        """
        with self._writing() as link:
            link.executemany(
                "UPDATE files SET size = ?, mtime_ns = ?, inode = ? WHERE path = ?",
                [(*found, path) for path, found in stamps],
            )

    def remove(self, paths: Iterable[str]) -> None:
        """Forget files.

        Raises:
            MimoError: See `storage.faults`; nothing is changed then.
        """
        with self._writing() as link:
            for path in paths:
                self._clear(path)
                link.execute("DELETE FROM files WHERE path = ?", (path,))

    def put_project(self, project: Project) -> None:
        """Note how far a folder is known.

        Raises:
            MimoError: See `storage.faults`; nothing is changed then.
        """
        with self._writing() as link:
            link.execute("INSERT OR REPLACE INTO projects VALUES (?, ?, ?, ?, ?, ?)", project)

    def _put(self, row: FileRow) -> None:
        self._clear(row.path)
        self._link.execute(
            "INSERT INTO files (path, language, size, mtime_ns, inode, hash, lines, note, uses)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (path) DO UPDATE SET"
            " language = ?2, size = ?3, mtime_ns = ?4, inode = ?5, hash = ?6, lines = ?7,"
            " note = ?8, uses = ?9",
            (
                *(row.path, row.language, *row.stamps, row.hash, row.lines, row.note),
                sum(len(use.places) // 3 for use in row.uses),
            ),
        )
        file_id = self._rows("SELECT id FROM files WHERE path = ?", (row.path,))[0][0]
        self._link.executemany(
            "INSERT INTO symbols VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(file_id, ordinal, *symbol) for ordinal, symbol in enumerate(row.symbols)],
        )
        names = {use.name for use in row.uses}
        self._link.executemany(
            "INSERT OR IGNORE INTO names (name) VALUES (?)", [(name,) for name in sorted(names)]
        )
        self._link.executemany(
            "INSERT INTO uses SELECT ?, id, ?, ? FROM names WHERE name = ?",
            [(file_id, use.kind, _packed(use.places), use.name) for use in row.uses],
        )

    def _clear(self, path: str) -> None:
        for table in ("symbols", "uses"):
            self._link.execute(
                f"DELETE FROM {table} WHERE file_id = (SELECT id FROM files WHERE path = ?)",
                (path,),
            )

    # -- Reading -----------------------------------------------------------------------------
    def known(self, scope: Scope) -> dict[str, tuple[Stamps, str]]:
        """Return the stamps and the hash of each file within a scope, by its path."""
        where, params = within(scope)
        rows = self._rows(f"SELECT path, size, mtime_ns, inode, hash FROM files {where}", params)
        return {path: (Stamps(*stamps), found) for path, *stamps, found in rows}

    def notes(self, scope: Scope, limit: int) -> list[tuple[str, str]]:
        """Return files of which something has to be said, with that; sorted."""
        where, params = within(scope)
        return [
            (path, note)
            for path, note in self._rows(
                f"SELECT path, note FROM files {where} AND note != '' ORDER BY path LIMIT ?",
                (*params, limit),
            )
        ]

    def totals(self, scope: Scope) -> Totals:
        """Return how much is known of a scope."""
        where, params = within(scope)
        files, uses, lines = self._rows(
            f"SELECT count(*), total(uses), total(lines) FROM files {where}", params
        )[0]
        symbols = self._rows(
            f"SELECT count(*) FROM symbols WHERE file_id IN (SELECT id FROM files {where})", params
        )[0][0]
        return Totals(files, symbols, int(uses), int(lines))

    def languages(self, scope: Scope) -> dict[str, int]:
        """Return how many files there are of each language, most first."""
        where, params = within(scope)
        rows = self._rows(
            f"SELECT language, count(*) FROM files {where} GROUP BY 1 ORDER BY 2 DESC, 1", params
        )
        return dict(rows)

    def hashes(self, scope: Scope) -> Iterator[tuple[str, str]]:
        """Yield each file's path and the hash of its bytes, sorted by path."""
        where, params = within(scope)
        yield from self._rows(f"SELECT path, hash FROM files {where} ORDER BY path", params)

    def project(self, path: str) -> Project | None:
        """Return what is known of a folder as a project."""
        rows = self._rows("SELECT * FROM projects WHERE path = ?", (path,))
        return Project(*rows[0]) if rows else None

    def running(self) -> list[Project]:
        """Return the projects that somebody began with and didn't end."""
        rows = self._rows("SELECT * FROM projects WHERE state = 'running' ORDER BY began_s")
        return [Project(*row) for row in rows]

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query of this layer.

        Raises:
            MimoError: See `storage.faults`.
        """
        return self._rows(sql, params)

    def close(self) -> None:
        """Close the connection."""
        with faults.mapped("close the index of code", self.path):
            self._link.close()

    def _rows(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        with faults.mapped("read the index of code", self.path):
            return self._link.execute(sql, tuple(params)).fetchall()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[apsw.Connection]:
        with faults.mapped("write the index of code", self.path):
            self._link.execute("BEGIN IMMEDIATE")
            try:
                yield self._link
                self._link.execute("COMMIT")
            except BaseException:
                if self._link.in_transaction:
                    self._link.execute("ROLLBACK")
                raise


def within(scope: Scope) -> tuple[str, tuple[str, ...]]:
    """Return the condition, with its values, that a file's path lies within a scope."""
    parts = ["path = ? OR (path > ? AND path < ?)" for _ in scope]
    # "0" is the character behind "/".
    bounds = [(each, f"{each.rstrip('/')}/", f"{each.rstrip('/')}0") for each in scope]
    where = f"WHERE ({' OR '.join(parts) or 'FALSE'})"
    return where, tuple(value for each in bounds for value in each)


def _packed(places: Sequence[int]) -> bytes:
    return array.array("i", places).tobytes()


def unpacked(places: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the (line, column, within) of uses."""
    found = array.array("i", places)
    return iter(zip(found[::3], found[1::3], found[2::3], strict=True))
