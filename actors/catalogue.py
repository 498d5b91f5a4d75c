"""Every tool of Mimo, in the order in which it is listed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from mimo.actors.code.operations import CODE, ONBOARD
from mimo.actors.files.operations import FILE
from mimo.actors.insight.operations import AWAKENING_STATUS, TOOL_USAGE
from mimo.actors.insight.operations_meta import META
from mimo.actors.knowledge.operations import KNOWLEDGE
from mimo.actors.memory.operations import MEMORY
from mimo.actors.operations import Tool
from mimo.actors.procedures.operations import ORCHESTRATE
from mimo.actors.reasoning.operations import REASON
from mimo.actors.tasks.operations import AUTONOMOUS
from mimo.actors.web.operations import WEB

TOOLS: tuple[Tool, ...] = (
    MEMORY,
    KNOWLEDGE,
    REASON,
    CODE,
    FILE,
    WEB,
    META,
    ONBOARD,
    AUTONOMOUS,
    ORCHESTRATE,
    TOOL_USAGE,
    AWAKENING_STATUS,
)


def offered(*, read_only: bool = False, enabled: Iterable[str] = ()) -> tuple[Tool, ...]:
    """Return the tools that are offered under these settings.

    Args:
        read_only: Only operations that change nothing; a tool without any is left out.
        enabled: Names of the tools; empty means all.
    """
    wanted = set(enabled)
    found = [tool for tool in TOOLS if not wanted or tool.name in wanted]
    if read_only:
        found = [_readable(tool) for tool in found]
    return tuple(tool for tool in found if tool.operations)


def _readable(tool: Tool) -> Tool:
    operations = tuple(each for each in tool.operations if each.effect == "read")
    return dataclasses.replace(tool, operations=operations)
