"""Documents into memories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from mimo.actors.ingest.messages import Ingest, IngestStatus, ListDocuments
from mimo.actors.memory.cleaning import clean_text, name_of, tags_of
from mimo.actors.memory.parameters import take
from mimo.actors.memory.results import DOCUMENTS, FORGOTTEN, INGESTED, JOBS
from mimo.actors.operations import CallContext, Operation
from mimo.actors.storage.messages import Commit
from mimo.config import limits
from mimo.config.errors import InvalidRequest
from mimo.storage.document_edits import ForgetDocument

Arguments = Mapping[str, Any]
Kind = Literal["file", "url", "text"]

INGESTER = ("memory/ingest",)
WRITER = ("storage/writer",)
_PLACES: dict[str, Kind] = {"path": "file", "url": "url", "text": "text"}


def _ingest(arguments: Arguments, context: CallContext) -> Ingest:
    given = [name for name in _PLACES if arguments.get(name, "").strip()]
    if len(given) != 1:
        raise InvalidRequest(
            f"expected one of 'path', 'url' and 'text', got {' and '.join(given) or 'none'};"
            " for example path '~/notes'"
        )
    name = given[0]
    text = arguments["text"] if name == "text" else ""
    _check_text(text)
    title = name_of(arguments.get("title", ""), "title")
    return Ingest(
        kind=_PLACES[name],
        place=title if text else arguments[name].strip(),
        text=text,
        strategy=arguments.get("strategy", "auto"),
        project=name_of(arguments.get("project", ""), "project"),
        category=arguments.get("category", ""),
        importance=float(arguments.get("importance", 0.5)),
        tags=tags_of(arguments.get("tags", [])),
        key=context.key,
        request_id=context.request_id,
    )


def _check_text(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > limits.INGEST_TEXT_BYTES_MAX:
        raise InvalidRequest(
            f"expected 'text' of at most {limits.INGEST_TEXT_BYTES_MAX} bytes, got {size};"
            " save it as a file and give its path"
        )
    if text and not clean_text(text):
        raise InvalidRequest("expected 'text' to hold readable text, got none; write it out")


def _status(arguments: Arguments, _context: CallContext) -> IngestStatus:
    return IngestStatus(job_id=arguments.get("job_id", "").strip())


def _documents(arguments: Arguments, _context: CallContext) -> ListDocuments:
    project = arguments.get("project")
    cursor = arguments.get("cursor", "")
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise InvalidRequest(
            f"expected 'cursor' from the page before, got {cursor[:80]!r}; leave it out to begin"
        )
    return ListDocuments(
        project=None if project is None else name_of(project, "project"),
        source=arguments.get("source", ""),
        limit=arguments.get("limit", 20),
        cursor=cursor,
    )


def _forget(arguments: Arguments, context: CallContext) -> Commit:
    edit = ForgetDocument(
        document_id=arguments["document_id"],
        undo=arguments.get("undo", False),
        key=context.key,
    )
    return Commit(command=edit, as_result=True)


INGEST: tuple[Operation, ...] = (
    Operation(
        name="ingest",
        summary="Read a file, folder, page or text in; again: only what changed.",
        parameters=take(
            "path", "url", "text", "title", "strategy", "project", "category", "importance", "tags"
        ),
        result=INGESTED,
        effect="open-world",
        idempotent=True,
        worker=INGESTER,
        build=_ingest,
        example={"text": "# Trip\n\nWe fly to Oslo on 3 May.", "title": "trip notes"},
    ),
    Operation(
        name="ingest_status",
        summary="How far it is; one ingest, or all.",
        parameters=take("job_id"),
        result=JOBS,
        effect="read",
        idempotent=True,
        worker=INGESTER,
        build=_status,
        example={},
    ),
    Operation(
        name="documents",
        summary="What was ingested.",
        parameters=take("project", "source", "limit", "cursor"),
        result=DOCUMENTS,
        effect="read",
        idempotent=True,
        worker=INGESTER,
        build=_documents,
        example={"limit": 10},
    ),
    Operation(
        name="forget_document",
        summary="Archive a document's memories; undo takes it back.",
        parameters=take("document_id", "undo"),
        required=("document_id",),
        result=FORGOTTEN,
        effect="destructive",
        idempotent=True,
        worker=WRITER,
        build=_forget,
        example={"document_id": 1},
    ),
)
"""Documents, exports and imports: text in and out."""
