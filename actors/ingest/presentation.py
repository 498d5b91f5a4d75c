"""Documents as a reader sees them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mimo.actors.memory.presentation import iso_time
from mimo.config import limits
from mimo.storage.document_records import Document

#: Longest path or URL shown, in characters.
SOURCE_CHARS_MAX = 300


def documents_json(found: Sequence[Document], limit: int) -> dict[str, Any]:
    """Return a page of documents; one more than `limit` says that there is another page.

    A page ends early rather than being too long for an answer; its cursor goes on from there.
    """
    page: list[dict[str, Any]] = []
    room = limits.RESULT_CHARS_MAX - 2_000
    for one in found[:limit]:
        shown = _document(one)
        room -= len(json.dumps(shown, ensure_ascii=False))
        if room < 0:
            break
        page.append(shown)
    is_last = len(page) == len(found)
    return {
        "documents": page,
        "count": len(page),
        "next_cursor": "" if is_last else str(page[-1]["document_id"]),
    }


def _document(one: Document) -> dict[str, Any]:
    category, importance, tags = json.loads(one.options) if one.options else ("", 0.0, [])
    return {
        "document_id": one.id,
        "source": one.source[-SOURCE_CHARS_MAX:],
        "title": one.title,
        "project": one.project,
        "kind": one.kind,
        "strategy": one.strategy,
        "encoding": one.encoding,
        "size_bytes": one.size_bytes,
        "chunks": one.chunk_count,
        "category": category,
        "importance": importance,
        "tags": tags,
        "state": "live" if one.forgotten_at_s is None else "forgotten",
        "created_at": iso_time(one.created_at_s),
        "updated_at": iso_time(one.updated_at_s),
    }
