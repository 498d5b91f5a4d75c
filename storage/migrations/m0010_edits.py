"""What tools changed, and what they learnt of their use."""

from __future__ import annotations

VERSION = 10
TITLE = "edits"

STATEMENTS: tuple[str, ...] = ()
