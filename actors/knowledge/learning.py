"""From what a caller says or a memory holds to the edit that keeps it."""

from __future__ import annotations

import dataclasses
from typing import Any

from mimo.actors.knowledge import messages as km
from mimo.actors.knowledge.extraction import Extracted
from mimo.actors.knowledge.mentions import Mentions, mentions, phrases
from mimo.actors.knowledge.presentation import node_json
from mimo.actors.knowledge.sources import MEMORY, memory_facts
from mimo.actors.knowledge.view import View
from mimo.config import limits
from mimo.config.errors import InvalidRequest
from mimo.storage import knowledge, memories
from mimo.storage.commands import Edit
from mimo.storage.knowledge_edits import Teach
from mimo.storage.knowledge_records import NewFact, Node
from mimo.storage.knowledge_upkeep import SyncSource

#: Sentences that gave no fact, shown so that the caller can say them otherwise.
UNREAD_SHOWN_MAX = 10


def teaching(
    request: km.TeachFacts, read: Extracted, asked: tuple[NewFact, ...] = ()
) -> tuple[Edit, dict[str, Any]]:
    """Return the edit that keeps the facts, and what the answer says besides the edit's reply.

    Args:
        request: What was to be taught.
        read: What the rules read out of its text.
        asked: What a language model read out of the rest.

    Raises:
        InvalidRequest: There is no fact, or there are too many.
    """
    facts = [*request.facts]
    facts += [
        dataclasses.replace(
            fact, valid_from_s=request.valid_from_s, valid_until_s=request.valid_until_s
        )
        for fact in (*read.facts, *asked)
    ]
    if not facts:
        raise InvalidRequest(
            "expected a text that states facts, such as 'Mimo depends on SQLite.', got"
            f" {request.text[:80]!r}, of which no sentence can be read; give subject, predicate"
            " and object"
        )
    if len(facts) > limits.FACTS_AT_ONCE_MAX:
        raise InvalidRequest(
            f"expected at most {limits.FACTS_AT_ONCE_MAX} facts at once, got {len(facts)};"
            " teach the text in parts"
        )
    edit = Teach(
        key=request.key,
        project=request.project,
        facts=tuple(facts),
        source=request.source,
        memory_ids=request.memory_ids,
    )
    unread = () if asked else read.unread
    return edit, {"unread": list(unread[:UNREAD_SHOWN_MAX])} if request.text else {}


def linking(view: View, request: km.LinkMemory) -> tuple[Edit, dict[str, Any]]:
    """Return the edit that links a memory, and what the answer says besides the edit's reply.

    Raises:
        NotFound: There is no such memory.
    """
    memory = memories.fetch(view.link, request.memory_id)
    found = mentions(memory.content)
    known = {
        node.id: node
        for node in knowledge.mentioned(view.link, request.project, phrases(memory.content))
        if node.type != "memory"
    }
    files, found_files = _known_ends(view, request.project, "file", "/", found.files)
    functions, found_functions = _known_ends(
        view, request.project, "function", ":", found.functions
    )
    known |= {node.id: node for node in (*found_files, *found_functions)}
    rest = Mentions(files, functions, found.libraries)
    facts = memory_facts(request.memory_id, rest, known.values())
    edit = SyncSource(
        key=request.key,
        project=request.project,
        source=f"{MEMORY}{request.memory_id}",
        facts=facts,
        memory_ids=(request.memory_id,),
    )
    kinds = [node.type for node in known.values()] + [
        fact.object_type for fact in facts if fact.object_type
    ]
    return edit, {
        "memory_id": request.memory_id,
        "linked_files": kinds.count("file"),
        "linked_functions": kinds.count("function"),
        "linked_libraries": kinds.count("library"),
        "linked_entities": sum(1 for kind in kinds if kind in {"concept", "person", "place"}),
        "entities": [node_json(node) for node in known.values()],
    }


def _known_ends(
    view: View, project: str, kind: str, mark: str, names: tuple[str, ...]
) -> tuple[tuple[str, ...], list[Node]]:
    """Return the names that no node has, and the one node of each other name.

    A memory says `writer.py` of a file whose whole path the graph knows; if it knows several, it is
    left open which one is meant.
    """
    unknown: list[str] = []
    nodes: list[Node] = []
    for name in names:
        ends = knowledge.ending_with(view.link, project, kind, f"{mark}{name}")
        if len(ends) == 1:
            nodes.append(ends[0])
        else:
            unknown.append(name)
    return tuple(unknown), nodes
