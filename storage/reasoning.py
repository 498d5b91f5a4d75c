"""Sessions of reasoning as they are stored, and the topics that were asked about.

Rows carry revisions, so that saves may come twice and out of order: the younger state stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from mimo.config import limits
from mimo.storage.commands import Edit, Transaction
from mimo.storage.connection import Database

_SAVE: Final = """
    INSERT INTO reasoning_sessions (session_id, kind, strategy, status, outcome, project, problem,
        steps, revision, started_at, updated_at, source, state)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (session_id) DO UPDATE SET strategy = excluded.strategy, status = excluded.status,
        outcome = excluded.outcome, steps = excluded.steps, revision = excluded.revision,
        updated_at = excluded.updated_at, state = excluded.state
    WHERE excluded.revision > revision
"""
_SAVE_STEP: Final = """
    INSERT INTO reasoning_steps (session, number, revision, branch, kind, at, content, detail)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (session, number) DO UPDATE SET revision = excluded.revision,
        branch = excluded.branch, kind = excluded.kind, content = excluded.content,
        detail = excluded.detail
    WHERE excluded.revision > revision
"""
# Beyond the limit the sessions that were touched longest ago go, finished ones first.
_PRUNE: Final = """
    DELETE FROM reasoning_sessions WHERE id IN (
        SELECT id FROM reasoning_sessions
        ORDER BY status = 'active' DESC, updated_at DESC, id DESC LIMIT -1 OFFSET ?
    )
"""
_PRUNE_TOPICS: Final = """
    DELETE FROM reasoning_topics WHERE id IN (
        SELECT id FROM reasoning_topics ORDER BY last_at DESC, id DESC LIMIT -1 OFFSET ?
    )
