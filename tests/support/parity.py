"""Every tool and operation of the original, and what became of it here.

Source: pudingtabi/mimo-mcp, version 2.9.0, read by its source; hidden operations included.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from mimo.actors.aliases import ALIASES, translated
from mimo.actors.catalogue import TOOLS
from mimo.actors.cognition.absent import ABSENT

#: What the original had: tool -> its operations, where it had any.
ORIGINAL: dict[str, str] = {
    "memory": (
        "store search list delete stats decay_check ingest synthesize graph health get_chain"
        " get_current get_original supersede"
    ),
    "knowledge": (
        "query teach traverse explore node path stats link link_memory sync_dependencies"
        " neighborhood"
    ),
    "file": (
        "read read_lines read_multiple read_symbol list_symbols search_symbols write edit"
        " replace_string multi_replace search batch_search glob ls list_directory get_info move"
        " create_directory insert_after insert_before replace_lines delete_lines diff"
        " find_definition find_references symbols find_symbol call_graph"
    ),
    "terminal": (
        "execute start_process read_output interact kill force_kill list_sessions list_processes"
    ),
    "web": (
        "fetch extract parse read_pdf arxiv_search arxiv_paper search code_search image_search"
        " blink blink_analyze blink_smart browser screenshot pdf evaluate interact test vision"
        " sonar"
    ),
    "code": (
        "parse symbols references search definition call_graph index library library_get"
        " library_search library_ensure library_discover library_stats check lint typecheck"
        " diagnose diagnostics_all"
    ),
    "reason": (
        "assess gaps thought plan sequential guided decompose step steps enrich verify reflect"
        " branch backtrack conclude stats adaptive interleaved_start interleaved_think"
        " interleaved_conclude verify_claim amplify_start amplify_think amplify_challenge"
        " amplify_perspective amplify_conclude amplify_status amplify_decomposition"
        " amplify_resolve_coherence"
    ),
    "cognitive": " ".join(
        (
            "assess gaps query can_answer suggest stats",
            "verify_count verify_math verify_logic verify_compare verify_self_check",
            "reflector_errors",
            *(operation.name for operation in ABSENT),
        )
    ),
    "meta": "analyze_file debug_error prepare_context suggest_next_tool reload_skills",
    "onboard": "start status",
    "autonomous": ("queue status pause resume reset_circuit list_queue clear_queue check_safety"),
    "orchestrate": (
        "execute execute_plan classify status run_procedure list_procedures smart_plan"
        " smart_execute"
    ),
    "tool_usage": "stats detail",
    "awakening_status": "status",
}


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one operation.

    Args:
        tool: The original's tool.
        operation: Its operation; "" for a tool that is only another's name.
        kind: `here`, `renamed`, `not available`, or `lost`, which nothing may be.
        detail: The name of today, or why it isn't available.
    """

    tool: str
    operation: str
    kind: str
    detail: str = ""


def fates() -> list[Fate]:
    """Return what became of everything, tool by tool, and of every old tool's name."""
    found = [
        _fate(tool, operation) for tool, names in ORIGINAL.items() for operation in names.split()
    ]
    return found + [
        Fate(old, "", "renamed", f"{alias.tool} {alias.operation}")
        for old, alias in ALIASES.items()
    ]


def _fate(tool: str, operation: str) -> Fate:
    tools = {each.name: each for each in TOOLS}
    known = tools[tool].operation(operation) if tool in tools else None
    if known is not None and known.unavailable:
        return Fate(tool, operation, "not available", known.unavailable)
    if known is not None:
        return Fate(tool, operation, "here")
    meant = translated(tool, {"operation": operation})
    if meant is None or meant.tool not in tools:
        return Fate(tool, operation, "lost")
    name = meant.operation or ""
    is_there = tools[meant.tool].operation(name) is not None
    return Fate(tool, operation, "renamed" if is_there else "lost", f"{meant.tool} {name}")


def rows() -> list[tuple[str, str, str]]:
    """Return the README's rows: tool, what became of it, which operations."""
    found: list[tuple[str, str, str]] = []
    order = ("here", "renamed", "not available")
    of_tools = sorted(
        (fate for fate in fates() if fate.operation),
        key=lambda fate: (list(ORIGINAL).index(fate.tool), order.index(fate.kind), fate.detail),
    )
    for (tool, kind), group in groupby(of_tools, lambda fate: (fate.tool, fate.kind)):
        for detail, same in groupby(group, lambda fate: fate.detail):
            names = ", ".join(f"`{fate.operation}`" for fate in same)
            what = {"here": "here", "renamed": f"now `{detail}`"}.get(kind, f"{kind}: {detail}")
            found.append((f"`{tool}`", names, what))
    old = [fate for fate in fates() if not fate.operation]
    found += [(f"`{fate.tool}`", "(the whole tool)", f"now `{fate.detail}`") for fate in old]
    return found
