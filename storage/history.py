"""What memories were: their versions, and the whole store as it was at an instant.

A trigger keeps what a memory was before each change, from when until when. So a memory at an
instant is its version of then, or the present row if it hasn't changed since; deleted, archived and
superseded are states like others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from mimo.config.clock import Clock
from mimo.storage.connection import Database
from mimo.storage.database import open_reader
from mimo.storage.filters import where
from mimo.storage.memories import fetch
from mimo.storage.records import Filters, Memory
from mimo.storage.rows import COLUMNS, memory_of
from mimo.storage.search import quoted

#: What of a memory isn't history: a past row shows how often it was returned until today.
_STATISTICS: Final = ("access_count", "accessed_at")
_VERSIONED: Final = (
    *(name for name in COLUMNS if name not in _STATISTICS),
    "speaker_key",
    "content_hash",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of a memory.

    Args:
        number: 1 for the first.
        since_s: From when it was so, wall seconds UTC.
        until_s: Until when; None for the present one.
        change: What ended it: update, delete, restore, archive, supersede, reinstate or revert;
            "" for the present one.
        reason: Why, in the words of whoever changed it; "" if they gave none.
        memory: The memory as it was.
    """

    number: int
    since_s: float
    until_s: float | None
    change: str
    reason: str
    memory: Memory


def versions(link: apsw.Connection, memory_id: int) -> list[Version]:
    """Return every state of a memory, oldest first; the last is the present one.

    Raises:
        NotFound: There is no such memory.
    """
    present = fetch(link, memory_id)
    columns = ", ".join(f"v.{name}" for name in COLUMNS if name not in _STATISTICS)
    found: list[Version] = []
    for number, since_s, until_s, change, reason, tags, *row in link.execute(
        f"SELECT v.version, v.since_s, v.until_s, v.change, v.reason, v.tags, {columns} "  # noqa: S608
        "FROM memory_versions v WHERE v.id = ? ORDER BY v.version",
        (memory_id,),
    ):
        values: tuple[Any, ...] = (*row, present.access_count, present.accessed_at_s, False)
        found.append(
            Version(
                number=int(str(number)),
                since_s=float(str(since_s)),
                until_s=float(str(until_s)),
                change=str(change),
                reason=str(reason),
                memory=memory_of(values, tuple(json.loads(str(tags)))),
            )
        )
    since = found[-1].until_s if found else None
    found.append(
        Version(
            number=len(found) + 1,
            since_s=present.created_at_s if since is None else since,
            until_s=None,
            change="",
            reason="",
            memory=present,
        )
    )
    return found


def explain(link: apsw.Connection, memory_id: int, change: str, reason: str) -> None:
    """Say of the newest change of a memory what it was and why; in the caller's transaction."""
    link.execute(
        "UPDATE memory_versions SET change = ?, reason = ? WHERE id = ? AND version = "
        "(SELECT max(version) FROM memory_versions WHERE id = ?)",
        (change, reason, memory_id, memory_id),
    )


