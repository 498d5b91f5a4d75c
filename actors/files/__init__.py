"""The `file` tool."""
