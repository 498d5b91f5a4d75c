"""The `cognitive` tool: verification by evaluators, what is known and what is not."""
