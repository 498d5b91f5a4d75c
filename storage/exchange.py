"""Memories out of one database and into another, with nothing lost: state, versions, links.

Ids are of one database only, so records name memories by uid. They come in phases (memories, then
what they were, what took their place, and their links), so that what a record names stands before
it. Taking the same records in again changes nothing.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import apsw

from mimo.config.errors import InvalidRequest
from mimo.storage import text
from mimo.storage.checks import check_memory, metadata_json
from mimo.storage.commands import Edit, Transaction
from mimo.storage.connection import Database
from mimo.storage.links import KINDS
from mimo.storage.records import NewMemory

Record = dict[str, Any]

#: The phases in the order of an export, each with the type of its records.
PHASES: Final = ("memory", "version", "supersession", "link")
#: What a memory's record has besides the fields of `NewMemory`.
_STATE: Final = (
    *("uid", "created_at", "updated_at", "deleted_at", "archived_at"),
    *("access_count", "accessed_at"),
)
_FIELDS: Final = (
    *("category", "importance", "project", "speaker", "session_id", "occurred_at", "source"),
    *("trust", "valid_from", "valid_until", "protected", "metadata", "content"),
)
_TIMES: Final = frozenset({"occurred_at", "valid_from", "valid_until"})
#: Types of fields in a record; all others are text.
_KINDS: Final[Mapping[str, Any]] = {
    "importance": int | float,
    "occurred_at_s": int | float,
    "valid_from_s": int | float,
    "valid_until_s": int | float,
    "protected": bool,
    "metadata": dict,
}
_VERSION: Final = (
    *("version", "since_s", "until_s", "change", "reason"),
    *("tags", "created_at", "updated_at", "deleted_at", "archived_at", *_FIELDS),
)


def page(
    db: Database, *, after: tuple[int, int], limit: int, project: str | None = None
) -> tuple[list[Record], tuple[int, int] | None]:
    """Return up to `limit` records, and where to go on; None after the last.

    Args:
        db: Where to read.
        after: (phase, row) of the record before; (0, 0) at first.
        limit: 1 or more.
        project: Only memories of this project, and what belongs to them; None is all.

    Raises:
        MimoError: See `storage.faults`.
    """
    phase, row = after
    found: list[Record] = []
    with db.snapshot() as link:
        while phase < len(PHASES) and len(found) < limit:
            rows = _READERS[phase](link, row, limit - len(found), project)
            found += [record for _, record in rows]
            if len(found) < limit:
                phase, row = phase + 1, 0
            else:
                row = rows[-1][0]
    return found, (phase, row) if phase < len(PHASES) else None


def _memories(
    link: apsw.Connection, after: int, limit: int, project: str | None
) -> list[tuple[int, Record]]:
    columns = (*_FIELDS, *_STATE)
    rows = link.execute(
        f"SELECT id, (SELECT json_group_array(tag) FROM (SELECT tag FROM memory_tags "  # noqa: S608
        f"WHERE memory_id = m.id ORDER BY tag)), {', '.join(columns)} FROM memories m "
        "WHERE id > ? AND (? IS NULL OR project = ?) ORDER BY id LIMIT ?",
        (after, project, project, limit),
    )
    return [
        (row_id, {"type": "memory", "tags": json.loads(tags), **_plain(columns, values)})
        for row_id, tags, *values in rows
    ]


def _versions(
    link: apsw.Connection, after: int, limit: int, project: str | None
) -> list[tuple[int, Record]]:
    columns = ", ".join(f"v.{name}" for name in _VERSION)
    rows = link.execute(
        f"SELECT v.version_id, m.uid, m.updated_at, {columns}, "  # noqa: S608
        "(SELECT uid FROM memories WHERE id = v.superseded_by) "
        "FROM memory_versions v JOIN memories m USING (id) "
        "WHERE v.version_id > ? AND (? IS NULL OR m.project = ?) ORDER BY v.version_id LIMIT ?",
        (after, project, project, limit),
    )
    return [
        (
            row_id,
            {
                "type": "version",
                "uid": uid,
                "memory_updated_at": updated_at,
                **_plain(_VERSION, values),
                "superseded_by": successor,
            },
        )
        for row_id, uid, updated_at, *values, successor in rows
    ]


def _supersessions(
    link: apsw.Connection, after: int, limit: int, project: str | None
) -> list[tuple[int, Record]]:
    rows = link.execute(
        "SELECT m.id, m.uid, n.uid FROM memories m JOIN memories n ON n.id = m.superseded_by "
        "WHERE m.id > ? AND (? IS NULL OR m.project = ?) ORDER BY m.id LIMIT ?",
        (after, project, project, limit),
    )
    return [
        (row_id, {"type": "supersession", "uid": uid, "superseded_by": successor})
        for row_id, uid, successor in rows
    ]


def _links(
    link: apsw.Connection, after: int, limit: int, project: str | None
) -> list[tuple[int, Record]]:
    rows = link.execute(
        "SELECT number, source, target, kind, weight, count, note, created_at, updated_at FROM ("
        " SELECT row_number() OVER (ORDER BY l.source_id, l.target_id, l.kind) AS number,"
        " s.uid AS source, t.uid AS target, l.* FROM memory_links l"
        " JOIN memories s ON s.id = l.source_id JOIN memories t ON t.id = l.target_id"
        " WHERE ?2 IS NULL OR s.project = ?2"
        ") WHERE number > ?1 ORDER BY number LIMIT ?3",
        (after, project, limit),
    )
    names = ("source", "target", "kind", "weight", "count", "note", "created_at", "updated_at")
    return [
        (number, {"type": "link", **dict(zip(names, values, strict=True))})
        for number, *values in rows
    ]


_Reader = Callable[[apsw.Connection, int, int, str | None], list[tuple[int, Record]]]
_READERS: Final[tuple[_Reader, ...]] = (_memories, _versions, _supersessions, _links)


def _plain(names: Sequence[str], values: Sequence[Any]) -> Record:
    found = dict(zip(names, values, strict=True))
    found["metadata"] = json.loads(found["metadata"])
    found["protected"] = bool(found["protected"])
    if isinstance(found.get("tags"), str):
        found["tags"] = json.loads(found["tags"])
    return found


# -- Taking in ---------------------------------------------------------------------------------
@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TakeIn(Edit):
    """Take records in; the outcome counts what was new, known, and without what it belongs to.

    A memory whose uid is known stays as it is here. A record that names a memory that isn't here
    is left out and counted.

    Args:
        records: As JSON texts, so that the command is a plain value.
    """

    records: tuple[str, ...]

    def apply(self, transaction: Transaction) -> dict[str, int]:
        """Do it.

        Raises:
            InvalidRequest: A record isn't as `page` writes it; nothing was taken in.
        """
        counts = {"new": 0, "known": 0, "left_out": 0}
        for number, given in enumerate(self.records, 1):
            record = json.loads(given)
            take = _TAKERS.get(str(record.get("type", "memory")), _refuse)
            try:
                counts[take(transaction, record)] += 1
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise InvalidRequest(
                    f"expected record {number} as an export has it, got one with "
                    f"{type(error).__name__}: {error}"
                ) from None
            except InvalidRequest as error:
                raise InvalidRequest(f"record {number}: {error.message}") from None
        return counts


def _id_of(link: apsw.Connection, uid: Any) -> int | None:
    found = link.execute("SELECT id FROM memories WHERE uid = ?", (str(uid),)).fetchall()
    return int(str(found[0][0])) if found else None


def new_memory_of(record: Mapping[str, Any]) -> NewMemory:
    """Return what a memory's record says of itself.

    Raises:
        KeyError: It has no content.
        InvalidRequest: A field can't be stored.
    """
    fields: dict[str, Any] = {
        (f"{name}_s" if name in _TIMES else name): record[name]
        for name in _FIELDS
        if record.get(name) is not None
    }
    fields["content"] = record["content"]
    for name, value in fields.items():
        kind = _KINDS.get(name, str)
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise InvalidRequest(
                f"expected {name} of the type that an export has, got {type(value).__name__}"
            )
    fields["tags"] = tuple(sorted(set(record.get("tags", ()))))
    memory = NewMemory(**fields)
    check_memory(memory)
    return memory


def _refuse(_transaction: Transaction, record: Record) -> str:
    raise InvalidRequest(f"expected type {', '.join(PHASES)}, got {record['type']!r}")


def _moment(record: Record, name: str, otherwise: Any) -> Any:
    """Return wall seconds UTC of a record; what it doesn't say is `otherwise`."""
    value = record.get(name)
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequest(f"expected {name} in seconds, got {type(value).__name__}")
    return float(value)


