"""Writes of memories: row, tags, index entry and place in the embedding queue, together.

Everything here runs inside the caller's transaction.
"""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any, Final

import apsw

from mimo.config import limits
from mimo.config.errors import Conflict, InvalidRequest
from mimo.storage import history, text
from mimo.storage.checks import check_memory, metadata_json
from mimo.storage.commands import PutVectors, Stored
from mimo.storage.memories import fetch
from mimo.storage.records import Memory, MemoryPatch, NewMemory

_PATCHABLE: Final = frozenset(field.name for field in dataclasses.fields(NewMemory))

_INSERT: Final = """
    INSERT INTO memories (
        uid, category, importance, project, speaker, speaker_key, session_id, occurred_at, source,
        trust, valid_from, valid_until, protected, created_at, updated_at, content_hash, metadata,
        content
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_UPDATE: Final = """
    UPDATE memories SET
        category = ?, importance = ?, project = ?, speaker = ?, speaker_key = ?, session_id = ?,
        occurred_at = ?, source = ?, trust = ?, valid_from = ?, valid_until = ?, protected = ?,
        updated_at = ?, content_hash = ?, metadata = ?, content = ?
    WHERE id = ?
"""

# By the hash: left to itself, SQLite walks all memories without a session (1.6 ms at 10,000).
_SAME: Final = """
    SELECT id, uid FROM memories INDEXED BY memories_content_hash
    WHERE content_hash = ? AND project = ? AND session_id = ? AND category = ? AND source = ?
        AND trust = ? AND valid_from IS ? AND valid_until IS ? AND metadata = ?
        AND (? IS NULL OR occurred_at = ?)
        AND deleted_at IS NULL AND archived_at IS NULL AND superseded_by IS NULL
    ORDER BY id DESC LIMIT 1
"""

_PUT_VECTOR: Final = """
    INSERT INTO vectors (memory_id, model_id, content_hash, change_seq, vector)
    SELECT id, ?, content_hash, ?, ? FROM memories WHERE id = ? AND content_hash = ?
    ON CONFLICT (memory_id) DO UPDATE SET
        model_id = excluded.model_id, content_hash = excluded.content_hash,
        change_seq = excluded.change_seq, vector = excluded.vector
"""


def new_uid(now_s: float) -> str:
    """Return 32 hex characters that sort by time and are unique.

    Source: RFC 9562, UUID version 7.
    """
    milliseconds = max(0, int(now_s * 1000)) & (2**48 - 1)
    chance = int.from_bytes(os.urandom(10))
    value = milliseconds << 80 | chance
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{value:032x}"


def store(link: apsw.Connection, memory: NewMemory, now_s: float) -> Stored:
    """Store a memory, unless it is there already.

    It is there already if a live memory agrees in content (up to white space), speaker, project,
    session, category, source, trust, validity and metadata, and in when it occurred or this one
    doesn't say when. Then the newest such memory is returned as not created; tags that it lacks are
    added to it, and importance and protection only rise. So the same words at two times of a
    conversation are two memories, and a fact that is noted again is one.

    Raises:
        InvalidRequest: It isn't as `NewMemory` demands.
    """
    check_memory(memory)
    return find_same(link, memory, now_s) or insert(link, memory, now_s)


def find_same(link: apsw.Connection, memory: NewMemory, now_s: float) -> Stored | None:
    """Return the memory that this one repeats word for word, reinforced; None if there is none."""
    known = _find_same(link, memory)
    if known is not None and reinforce(link, known.id, memory, now_s):
        return known
    return None


def insert(link: apsw.Connection, memory: NewMemory, now_s: float) -> Stored:
    """Store a memory that was checked and isn't there yet."""
    occurred_s = now_s if memory.occurred_at_s is None else memory.occurred_at_s
    uid = new_uid(now_s)
    link.execute(
        _INSERT,
        (
            uid,
            *_before_times(memory, occurred_s),
            now_s,
            now_s,
            text.content_hash(memory.content, memory.speaker),
            metadata_json(memory.metadata),
            memory.content,
        ),
    )
    memory_id = link.last_insert_rowid()
    _insert_tags(link, memory_id, memory.tags)
    _index(link, memory_id, memory, occurred_s)
    link.execute("INSERT INTO embedding_queue (memory_id) VALUES (?)", (memory_id,))
    return Stored(memory_id, uid, created=True)


