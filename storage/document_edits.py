"""Writes of documents: parts of a new version, its completion, forgetting and taking back.

A part may be written again: what a killed ingest left behind is found by its hash and used. Only
the last part touches memories of the version before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

import apsw

from mimo.config.errors import Conflict, MimoError
from mimo.storage import memory_writes, revisions
from mimo.storage.commands import Edit, Transaction
from mimo.storage.document_records import Changes, ChunkRow, Document, DocumentHead, DocumentPart
from mimo.storage.documents import fetch, named
from mimo.storage.records import MemoryPatch

#: A chunk takes the place of the one that stood there if they share this part of their words.
ALIKE_MIN: Final = 0.3
_REASON: Final = "the document changed"
_WORDS: Final = re.compile(r"\w+")


class Placed(NamedTuple):
    """A chunk of a version: its hash, and the memory that it is."""

    hash: str
    memory_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDocuments(Edit):
    """Write parts of documents; it returns {documents: [...]}, one entry for each that is complete.

    An entry has source, document_id, outcome (created, updated, unchanged or restored) and changes.
    """

    parts: tuple[DocumentPart, ...]

    def apply(self, transaction: Transaction) -> dict[str, Any]:
        """Write the parts in their order, all or none.

        Raises:
            Conflict: A memory that a part counts on has gone; compare the document again.
            InvalidRequest: A chunk isn't as `NewMemory` demands.
        """
        done = [_put(transaction, part) for part in self.parts]
        return {"documents": [entry for entry in done if entry is not None]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetDocument(Edit):
    """Archive the memories of a document, or take that back; it returns what was done.

    Args:
        document_id: Which.
        undo: Whether to take it back.
        job: The job that does it because the file is gone; "" if somebody asked for it.
    """

    document_id: int
    undo: bool = False
    job: str = ""

    def apply(self, transaction: Transaction) -> dict[str, Any]:
        """Archive or restore; a document that is so already stays as it is.

        Raises:
            NotFound: There is no such document.
        """
        document = fetch(transaction.link, self.document_id)
        if self.undo:
            changed = _take_back(transaction, document)
        else:
            changed = _forget(transaction, document, self.job)
        return {
            "document_id": document.id,
            "source": document.source[:512],
            "memories_changed": changed,
            "forgotten": not self.undo,
        }


def _put(transaction: Transaction, part: DocumentPart) -> dict[str, Any] | None:
    document = _document(transaction, part.head)
    for ordinal, chunk in enumerate(part.chunks, part.first):
        memory_id = _memory(transaction, document.id, chunk)
        transaction.link.execute(
            "INSERT OR REPLACE INTO document_chunks VALUES (?, ?, ?, ?, ?)",
            (document.id, part.head.version, ordinal, chunk.hash, memory_id),
        )
    if not part.is_last:
        return None
    return _complete(transaction, document, part)


def _document(transaction: Transaction, head: DocumentHead) -> Document:
    found = named(transaction.link, head.project, head.source)
    if found is not None:
        return found
    transaction.link.execute(
        "INSERT INTO documents (project, source, kind, title, strategy, encoding, size_bytes, "
        "version, options, chunk_count, job, changes, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, '', '', 0, '', json_array(''), ?, ?)",
        (
            head.project,
            head.source,
            head.kind,
            head.title,
            head.strategy,
            head.encoding,
            head.size_bytes,
            transaction.now_s,
            transaction.now_s,
        ),
    )
    return fetch(transaction.link, transaction.link.last_insert_rowid())


def _memory(transaction: Transaction, document_id: int, chunk: ChunkRow) -> int:
    row = transaction.link.execute(
        "SELECT memory_id FROM document_chunks WHERE document_id = ? AND chunk_hash = ? "
        "ORDER BY memory_id LIMIT 1",
        (document_id, chunk.hash),
    ).fetchone()
    if row is not None:
        return int(str(row[0]))
    if chunk.memory is None:
        raise Conflict("expected a memory of each known chunk, got none; ingest the document again")
    transaction.next_seq()
    return memory_writes.store(transaction.link, chunk.memory, transaction.now_s).id


def _complete(transaction: Transaction, document: Document, part: DocumentPart) -> dict[str, Any]:
    """Make the version the present one and put away what only others had."""
    link, head = transaction.link, part.head
    count = part.first + len(part.chunks)
    link.execute(
        "DELETE FROM document_chunks WHERE document_id = ? AND version = ? AND ordinal >= ?",
        (document.id, head.version, count),
    )
    restored = _take_back(transaction, document)
    old = _placed(link, document.id, document.version)
    new = _placed(link, document.id, head.version)
    changes = _replace(transaction, document.id, head.version, old, new)
    _adopt_options(transaction, document, head, {one.memory_id for one in old})
    outcome = "created" if not document.version else "restored" if restored else "updated"
    link.execute(
        "UPDATE documents SET title = ?, strategy = ?, encoding = ?, size_bytes = ?, version = ?, "
        "options = ?, chunk_count = ?, job = ?, changes = ?, updated_at = ? WHERE id = ?",
        (
            head.title,
            head.strategy,
            head.encoding,
            head.size_bytes,
            head.version,
            options_of(head),
            count,
            head.job,
            json.dumps([outcome, *changes]),
            transaction.now_s,
            document.id,
        ),
    )
    return {
        "source": head.source,
        "document_id": document.id,
        "outcome": outcome,
        "changes": list(changes),
    }


def options_of(head: DocumentHead) -> str:
    """Return what a document's memories have in common, as JSON."""
    return json.dumps([head.category, head.importance, list(head.tags)])


