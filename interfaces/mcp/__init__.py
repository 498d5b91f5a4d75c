"""Mimo as an MCP server: both protocol eras, over the relays' socket and over HTTP."""
