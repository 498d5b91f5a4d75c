"""Links between memories: what is like what, what may update what, what is used together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import apsw

#: What a link may say: `source` is/does this to `target`.
KINDS: Final = (
    "similar",
    "possible_update",
    "contradicts",
    "supersedes",
    "co_access",
    "cites",
    "mentions",
    "related",
)

_PUT: Final = """
    INSERT INTO memory_links (
        source_id, target_id, kind, weight, count, note, created_at, updated_at
    ) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?6)
    ON CONFLICT (source_id, target_id, kind) DO UPDATE SET
        weight = excluded.weight, count = count + 1, note = excluded.note,
        updated_at = excluded.updated_at
"""

_OF: Final = """
    SELECT source_id, target_id, kind, weight, count, note, updated_at FROM memory_links
    WHERE (source_id = :id OR target_id = :id) AND kind IN (SELECT value FROM json_each(:kinds))
    ORDER BY weight DESC, updated_at DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLink:
    """One link.

    Args:
        source_id: The newer, citing or updating memory.
        target_id: The older, cited or updated one.
        kind: One of `KINDS`.
        weight: How strong, 0 to 1.
        count: How often it was put.
        note: Why, in a few words; "" if there is nothing to say.
        updated_at_s: When it was last put, wall seconds UTC.
    """

    source_id: int
    target_id: int
    kind: str
    weight: float
    count: int = 1
    note: str = ""
    updated_at_s: float = 0.0


def put(link: apsw.Connection, one: MemoryLink, now_s: float) -> None:
    """Write a link, or strengthen the one that is there; runs in the caller's transaction."""
    link.execute(_PUT, (one.source_id, one.target_id, one.kind, one.weight, one.note, now_s))


def remove(link: apsw.Connection, source_id: int, target_id: int, kind: str) -> None:
    """Take a link away, if it is there; runs in the caller's transaction."""
    link.execute(
        "DELETE FROM memory_links WHERE source_id = ? AND target_id = ? AND kind = ?",
        (source_id, target_id, kind),
    )


def of(link: apsw.Connection, memory_id: int, kinds: tuple[str, ...] = KINDS) -> list[MemoryLink]:
    """Return the links from and to a memory, strongest first."""
    rows = link.execute(_OF, {"id": memory_id, "kinds": json.dumps(kinds)})
    return [
        MemoryLink(
            source_id=int(str(source)),
            target_id=int(str(target)),
            kind=str(kind),
            weight=float(str(weight)),
            count=int(str(count)),
            note=str(note),
            updated_at_s=float(str(at)),
        )
        for source, target, kind, weight, count, note, at in rows
    ]