class Past:
    """A reader's connection of its own, on which memories and tags look as they did.

    Views of its temporary schema stand before the tables of the same names, so every read of
    `mimo.storage` shows the past as it shows the present. Only the full-text index can't be stood
    before: see `keyword`.

    Args:
        path: The database; opened at the first use.
        clock: Measures read transactions.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._db: Database | None = None
        self._as_of_s: float | None = None

    def at(self, as_of_s: float) -> Database:
        """Return a connection that shows this instant, wall seconds UTC, until the next call.

        Raises:
            MimoError: See `storage.faults`.
        """
        if self._db is None:
            self._db = open_reader(self._path, clock=self._clock)
            # The file itself is open for reading only; this frees the temporary schema.
            self._db.execute("PRAGMA query_only = 0").fetchall()
        if as_of_s != self._as_of_s:
            for statement in _views(as_of_s):
                self._db.execute(statement).fetchall()
            self._as_of_s = as_of_s
        return self._db

    def close(self) -> None:
        """Close the connection if it was opened."""
        if self._db is not None:
            self._db.close()
            self._db = None


def _then(alias: str, as_of_s: float) -> str:
    return f"{alias}.since_s <= {as_of_s!r} AND {alias}.until_s > {as_of_s!r}"


def _unchanged(alias: str, as_of_s: float) -> str:
    return (
        f"{alias}.created_at <= {as_of_s!r} AND {alias}.id NOT IN "  # noqa: S608
        f"(SELECT c.id FROM main.memory_versions c WHERE c.until_s > {as_of_s!r})"
    )


def _views(as_of_s: float) -> tuple[str, ...]:
    """Return the statements that make an instant visible; a view takes no parameters."""
    now = ", ".join(f"p.{name}" for name in _VERSIONED)
    then = ", ".join(f"v.{name}" for name in _VERSIONED)
    memories = (
        f"SELECT {now}, p.access_count, p.accessed_at "  # noqa: S608
        f"FROM main.memories p WHERE {_unchanged('p', as_of_s)} UNION ALL "
        f"SELECT {then}, p.access_count, p.accessed_at FROM main.memory_versions v "
        f"JOIN main.memories p ON p.id = v.id WHERE {_then('v', as_of_s)}"
    )
    tags = (
        "SELECT t.memory_id, t.tag FROM main.memory_tags t "  # noqa: S608
        "WHERE t.memory_id NOT IN (SELECT c.id FROM main.memory_versions c "
        f"WHERE c.until_s > {as_of_s!r}) UNION ALL "
        "SELECT v.id, j.value FROM main.memory_versions v JOIN json_each(v.tags) j "
        f"WHERE {_then('v', as_of_s)}"
    )
    return (
        "DROP VIEW IF EXISTS temp.memories",
        "DROP VIEW IF EXISTS temp.memory_tags",
        f"CREATE TEMP VIEW memories AS {memories}",
        f"CREATE TEMP VIEW memory_tags AS {tags}",
    )


def keyword(
    link: apsw.Connection, terms: tuple[str, ...], filters: Filters, as_of_s: float, limit: int
) -> list[tuple[int, float]]:
    """Return ids and BM25 scores of memories that had any of the terms, best first.

    The scores of unchanged memories and of versions are of two indexes; they are comparable, not
    equal to those of one.

    Args:
        link: A connection of `Past.at(as_of_s)`.
        terms: Words and phrases, unquoted; none finds nothing.
        filters: What is considered, of what was then.
        as_of_s: The instant, wall seconds UTC.
        limit: Most rows.
    """
    if not terms:
        return []
    condition, params = where(filters)
    asked = " OR ".join(quoted(term) for term in terms)
    found: list[tuple[int, float]] = []
    for index, table, key, was in (
        ("memories_fts", "memories", "id", _unchanged("m", as_of_s)),
        ("memory_versions_fts", "memory_versions", "version_id", _then("m", as_of_s)),
    ):
        rows = link.execute(
            f"SELECT m.id, f.rank FROM main.{index} f CROSS JOIN main.{table} m "  # noqa: S608
            f"ON m.{key} = f.rowid WHERE f.{index} MATCH ? AND {was} AND {condition} "
            "ORDER BY f.rank LIMIT ?",
            (asked, *params, limit),
        )
        found += [(int(str(memory_id)), -float(str(rank))) for memory_id, rank in rows]
    found.sort(key=lambda hit: (-hit[1], hit[0]))
    return found[:limit]


def embedded(link: apsw.Connection, filters: Filters, model_id: str) -> tuple[list[int], int]:
    """Return which memories can be found by meaning, and how many can't: they were reworded since.

    Args:
        link: A connection of `Past.at`.
        filters: What is considered, of what was then.
        model_id: Whose vectors are asked for.
    """
    condition, params = where(filters)
    rows = link.execute(
        "SELECT m.id, EXISTS (SELECT 1 FROM vectors v WHERE v.memory_id = m.id "  # noqa: S608
        "AND v.content_hash = m.content_hash AND v.model_id = ?) "
        f"FROM memories m WHERE {condition} ORDER BY m.id",
        (model_id, *params),
    ).fetchall()
    ids = [int(str(memory_id)) for memory_id, has_vector in rows if has_vector]
    return ids, len(rows) - len(ids)
