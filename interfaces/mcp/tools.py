"""`tools/list` and `tools/call`: name or old name -> tool, operation -> strict schema -> actor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from mimo.actors.aliases import ALIASES, Translated, translated
from mimo.actors.bridge.gateway import Gateway
from mimo.actors.operations import Operation, Result, Tool
from mimo.config.errors import ApprovalRequired, Internal, MimoError
from mimo.interfaces.mcp.approval import Approvals, Verdict
from mimo.interfaces.mcp.calls import Context, call
from mimo.interfaces.mcp.guard import internal_error
from mimo.interfaces.mcp.rendering import refused, rendered
from mimo.interfaces.mcp.schemas import listed
from mimo.interfaces.mcp.validation import Arguments, did_you_mean
from mimo.supervision.messages import Failure

#: Told after a call that changed something: the operation and its result.
Changed = Callable[[Operation, Result], Awaitable[None]]


class Tools:
    """The tools on offer.

    Args:
        gateway: The way to the actors.
        tools: In the order in which they are listed.
        changed: Told of every change that a call made.
    """

    def __init__(self, gateway: Gateway, tools: Sequence[Tool], changed: Changed) -> None:
        self._gateway = gateway
        self._changed = changed
        self._approvals = Approvals()
        self._tools = {tool.name: tool for tool in tools}
        self._arguments = {tool.name: Arguments(tool) for tool in tools}
        self._listed = types.ListToolsResult(tools=[listed(tool) for tool in tools])
        self._schemas = {tool.name: tool.input_schema for tool in self._listed.tools}

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """Return the schema of a tool by name; the SDK checks HTTP headers against it."""
        return self._schemas.get(name)

    async def list(
        self, _context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Answer `tools/list`: one page, the same bytes whatever is stored."""
        refuse_cursor(params)
        return self._listed

    async def call(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Answer `tools/call`; all but an unknown tool is a result that the model can read.

        Raises:
            MCPError: There is no such tool. Source: MCP, "Tool Execution Errors".
        """
        meant = self._meant(params.name, params.arguments or {})
        try:
            return await self._call(context, meant, params)
        except MimoError as error:
            return refused(error)
        except MCPError:
            raise
        except Exception as error:  # noqa: BLE001  a bug is an answer too, without its text
            return refused(Internal(internal_error(context, error)))

    def _meant(self, name: str, arguments: Mapping[str, Any]) -> Translated:
        """Return the call in the names of today.

        Raises:
            MCPError: Neither is there such a tool, nor was there one.
        """
        meant = translated(name, arguments)
        if meant is None and name in self._tools:
            return Translated(tool=name, arguments=arguments, operation=None)
        if meant is not None and self._offers(meant):
            return meant
        known = [*self._tools, *ALIASES]
        raise MCPError(
            types.INVALID_PARAMS,
            f"Unknown tool: {name[:100]};{did_you_mean(name, known)}"
            f" the tools are {', '.join(self._tools)}",
        )

    def _offers(self, meant: Translated) -> bool:
        tool = self._tools.get(meant.tool)
        return tool is not None and tool.operation(meant.operation or "") is not None

    async def _call(
        self, context: Context, meant: Translated, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        tool = self._tools[meant.tool]
        checked = self._arguments[tool.name].check(meant.arguments, meant.operation)
        operation, arguments, ignored = checked
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
        deprecation = ""
        if meant.operation is not None:
            deprecation = f"{params.name} is now {tool.name} with operation {operation.name}"
            if ignored:
                deprecation += f"; ignored: {', '.join(ignored)}"
        return rendered(answer, deprecation=deprecation)

    async def _answer(
        self, context: Context, tool: Tool, operation: Operation, arguments: Mapping[str, Any]
    ) -> Result | Failure:
        try:
            return await call(self._gateway, tool, operation, arguments, context)
        except ApprovalRequired as error:
            return Failure(code=error.code, message=error.message)


def refuse_cursor(params: types.PaginatedRequestParams | None) -> None:
    """Refuse any cursor: Mimo's listings have one page.

    Raises:
        MCPError: A cursor was given.
    """
    if params is not None and params.cursor is not None:
        raise MCPError(types.INVALID_PARAMS, "Invalid cursor: this listing has one page")
