"""How memories fade, and what was done about it."""

from __future__ import annotations

VERSION = 6
TITLE = "lifecycle"

STATEMENTS: tuple[str, ...] = ()
