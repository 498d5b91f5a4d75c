"""Answers made of memories that they cite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.memory.building import filters_of
from mimo.actors.memory.cleaning import query_of
from mimo.actors.memory.messages import Search, Synthesize
from mimo.actors.memory.parameters import FILTERS, take
from mimo.actors.memory.results import SYNTHESIZED
from mimo.actors.memory.synthesizer import LOOKED_AT_MIN
from mimo.actors.operations import CallContext, Operation

#: Longest answer unless told otherwise, in characters.
CHARS_MAX = 1_200


def _synthesize(arguments: Mapping[str, Any], _context: CallContext) -> Synthesize:
    limit = arguments.get("limit", 10)
    search = Search(
        query=query_of(arguments["query"]),
        filters=filters_of(arguments),
        limit=max(limit, LOOKED_AT_MIN),
        explain=True,
    )
    return Synthesize(search=search, limit=limit, chars_max=arguments.get("max_chars", CHARS_MAX))


SYNTHESIS: tuple[Operation, ...] = (
    Operation(
        name="synthesize",
        summary="Answer from memories; each sentence with the ids that say so.",
        parameters=take("query", "limit", "max_chars") | FILTERS,
        required=("query",),
        result=SYNTHESIZED,
        effect="read",
        idempotent=True,
        worker=("memory/recall",),
        build=_synthesize,
        deadline_s=45.0,
        example={"query": "where does Ada live?"},
    ),
)
