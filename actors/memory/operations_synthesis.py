"""Answers made of memories that they cite."""

from __future__ import annotations

from mimo.actors.operations import Operation

SYNTHESIS: tuple[Operation, ...] = ()
