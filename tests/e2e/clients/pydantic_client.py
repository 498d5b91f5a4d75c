"""Pydantic AI's toolset. Arguments: the server's command."""

import asyncio
import json
import sys

from fastmcp.client.transports import StdioTransport
from pydantic_ai import ModelRetry
from pydantic_ai.mcp import MCPToolset


async def main() -> None:
    """Store, search, err, and print what was seen as one line of JSON."""
    async with MCPToolset(StdioTransport(sys.argv[1], sys.argv[2:])) as toolset:
        tools = [tool.name for tool in await toolset.list_tools()]
        call = toolset.direct_call_tool
        await call("memory", {"operation": "store", "content": "Zoe keeps bees"})
        found = await call("memory", {"operation": "search", "query": "bees"})
        try:
            wrong = str(await call("memory", {"operation": "search", "q": "bees"}))
        except ModelRetry as error:
            wrong = str(error)
        seen = {"tools": tools, "found": str(found), "error": wrong}
    sys.stdout.write(json.dumps(seen) + "\n")


asyncio.run(main())
