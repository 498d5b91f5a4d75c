"""Facts by pattern, and about what a text names."""

from __future__ import annotations

from typing import Any

from mimo.actors.knowledge import messages as km
from mimo.actors.knowledge import presentation as shown
from mimo.actors.knowledge.fact_index import Fact
from mimo.actors.knowledge.mentions import phrases
from mimo.actors.knowledge.proofs import prover_of
from mimo.actors.knowledge.view import View
from mimo.config.errors import InvalidRequest
from mimo.storage import knowledge, knowledge_entities
from mimo.storage.knowledge import Pattern
from mimo.storage.knowledge_names import predicate_of
from mimo.storage.knowledge_records import Triple


def query(view: View, request: km.QueryFacts) -> dict[str, Any]:
    """Return the facts of a pattern or about what a text names."""
    if request.text:
        return _query_text(view, request)
    ends = [
        knowledge_entities.find(view.link, request.project, name).id if name else None
        for name in (request.subject, request.object)
    ]
    predicates = (request.predicate,) if request.predicate else ()
    pattern = _pattern(view, request, ends[0], predicates, ends[1])
    return _page(view, request, pattern) | _more(view, request, [pattern])


def _pattern(
    view: View,
    request: km.QueryFacts,
    subject_id: int | None,
    predicates: tuple[str, ...],
    object_id: int | None,
) -> Pattern:
    return Pattern(
        project=request.project,
        at_s=view.now_s if request.at_s is None else request.at_s,
        subject_id=subject_id,
        predicates=predicates,
        object_id=object_id,
        confidence_min=request.confidence_min,
        # What is kept as derived holds now; for another time it is derived anew.
        derived=request.at_s is None and not request.infer,
    )


def _page(view: View, request: km.QueryFacts, pattern: Pattern) -> dict[str, Any]:
    after = _after(request.cursor)
    found = knowledge.match(view.link, pattern, after_id=after, limit=request.limit + 1)
    page = found[: request.limit]
    cursor = str(page[-1].id) if len(found) > len(page) else ""
    return {
        "facts": view.facts(page),
        "count": len(page),
        "total": knowledge.count(view.link, pattern),
        "next_cursor": cursor,
    }


def _query_text(view: View, request: km.QueryFacts) -> dict[str, Any]:
    said = phrases(request.text)
    named = knowledge.mentioned(view.link, request.project, said)
    predicates = knowledge.predicates_like(
        view.link, request.project, sorted({predicate_of(each) for each in said} - {""})
    )
    wanted = tuple(predicates)
    patterns = [
        _pattern(view, request, *ends)
        for node in named
        for ends in ((node.id, wanted, None), (None, wanted, node.id))
    ]
    found: dict[int, Triple] = {}
    for pattern in patterns:
        for triple in knowledge.match(view.link, pattern, limit=request.limit):
            found[triple.id] = triple
    page = sorted(found.values(), key=lambda each: (-each.confidence, each.id))
    page = page[: request.limit]
    near = []
    if not named:
        hits = knowledge.search_nodes(view.link, request.project, request.text, 10)
        near = [shown.node_json(node) for node, _ in hits]
    return {
        "facts": view.facts(page),
        "count": len(page),
        "total": len(found),
        "next_cursor": "",
        "entities": [shown.node_json(node) for node in named],
        "candidates": near,
    } | _more(view, request, patterns)


def _more(view: View, request: km.QueryFacts, patterns: list[Pattern]) -> dict[str, Any]:
    """Return what follows besides, if that is wanted."""
    if not request.infer:
        return {}
    at_s = view.now_s if request.at_s is None else request.at_s
    prover = prover_of(view, request.project, at_s)
    found: dict[Fact, float] = {}
    for pattern in patterns:
        asked = pattern.predicates or tuple(sorted(prover.predicates))
        for predicate in asked:
            found |= prover.prove(predicate, pattern.subject_id, pattern.object_id)
    follows = {
        fact: sure
        for fact, sure in found.items()
        if prover.why(fact) is not None and sure >= request.confidence_min
    }
    best = sorted(follows, key=lambda fact: (-follows[fact], fact))[: request.limit]
    proofs = {fact: prover.why(fact) for fact in best}
    names = view.names([*best, *(each for why in proofs.values() if why for each in why.premises)])
    return {
        "inferred": [
            shown.inferred_json(fact, follows[fact], proofs[fact], names) for fact in best
        ],
        "inferred_count": len(follows),
        "complete": prover.is_complete,
    }


def _after(cursor: str) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 16):
        raise InvalidRequest(
            f"expected 'cursor' from next_cursor of the page before, got {cursor[:40]!r}"
        )
    return int(cursor)