def update(
    link: apsw.Connection, memory_id: int, patch: MemoryPatch, now_s: float, *, reason: str = ""
) -> Memory:
    """Change the named fields of a memory and return it; nothing is touched if nothing changes.

    Raises:
        NotFound: There is no such memory.
        Conflict: It is deleted.
        InvalidRequest: A field is unknown, or isn't as `NewMemory` demands.
    """
    unknown = sorted(set(patch.fields) - _PATCHABLE)
    if unknown or not patch.fields:
        raise InvalidRequest(
            f"expected fields among {', '.join(sorted(_PATCHABLE))}, got "
            f"{', '.join(unknown) or 'none'}"
        )
    before = fetch(link, memory_id)
    if before.deleted_at_s is not None:
        raise Conflict(f"memory {memory_id} is deleted; restore it first, then update it")
    old = _as_new(before)
    new = dataclasses.replace(old, **patch.fields)
    if patch.redacted:
        new = dataclasses.replace(new, metadata={**new.metadata, "redacted": patch.redacted})
    if new.occurred_at_s is None:
        new = dataclasses.replace(new, occurred_at_s=before.created_at_s)
    if new != old:
        check_memory(new)
        _rewrite(link, memory_id, old, new, now_s)
        if reason:
            history.explain(link, memory_id, "update", reason)
    return fetch(link, memory_id)


def delete(link: apsw.Connection, memory_id: int, now_s: float) -> Memory:
    """Delete a memory softly and return it; one that is deleted stays as it is.

    Raises:
        NotFound: There is no such memory.
    """
    before = fetch(link, memory_id)
    if before.deleted_at_s is not None:
        return before
    link.execute(
        "UPDATE memories SET deleted_at = ?, updated_at = ? WHERE id = ?", (now_s, now_s, memory_id)
    )
    link.execute("DELETE FROM embedding_queue WHERE memory_id = ?", (memory_id,))
    return fetch(link, memory_id)


def restore(link: apsw.Connection, memory_id: int, now_s: float) -> Memory:
    """Undo a soft deletion or an archiving and return the memory; a live one stays as it is.

    Raises:
        NotFound: There is no such memory.
    """
    before = fetch(link, memory_id)
    if before.deleted_at_s is None and before.archived_at_s is None:
        return before
    link.execute(
        "UPDATE memories SET deleted_at = NULL, archived_at = NULL, updated_at = ? WHERE id = ?",
        (now_s, memory_id),
    )
    if not before.has_vector:
        link.execute("INSERT OR IGNORE INTO embedding_queue (memory_id) VALUES (?)", (memory_id,))
    return fetch(link, memory_id)


def put_vectors(link: apsw.Connection, command: PutVectors, change_seq: int) -> int:
    """Keep the vectors whose memories still are what they were made from; return how many.

    Args:
        link: The open transaction.
        command: The vectors.
        change_seq: Number of the first; the others have the next ones.
    """
    kept = 0
    for seq, (memory_id, content_hash, vector) in enumerate(command.vectors, change_seq):
        link.execute(_PUT_VECTOR, (command.model_id, seq, vector, memory_id, content_hash))
        if link.changes():
            link.execute("DELETE FROM embedding_queue WHERE memory_id = ?", (memory_id,))
            kept += 1
    return kept


def touch(link: apsw.Connection, ids: tuple[int, ...], now_s: float) -> int:
    """Count these memories as accessed now; return how many exist."""
    link.execute(
        "UPDATE memories SET access_count = access_count + 1, accessed_at = ? "
        "WHERE id IN (SELECT value FROM json_each(?))",
        (now_s, json.dumps(ids)),
    )
    return link.changes()