"""


class StepRow(NamedTuple):
    """One step; `detail` is JSON."""

    number: int
    revision: int
    branch: str
    kind: str
    at_s: float
    content: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveSession(Edit):
    """Keep what a session has become; the reply is the revision that is stored then.

    Args:
        session_id: Of the session.
        kind: guided, amplified, sequential or plan.
        strategy: By which it proceeds.
        status: active, stuck or concluded.
        outcome: succeeded, failed or "" while nobody said.
        project: Where its memories are looked for; "" for all.
        problem: What it is about.
        count: How many steps it has.
        revision: Of this state.
        started_at_s: Wall seconds UTC.
        updated_at_s: Wall seconds UTC.
        source: Who began it.
        state: The rest, as JSON.
        steps: New and changed steps.
    """

    session_id: str
    kind: str
    strategy: str
    status: str
    outcome: str
    project: str
    problem: str
    count: int
    revision: int
    started_at_s: float
    updated_at_s: float
    source: str
    state: str
    steps: tuple[StepRow, ...] = ()

    def apply(self, transaction: Transaction) -> int:
        """Insert it or put it in the place of an older state; forget the oldest sessions."""
        link = transaction.link
        link.execute(
            _SAVE,
            (
                *(self.session_id, self.kind, self.strategy, self.status, self.outcome),
                *(self.project, self.problem, self.count, self.revision),
                *(self.started_at_s, self.updated_at_s, self.source, self.state),
            ),
        )
        found = link.execute(
            "SELECT id, revision FROM reasoning_sessions WHERE session_id = ?", (self.session_id,)
        ).fetchall()
        row, revision = int(str(found[0][0])), int(str(found[0][1]))
        for step in self.steps:
            link.execute(_SAVE_STEP, (row, *step))
        link.execute(_PRUNE, (limits.REASONING_SESSIONS_KEPT_MAX,))
        return revision


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTopic(Edit):
    """Count that somebody wanted to know about a topic; the reply is how often that was.

    Args:
        terms: By which the topic is told from others.
        topic: As it was asked.
        unsure: Whether too little was known.
        level: How sure the answer could be.
        gap: What was missing.
    """

    terms: str
    topic: str
    unsure: bool
    level: str
    gap: str

    def apply(self, transaction: Transaction) -> int:
        """Add one."""
        link = transaction.link
        link.execute(
            "INSERT INTO reasoning_topics (terms, topic, asked, unsure, last_at, last_level,"
            " last_gap) VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6) ON CONFLICT (terms) DO UPDATE SET"
            " topic = ?2, asked = asked + 1, unsure = unsure + ?3, last_at = ?4, last_level = ?5,"
            " last_gap = ?6",
            (
                self.terms,
                self.topic,
                int(self.unsure),
                transaction.now_s,
                self.level,
                self.gap,
            ),
        )
        link.execute(_PRUNE_TOPICS, (limits.REASONING_TOPICS_KEPT_MAX,))
        asked = link.execute("SELECT asked FROM reasoning_topics WHERE terms = ?", (self.terms,))
        return int(str(asked.fetchall()[0][0]))


class Topic(NamedTuple):
    """A topic that was asked about."""

    topic: str
    asked: int
    unsure: int
    last_at_s: float
    last_level: str
    last_gap: str


def session(db: Database, session_id: str) -> tuple[str, list[StepRow]] | None:
    """Return the state of a session, as JSON, and its steps in order; None if there is none."""
    found = db.one("SELECT id, state FROM reasoning_sessions WHERE session_id = ?", (session_id,))
    if found is None:
        return None
    rows = db.rows(
        "SELECT number, revision, branch, kind, at, content, detail FROM reasoning_steps"
        " WHERE session = ? ORDER BY number",
        (found[0],),
    )
    return str(found[1]), [StepRow(*row) for row in rows]


def newest(db: Database, limit: int) -> list[dict[str, Any]]:
    """Return the sessions that were touched last, newest first, as rows by column name."""
    columns = ("session_id", "kind", "strategy", "status", "outcome", "problem", "steps")
    rows = db.rows(
        f"SELECT {', '.join(columns)} FROM reasoning_sessions"  # noqa: S608
        " ORDER BY updated_at DESC, id DESC LIMIT ?",
        (limit,),
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]


def counts(db: Database) -> dict[str, Mapping[str, int]]:
    """Return how many sessions there are by kind, strategy, status and outcome."""
    found: dict[str, Mapping[str, int]] = {}
    for column in ("kind", "strategy", "status", "outcome"):
        rows = db.rows(
            f"SELECT {column}, count(*) FROM reasoning_sessions GROUP BY {column} ORDER BY 1"  # noqa: S608
        )
        found[column] = {str(row[0]): int(row[1]) for row in rows}
    return found


def totals(db: Database) -> dict[str, int]:
    """Return how many sessions and steps there are, and how the claims of all steps fared."""
    row = db.one(
        "SELECT (SELECT count(*) FROM reasoning_sessions), count(*),"
        " coalesce(sum(json_extract(detail, '$.tally.held')), 0),"
        " coalesce(sum(json_extract(detail, '$.tally.refuted')), 0),"
        " coalesce(sum(json_extract(detail, '$.tally.open')), 0) FROM reasoning_steps"
    )
    names = ("sessions", "steps", "claims_held", "claims_refuted", "claims_unchecked")
    return {name: int(value) for name, value in zip(names, row or (0,) * 5, strict=True)}


def topics(db: Database, limit: int, *, unsure_only: bool = False) -> list[Topic]:
    """Return topics that were asked about, those of which too little was known most often first."""
    rows = db.rows(
        "SELECT topic, asked, unsure, last_at, last_level, last_gap FROM reasoning_topics"
        " WHERE unsure >= ? ORDER BY unsure DESC, last_at DESC, id LIMIT ?",
        (int(unsure_only), limit),
    )
    return [Topic(*row) for row in rows]


def topic_counts(db: Database) -> dict[str, Any]:
    """Return how many topics were asked about, how often, and how sure the last answers were."""
    row = db.one(
        "SELECT count(*), coalesce(sum(asked), 0), coalesce(sum(unsure), 0) FROM reasoning_topics"
    )
    levels = db.rows("SELECT last_level, count(*) FROM reasoning_topics GROUP BY 1 ORDER BY 1")
    gaps = db.rows("SELECT last_gap, count(*) FROM reasoning_topics GROUP BY 1 ORDER BY 1")
    names = ("unique_topics", "total_queries", "unsure_queries")
    return {
        **{name: int(value) for name, value in zip(names, row or (0, 0, 0), strict=True)},
        "levels": {str(level): int(count) for level, count in levels},
        "gaps": {str(gap): int(count) for gap, count in gaps},
    }