def _take_memory(transaction: Transaction, record: Record) -> str:
    link, now_s = transaction.link, transaction.now_s
    if _id_of(link, record["uid"]) is not None:
        return "known"
    memory = new_memory_of(record)
    created_s = _moment(record, "created_at", now_s)
    occurred_s = created_s if memory.occurred_at_s is None else memory.occurred_at_s
    values = {
        **{name: getattr(memory, f"{name}_s" if name in _TIMES else name) for name in _FIELDS},
        "occurred_at": occurred_s,
        "protected": int(memory.protected),
        "metadata": metadata_json(memory.metadata),
        "speaker_key": text.speaker_key(memory.speaker),
        "content_hash": text.content_hash(memory.content, memory.speaker),
        "uid": str(record["uid"]),
        "created_at": created_s,
        "updated_at": _moment(record, "updated_at", created_s),
        "deleted_at": _moment(record, "deleted_at", None),
        "archived_at": _moment(record, "archived_at", None),
        "access_count": int(record.get("access_count") or 0),
        "accessed_at": _moment(record, "accessed_at", None),
    }
    link.execute(
        f"INSERT INTO memories ({', '.join(values)}) VALUES ({', '.join(f':{n}' for n in values)})",  # noqa: S608
        values,
    )
    memory_id = link.last_insert_rowid()
    transaction.next_seq()
    for tag in memory.tags:
        link.execute("INSERT INTO memory_tags (memory_id, tag) VALUES (?, ?)", (memory_id, tag))
    body = text.index_body(
        memory.content, speaker=memory.speaker, tags=memory.tags, occurred_at_s=occurred_s
    )
    link.execute("INSERT INTO memories_fts (rowid, body) VALUES (?, ?)", (memory_id, body))
    if values["deleted_at"] is None:
        link.execute("INSERT INTO embedding_queue (memory_id) VALUES (?)", (memory_id,))
    return "new"


