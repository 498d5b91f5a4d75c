"""The parameters of the memory operations, each written once and shared by those that take it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.ingest.messages import STRATEGIES
from mimo.actors.parameter_schemas import choice, count, flag, text
from mimo.config import limits
from mimo.storage.revisions import SUPERSESSIONS
from mimo.storage.schema import CATEGORIES, TRUST_LEVELS

Schema = Mapping[str, Any]

ON_SIMILAR = ("report", "supersede", "ignore")
SEARCH_MODES = ("hybrid", "keyword", "meaning")
ORDERS = ("newest", "oldest", "importance", "accessed")
FORMATS = ("concise", "detailed")


def _name(description: str) -> Schema:
    return text(description, limits.NAME_CHARS_MAX * 2, 0)


def _time(description: str) -> Schema:
    return text(description, 40, 0)


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
    "content": text("What to remember: one self-contained statement.", limits.MEMORY_BYTES_MAX),
    "category": choice("Kind of memory; default fact.", *CATEGORIES),
    "importance": _IMPORTANCE,
    "tags": _TAGS,
    "project": _name("Namespace; '' is the default one, as a filter absent means all."),
    "speaker": _name("Who said it."),
    "session_id": _name("Conversation it belongs to."),
    "occurred_at": _time("When it happened, ISO 8601; default now."),
    "source": _name("Where it is from: a path, URL or name; default the client."),
    "trust": choice("Who vouches for the text; default assistant.", *TRUST_LEVELS),
    "valid_from": _time("Start of its validity, ISO 8601; '' for none."),
    "valid_until": _time("End of its validity, ISO 8601; '' for none."),
    "protected": flag("Never forgotten automatically."),
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
    "include_deleted": flag("Deleted ones too."),
    "include_archived": flag("Archived ones too."),
    "include_superseded": flag("Superseded ones too."),
    "time_filter": text(
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
    "query": text("What to look for, in plain words.", limits.QUERY_CHARS_MAX),
    "limit": count("Most results; default 10 (list, held 20).", 1, limits.PAGE_MAX),
    "max_chars": count("Longest answer, in characters; default 1200.", 100, 20_000),
    "context": count("Neighbours of the same session to add to each hit.", 0, 5),
    "mode": choice("Words, meaning or both; default hybrid.", *SEARCH_MODES),
    "explain": flag("Show what each score is made of."),
    "response_format": choice("How many fields; default concise.", *FORMATS),
    "order": choice("Default newest.", *ORDERS),
    "supersedes": {
        "type": "array",
        "description": "Ids of memories whose place it takes.",
        "items": {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
        "maxItems": 16,
    },
    "on_similar": choice("About what it updates or contradicts; default report.", *ON_SIMILAR),
    "old_id": {**_MEMORY_ID, "description": "Id of the memory whose place is taken."},
    "other_id": {**_MEMORY_ID, "description": "Id of the other memory."},
    "new_id": {**_MEMORY_ID, "description": "Id of the memory that takes it; or give content."},
    "type": choice("Why: it changed, was wrong, lacked detail; default update.", *SUPERSESSIONS),
    "reason": _name("Why, for the history."),
    "version": count("Number from history; default the one before the present.", 1, 2**31),
    "cursor": text("next_cursor of the page before.", 512, 0),
    "dry_run": flag("Only show what would be done."),
    "action": choice("Default run.", "run", "pause", "resume"),
    "run_id": count("Id from sleep_report or forget.", 1, 2**53 - 1),
    "ttl_s": {
        "type": "number",
        "description": "Seconds to keep the note; default 3600.",
        "minimum": limits.NOTE_TTL_S_MIN,
        "maximum": limits.NOTE_TTL_S_MAX,
    },
    "path": text(
        "File, directory or glob below the allowed folders; absolute or from ~.",
        limits.INGEST_SOURCE_CHARS_MAX,
    ),
    "url": text("Page to read; its host must be allowed.", limits.INGEST_SOURCE_CHARS_MAX),
    "text": text("Document given inline.", limits.INGEST_TEXT_BYTES_MAX),
    "title": _name("Names an inline text: the same title is the same document."),
    "strategy": choice("How to cut it; default auto, by name and content.", *STRATEGIES),
    "job_id": text("Id of a job; absent: all.", 64, 0),
    "document_id": {
        "type": "integer",
        "description": "Id of a document.",
        "minimum": 1,
        "maximum": 2**53 - 1,
    },
    "max_tokens": count("Most tokens, by estimate; default 800.", 100, limits.BRIEFING_TOKENS_MAX),
    "memory_ids": {
        "type": "array",
        "description": "Ids from results.",
        "items": {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
        "minItems": 1,
        "maxItems": limits.CALL_IDS_MAX,
    },
    "verdict": choice("Whether they helped.", "helpful", "not_helpful"),
    "undo": flag("Take it back."),
}

_ALL: dict[str, Schema] = FIELDS | FILTERS | OTHERS


def take(*names: str) -> dict[str, Schema]:
    """Return these parameters' schemas by name, in this order."""
    return {name: _ALL[name] for name in names}
