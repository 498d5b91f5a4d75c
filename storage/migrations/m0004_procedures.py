"""Versioned procedures and their runs."""

from __future__ import annotations

VERSION = 4
TITLE = "procedures"

STATEMENTS: tuple[str, ...] = ()
