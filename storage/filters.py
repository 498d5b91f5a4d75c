"""Filters as SQL: one fragment that every read shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mimo.storage.records import Filters
from mimo.storage.text import speaker_key


def where(filters: Filters) -> tuple[str, list[Any]]:
    """Return a condition over `memories AS m` and its parameters, in order.

    The condition is never empty, so it may be followed by AND.
    """
    terms: list[str] = []
    params: list[Any] = []

    def add(term: str, *values: Any) -> None:
        terms.append(term)
        params.extend(values)

    for flag, column in (
        (filters.include_deleted, "deleted_at"),
        (filters.include_archived, "archived_at"),
        (filters.include_superseded, "superseded_by"),
    ):
        if not flag:
            add(f"m.{column} IS NULL")
    _add_equals(add, filters)
    if filters.categories:
        add(f"m.category IN ({_marks(filters.categories)})", *filters.categories)
    if filters.trust:
        add(f"m.trust IN ({_marks(filters.trust)})", *filters.trust)
    for tag in filters.tags:
        add("EXISTS (SELECT 1 FROM memory_tags t WHERE t.memory_id = m.id AND t.tag = ?)", tag)
    if filters.importance_min is not None:
        add("m.importance >= ?", filters.importance_min)
    if filters.since_s is not None:
        add("m.occurred_at >= ?", filters.since_s)
    if filters.until_s is not None:
        add("m.occurred_at < ?", filters.until_s)
    return " AND ".join(terms) or "1", params


def _add_equals(add: Any, filters: Filters) -> None:
    if filters.project is not None:
        add("m.project = ?", filters.project)
    if filters.speaker is not None:
        add("m.speaker_key = ?", speaker_key(filters.speaker))
    if filters.session_id is not None:
        add("m.session_id = ?", filters.session_id)
    if filters.source is not None:
        add("m.source = ?", filters.source)
    if filters.valid_at_s is not None:
        add("(m.valid_from IS NULL OR m.valid_from <= ?)", filters.valid_at_s)
        add("(m.valid_until IS NULL OR m.valid_until > ?)", filters.valid_at_s)


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
