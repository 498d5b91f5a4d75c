"""What the ingester is asked; replies to tool requests are `mimo.actors.operations.Result`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: How a document may be cut; `auto` chooses by its name and content.
STRATEGIES = (
    "auto",
    "markdown",
    "paragraphs",
    "sentences",
    "lines",
    "code",
    "whole",
    "json",
    "chat",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """Read a document, or all of a directory, into memories.

    The reply comes when the job is done, or after a while with how far it is.

    Args:
        kind: file (also a directory or glob), url, or text.
        place: Path, URL, or the title of the text.
        text: Of kind text; "" otherwise.
        strategy: One of `STRATEGIES`.
        project: Namespace of the memories.
        category: Of the memories; "" for what fits: episode for a chat, fact otherwise.
        importance: Of the memories, 0 to 1.
        tags: Of the memories.
        key: Idempotency key; the same one is the same job.
        request_id: The call to which progress is reported.
    """

    kind: Literal["file", "url", "text"]
    place: str
    text: str = ""
    strategy: str = "auto"
    project: str = ""
    category: str = ""
    importance: float = 0.5
    tags: tuple[str, ...] = ()
    key: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestStatus:
    """Tell about one job, or with "" about all that are remembered, newest first."""

    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDocuments:
    """Return documents page by page, newest first.

    Args:
        project: Only those of this project; None for all.
        source: Only those whose path, URL or title begins so.
        limit: 1 to `limits.PAGE_MAX`.
        cursor: From the page before; "" for the first.
    """

    project: str | None
    source: str
    limit: int
    cursor: str
