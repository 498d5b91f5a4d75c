"""Sessions of assistants, and what they said of memories."""

from __future__ import annotations

VERSION = 7
TITLE = "sessions"

STATEMENTS: tuple[str, ...] = ()