def _placed(link: apsw.Connection, document_id: int, version: str) -> list[Placed]:
    rows = link.execute(
        "SELECT chunk_hash, memory_id FROM document_chunks "
        "WHERE document_id = ? AND version = ? ORDER BY ordinal",
        (document_id, version),
    )
    return [Placed(str(chunk_hash), int(str(memory_id))) for chunk_hash, memory_id in rows]


def _replace(
    transaction: Transaction,
    document_id: int,
    version: str,
    old: Sequence[Placed],
    new: Sequence[Placed],
) -> Changes:
    link = transaction.link
    kept, before = {one.memory_id for one in new}, {one.memory_id for one in old}
    successors = {
        gone: successor
        for gone, successor in paired(old, new)
        if gone not in kept and successor not in before and _alike(link, gone, successor)
    }
    superseded = sum(_supersede(transaction, *pair) for pair in successors.items())
    stale = link.execute(
        "SELECT DISTINCT memory_id FROM document_chunks WHERE document_id = ? AND version <> ?",
        (document_id, version),
    ).fetchall()
    gone = [int(str(row[0])) for row in stale if row[0] not in kept]
    archived = sum(_archive(transaction, memory_id) for memory_id in gone)
    link.execute(
        "DELETE FROM document_chunks WHERE document_id = ? AND version <> ?", (document_id, version)
    )
    return Changes(
        created=len(kept - before),
        unchanged=len(kept & before),
        superseded=superseded,
        archived=archived,
    )


def paired(old: Sequence[Placed], new: Sequence[Placed]) -> list[tuple[int, int]]:
    """Return (old memory, new memory) of chunks that stand at the same place between equal ones."""
    matcher = SequenceMatcher(
        None, [one.hash for one in old], [one.hash for one in new], autojunk=False
    )
    return [
        (was.memory_id, now.memory_id)
        for kind, start, end, new_start, new_end in matcher.get_opcodes()
        if kind == "replace"
        for was, now in zip(old[start:end], new[new_start:new_end], strict=False)
    ]


def alike(first: str, second: str) -> float:
    """Return which part of the different words of two texts they share, 0 to 1."""
    one, other = set(_WORDS.findall(first.lower())), set(_WORDS.findall(second.lower()))
    return len(one & other) / max(len(one | other), 1)


def _alike(link: apsw.Connection, first: int, second: int) -> bool:
    rows = link.execute("SELECT content FROM memories WHERE id IN (?, ?)", (first, second))
    found = [str(content) for (content,) in rows]
    return len(found) == 2 and alike(*found) >= ALIKE_MIN


def _supersede(transaction: Transaction, old_id: int, new_id: int) -> bool:
    """Put a chunk in another's place, unless the user has dealt with either."""
    try:
        revisions.supersede(
            transaction.link,
            old_id,
            new_id,
            kind="update",
            reason=_REASON,
            now_s=transaction.now_s,
        )
    except MimoError:
        return False
    transaction.next_seq()
    return True


def _archive(transaction: Transaction, memory_id: int) -> bool:
    """Archive a memory unless it is protected, or put away already."""
    now_s = transaction.now_s
    transaction.link.execute(
        "UPDATE memories SET archived_at = ?, updated_at = ? WHERE id = ? AND protected = 0 "
        "AND archived_at IS NULL AND deleted_at IS NULL AND superseded_by IS NULL",
        (now_s, now_s, memory_id),
    )
    is_changed = bool(transaction.link.changes())
    if is_changed:
        transaction.next_seq()
    return is_changed


def _forget(transaction: Transaction, document: Document, job: str) -> int:
    if document.forgotten_at_s is not None:
        return 0
    rows = transaction.link.execute(
        "SELECT DISTINCT memory_id FROM document_chunks WHERE document_id = ?", (document.id,)
    ).fetchall()
    archived = sum(_archive(transaction, int(str(row[0]))) for row in rows)
    changes = json.dumps(["removed", *Changes(archived=archived)])
    transaction.link.execute(
        "UPDATE documents SET forgotten_at = ?, updated_at = ?, job = ?, changes = ? WHERE id = ?",
        (transaction.now_s, transaction.now_s, job, changes, document.id),
    )
    return archived


def _take_back(transaction: Transaction, document: Document) -> int:
    """Restore what was archived with the document, and nothing else."""
    if document.forgotten_at_s is None:
        return 0
    rows = transaction.link.execute(
        "SELECT DISTINCT m.id FROM document_chunks c JOIN memories m ON m.id = c.memory_id "
        "WHERE c.document_id = ? AND m.archived_at = ?",
        (document.id, document.forgotten_at_s),
    ).fetchall()
    for row in rows:
        transaction.next_seq()
        memory_writes.restore(transaction.link, int(str(row[0])), transaction.now_s)
    transaction.link.execute(
        "UPDATE documents SET forgotten_at = NULL, updated_at = ? WHERE id = ?",
        (transaction.now_s, document.id),
    )
    return len(rows)


def _adopt_options(
    transaction: Transaction, document: Document, head: DocumentHead, before: set[int]
) -> None:
    """Give the memories that stay the category, importance and tags that are asked for now."""
    if not document.options or document.options == options_of(head):
        return
    patch = MemoryPatch(
        fields={"category": head.category, "importance": head.importance, "tags": head.tags}
    )
    kept = {one.memory_id for one in _placed(transaction.link, document.id, head.version)}
    for memory_id in sorted(kept & before):
        transaction.next_seq()
        try:
            memory_writes.update(transaction.link, memory_id, patch, transaction.now_s)
        except Conflict:
            # The user deleted it; it stays deleted.
            continue
