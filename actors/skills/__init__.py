"""External MCP servers as supervised children."""