def _find_same(link: apsw.Connection, memory: NewMemory) -> Stored | None:
    found = link.execute(
        _SAME,
        (
            text.content_hash(memory.content, memory.speaker),
            memory.project,
            memory.session_id,
            memory.category,
            memory.source,
            memory.trust,
            memory.valid_from_s,
            memory.valid_until_s,
            metadata_json(memory.metadata),
            memory.occurred_at_s,
            memory.occurred_at_s,
        ),
    ).fetchall()
    if not found:
        return None
    return Stored(int(str(found[0][0])), str(found[0][1]), created=False, decision="redundant")


def reinforce(link: apsw.Connection, memory_id: int, memory: NewMemory, now_s: float) -> bool:
    """Add what the copy has more; False if the tags of both are too many for one memory."""
    old = _as_new(fetch(link, memory_id))
    new = dataclasses.replace(
        old,
        tags=tuple(sorted({*old.tags, *memory.tags})),
        importance=max(old.importance, memory.importance),
        protected=old.protected or memory.protected,
    )
    if len(new.tags) > limits.TAGS_MAX:
        return False
    if new != old:
        _rewrite(link, memory_id, old, new, now_s)
    return True


def _as_new(memory: Memory) -> NewMemory:
    return NewMemory(**{name: getattr(memory, name) for name in _PATCHABLE})


def _rewrite(
    link: apsw.Connection, memory_id: int, old: NewMemory, new: NewMemory, now_s: float
) -> None:
    occurred_s = now_s if new.occurred_at_s is None else new.occurred_at_s
    new_hash = text.content_hash(new.content, new.speaker)
    link.execute(
        _UPDATE,
        (
            *_before_times(new, occurred_s),
            now_s,
            new_hash,
            metadata_json(new.metadata),
            new.content,
            memory_id,
        ),
    )
    if new.tags != old.tags:
        link.execute("DELETE FROM memory_tags WHERE memory_id = ?", (memory_id,))
        _insert_tags(link, memory_id, new.tags)
    link.execute("DELETE FROM memories_fts WHERE rowid = ?", (memory_id,))
    _index(link, memory_id, new, occurred_s)
    if new_hash != text.content_hash(old.content, old.speaker):
        link.execute("INSERT OR IGNORE INTO embedding_queue (memory_id) VALUES (?)", (memory_id,))


def reindex(link: apsw.Connection, memory_id: int, memory: Memory) -> None:
    """Write tags and index entry of a row that is as `memory` says; its vector may have to wait."""
    link.execute("DELETE FROM memory_tags WHERE memory_id = ?", (memory_id,))
    _insert_tags(link, memory_id, memory.tags)
    link.execute("DELETE FROM memories_fts WHERE rowid = ?", (memory_id,))
    _index(link, memory_id, _as_new(memory), memory.occurred_at_s)
    if memory.deleted_at_s is None and not fetch(link, memory_id).has_vector:
        link.execute("INSERT OR IGNORE INTO embedding_queue (memory_id) VALUES (?)", (memory_id,))


def _before_times(memory: NewMemory, occurred_s: float) -> tuple[Any, ...]:
    """Return the columns from `category` to `protected`."""
    return (
        memory.category,
        memory.importance,
        memory.project,
        memory.speaker,
        text.speaker_key(memory.speaker),
        memory.session_id,
        occurred_s,
        memory.source,
        memory.trust,
        memory.valid_from_s,
        memory.valid_until_s,
        int(memory.protected),
    )


def _insert_tags(link: apsw.Connection, memory_id: int, tags: tuple[str, ...]) -> None:
    for tag in tags:
        link.execute("INSERT INTO memory_tags (memory_id, tag) VALUES (?, ?)", (memory_id, tag))


def _index(link: apsw.Connection, memory_id: int, memory: NewMemory, occurred_s: float) -> None:
    body = text.index_body(
        memory.content, speaker=memory.speaker, tags=memory.tags, occurred_at_s=occurred_s
    )
    link.execute("INSERT INTO memories_fts (rowid, body) VALUES (?, ?)", (memory_id, body))
