"""The tools of skills beside Mimo's own: listed under `<skill>_<tool>`, called on the same path.

What a skill says of what it does to the world isn't believed: each of its tools may do anything.
"""

from __future__ import annotations

import contextlib
import json
import weakref
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import mcp_types as types
from mcp.server.session import ServerSession
from mcp.server.subscriptions import SubscriptionBus, ToolsListChanged

from mimo.actors.catalogue import Offer
from mimo.actors.operations import CallContext, Operation, Tool
from mimo.actors.skills.definitions import SkillTool
from mimo.actors.skills.keeper import actor_of
from mimo.actors.skills.messages import CallSkill
from mimo.config import limits
from mimo.config.errors import ApprovalRequired, InvalidRequest
from mimo.interfaces.mcp.skill_link import TROUBLES
from mimo.interfaces.mcp.subscriptions import CONNECTIONS_MAX

#: How much longer the way there and back may take than the call itself, in seconds.
WAY_S: Final = 4.0


class SkillTools:
    """The tools of all skills, as they were when the user loaded them.

    Args:
        bus: Where a change of the listing is published.
    """

    def __init__(self, bus: SubscriptionBus) -> None:
        self._bus = bus
        self._found: dict[str, tuple[Tool, Operation]] = {}
        self._listed: dict[str, types.Tool] = {}
        self._sessions: weakref.WeakSet[ServerSession] = weakref.WeakSet()
        self._met: OrderedDict[str, None] = OrderedDict()

    def met(self, session: ServerSession, connection: str) -> bool:
        """Remember a client that has seen the listing; return whether it is new here."""
        self._sessions.add(session)
        is_new = connection not in self._met
        self._met[connection] = None
        if len(self._met) > CONNECTIONS_MAX:
            self._met.popitem(last=False)
        return is_new

    async def greet(self, session: ServerSession, connection: str) -> None:
        """Let a client list the tools again whose relay told it of Mimo's own while this began."""
        if self.met(session, connection) and self._listed:
            with contextlib.suppress(*TROUBLES):
                await session.send_tool_list_changed()

    def listed(self, offer: Offer) -> list[types.Tool]:
        """Return what this kind of client may see."""
        return [tool for name, tool in self._listed.items() if _may_use(name, offer)]

    def find(self, name: str, offer: Offer) -> tuple[Tool, Operation] | None:
        """Return a tool of a skill by its name, if this kind of client may use it."""
        return self._found.get(name) if _may_use(name, offer) else None

    async def replace(self, tools: Sequence[SkillTool], timeout_s: float) -> None:
        """Offer these from now on, and tell clients if they are others.

        Args:
            tools: All of them.
            timeout_s: How long one call may take.
        """
        listing = {each.name: _listing(each) for each in tools}
        is_same = listing == self._listed
        self._listed = listing
        self._found = {each.name: _operation(each, timeout_s) for each in tools}
        if is_same:
            return
        await self._bus.publish(ToolsListChanged())
        for session in list(self._sessions):
            try:
                await session.send_tool_list_changed()
            except TROUBLES:
                self._sessions.discard(session)


def _may_use(name: str, offer: Offer) -> bool:
    """Tell whether a client is allowed what runs a program that may do anything."""
    if offer.read_only or offer.no_exec:
        return False
    return not offer.tools or name in offer.tools


def _listing(tool: SkillTool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=dict(tool.schema),
        annotations=types.ToolAnnotations(
            read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
        ),
    )


def _operation(tool: SkillTool, timeout_s: float) -> tuple[Tool, Operation]:
    def build(arguments: Mapping[str, Any], context: CallContext) -> CallSkill:
        size = len(json.dumps(arguments, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        if size > limits.SKILL_ANSWER_BYTES_MAX:
            raise InvalidRequest(
                f"expected arguments of at most {limits.SKILL_ANSWER_BYTES_MAX} bytes, got {size}"
            )
        if tool.confirm and not context.approved:
            raise ApprovalRequired(f"May the external skill {tool.skill} run its {tool.tool}?")
        return CallSkill(
            tool=tool.tool, arguments=dict(arguments), timeout_s=timeout_s, known=tool.known
        )

    operation = Operation(
        name="call",
        summary=tool.description,
        parameters={},
        result={"type": "object", "properties": {}},
        effect="open-world",
        worker=(actor_of(tool.skill),),
        build=build,
        deadline_s=timeout_s + WAY_S,
        example={},
        reach="executes",
        resent=False,
    )
    shown = Tool(
        name=tool.name,
        title=tool.name,
        description=tool.description,
        operations=(operation,),
    )
    return shown, operation
