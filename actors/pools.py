"""Actors that do the same work side by side."""

from __future__ import annotations

from mimo.config.settings import Settings


def recall_names(settings: Settings) -> tuple[str, ...]:
    """Return the ids of the actors that answer searches."""
    return tuple(f"memory/recall/{n}" for n in range(1, settings.recall.workers + 1))
