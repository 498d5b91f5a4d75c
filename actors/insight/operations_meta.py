"""The `meta` tool as data: composites over the other tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mimo.actors.insight import messages as im
from mimo.actors.insight.operations import INSIGHT
from mimo.actors.insight.parameters import result, take
from mimo.actors.operations import CallContext, Operation, Tool
from mimo.actors.skills.messages import ReloadSkills

Arguments = Mapping[str, Any]


def _suggest(arguments: Arguments, context: CallContext) -> im.SuggestNext:
    return im.SuggestNext(
        task=arguments.get("task", ""),
        recent=tuple(arguments.get("recent_tools", ())),
        connection=context.connection,
        limit=min(arguments.get("limit", 5), 20),
    )


def _reload(_arguments: Arguments, _context: CallContext) -> ReloadSkills:
    return ReloadSkills()


OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        name="suggest_next_tool",
        summary="Say what usually follows, with its measured hit rate.",
        parameters=take("task", "recent_tools", "limit"),
        result=result(
            ("suggested_tool", "suggested_operation", "reason", "suggestions", "by_words"),
            *("recent_tools", "hit_rate", "recorded_calls"),
        ),
        effect="read",
        idempotent=True,
        worker=INSIGHT,
        build=_suggest,
        example={"task": "find out why the tests fail", "recent_tools": ["memory.search"]},
    ),
    Operation(
        name="reload_skills",
        summary="Drain and reload external skills from their file.",
        parameters={},
        result=result(("status", "skills", "count")),
        effect="open-world",
        idempotent=True,
        worker=("tools/skill_keeper",),
        build=_reload,
        deadline_s=60.0,
        reach="executes",
        example={},
    ),
)

META: Final = Tool(
    name="meta",
    title="Meta",
    description="Composites over the other tools and what is recorded.",
    operations=OPERATIONS,
)
