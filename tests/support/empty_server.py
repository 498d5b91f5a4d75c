"""The SDK's own floor: a low-level MCP server over stdio with one tool that does nothing."""

from __future__ import annotations

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

SCHEMA = {"type": "object", "properties": {"operation": {"type": "string"}}}


async def list_tools(_context: object, _params: object) -> types.ListToolsResult:
    """Show the one tool."""
    return types.ListToolsResult(
        tools=[types.Tool(name="memory", description="Nothing.", input_schema=SCHEMA)]
    )


async def call_tool(_context: object, _params: object) -> types.CallToolResult:
    """Do nothing and say so."""
    return types.CallToolResult(
        content=[types.TextContent(type="text", text="ok")], structured_content={"ok": True}
    )


async def serve() -> None:
    """Serve until the input ends."""
    server = Server("empty", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(serve)
