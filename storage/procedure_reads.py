"""What is read about procedures: definitions by name and version, runs, journals."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from mimo.config.errors import NotFound
from mimo.storage.connection import Database, Row

_DEFINITION: Final = """
    SELECT id, name, major, minor, patch, hash, active, created_at, source, description, definition
    FROM procedures
"""
_NEWEST: Final = " ORDER BY major DESC, minor DESC, patch DESC LIMIT 1"
_OPEN: Final = ("running", "waiting", "rolling_back", "needs_review")
_RUN: Final = """
    SELECT r.run_id, r.procedure_id, p.name, p.major, p.minor, p.patch, r.status, r.revision,
        r.started_at, r.updated_at, r.finished_at, r.source, r.state, r.id
    FROM procedure_runs r JOIN procedures p ON p.id = r.procedure_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A registered definition.

    Args:
        id: Its row.
        name: Of the procedure.
        version: Major, minor, patch.
        sha256: Of the definition.
        is_active: Whether it may be run.
        created_at_s: When it was registered, wall seconds UTC.
        source: Who registered it.
        description: What it is for.
        definition: JSON values.
    """

    id: int
    name: str
    version: tuple[int, int, int]
    sha256: str
    is_active: bool
    created_at_s: float
    source: str
    description: str
    definition: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it is stored.

    Args:
        run_id: Its name.
        procedure_id: Row of its definition.
        name: Of the procedure.
        version: Of the procedure.
        status: Of the run.
        revision: How often it was saved.
        started_at_s: Wall seconds UTC.
        updated_at_s: Wall seconds UTC.
        finished_at_s: Wall seconds UTC; None while it is open.
        source: Who started it.
        state: As JSON.
        row: Its row.
    """

    run_id: str
    procedure_id: int
    name: str
    version: tuple[int, int, int]
    status: str
    revision: int
    started_at_s: float
    updated_at_s: float
    finished_at_s: float | None
    source: str
    state: str
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line of a run's journal: when, in which state, what, and details."""

    number: int
    at_s: float
    state: str
    what: str
    detail: Any


def definition(db: Database, name: str, version: tuple[int, int, int] | None = None) -> Stored:
    """Return a definition: of this version, or the newest that is active.

    Raises:
        NotFound: There is none.
    """
    if version is None:
        found = db.one(f"{_DEFINITION} WHERE name = ? AND active = 1{_NEWEST}", (name,))
    else:
        found = db.one(
            f"{_DEFINITION} WHERE name = ? AND major = ? AND minor = ? AND patch = ?",
            (name, *version),
        )
    if found is None:
        which = "" if version is None else f" {'.'.join(map(str, version))}"
        raise NotFound(f"expected a procedure {name!r}{which}, got none; see list_procedures")
    return _stored(found)


def definition_by_id(db: Database, row: int) -> Stored:
    """Return the definition in this row.

    Raises:
        NotFound: There is none.
    """
    found = db.one(f"{_DEFINITION} WHERE id = ?", (row,))
    if found is None:
        raise NotFound(f"expected the procedure {row}, got none")
    return _stored(found)


def definitions(db: Database, name: str = "") -> list[Stored]:
    """Return all definitions (of one name), by name, newest version first."""
    # What plans were compiled to has no name that anybody knows.
    order = " ORDER BY name, major DESC, minor DESC, patch DESC LIMIT 500"
    if name:
        return [_stored(row) for row in db.rows(f"{_DEFINITION} WHERE name = ?{order}", (name,))]
    return [_stored(row) for row in db.rows(f"{_DEFINITION} WHERE name NOT LIKE 'plan-%'{order}")]


def active_names(db: Database) -> list[str]:
    """Return the names of the procedures that can be run, without those of plans."""
    sql = (
        "SELECT DISTINCT name FROM procedures WHERE active = 1 AND name NOT LIKE 'plan-%'"
        " ORDER BY name LIMIT 500"
    )
    return [name for (name,) in db.rows(sql)]


def run(db: Database, run_id: str) -> Run:
    """Return a run.

    Raises:
        NotFound: There is none.
    """
    found = db.one(f"{_RUN} WHERE r.run_id = ?", (run_id,))
    if found is None:
        raise NotFound(f"expected a run, got {run_id!r}; see list_runs")
    return _run(found)


def open_runs(db: Database) -> list[Run]:
    """Return the runs that haven't ended, oldest first."""
    return [_run(row) for row in db.rows(f"{_RUN} WHERE r.finished_at IS NULL ORDER BY r.id")]


def runs(db: Database, *, name: str = "", status: str = "", limit: int = 20) -> list[Run]:
    """Return runs, newest first; `status` may be open for all that haven't ended."""
    where, given = ["1"], []
    if name:
        where.append("p.name = ?")
        given.append(name)
    if status == "open":
        where.append("r.finished_at IS NULL")
    elif status:
        where.append("r.status = ?")
        given.append(status)
    sql = f"{_RUN} WHERE {' AND '.join(where)} ORDER BY r.id DESC LIMIT ?"
    return [_run(row) for row in db.rows(sql, (*given, limit))]


def steps(db: Database, row: int, *, last: int = 100) -> list[Step]:
    """Return the last lines of a run's journal, oldest first."""
    found = db.rows(
        "SELECT number, at, state, what, detail FROM procedure_steps WHERE run = ?"
        " ORDER BY number DESC LIMIT ?",
        (row, last),
    )
    return [
        Step(number=number, at_s=at, state=state, what=what, detail=json.loads(detail))
        for number, at, state, what, detail in reversed(found)
    ]


def run_counts(db: Database) -> dict[str, Any]:
    """Return runs by status, and how long the last that have ended took, in seconds."""
    counts: dict[str, int] = dict(
        db.rows("SELECT status, count(*) FROM procedure_runs GROUP BY status")
    )
    took = sorted(
        seconds
        for (seconds,) in db.rows(
            "SELECT finished_at - started_at FROM procedure_runs WHERE finished_at IS NOT NULL"
            " ORDER BY finished_at DESC LIMIT 200"
        )
    )
    shown: dict[str, Any] = {
        "counts": counts,
        "open": sum(counts.get(each, 0) for each in _OPEN),
        "ended": sum(count for status, count in counts.items() if status not in _OPEN),
        "samples": len(took),
    }
    if took:
        shown["median_s"] = round(took[len(took) // 2], 3)
        shown["longest_s"] = round(took[-1], 3)
    return shown


def _stored(row: Row) -> Stored:
    return Stored(
        id=row[0],
        name=row[1],
        version=(row[2], row[3], row[4]),
        sha256=row[5],
        is_active=bool(row[6]),
        created_at_s=row[7],
        source=row[8],
        description=row[9],
        definition=json.loads(row[10]),
    )


def _run(row: Row) -> Run:
    return Run(
        run_id=row[0],
        procedure_id=row[1],
        name=row[2],
        version=(row[3], row[4], row[5]),
        status=row[6],
        revision=row[7],
        started_at_s=row[8],
        updated_at_s=row[9],
        finished_at_s=row[10],
        source=row[11],
        state=row[12],
        row=row[13],
    )
