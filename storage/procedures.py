"""What is written about procedures: definitions, runs, and the journal of each run.

A run is saved under a revision that rises by one: a process that was taken for dead can't write
over its successor, and saving the same revision again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import apsw

from mimo.config import limits
from mimo.config.errors import Busy, Conflict, NotFound
from mimo.storage.commands import Edit, Transaction

#: A line of a journal: number, state, what, detail as JSON.
StepRow = tuple[int, str, str, str]

_STEP: Final = """
    INSERT INTO procedure_steps (run, number, at, state, what, detail) VALUES (?, ?, ?, ?, ?, ?)
"""
_PRUNE: Final = """
    DELETE FROM procedure_runs WHERE id IN (
        SELECT id FROM procedure_runs WHERE finished_at IS NOT NULL
        ORDER BY finished_at DESC, id DESC LIMIT 10 OFFSET ?
    )
"""

# What a plan was compiled to is of no use without a run of it.
_PRUNE_PLANS: Final = """
    DELETE FROM procedures WHERE id IN (
        SELECT p.id FROM procedures p WHERE p.name >= 'plan-' AND p.name < 'plan.'
            AND p.created_at < ?
            AND NOT EXISTS (SELECT 1 FROM procedure_runs r WHERE r.procedure_id = p.id)
        LIMIT 10
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterProcedure(Edit):
    """Keep a definition; the reply tells whether it is new.

    Args:
        name: Of the procedure.
        version: Major, minor, patch.
        definition: As JSON, in a form that is the same for the same content.
        sha256: Of that text.
        description: Of the procedure.
        source: Who registered it.
    """

    name: str
    version: tuple[int, int, int]
    definition: str
    sha256: str
    description: str
    source: str

    def apply(self, transaction: Transaction) -> Any:
        """Insert it; the same content again only makes it active.

        Raises:
            Conflict: This version says something else already.
        """
        link = transaction.link
        found = link.execute(
            "SELECT id, hash FROM procedures"
            " WHERE name = ? AND major = ? AND minor = ? AND patch = ?",
            (self.name, *self.version),
        ).fetchall()
        if not found:
            link.execute(
                "INSERT INTO procedures (name, major, minor, patch, hash, active, created_at,"
                " source, description, definition) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
                (
                    self.name,
                    *self.version,
                    self.sha256,
                    transaction.now_s,
                    self.source,
                    self.description,
                    self.definition,
                ),
            )
            return {"created": True}
        if found[0][1] != self.sha256:
            version = ".".join(map(str, self.version))
            raise Conflict(
                f"expected {self.name} {version} to say what it said before, got something else;"
                " register it under a higher version"
            )
        link.execute("UPDATE procedures SET active = 1 WHERE id = ?", (found[0][0],))
        return {"created": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeactivateProcedure(Edit):
    """Let a procedure be run no more; runs that are open go on. The reply counts versions.

    Args:
        name: Of the procedure.
        version: Only this one; None is all.
    """

    name: str
    version: tuple[int, int, int] | None = None

    def apply(self, transaction: Transaction) -> Any:
        """Mark it.

        Raises:
            NotFound: There is no such procedure.
        """
        link = transaction.link
        where, given = "name = ?", [self.name]
        if self.version is not None:
            where += " AND major = ? AND minor = ? AND patch = ?"
            given += [str(number) for number in self.version]
        count = link.execute(f"SELECT count(*) FROM procedures WHERE {where}", given).fetchall()  # noqa: S608
        if not count[0][0]:
            raise NotFound(f"expected a procedure {self.name!r}, got none; see list_procedures")
        link.execute(f"UPDATE procedures SET active = 0 WHERE {where}", given)  # noqa: S608
        return {"deactivated": link.changes()}


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRun(Edit):
    """Keep a new run; the reply tells whether it is new. The same run id again changes nothing.

    Args:
        run_id: Of the run.
        procedure_id: Row of its definition.
        status: Of the run.
        state: As JSON.
        steps: The first lines of its journal.
        source: Who started it.
    """

    run_id: str
    procedure_id: int
    status: str
    state: str
    steps: tuple[StepRow, ...]
    source: str

    def apply(self, transaction: Transaction) -> Any:
        """Insert it, and forget the oldest ended runs beyond the limit.

        Raises:
            Busy: Too many runs are open.
        """
        link, now_s = transaction.link, transaction.now_s
        if link.execute("SELECT 1 FROM procedure_runs WHERE run_id = ?", (self.run_id,)).fetchall():
            return {"created": False}
        is_open = "SELECT count(*) FROM procedure_runs WHERE finished_at IS NULL"
        if _number(link, is_open) >= limits.RUNS_OPEN_MAX:
            raise Busy(
                f"expected at most {limits.RUNS_OPEN_MAX} open runs, got one more;"
                " wait for some to end, or cancel them",
                retry_after_s=5.0,
            )
        link.execute(
            "INSERT INTO procedure_runs (run_id, procedure_id, status, revision, started_at,"
            " updated_at, finished_at, source, state) VALUES (?1, ?2, ?3, 1, ?4, ?4, ?5, ?6, ?7)",
            (
                self.run_id,
                self.procedure_id,
                self.status,
                now_s,
                now_s if is_ended(self.status) else None,
                self.source,
                self.state,
            ),
        )
        _journal(link, link.last_insert_rowid(), self.steps, now_s)
        link.execute(_PRUNE, (limits.RUNS_KEPT_MAX,))
        link.execute(_PRUNE_PLANS, (now_s - limits.PLAN_KEPT_S,))
        return {"created": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveRun(Edit):
    """Keep what a run has become.

    Args:
        run_id: Of the run.
        revision: Of what is saved; one more than what is stored.
        status: Of the run.
        state: As JSON.
        steps: New lines of its journal.
    """

    run_id: str
    revision: int
    status: str
    state: str
    steps: tuple[StepRow, ...]

    def apply(self, transaction: Transaction) -> Any:
        """Replace the state, unless this revision is there already.

        Raises:
            NotFound: There is no such run.
            Conflict: Somebody else has saved it since.
        """
        link, now_s = transaction.link, transaction.now_s
        found = link.execute(
            "SELECT id, revision, state FROM procedure_runs WHERE run_id = ?", (self.run_id,)
        ).fetchall()
        if not found:
            raise NotFound(f"expected the run {self.run_id!r}, got none")
        row, revision, state = int(str(found[0][0])), int(str(found[0][1])), found[0][2]
        if revision == self.revision and state == self.state:
            return {"revision": revision}
        if revision != self.revision - 1:
            raise Conflict(
                f"expected the run {self.run_id} at revision {self.revision - 1}, got {revision};"
                " another process runs it"
            )
        link.execute(
            "UPDATE procedure_runs SET status = ?, revision = ?, updated_at = ?, finished_at = ?,"
            " state = ? WHERE id = ?",
            (
                self.status,
                self.revision,
                now_s,
                now_s if is_ended(self.status) else None,
                self.state,
                row,
            ),
        )
        _journal(link, row, self.steps, now_s)
        return {"revision": self.revision}


def is_ended(status: str) -> bool:
    """Tell whether a run of this status has ended."""
    return status in {"succeeded", "failed", "rolled_back", "cancelled"}


def _journal(link: apsw.Connection, row: int, steps: tuple[StepRow, ...], now_s: float) -> None:
    for number, state, what, detail in steps:
        link.execute(_STEP, (row, number, now_s, state, what, detail))


def _number(link: apsw.Connection, sql: str) -> int:
    return int(str(link.execute(sql).fetchall()[0][0]))
