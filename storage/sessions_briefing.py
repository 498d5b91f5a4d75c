"""Reads for a briefing: what an assistant should know before it begins."""

from __future__ import annotations

from typing import Final, NamedTuple

from mimo.storage.connection import Database

_LIVE: Final = "m.deleted_at IS NULL AND m.archived_at IS NULL AND m.superseded_by IS NULL"
_REMINDER: Final = (
    "m.id, m.content, m.category, m.importance, "
    "(SELECT json_group_array(t.tag) FROM memory_tags t WHERE t.memory_id = m.id), "
    "m.project, m.speaker, m.session_id, m.occurred_at, m.source, m.trust"
)
_VALID: Final = (
    "(m.valid_from IS NULL OR m.valid_from <= :now_s) "
    "AND (m.valid_until IS NULL OR :now_s < m.valid_until)"
)
#: Each section's condition and order; a document's pieces are found by search.
SECTIONS: Final = {
    "open plan": ("m.category = 'plan'", "m.importance DESC, m.occurred_at DESC"),
    "decision": (
        "m.id IN (SELECT memory_id FROM memory_tags WHERE tag IN ('decision', 'decided', 'adr'))",
        "m.occurred_at DESC",
    ),
    "preference": ("m.category = 'preference'", "m.importance DESC, m.occurred_at DESC"),
    "protected": ("m.protected", "m.importance DESC, m.occurred_at DESC"),
    "important": ("m.importance >= 0.8", "m.occurred_at DESC"),
}


class Reminder(NamedTuple):
    """A memory of a briefing.

    Args:
        memory_id: Which.
        content: What it says.
        category: What kind it is.
        importance: 0 to 1.
        tags: JSON array.
        project: Where it belongs.
        speaker: Who said it.
        session_id: The conversation it belongs to.
        occurred_at_s: When it happened, wall seconds UTC.
        source: Where it came from.
        trust: How far its text may be trusted.
    """

    memory_id: int
    content: str
    category: str
    importance: float
    tags: str
    project: str
    speaker: str
    session_id: str
    occurred_at_s: float
    source: str
    trust: str


class Clash(NamedTuple):
    """Two live memories that contradict each other.

    Args:
        newer_id: The one stored later.
        older_id: The other.
        newer: What it says.
        older: As well.
        why: What it was told by.
    """

    newer_id: int
    older_id: int
    newer: str
    older: str
    why: str


def section(
    db: Database, name: str, *, now_s: float, project: str | None, limit: int
) -> list[Reminder]:
    """Return a section's memories, the first ones first.

    Args:
        db: Where to read.
        name: One of `SECTIONS`.
        now_s: The present, wall seconds UTC: only what is valid then.
        project: Of this project, and preferences of the default one too; None for all.
        limit: Most of them.

    Raises:
        MimoError: See `storage.faults`.
    """
    condition, order = SECTIONS[name]
    rows = db.rows(
        f"SELECT {_REMINDER} FROM memories m "  # noqa: S608
        f"WHERE {condition} AND {_LIVE} AND {_VALID} "
        "AND NOT EXISTS (SELECT 1 FROM document_chunks c WHERE c.memory_id = m.id) "
        "AND (:project IS NULL OR m.project = :project "
        "OR (m.project = '' AND m.category = 'preference')) "
        f"ORDER BY {order}, m.id DESC LIMIT :limit",
        {"now_s": now_s, "project": project, "limit": limit},
    )
    return [Reminder(*row) for row in rows]


def clashes(db: Database, *, project: str | None, limit: int) -> list[Clash]:
    """Return live memories that contradict each other, newest first.

    Raises:
        MimoError: See `storage.faults`.
    """
    live = " AND ".join(_LIVE.replace("m.", f"{each}.") for each in ("n", "o"))
    rows = db.rows(
        "SELECT n.id, o.id, n.content, o.content, l.note FROM memory_links l "  # noqa: S608
        "JOIN memories n ON n.id = l.source_id JOIN memories o ON o.id = l.target_id "
        f"WHERE l.kind = 'contradicts' AND {live} AND (?1 IS NULL OR n.project = ?1) "
        "ORDER BY l.updated_at DESC, n.id DESC LIMIT ?2",
        (project, limit),
    )
    return [Clash(*row) for row in rows]


def contents(db: Database, ids: tuple[int, ...], chars: int) -> dict[int, str]:
    """Return the beginnings of those of these memories that aren't deleted, by id."""
    marks = ",".join("?" * len(ids))
    rows = db.rows(
        "SELECT id, substr(content, 1, ?) FROM memories "  # noqa: S608
        f"WHERE deleted_at IS NULL AND id IN ({marks})",
        (chars, *ids),
    )
    return {row[0]: row[1] for row in rows}
