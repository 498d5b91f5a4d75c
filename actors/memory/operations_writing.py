"""What a memory was, what took its place, and what it contradicts."""

from __future__ import annotations

from mimo.actors.operations import Operation

WRITING: tuple[Operation, ...] = ()
