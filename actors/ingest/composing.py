"""From a document that was read to the parts that storage takes: pure, and the same each time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from typing import cast

from mimo.actors.ingest.chunks import Chunk
from mimo.actors.ingest.formats import CUTTING_VERSION, Reading
from mimo.actors.ingest.messages import Ingest
from mimo.actors.memory.building import without_secrets
from mimo.actors.memory.cleaning import clean_text, name_of
from mimo.config import limits
from mimo.config.errors import InvalidRequest
from mimo.storage.document_records import ChunkRow, DocumentHead
from mimo.storage.records import NewMemory, Trust
from mimo.storage.text import normalised

_TRUST = {"file": "file", "url": "web", "text": "assistant"}


def version_of(raw: bytes, request: Ingest) -> str:
    """Return the version of a document: the same bytes, cut and labelled in the same way."""
    cut = json.dumps(
        [CUTTING_VERSION, request.strategy, request.category, request.importance, request.tags]
    )
    return hashlib.sha256(hashlib.sha256(raw).digest() + cut.encode()).hexdigest()


def head_of(  # noqa: PLR0913
    request: Ingest, source: str, reading: Reading, *, size_bytes: int, version: str, job: str
) -> DocumentHead:
    """Return what storage is told of a document."""
    usual = "episode" if reading.strategy == "chat" else "fact"
    return DocumentHead(
        project=request.project,
        source=source,
        kind=request.kind,
        title=_one_line(reading.title, 300),
        strategy=reading.strategy,
        encoding=reading.encoding,
        size_bytes=size_bytes,
        version=version,
        category=request.category or usual,
        importance=request.importance,
        tags=request.tags,
        job=job,
    )


def rows(head: DocumentHead, chunks: Iterator[Chunk], known: Collection[str]) -> Iterator[ChunkRow]:
    """Yield a row for each chunk with text in it; what the document has needs no memory.

    Args:
        head: The document.
        chunks: Its chunks.
        known: Hashes of the chunks that storage has memories of.

    Raises:
        InvalidRequest: There are more than `limits.INGEST_CHUNKS_MAX`.
    """
    count = 0
    for chunk in chunks:
        memory = memory_of(head, chunk)
        if memory is None:
            continue
        count += 1
        if count > limits.INGEST_CHUNKS_MAX:
            raise InvalidRequest(
                f"expected at most {limits.INGEST_CHUNKS_MAX} chunks, got more;"
                " split the document, or use strategy 'lines'"
            )
        hashed = _hash(memory, chunk)
        yield ChunkRow(hash=hashed, memory=None if hashed in known else memory)


def memory_of(head: DocumentHead, chunk: Chunk) -> NewMemory | None:
    """Return the memory of a chunk, cleaned and without secrets; None if no text is left."""
    text = clean_text(chunk.text)
    if not text:
        return None
    memory = NewMemory(
        content=text,
        category=head.category,
        importance=head.importance,
        tags=head.tags,
        project=head.project,
        speaker=name_of(chunk.speaker, "speaker"),
        session_id=name_of(chunk.session_id, "session_id") or session_of(head),
        occurred_at_s=chunk.occurred_at_s,
        source=short_source(head.source),
        trust=cast("Trust", _TRUST[head.kind]),
        metadata={name: _plain(value) for name, value in chunk.metadata.items()},
    )
    return without_secrets(memory)


def session_of(head: DocumentHead) -> str:
    """Return the session that the chunks of a document stand in, so that neighbours are context."""
    named = hashlib.sha256(f"{head.project}\0{head.source}".encode("utf-8", "replace"))
    return f"document/{named.hexdigest()[:16]}"


def short_source(source: str) -> str:
    """Return a source as a memory can hold it: the end of a long one, where its name is."""
    longest = limits.NAME_CHARS_MAX
    plain = _one_line(source, limits.INGEST_SOURCE_CHARS_MAX)
    return plain if len(plain) <= longest else f"…{plain[1 - longest :]}"


def _hash(memory: NewMemory, chunk: Chunk) -> str:
    said = json.dumps(
        [
            normalised(memory.content),
            memory.speaker,
            memory.session_id if chunk.session_id else "",
            chunk.occurred_at_s,
            memory.metadata,
        ],
        sort_keys=True,
    )
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:32]


def _plain(value: object) -> object:
    return clean_text(value) if isinstance(value, str) else value


def _one_line(text: str, chars_max: int) -> str:
    return " ".join(clean_text(text).split())[:chars_max]
