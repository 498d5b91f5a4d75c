"""The `meta` tool as data: composites over the other tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mimo.actors.insight import messages as im
from mimo.actors.insight import messages_meta as mm
from mimo.actors.insight.operations import INSIGHT
from mimo.actors.insight.parameters import result, take
from mimo.actors.insight.preparing import SOURCES
from mimo.actors.operations import CallContext, Operation, Tool
from mimo.actors.skills.messages import ReloadSkills

Arguments = Mapping[str, Any]


def _analyze(arguments: Arguments, context: CallContext) -> mm.AnalyzeFile:
    return mm.AnalyzeFile(
        path=arguments["path"],
        include_content=arguments.get("include_content", False),
        key=context.key,
        request_id=context.request_id,
    )


def _debug(arguments: Arguments, context: CallContext) -> mm.DebugError:
    return mm.DebugError(
        message=arguments["message"],
        path=arguments.get("path", ""),
        symbol=arguments.get("symbol", ""),
        key=context.key,
        request_id=context.request_id,
    )


def _prepare(arguments: Arguments, context: CallContext) -> mm.PrepareContext:
    return mm.PrepareContext(
        query=arguments["query"],
        max_tokens=arguments.get("max_tokens", 2_000),
        sources=tuple(dict.fromkeys(arguments.get("sources", SOURCES))),
        key=context.key,
        request_id=context.request_id,
    )


def _suggest(arguments: Arguments, context: CallContext) -> im.SuggestNext:
    return im.SuggestNext(
        task=arguments.get("task", ""),
        recent=tuple(arguments.get("recent_tools", ())),
        connection=context.connection,
        limit=min(arguments.get("limit", 5), 20),
    )


def _reload(_arguments: Arguments, _context: CallContext) -> ReloadSkills:
    return ReloadSkills()


COMPOSITES: Final[tuple[Operation, ...]] = (
    Operation(
        name="analyze_file",
        summary="Tell what a file is and known for.",
        parameters=take("path", "include_content"),
        required=("path",),
        result=result(
            ("path", "health", "file", "symbols", "diagnostics", "knowledge", "sources"),
            "suggestion",
        ),
        # It lets those checkers run that need no agreement.
        effect="open-world",
        idempotent=True,
        worker=INSIGHT,
        build=_analyze,
        deadline_s=30.0,
        reach="delegates",
        example={"path": "src/cache.py"},
    ),
    Operation(
        name="debug_error",
        summary="Find past solutions and definitions.",
        parameters=take("message", "path", "symbol"),
        required=("message",),
        result=result(
            ("error_message", "analysis", "past_solutions", "definitions", "current_errors"),
            *("sources", "suggestion"),
        ),
        effect="open-world",
        idempotent=True,
        worker=INSIGHT,
        build=_debug,
        deadline_s=30.0,
        reach="delegates",
        example={"message": "KeyError: 'user_id'"},
    ),
    Operation(
        name="prepare_context",
        summary="Pack what is known into a budget.",
        parameters=take("query", "max_tokens", "sources"),
        required=("query",),
        result=result(
            ("query", "formatted_context", "tier1", "tier2", "tier3", "total_context_items"),
            *("left_off", "tokens", "max_tokens", "entities", "sources", "suggestion"),
        ),
        # A package that it names may be looked up in its registry, where that is allowed.
        effect="open-world",
        idempotent=True,
        worker=INSIGHT,
        build=_prepare,
        deadline_s=30.0,
        reach="delegates",
        example={"query": "how does the cache expire entries", "max_tokens": 1000},
    ),
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    *COMPOSITES,
    Operation(
        name="suggest_next_tool",
        summary="Say what usually follows; with its measured hit rate.",
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
