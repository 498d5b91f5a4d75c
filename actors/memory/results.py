"""The schemas of what the memory operations return; roots are objects, as MCP's clients need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_TEXT = {"type": "string"}
_COUNT = {"type": "integer"}
_NUMBER = {"type": "number"}
_FLAG = {"type": "boolean"}
_OPEN = {"type": "object"}

#: One memory; `response_format: detailed` adds the fields after `trust`.
MEMORY_ITEM = _object(
    (
        "memory_id",
        "content",
        "category",
        "importance",
        "tags",
        "project",
        "speaker",
        "session_id",
        "occurred_at",
        "source",
        "trust",
    ),
    memory_id=_COUNT,
    content=_TEXT,
    category=_TEXT,
    importance=_NUMBER,
    tags=_list(_TEXT),
    project=_TEXT,
    speaker=_TEXT,
    session_id=_TEXT,
    occurred_at=_TEXT,
    source=_TEXT,
    trust=_TEXT,
    score=_NUMBER,
    explanation=_OPEN,
    context=_list(_OPEN),
    uid=_TEXT,
    protected=_FLAG,
    metadata=_OPEN,
    valid_from=_TEXT,
    valid_until=_TEXT,
    created_at=_TEXT,
    updated_at=_TEXT,
    deleted_at=_TEXT,
    archived_at=_TEXT,
    superseded_by=_COUNT,
    access_count=_COUNT,
    accessed_at=_TEXT,
    has_vector=_FLAG,
    usefulness=_NUMBER,
    why=_TEXT,
)

STORED = _object(
    ("memory_id", "uid", "created", "decision"),
    memory_id=_COUNT,
    uid=_TEXT,
    created=_FLAG,
    decision=_TEXT,
    similar=_list(_OPEN),
    superseded=_list(_COUNT),
    redacted=_list(_TEXT),
)
STORED_MANY = _object(
    ("created_count", "known_count", "stored"),
    created_count=_COUNT,
    known_count=_COUNT,
    stored=_list(STORED),
)
ONE = _object(("memory",), memory=MEMORY_ITEM, valid=_FLAG)
DELETED = _object(
    ("memory_id", "deleted_at", "restorable"),
    memory_id=_COUNT,
    deleted_at=_TEXT,
    restorable=_FLAG,
)
PAGE = _object(
    ("memories", "count", "next_cursor"),
    memories=_list(MEMORY_ITEM),
    count=_COUNT,
    next_cursor=_TEXT,
)
SEARCHED = _object(
    ("memories", "count", "mode"),
    memories=_list(MEMORY_ITEM),
    count=_COUNT,
    mode=_TEXT,
    next_cursor=_TEXT,
    time=_OPEN,
)
SYNTHESIZED = _object(
    ("answer", "answered", "sentences", "sources", "method"),
    answer=_TEXT,
    answered=_FLAG,
    sentences=_list(_object(("text", "memory_ids"), text=_TEXT, memory_ids=_list(_COUNT))),
    sources=_list(_OPEN),
    method=_TEXT,
    degraded=_list(_TEXT),
    disagreements=_list(_OPEN),
    closest=_list(_COUNT),
    time=_OPEN,
)
STATS = _object(
    ("total", "by_category", "by_project", "by_state"),
    total=_COUNT,
    by_category=_OPEN,
    by_project=_OPEN,
    by_state=_OPEN,
    by_tag=_OPEN,
    content_bytes=_COUNT,
    database_bytes=_COUNT,
    oldest=_TEXT,
    newest=_TEXT,
)
HISTORY = _object(
    ("memories", "versions", "total"),
    memories=_list(MEMORY_ITEM),
    versions=_list(_OPEN),
    total=_COUNT,
)
CONTRADICTIONS = _object(
    ("pairs", "count", "total"), pairs=_list(_OPEN), count=_COUNT, total=_COUNT
)
DISMISSED = _object(
    ("memory_id", "other_id", "dismissed"), memory_id=_COUNT, other_id=_COUNT, dismissed=_COUNT
)
SUPERSEDED = _object(
    ("old_id", "new_id", "type", "created"),
    old_id=_COUNT,
    new_id=_COUNT,
    type=_TEXT,
    created=_FLAG,
)
REVERTED = _object(
    ("memory_id", "reverted_to", "version"), memory_id=_COUNT, reverted_to=_COUNT, version=_COUNT
)
HEALTH = _object(("ok",), ok=_FLAG, checks=_OPEN)
_NOTE_ITEM = _object(
    ("note_id", "content", "session_id", "held_at", "expires_at"),
    note_id=_COUNT,
    content=_TEXT,
    session_id=_TEXT,
    held_at=_TEXT,
    expires_at=_TEXT,
)
NOTE = _object(("note",), note=_NOTE_ITEM, redacted=_list(_TEXT))
HELD = _object(("notes", "count"), notes=_list(_NOTE_ITEM), count=_COUNT, total=_COUNT)

_JOB = {
    "job_id": _TEXT,
    "state": _TEXT,
    "place": _TEXT,
    "documents_found": _COUNT,
    "documents_done": _COUNT,
    "by_outcome": _OPEN,
    "chunks": _OPEN,
    "skipped": _OPEN,
    "notes_on_reading": _list(_TEXT),
    "failures": _list(_OPEN),
    "error": _TEXT,
    "began_at": _TEXT,
    "ended_at": _TEXT,
}
INGESTED = _object(("job_id", "state", "documents_done", "chunks"), **_JOB)
JOBS = _object(("jobs", "count"), jobs=_list(_OPEN), count=_COUNT)
DOCUMENTS = _object(
    ("documents", "count", "next_cursor"),
    documents=_list(_OPEN),
    count=_COUNT,
    next_cursor=_TEXT,
)
FORGOTTEN = _object(
    ("document_id", "source", "memories_changed", "forgotten"),
    document_id=_COUNT,
    source=_TEXT,
    memories_changed=_COUNT,
    forgotten=_FLAG,
)

_FADED_ITEM = _object(
    ("memory_id", "score"),
    memory_id=_COUNT,
    score=_NUMBER,
    reason=_TEXT,
    content=_TEXT,
    kept_because=_TEXT,
    half_life_days=_NUMBER,
    forgotten_in_active_days=_COUNT,
)
DECAYED = _object(
    ("faded", "active_days"), faded=_list(_FADED_ITEM), active_days=_COUNT, visited=_COUNT
)
_STAGE = _object(("name", "state", "duration_s"), name=_TEXT, state=_TEXT, duration_s=_NUMBER)
RUN = _object(
    ("run_id", "state", "stages"),
    run_id=_COUNT,
    state=_TEXT,
    stages=_list(_STAGE),
    paused=_FLAG,
)
PREVIEWED = _object(
    (),
    count=_COUNT,
    visited=_COUNT,
    active_days=_COUNT,
    faded=_list(_FADED_ITEM),
    run_id=_COUNT,
    state=_TEXT,
    stages=_list(_STAGE),
)
PROTECTED = _object(("memory_id", "protected"), memory_id=_COUNT, protected=_FLAG)
RECOVERED = _object(("memory_id", "recovered"), memory_id=_COUNT, recovered=_TEXT)
RUNS = _object(
    ("runs", "running", "paused"),
    runs=_list(_OPEN),
    running=_FLAG,
    paused=_FLAG,
    due=_FLAG,
    enabled=_FLAG,
    archived=_COUNT,
)

_SESSION_ITEM = _object(
    ("session_id", "client", "project", "state", "started_at", "last_at", "calls", "summary"),
    session_id=_TEXT,
    client=_TEXT,
    project=_TEXT,
    state=_TEXT,
    started_at=_TEXT,
    last_at=_TEXT,
    calls=_COUNT,
    failures=_COUNT,
    resumed=_COUNT,
    summary=_TEXT,
)
BRIEFED = _object(
    ("memories", "count", "last_session", "pairs", "left_off", "tokens"),
    memories=_list(MEMORY_ITEM),
    count=_COUNT,
    last_session=_OPEN,
    pairs=_list(_OPEN),
    left_off=_COUNT,
    tokens=_COUNT,
)
SESSIONS_LISTED = _object(("sessions", "count"), sessions=_list(_SESSION_ITEM), count=_COUNT)
SESSION = _object(("session", "calls"), session=_SESSION_ITEM, calls=_list(_OPEN))
JUDGED = _object(("memory_ids", "usefulness"), memory_ids=_list(_COUNT), usefulness=_list(_NUMBER))
CURATED = _object(
    ("curated", "count", "created_count", "dry_run"),
    curated=_list(_OPEN),
    count=_COUNT,
    created_count=_COUNT,
    dry_run=_FLAG,
)
