"""Memories out of Mimo and into it."""

from __future__ import annotations

from mimo.actors.operations import Operation

EXCHANGE: tuple[Operation, ...] = ()
