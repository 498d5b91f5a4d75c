"""The parameters of the memory operations, each written once and shared by those that take it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.ingest.messages import STRATEGIES
from mimo.config import limits
from mimo.storage.revisions import SUPERSESSIONS
from mimo.storage.schema import CATEGORIES, TRUST_LEVELS

Schema = Mapping[str, Any]

ON_SIMILAR = ("report", "supersede", "ignore")
SEARCH_MODES = ("hybrid", "keyword", "meaning")
ORDERS = ("newest", "oldest", "importance", "accessed")
FORMATS = ("concise", "detailed")


def _text(description: str, longest: int, shortest: int = 1) -> Schema:
    return {
        "type": "string",
        "description": description,
        "minLength": shortest,
        "maxLength": longest,
    }


def _name(description: str) -> Schema:
    return _text(description, limits.NAME_CHARS_MAX * 2, 0)


def _choice(description: str, *values: str) -> Schema:
    return {"type": "string", "description": description, "enum": list(values)}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _count(description: str, least: int, most: int) -> Schema:
    return {"type": "integer", "description": description, "minimum": least, "maximum": most}


def _time(description: str) -> Schema:
    return _text(description, 40, 0)


_MEMORY_ID = {
    "type": "integer",
    "description": "Id from a result.",
    "minimum": 1,
    "maximum": 2**53 - 1,
}
_IMPORTANCE = {"type": "number", "description": "0 to 1; default 0.5.", "minimum": 0, "maximum": 1}
_TAGS = {
    "type": "array",
    "description": "Short labels; a filter wants all of them.",
    "items": {"type": "string", "minLength": 1, "maxLength": limits.TAG_CHARS_MAX * 2},
    "maxItems": limits.TAGS_MAX,
}

#: What a memory may say of itself, by parameter name.
FIELDS: dict[str, Schema] = {
    "content": _text("What to remember: one self-contained statement.", limits.MEMORY_BYTES_MAX),
    "category": _choice("Kind of memory; default fact.", *CATEGORIES),
    "importance": _IMPORTANCE,
    "tags": _TAGS,
    "project": _name("Namespace; '' is the default one, as a filter absent means all."),
    "speaker": _name("Who said it."),
    "session_id": _name("Conversation it belongs to."),
    "occurred_at": _time("When it happened, ISO 8601; default now."),
    "source": _name("Where it is from: a path, URL or name; default the client."),
    "trust": _choice("Who vouches for the text; default assistant.", *TRUST_LEVELS),
    "valid_from": _time("Start of its validity, ISO 8601; '' for none."),
    "valid_until": _time("End of its validity, ISO 8601; '' for none."),
    "protected": _flag("Never forgotten automatically."),
    "metadata": {"type": "object", "description": "Small JSON object of yours, kept as it is."},
}

#: What restricts a search or a list, by parameter name.
FILTERS: dict[str, Schema] = {
    "project": FIELDS["project"],
    "categories": {
        "type": "array",
        "description": "Any of these kinds.",
        "items": {"type": "string", "enum": list(CATEGORIES)},
        "maxItems": len(CATEGORIES),
    },
    "tags": _TAGS,
    "speaker": FIELDS["speaker"],
    "session_id": FIELDS["session_id"],
    "source": FIELDS["source"],
    "trust_levels": {
        "type": "array",
        "description": "Any of these levels of trust.",
        "items": {"type": "string", "enum": list(TRUST_LEVELS)},
        "maxItems": len(TRUST_LEVELS),
    },
    "importance_min": {
        "type": "number",
        "description": "At least this important.",
        "minimum": 0,
        "maximum": 1,
    },
    "since": _time("Happened at or after, ISO 8601."),
    "until": _time("Happened before, ISO 8601."),
    "include_deleted": _flag("Deleted ones too."),
    "include_archived": _flag("Archived ones too."),
    "include_superseded": _flag("Superseded ones too."),
    "time_filter": _text(
        "When it happened, in words: 'last tuesday', 'in march', 'between 3 and 5 may',"
        " '2 weeks before the release'.",
        limits.NAME_CHARS_MAX,
    ),
    "valid_at": _time("Valid at this instant, ISO 8601."),
    "as_of": _time("As the store was at this instant, ISO 8601."),
}

#: The other parameters, by name.
OTHERS: dict[str, Schema] = {
    "memory_id": _MEMORY_ID,
    "memories": {
        "type": "array",
        "description": "Memories with the fields of store; all are stored or none.",
        "items": {
            "type": "object",
            "properties": FIELDS,
            "required": ["content"],
            "additionalProperties": False,
        },
        "minItems": 1,
        "maxItems": limits.STORE_MANY_MAX,
    },
    "query": _text("What to look for, in plain words.", limits.QUERY_CHARS_MAX),
    "limit": _count("Most results; default 10 (list, held 20).", 1, limits.PAGE_MAX),
    "max_chars": _count("Longest answer, in characters; default 1200.", 100, 20_000),
    "context": _count("Neighbours of the same session to add to each hit.", 0, 5),
    "mode": _choice("Words, meaning or both; default hybrid.", *SEARCH_MODES),
    "explain": _flag("Show what each score is made of."),
    "response_format": _choice("How many fields; default concise.", *FORMATS),
    "order": _choice("Default newest.", *ORDERS),
    "supersedes": {
        "type": "array",
        "description": "Ids of memories whose place it takes.",
        "items": {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
        "maxItems": 16,
    },
    "on_similar": _choice("About what it updates or contradicts; default report.", *ON_SIMILAR),
    "old_id": {**_MEMORY_ID, "description": "Id of the memory whose place is taken."},
    "other_id": {**_MEMORY_ID, "description": "Id of the other memory."},
    "new_id": {**_MEMORY_ID, "description": "Id of the memory that takes it; or give content."},
    "type": _choice("Why: it changed, was wrong, lacked detail; default update.", *SUPERSESSIONS),
    "reason": _name("Why, for the history."),
    "version": _count("Number from history; default the one before the present.", 1, 2**31),
    "cursor": _text("next_cursor of the page before.", 512, 0),
    "dry_run": _flag("Only show what would be done."),
    "action": _choice("Default run.", "run", "pause", "resume"),
    "run_id": _count("Id from sleep_report or forget.", 1, 2**53 - 1),
    "ttl_s": {
        "type": "number",
        "description": "Seconds to keep the note; default 3600.",
        "minimum": limits.NOTE_TTL_S_MIN,
        "maximum": limits.NOTE_TTL_S_MAX,
    },
    "path": _text(
        "File, directory or glob below the allowed folders; absolute or from ~.",
        limits.INGEST_SOURCE_CHARS_MAX,
    ),
    "url": _text("Page to read; its host must be allowed.", limits.INGEST_SOURCE_CHARS_MAX),
    "text": _text("Document given inline.", limits.INGEST_TEXT_BYTES_MAX),
    "title": _name("Names an inline text: the same title is the same document."),
    "strategy": _choice("How to cut it; default auto, by name and content.", *STRATEGIES),
    "job_id": _text("Id of a job; absent: all.", 64, 0),
    "document_id": {
        "type": "integer",
        "description": "Id of a document.",
        "minimum": 1,
        "maximum": 2**53 - 1,
    },
    "max_tokens": _count("Most tokens, by estimate; default 800.", 100, limits.BRIEFING_TOKENS_MAX),
    "memory_ids": {
        "type": "array",
        "description": "Ids from results.",
        "items": {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
        "minItems": 1,
        "maxItems": limits.CALL_IDS_MAX,
    },
    "verdict": _choice("Whether they helped.", "helpful", "not_helpful"),
    "undo": _flag("Take it back."),
}

_ALL: dict[str, Schema] = FIELDS | FILTERS | OTHERS


def take(*names: str) -> dict[str, Schema]:
    """Return these parameters' schemas by name, in this order."""
    return {name: _ALL[name] for name in names}
