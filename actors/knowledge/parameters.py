"""The parameters of the knowledge operations, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.memory.parameters import FIELDS
from mimo.actors.parameter_schemas import choice, count, flag, text
from mimo.config import limits
from mimo.storage.knowledge_names import NODE_TYPES

Schema = Mapping[str, Any]

DIRECTIONS = ("outgoing", "incoming", "both")
MODES = ("preview", "keep", "drop")
KINDS = ("transitive", "symmetric", "inverse")


def _share(description: str) -> Schema:
    return {"type": "number", "description": description, "minimum": 0, "maximum": 1}


def _words(description: str, longest: int, most: int) -> Schema:
    return {
        "type": "array",
        "description": description,
        "items": {"type": "string", "minLength": 1, "maxLength": longest},
        "maxItems": most,
    }


_NAME_MAX = limits.NODE_NAME_CHARS_MAX
_ID_MAX = 2**53 - 1
_ENTITY = text("Entity by name, alias or '#id'.", _NAME_MAX)

_FACT: dict[str, Schema] = {
    "subject": _ENTITY,
    "predicate": text("Relation, such as depends_on.", limits.PREDICATE_CHARS_MAX),
    "object": _ENTITY,
    "subject_type": choice("Kind of the subject.", *NODE_TYPES),
    "object_type": choice("Kind of the object.", *NODE_TYPES),
    "confidence": _share("How sure, above 0 to 1; default 1 (text 0.8)."),
    "valid_from": FIELDS["valid_from"],
    "valid_until": FIELDS["valid_until"],
}

#: All parameters by name.
ALL: dict[str, Schema] = _FACT | {
    "facts": {
        "type": "array",
        "description": "Many facts at once, all or none.",
        "items": {
            "type": "object",
            "properties": _FACT,
            "required": ["subject", "predicate", "object"],
            "additionalProperties": False,
        },
        "minItems": 1,
        "maxItems": limits.FACTS_AT_ONCE_MAX,
    },
    "text": text("Plain sentences that state facts.", limits.MEMORY_BYTES_MAX),
    "source": FIELDS["source"],
    "memory_id": count("A memory's id.", 1, _ID_MAX),
    "project": text("Whose graph; default ''.", limits.NAME_CHARS_MAX * 2, 0),
    "query": text("Plain words.", limits.QUERY_CHARS_MAX),
    "at": text("As of this time, ISO 8601; default now.", 40),
    "infer": flag("Also what follows by rules."),
    "confidence_min": _share("At least this sure."),
    "limit": count("Most results; default 50.", 1, limits.FACTS_SHOWN_MAX),
    "cursor": text("next_cursor of the page before.", 32, 0),
    "node_name": _ENTITY,
    "node_id": count("Node by id.", 1, _ID_MAX),
    "node_type": choice("Only nodes of this kind.", *NODE_TYPES),
    "depth": count("Most steps; default 2 (path 6, node 1).", 1, limits.HOPS_MAX),
    "direction": choice("Default both (path, traverse outgoing).", *DIRECTIONS),
    "predicates": _words("Only these relations.", limits.PREDICATE_CHARS_MAX, 32),
    "from_node": _ENTITY,
    "to_node": _ENTITY,
    "path": text("File or folder under ingest.roots.", 4_096),
    "mode": choice("Show, keep up to date, or keep no more.", *MODES),
    "triple_id": count("A fact's id.", 1, _ID_MAX),
    "triple_ids": {
        "type": "array",
        "description": "Ids of facts.",
        "items": {"type": "integer", "minimum": 1, "maximum": _ID_MAX},
        "minItems": 1,
        "maxItems": limits.RETRACTED_AT_ONCE_MAX,
    },
    "name": text("A rule's name.", limits.NAME_CHARS_MAX),
    "rule": text("Such as 'aunt_of(?x, ?z) :- sister_of(?x, ?y), parent_of(?y, ?z)'.", 2_000),
    "kind": choice("Of predicate, instead of a rule.", *KINDS),
    "inverse": text("The predicate of the other direction.", limits.PREDICATE_CHARS_MAX),
}


def take(*names: str) -> dict[str, Schema]:
    """Return these parameters' schemas by name, in this order."""
    return {name: ALL[name] for name in names}
