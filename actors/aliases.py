"""The old names: each tool and operation of the original that is called otherwise here.

One table for tools, one for operations; a call under an old name is translated before anything
else happens, and its answer says what the name is now. Source: pudingtabi/mimo-mcp, "36 -> 14".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Alias:
    """What an old name stands for.

    Args:
        tool: The tool of today.
        operation: Its operation, unless the arguments name one.
        operations: Operations of the old tool by their old names, where they are called otherwise.
        renames: Parameters by their old names.
    """

    tool: str
    operation: str
    operations: Mapping[str, str] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """A call in the names of today.

    Args:
        tool: Name of the tool.
        arguments: With the operation and the parameters as they are called now.
        operation: What is meant unless the arguments name an operation of the tool; None: they
            must.
    """

    tool: str
    arguments: Mapping[str, Any]
    operation: str | None


def _prefixed(prefix: str, names: str) -> dict[str, str]:
    return {name: f"{prefix}_{name}" for name in names.split()}


#: Old tool -> what it stands for.
ALIASES: Mapping[str, Alias] = {
    "analyze_file": Alias("meta", "analyze_file"),
    "ask_mimo": Alias("memory", "synthesize"),
    "blink": Alias(
        "web",
        "blink",
        {"fetch": "blink", "analyze": "blink_analyze", "smart": "blink_smart"},
    ),
    "browser": Alias("web", "browser", {"fetch": "browser"}),
    "code_symbols": Alias("code", "symbols"),
    "consult_graph": Alias("knowledge", "query"),
    "debug_error": Alias("meta", "debug_error"),
    "diagnostics": Alias("code", "diagnose", {"all": "diagnose", "diagnostics_all": "diagnose"}),
    "emergence": Alias(
        "cognitive",
        "emergence_dashboard",
        _prefixed(
            "emergence",
            "detect dashboard alerts amplify promote cycle list search suggest status predict"
            " explain hypothesize probe probe_candidates capability_summary pattern impact"
            " track_usage usage_stats ab_stats prediction_feedback process_predictions",
        ),
    ),
    "fetch": Alias("web", "fetch"),
    "graph": Alias("knowledge", "query"),
    "http_request": Alias("web", "fetch"),
    "ingest": Alias("memory", "ingest"),
    "library": Alias(
        "code",
        "library_get",
        _prefixed("library", "get search ensure discover stats"),
    ),
    "list_procedures": Alias("orchestrate", "list_procedures"),
    "mimo_reload_skills": Alias("meta", "reload_skills"),
    "plan": Alias("reason", "plan"),
    "prepare_context": Alias("meta", "prepare_context"),
    "recall_procedure": Alias("orchestrate", "show_procedure"),
    "reflector": Alias(
        "cognitive",
        "reflector_reflect",
        _prefixed("reflector", "reflect evaluate confidence errors format config"),
    ),
    "run_procedure": Alias(
        "orchestrate",
        "run_procedure",
        {"run": "run_procedure", "status": "procedure_status"},
        {"execution_id": "run_id"},
    ),
    "search": Alias(
        "web", "search", {"web": "search", "code": "code_search", "images": "image_search"}
    ),
    "search_vibes": Alias("memory", "search"),
    "sonar": Alias("web", "sonar"),
    "store_fact": Alias("memory", "store"),
    "suggest_next_tool": Alias("meta", "suggest_next_tool"),
    "teach_mimo": Alias("knowledge", "teach"),
    "think": Alias(
        "reason",
        "thought",
        renames={
            "thoughtNumber": "thought_number",
            "totalThoughts": "total_thoughts",
            "nextThoughtNeeded": "next_thought_needed",
        },
    ),
    "verify": Alias(
        "cognitive",
        "verify_math",
        _prefixed("verify", "count math logic compare self_check"),
    ),
    "vision": Alias("web", "vision"),
    "web_extract": Alias("web", "extract"),
    "web_parse": Alias("web", "parse"),
}

#: (tool, old operation) -> what it stands for.
OLD_OPERATIONS: Mapping[tuple[str, str], Alias] = {
    ("code", "diagnostics_all"): Alias("code", "diagnose"),
    ("code", "library"): Alias("code", "library_get"),
    ("file", "call_graph"): Alias("code", "call_graph", renames={"symbol_name": "name"}),
    ("file", "find_definition"): Alias("code", "definition", renames={"symbol_name": "name"}),
    ("file", "find_references"): Alias("code", "references", renames={"symbol_name": "name"}),
    ("file", "find_symbol"): Alias("code", "search", renames={"symbol_name": "name"}),
    ("file", "symbols"): Alias("code", "symbols"),
    ("memory", "get_chain"): Alias("memory", "history", renames={"id": "memory_id"}),
    ("memory", "get_current"): Alias("memory", "history", renames={"id": "memory_id"}),
    ("memory", "get_original"): Alias("memory", "history", renames={"id": "memory_id"}),
    ("memory", "graph"): Alias("knowledge", "query"),
}

#: Tools of which the original took calls without an operation, and what those meant.
WITHOUT_OPERATION: Mapping[str, Alias] = {
    "awakening_status": Alias("awakening_status", "status"),
    "onboard": Alias("onboard", "start"),
    "tool_usage": Alias("tool_usage", "stats"),
}


def translated(name: str, arguments: Mapping[str, Any]) -> Translated | None:
    """Return a call under an old name in the names of today; None if the name isn't old.

    Args:
        name: The tool's name as the client gave it.
        arguments: As the client sent them.
    """
    given = arguments.get("operation")
    alias = ALIASES.get(name)
    if alias is None:
        table = OLD_OPERATIONS.get((name, given)) if isinstance(given, str) else None
        alias = WITHOUT_OPERATION.get(name) if given is None else table
        given = None
    if alias is None:
        return None
    renamed = {alias.renames.get(key, key): value for key, value in arguments.items()}
    renamed.pop("operation", None)
    if isinstance(given, str):
        renamed["operation"] = alias.operations.get(given, given)
    return Translated(tool=alias.tool, arguments=renamed, operation=alias.operation)
