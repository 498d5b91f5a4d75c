"""The schemas of what the knowledge operations return; roots are objects, as MCP's clients need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_TEXT = {"type": "string"}
_COUNT = {"type": "integer"}
_NUMBER = {"type": "number"}
_FLAG = {"type": "boolean"}
_OPEN = {"type": "object"}


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_NODE = _object(("node_id", "name", "type"), node_id=_COUNT, name=_TEXT, type=_TEXT)
_FACT = _object(
    ("triple_id", "subject", "predicate", "object", "confidence"),
    triple_id=_COUNT,
    subject=_TEXT,
    predicate=_TEXT,
    object=_TEXT,
    confidence=_NUMBER,
)
_FACTS, _NODES, _TEXTS, _COUNTS = _list(_FACT), _list(_NODE), _list(_TEXT), _list(_COUNT)
_RULE = _object(
    ("name", "rule", "confidence", "built_in", "enabled"),
    name=_TEXT,
    rule=_TEXT,
    confidence=_NUMBER,
    built_in=_FLAG,
    enabled=_FLAG,
)

TAUGHT = _object(
    ("facts", "count", "created_count"),
    facts=_FACTS,
    count=_COUNT,
    created_count=_COUNT,
    unread=_TEXTS,
)
QUERIED = _object(
    ("facts", "count", "total", "next_cursor"),
    facts=_FACTS,
    count=_COUNT,
    total=_COUNT,
    next_cursor=_TEXT,
    inferred=_FACTS,
    inferred_count=_COUNT,
    entities=_NODES,
    candidates=_NODES,
    complete=_FLAG,
)
WALKED = _object(
    ("node", "depth", "node_count", "edge_count", "complete"),
    node=_NODE,
    depth=_COUNT,
    node_count=_COUNT,
    edge_count=_COUNT,
    complete=_FLAG,
    nodes=_NODES,
    facts=_FACTS,
    results=_NODES,
    aliases=_TEXTS,
)
PATH = _object(
    ("found", "length", "path", "facts"), found=_FLAG, length=_COUNT, path=_TEXTS, facts=_FACTS
)
EXPLORED = _object(
    ("concepts", "code", "libraries", "memories", "facts", "count"),
    concepts=_NODES,
    code=_NODES,
    libraries=_NODES,
    memories=_NODES,
    facts=_FACTS,
    count=_COUNT,
)
STATS = _object(
    ("nodes_total", "triples", "derived", "nodes_by_type", "triples_by_predicate"),
    nodes_total=_COUNT,
    triples=_COUNT,
    derived=_COUNT,
    nodes_by_type=_OPEN,
    triples_by_predicate=_OPEN,
    derived_by_rule=_OPEN,
    projects=_OPEN,
    rules_count=_COUNT,
    inference=_TEXT,
)
GATHERED = _object(
    ("files", "facts_count", "added", "removed", "details", "withdrawn"),
    files=_COUNT,
    facts_count=_COUNT,
    added=_COUNT,
    removed=_COUNT,
    unread_files=_COUNT,
    ecosystems=_TEXTS,
    details=_list(_OPEN),
    withdrawn=_TEXTS,
)
LINKED = _object(
    ("memory_id", "linked_files", "linked_functions", "linked_libraries", "linked_entities"),
    memory_id=_COUNT,
    linked_files=_COUNT,
    linked_functions=_COUNT,
    linked_libraries=_COUNT,
    linked_entities=_COUNT,
    entities=_NODES,
)
RULES = _object(("rules", "count"), rules=_list(_RULE), count=_COUNT)
RULE_SET = _object(("names",), names=_TEXTS, withdrawn=_TEXTS)
INFERRED = _object(
    (),
    inferred=_FACTS,
    inferred_count=_COUNT,
    derived_by_rule=_OPEN,
    complete=_FLAG,
    kept=_FLAG,
    removed=_COUNT,
)
PROVED = _object(
    ("holds", "confidence", "complete"),
    fact=_TEXT,
    holds=_FLAG,
    confidence=_NUMBER,
    complete=_FLAG,
    proof=_OPEN,
)
RETRACTED = _object(
    ("retracted", "count", "withdrawn", "withdrawn_count"),
    node=_NODE,
    retracted=_COUNTS,
    count=_COUNT,
    withdrawn=_TEXTS,
    withdrawn_count=_COUNT,
)
RESTORED = _object(("restored", "count"), restored=_COUNTS, count=_COUNT)
