"""`tools/list` and `tools/call`: name or old name -> tool, operation -> strict schema -> actor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from mimo.actors.aliases import ALIASES, Translated, translated
from mimo.actors.bridge.gateway import Gateway
from mimo.actors.catalogue import Offer, narrowed
from mimo.actors.operations import Operation, Result, Tool
from mimo.config.errors import ApprovalRequired, Internal, MimoError
from mimo.interfaces.mcp.approval import Approvals, Verdict
from mimo.interfaces.mcp.calls import EVERYTHING, Context, Origin, call, call_context
from mimo.interfaces.mcp.guard import internal_error
from mimo.interfaces.mcp.rendering import refused, rendered
from mimo.interfaces.mcp.schemas import listed
from mimo.interfaces.mcp.skill_tools import SkillTools
from mimo.interfaces.mcp.validation import Arguments, did_you_mean
from mimo.supervision.messages import Failure

#: Most ways of restricting clients whose tools are kept ready.
CHOICES_MAX = 16
#: Told after a call that changed something: the operation and its result.
Changed = Callable[[Operation, Result], Awaitable[None]]


class Choice:
    """The tools that one kind of client may use.

    Args:
        tools: In the order in which they are listed.
    """

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.tools = {tool.name: tool for tool in tools}
        self.arguments = {tool.name: Arguments(tool) for tool in tools}
        self.listed = types.ListToolsResult(tools=[listed(tool) for tool in tools])

    def meant(self, name: str, arguments: Mapping[str, Any]) -> Translated:
        """Return the call in the names of today.

        Raises:
            MCPError: Neither is there such a tool, nor was there one.
        """
        meant = translated(name, arguments)
        if meant is None and name in self.tools:
            return Translated(tool=name, arguments=arguments, operation=None)
        if meant is not None and self._has(meant):
            return meant
        known = [*self.tools, *ALIASES]
        raise MCPError(
            types.INVALID_PARAMS,
            f"Unknown tool: {name[:100]};{did_you_mean(name, known)}"
            f" the tools are {', '.join(self.tools)}",
        )

    def _has(self, meant: Translated) -> bool:
        tool = self.tools.get(meant.tool)
        return tool is not None and tool.operation(meant.operation or "") is not None


class Tools:
    """The tools on offer.

    Args:
        gateway: The way to the actors.
        tools: In the order in which they are listed.
        changed: Told of every change that a call made.
        skills: The tools of external skills, which come and go.
    """

    def __init__(
        self, gateway: Gateway, tools: Sequence[Tool], changed: Changed, skills: SkillTools
    ) -> None:
        self._gateway = gateway
        self._skills = skills
        self._changed = changed
        self._approvals = Approvals()
        self._offered = tuple(tools)
        self._choices = {EVERYTHING: Choice(tools)}
        everything = self._choices[EVERYTHING].listed
        self._schemas = {tool.name: tool.input_schema for tool in everything.tools}

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """Return the schema of a tool by name; the SDK checks HTTP headers against it."""
        return self._schemas.get(name)

    async def list(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Answer `tools/list`: one page, the same bytes whatever is stored."""
        refuse_cursor(params)
        self._skills.met(context.session, call_context(context).connection)
        own = self._choice(context).listed
        others = self._skills.listed(_offer_of(context))
        return types.ListToolsResult(tools=[*own.tools, *others]) if others else own

    def _choice(self, context: Context) -> Choice:
        """Return what this client may use; a relay's greeting has said so, and was checked."""
        offer = _offer_of(context)
        if offer not in self._choices:
            if len(self._choices) > CHOICES_MAX:
                self._choices = {EVERYTHING: self._choices[EVERYTHING]}
            self._choices[offer] = Choice(narrowed(self._offered, offer))
        return self._choices[offer]

    async def call(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Answer `tools/call`; all but an unknown tool is a result that the model can read.

        Raises:
            MCPError: There is no such tool. Source: MCP, "Tool Execution Errors".
        """
        if isinstance(context.request, Origin):
            await self._skills.greet(context.session, context.request.connection)
        choice = self._choice(context)
        skill = self._skills.find(params.name, _offer_of(context))
        given = params.arguments or {}
        meant = skill or choice.meant(params.name, given)
        try:
            if isinstance(meant, Translated):
                return await self._call(context, choice, meant, params)
            return await self._done(context, params, *meant, given)
        except MimoError as error:
            return refused(error)
        except MCPError:
            raise
        except Exception as error:  # noqa: BLE001  a bug is an answer too, without its text
            return refused(Internal(internal_error(context, error)))

    async def _call(
        self,
        context: Context,
        choice: Choice,
        meant: Translated,
        params: types.CallToolRequestParams,
    ) -> types.CallToolResult | types.InputRequiredResult:
        tool = choice.tools[meant.tool]
        checked = choice.arguments[tool.name].check(meant.arguments, meant.operation)
        operation, arguments, ignored = checked
        deprecation = ""
        if meant.operation is not None:
            deprecation = f"{params.name} is now {tool.name} with operation {operation.name}"
            if ignored:
                deprecation += f"; ignored: {', '.join(ignored)}"
        return await self._done(context, params, tool, operation, arguments, deprecation)

    async def _done(  # noqa: PLR0913, PLR0917  one argument for each part of the call
        self,
        context: Context,
        params: types.CallToolRequestParams,
        tool: Tool,
        operation: Operation,
        arguments: Mapping[str, Any],
        deprecation: str = "",
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Have a checked call made, with the user's agreement where it needs one."""
        answer = await self._answer(context, tool, operation, arguments)
        if isinstance(answer, Failure) and answer.code == ApprovalRequired.code:
            verdict = await self._approvals.ask(context, params, answer.message)
            if not isinstance(verdict, Verdict):
                return verdict
            if not verdict.is_approved:
                return refused(ApprovalRequired(f"{answer.message}{verdict.why_not}"))
            answer = await call(self._gateway, tool, operation, arguments, context, approved=True)
        if not isinstance(answer, Result):
            return refused(answer)
        if operation.effect != "read":
            await self._changed(operation, answer)
        return rendered(answer, deprecation=deprecation)

    async def _answer(
        self, context: Context, tool: Tool, operation: Operation, arguments: Mapping[str, Any]
    ) -> Result | Failure:
        try:
            return await call(self._gateway, tool, operation, arguments, context)
        except ApprovalRequired as error:
            return Failure(code=error.code, message=error.message)


def _offer_of(context: Context) -> Offer:
    """Return to what a client is restricted; a relay's greeting has said so."""
    origin = context.request
    return origin.offer if isinstance(origin, Origin) else EVERYTHING


def refuse_cursor(params: types.PaginatedRequestParams | None) -> None:
    """Refuse any cursor: Mimo's listings have one page.

    Raises:
        MCPError: A cursor was given.
    """
    if params is not None and params.cursor is not None:
        raise MCPError(types.INVALID_PARAMS, "Invalid cursor: this listing has one page")
