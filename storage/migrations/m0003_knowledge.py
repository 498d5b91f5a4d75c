"""Facts as triples, rules, and what follows from them."""

from __future__ import annotations

VERSION = 3
TITLE = "knowledge graph"

STATEMENTS: tuple[str, ...] = ()
