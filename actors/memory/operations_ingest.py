"""Documents into memories."""

from __future__ import annotations

from mimo.actors.operations import Operation

INGEST: tuple[Operation, ...] = ()
