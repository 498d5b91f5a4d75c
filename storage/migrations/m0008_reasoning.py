"""Reasoning: sessions, their steps and evidence."""

from __future__ import annotations

VERSION = 8
TITLE = "reasoning"

STATEMENTS: tuple[str, ...] = ()
