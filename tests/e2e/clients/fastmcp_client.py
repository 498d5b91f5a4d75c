"""FastMCP's client. Arguments: the server's command."""

import asyncio
import json
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport


async def main() -> None:
    """Store, search, err, and print what was seen as one line of JSON."""
    async with Client(StdioTransport(sys.argv[1], sys.argv[2:])) as client:
        tools = [tool.name for tool in await client.list_tools()]
        await client.call_tool("memory", {"operation": "store", "content": "Zoe keeps bees"})
        found = await client.call_tool("memory", {"operation": "search", "query": "bees"})
        wrong = await client.call_tool(
            "memory", {"operation": "search", "q": "bees"}, raise_on_error=False
        )
        seen = {
            "tools": tools,
            "found": found.structured_content["memories"][0]["content"],
            "error": wrong.content[0].text if wrong.is_error else "",
        }
    sys.stdout.write(json.dumps(seen) + "\n")


asyncio.run(main())
