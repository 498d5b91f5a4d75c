"""Tasks that run by themselves, and plans."""

from __future__ import annotations

VERSION = 9
TITLE = "tasks"

STATEMENTS: tuple[str, ...] = ()
