"""The subsystems, one folder a domain: pure logic beside thin actors, and the whole tree as data.

Not here: MCP, HTTP, the command line. Imported by `mimo.interfaces`; imports supervision, storage
and config.
"""
