"""Every tool of Mimo, in the order in which it is listed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mimo.actors.code.operations import CODE, ONBOARD
from mimo.actors.cognition.operations import COGNITIVE
from mimo.actors.files.operations import FILE
from mimo.actors.insight.operations import AWAKENING_STATUS, TOOL_USAGE
from mimo.actors.insight.operations_meta import META
from mimo.actors.knowledge.operations import KNOWLEDGE
from mimo.actors.memory.operations import MEMORY
from mimo.actors.operations import Operation, Tool
from mimo.actors.procedures.operations import ORCHESTRATE
from mimo.actors.reasoning.operations import REASON
from mimo.actors.tasks.operations import AUTONOMOUS
from mimo.actors.terminal.operations import TERMINAL
from mimo.actors.web.operations import WEB
from mimo.config.errors import InvalidRequest
from mimo.config.settings import Tools

TOOLS: tuple[Tool, ...] = (
    MEMORY,
    KNOWLEDGE,
    REASON,
    COGNITIVE,
    CODE,
    FILE,
    TERMINAL,
    WEB,
    META,
    ONBOARD,
    AUTONOMOUS,
    ORCHESTRATE,
    TOOL_USAGE,
    AWAKENING_STATUS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Which part of the tools somebody may use.

    Args:
        tools: Their names; empty means all.
        read_only: Only operations that change nothing.
        no_exec: None that run programs.
    """

    tools: tuple[str, ...] = ()
    read_only: bool = False
    no_exec: bool = False

    @property
    def is_everything(self) -> bool:
        """Tell whether nothing is left out."""
        return self == Offer()


def offer_of(settings: Tools) -> Offer:
    """Return what the settings offer to everybody."""
    return Offer(tools=settings.enabled, read_only=settings.read_only, no_exec=settings.no_exec)


def offered(offer: Offer = Offer(), tools: Sequence[Tool] = TOOLS) -> tuple[Tool, ...]:
    """Return what is left of tools under an offer; a tool without any operation is left out."""
    wanted = set(offer.tools)
    found = (tool for tool in tools if not wanted or tool.name in wanted)
    kept = (_kept(tool, lambda each: _may(each, offer)) for tool in found)
    return tuple(tool for tool in kept if tool.operations)


def narrowed(tools: Sequence[Tool], offer: Offer) -> tuple[Tool, ...]:
    """Return what one client may use, who was given less than the node offers.

    What calls other tools by itself goes too, since it would call them in everybody's name.

    Raises:
        InvalidRequest: It names a tool that there isn't.
    """
    known = {tool.name for tool in TOOLS}
    if unknown := [name for name in offer.tools if name not in known]:
        raise InvalidRequest(
            f"expected tools among {', '.join(sorted(known))}, got {unknown[0]!r}; correct --tools"
        )
    found = offered(offer, tools)
    if offer.tools or offer.no_exec:
        found = tuple(_kept(tool, lambda each: each.reach != "delegates") for tool in found)
    return tuple(tool for tool in found if tool.operations)


def _kept(tool: Tool, is_kept: Callable[[Operation], bool]) -> Tool:
    operations = tuple(each for each in tool.operations if is_kept(each))
    return dataclasses.replace(tool, operations=operations)


def _may(operation: Operation, offer: Offer) -> bool:
    if offer.read_only and operation.effect != "read":
        return False
    return not (offer.no_exec and operation.reach == "executes")
