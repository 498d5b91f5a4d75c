"""The bridge: from a tool call that is known to be well formed to the worker that does it.

It admits, routes, repeats and counts. It knows no protocol: what speaks MCP or HTTP stands in
`mimo.interfaces` and hands calls to the `Gateway`.
"""
