"""langchain-mcp-adapters: a server process for each call. Arguments: the server's command."""

import asyncio
import json
import sys

from langchain_core.tools import ToolException
from langchain_mcp_adapters.client import MultiServerMCPClient


async def main() -> None:
    """Store, search, err, and print what was seen as one line of JSON."""
    server = {"transport": "stdio", "command": sys.argv[1], "args": sys.argv[2:]}
    tools = await MultiServerMCPClient({"mimo": server}).get_tools()
    memory = next(tool for tool in tools if tool.name == "memory")
    await memory.ainvoke({"operation": "store", "content": "Zoe keeps bees"})
    found = await memory.ainvoke({"operation": "search", "query": "bees"})
    try:
        answer = await memory.ainvoke({"operation": "search", "q": "bees"})
        wrong = answer if isinstance(answer, str) else answer[0]["text"]
    except ToolException as error:
        wrong = str(error)
    seen = {"tools": [tool.name for tool in tools], "found": str(found), "error": wrong}
    sys.stdout.write(json.dumps(seen) + "\n")


asyncio.run(main())
