"""How people and assistants reach Mimo: the stdio relay, the MCP server, HTTP, the admin CLI."""
