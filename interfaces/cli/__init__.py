"""The admin's command line: looks at a node, and manages it.

It talks to actors with `mimo.supervision.client`, to tools over the node's socket as any assistant
does, and to the database directly where the node isn't needed. What people read goes through rich,
`--json` is for programs, errors are one sentence on stderr and a clear exit code.

Every command is imported when it is called (`table.py`), so `mimo status` doesn't load the rest.
"""
