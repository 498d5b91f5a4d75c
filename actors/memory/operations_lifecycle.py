"""How memories fade, are archived and are condensed."""

from __future__ import annotations

from mimo.actors.operations import Operation

LIFECYCLE: tuple[Operation, ...] = ()
