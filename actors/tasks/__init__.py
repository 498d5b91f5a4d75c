"""The `autonomous` tool: a queue that works by itself."""