def _take_version(transaction: Transaction, record: Record) -> str:
    link = transaction.link
    memory_id = _id_of(link, record["uid"])
    # A memory that was changed here since has versions of its own.
    is_same = (
        memory_id is not None
        and link.execute(
            "SELECT 1 FROM memories WHERE id = ? AND updated_at = ?",
            (memory_id, record["memory_updated_at"]),
        ).fetchall()
    )
    if not is_same:
        return "left_out"
    values = {
        **{name: record[name] for name in _VERSION},
        "id": memory_id,
        "uid": record["uid"],
        "tags": json.dumps(record["tags"]),
        "metadata": metadata_json(record["metadata"]),
        "protected": int(record["protected"]),
        "speaker_key": text.speaker_key(record["speaker"]),
        "content_hash": text.content_hash(record["content"], record["speaker"]),
        "superseded_by": _id_of(link, record["superseded_by"]),
    }
    link.execute(
        f"INSERT OR IGNORE INTO memory_versions ({', '.join(values)}) "  # noqa: S608
        f"VALUES ({', '.join(f':{name}' for name in values)})",
        values,
    )
    return "new" if link.changes() else "known"


def _take_supersession(transaction: Transaction, record: Record) -> str:
    link = transaction.link
    memory_id, successor = _id_of(link, record["uid"]), _id_of(link, record["superseded_by"])
    if memory_id is None or successor is None:
        return "left_out"
    link.execute(
        "UPDATE memories SET superseded_by = ? WHERE id = ? AND superseded_by IS NULL",
        (successor, memory_id),
    )
    if not link.changes():
        return "known"
    transaction.next_seq()
    # The trigger took this for a change of now; the versions of then are in their own records.
    link.execute(
        "DELETE FROM memory_versions WHERE id = ? AND version = "
        "(SELECT max(version) FROM memory_versions WHERE id = ?)",
        (memory_id, memory_id),
    )
    return "new"


def _take_link(transaction: Transaction, record: Record) -> str:
    if record["kind"] not in KINDS:
        raise InvalidRequest(f"expected kind {', '.join(KINDS)}, got {record['kind']!r}")
    link = transaction.link
    source, target = _id_of(link, record["source"]), _id_of(link, record["target"])
    if source is None or target is None or source == target:
        return "left_out"
    link.execute(
        "INSERT OR IGNORE INTO memory_links (source_id, target_id, kind, weight, count, note, "
        "created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            source,
            target,
            record["kind"],
            min(1.0, max(0.0, float(record.get("weight", 0.5)))),
            int(record.get("count", 1)),
            str(record.get("note", "")),
            float(record.get("created_at", transaction.now_s)),
            float(record.get("updated_at", transaction.now_s)),
        ),
    )
    return "new" if link.changes() else "known"


_TAKERS: Final[Mapping[str, Callable[[Transaction, Record], str]]] = {
    "memory": _take_memory,
    "version": _take_version,
    "supersession": _take_supersession,
    "link": _take_link,
}
