"""Documents that were ingested, and their chunks."""

from __future__ import annotations

VERSION = 5
TITLE = "documents"

STATEMENTS: tuple[str, ...] = ()
