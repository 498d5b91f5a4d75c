"""Documents as storage takes and gives them: plain frozen values, picklable, no SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from mimo.storage.records import NewMemory

DocumentKind = Literal["file", "url", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHead:
    """What is known of a document besides its chunks.

    Args:
        project: Namespace of its memories.
        source: Its path, URL or title; with the project it names the document.
        kind: file, url or text (given inline).
        title: For people.
        strategy: How it was cut.
        encoding: Of its text; "" where it has none of its own, such as PDF.
        size_bytes: Of what was read.
        version: Hash of what was read and how it was cut; the same version has the same chunks.
        category: Of its memories.
        importance: Of its memories, 0 to 1.
        tags: Of its memories.
        job: Id of the job that ingests it.
    """

    project: str
    source: str
    kind: DocumentKind
    title: str
    strategy: str
    encoding: str
    size_bytes: int
    version: str
    category: str
    importance: float
    tags: tuple[str, ...]
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRow:
    """One chunk of a part.

    Args:
        hash: Of all that would make another memory of it.
        memory: What to store; None where the document has a memory of this hash.
    """

    hash: str
    memory: NewMemory | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPart:
    """Some chunks of a document; the last part makes its version the present one.

    Args:
        head: The document.
        first: Ordinal of the first chunk here.
        chunks: In their order.
        is_last: Whether the document ends here.
    """

    head: DocumentHead
    first: int
    chunks: tuple[ChunkRow, ...]
    is_last: bool


class Changes(NamedTuple):
    """What ingesting a document did to its memories, in chunks."""

    created: int = 0
    unchanged: int = 0
    superseded: int = 0
    archived: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that was ingested.

    Args:
        id: Rises, never reused.
        chunk_count: Chunks of its present version; 0 before its first part was the last.
        outcome: What the last job that changed it did: created, updated, restored or removed;
            "" if it didn't come to its end.
        changes: What that did to its memories.
        options: Category, importance and tags of its memories, as JSON.
        created_at_s: When it was first ingested, wall seconds UTC.
        updated_at_s: When it last changed.
        forgotten_at_s: When its memories were archived; None while they are live.

    The other fields are those of `DocumentHead`.
    """

    id: int
    project: str
    source: str
    kind: str
    title: str
    strategy: str
    encoding: str
    size_bytes: int
    version: str
    options: str
    chunk_count: int
    job: str
    outcome: str
    changes: Changes
    created_at_s: float
    updated_at_s: float
    forgotten_at_s: float | None
