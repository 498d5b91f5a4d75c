"""The MCP SDK of generation 1: a strict ClientSession. Arguments: the server's command."""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    """Store, search, err, and print what was seen as one line of JSON."""
    server = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:])
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        tools = [tool.name for tool in (await session.list_tools()).tools]
        await session.call_tool("memory", {"operation": "store", "content": "Zoe keeps bees"})
        found = await session.call_tool("memory", {"operation": "search", "query": "bees"})
        wrong = await session.call_tool("memory", {"operation": "search", "q": "bees"})
        seen = {
            "tools": tools,
            "found": found.structuredContent["memories"][0]["content"],
            "error": wrong.content[0].text if wrong.isError else "",
        }
    sys.stdout.write(json.dumps(seen) + "\n")


asyncio.run(main())
