"""Sessions, briefings and feedback."""

from __future__ import annotations

from mimo.actors.operations import Operation

SESSIONS: tuple[Operation, ...] = ()
