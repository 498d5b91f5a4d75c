"""Mimo: a supervised memory operating system for AI assistants, served over MCP."""
