"""Documents and their chunks: found, listed, compared."""

from __future__ import annotations

import json
from typing import Any, Final

import apsw

from mimo.config.errors import NotFound
from mimo.storage.connection import Database
from mimo.storage.document_records import Changes, Document

_COLUMNS: Final = (
    "d.id, d.project, d.source, d.kind, d.title, d.strategy, d.encoding, d.size_bytes, d.version, "
    "d.options, d.chunk_count, d.job, d.changes, d.created_at, d.updated_at, d.forgotten_at"
)
_SELECT: Final = f"SELECT {_COLUMNS} FROM documents d"  # noqa: S608


def document_of(row: tuple[Any, ...]) -> Document:
    """Return the document of a row of all columns."""
    outcome, *changes = json.loads(row[12])
    return Document(
        id=row[0],
        project=row[1],
        source=row[2],
        kind=row[3],
        title=row[4],
        strategy=row[5],
        encoding=row[6],
        size_bytes=row[7],
        version=row[8],
        options=row[9],
        chunk_count=row[10],
        job=row[11],
        outcome=outcome,
        changes=Changes(*changes),
        created_at_s=row[13],
        updated_at_s=row[14],
        forgotten_at_s=row[15],
    )


def named(link: apsw.Connection, project: str, source: str) -> Document | None:
    """Return the document of this name, forgotten or not; None if it was never ingested."""
    rows = link.execute(f"{_SELECT} WHERE d.project = ? AND d.source = ?", (project, source))
    row = rows.fetchone()
    return None if row is None else document_of(row)


def fetch(link: apsw.Connection, document_id: int) -> Document:
    """Return a document by id.

    Raises:
        NotFound: There is no such document.
    """
    row = None
    if 0 < document_id < 2**63:
        row = link.execute(f"{_SELECT} WHERE d.id = ?", (document_id,)).fetchone()
    if row is None:
        raise NotFound(f"expected the id of a document, got {document_id}; see 'documents'")
    return document_of(row)


def find(db: Database, project: str, source: str) -> Document | None:
    """Return the document of this name; None if it was never ingested.

    Raises:
        MimoError: See `storage.faults`.
    """
    with db.snapshot() as link:
        return named(link, project, source)


def known_hashes(db: Database, project: str, source: str) -> frozenset[str]:
    """Return the hashes of the chunks that a document has memories of.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        "SELECT c.chunk_hash FROM document_chunks c JOIN documents d ON d.id = c.document_id "
        "WHERE d.project = ? AND d.source = ?",
        (project, source),
    )
    return frozenset(row[0] for row in rows)


def below(db: Database, project: str, folder: str) -> list[Document]:
    """Return the files of a project that were ingested from below a folder, forgotten or not.

    Args:
        db: Where to read.
        project: The namespace.
        folder: Absolute path without a slash at its end.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        f"{_SELECT} WHERE d.project = ? AND d.kind = 'file' "
        "AND d.source >= ? AND d.source < ? ORDER BY d.source",
        # "0" is what follows "/".
        (project, f"{folder}/", f"{folder}0"),
    )
    return [document_of(row) for row in rows]


def page(
    db: Database, *, project: str | None, source: str, limit: int, before_id: int
) -> list[Document]:
    """Return documents, the newest first, forgotten ones too.

    Args:
        db: Where to read.
        project: Only those of this project; None for all.
        source: Only those whose source begins so; "" for all.
        limit: Most documents.
        before_id: Only those with a smaller id; 0 for the first page.

    Raises:
        MimoError: See `storage.faults`.
    """
    rows = db.rows(
        f"{_SELECT} WHERE (:project IS NULL OR d.project = :project) "
        "AND (:source = '' OR substr(d.source, 1, length(:source)) = :source) "
        "AND (:before = 0 OR d.id < :before) ORDER BY d.id DESC LIMIT :limit",
        {"project": project, "source": source, "before": before_id, "limit": limit},
    )
    return [document_of(row) for row in rows]
