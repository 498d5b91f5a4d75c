"""OpenAI Agents, with its conversion to strict schemas. Arguments: the server's command."""

import asyncio
import json
import sys

from agents.mcp import MCPServerStdio, MCPUtil


async def main() -> None:
    """Store, search, err, and print what was seen as one line of JSON."""
    params = {"command": sys.argv[1], "args": sys.argv[2:]}
    async with MCPServerStdio(params, client_session_timeout_seconds=60) as server:
        tools = await server.list_tools()
        strict = MCPUtil.to_function_tool(tools[0], server, convert_schemas_to_strict=True)
        # What a model under a strict schema sends: every parameter, null where it means none.
        nulls = dict.fromkeys(strict.params_json_schema["properties"])
        asked = {"operation": "store", "content": "Zoe keeps bees"}
        await server.call_tool("memory", nulls | asked)
        found = await server.call_tool("memory", {"operation": "search", "query": "bees"})
        wrong = await server.call_tool("memory", {"operation": "search", "q": "bees"})
        seen = {
            "tools": [tool.name for tool in tools],
            "found": found.content[0].text,
            "error": wrong.content[0].text,
        }
    sys.stdout.write(json.dumps(seen) + "\n")


asyncio.run(main())
