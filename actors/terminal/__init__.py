"""The `terminal` tool, and child processes in general."""
