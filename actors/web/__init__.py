"""The `web` tool: pages, papers, search, a browser."""
