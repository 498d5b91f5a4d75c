"""Forgetting: what has faded is archived, never deleted, in slices that visit the whole store."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator
from typing import Any

from mimo.actors.lifecycle import decay
from mimo.actors.lifecycle.decay import ActiveDays, Fading
from mimo.actors.lifecycle.work import Stage, Step, Work, commit, new_key
from mimo.config import limits
from mimo.storage import lifecycle
from mimo.storage.lifecycle import Trace
from mimo.storage.lifecycle_edits import ArchiveFaded, Faded, PutState

#: Under which name it is remembered how far the store was visited.
CURSOR = "forgetting"


def forgetting(work: Work) -> Stage:
    """Archive what has faded, from where the run before stopped, once round."""
    start = 0 if work.cause == "asked" else int(lifecycle.state(work.db, CURSOR) or 0)
    days = work.active_days()
    archived: list[int] = []
    visited, cursor = 0, start
    for after_id, until_id in ((start, None), *(((0, start),) if start else ())):
        cursor = after_id
        while not work.must_end and (slice_ := _slice(work, cursor, until_id)):
            visited += len(slice_)
            cursor = slice_[-1].memory_id
            archived += yield from _archive(work, faded_of(work, slice_, days), cursor)
    is_whole = not work.must_end
    yield from commit(PutState(name=CURSOR, value=str(0 if is_whole else cursor)))
    return {
        "visited": visited,
        "archived": len(archived),
        "whole_store": is_whole,
        "active_days": len(days),
    }


def faded_of(work: Work, traces: list[Trace], days: ActiveDays) -> list[Faded]:
    """Return which of these are to be archived, and why."""
    below = work.settings.lifecycle.forget_below
    found = []
    for trace in traces:
        if trace.importance >= decay.IMPORTANCE_KEPT or trace.is_protected:
            continue
        now = decay.fading(trace, days, below) if below else None
        if now is not None and decay.is_forgotten(now, below):
            why = decay.reason(trace, now, below)
            found.append(Faded(trace.memory_id, trace.used_at_s, round(now.score, 6), why))
    return found


def preview(work: Work, limit: int) -> Stage:
    """Return what a run would archive now, without archiving it."""
    days = work.active_days()
    shown: list[Faded] = []
    visited = count = 0
    for slice_ in _slices(work):
        visited += len(slice_)
        found = faded_of(work, slice_, days)
        count += len(found)
        shown += found[: max(limit - len(shown), 0)]
        yield None
    return {
        "visited": visited,
        "count": count,
        "active_days": len(days),
        "faded": _shown(work, shown),
    }


def lowest(work: Work, limit: int, project: str | None) -> Stage:
    """Return the memories with the lowest scores, lowest first, and when each is forgotten."""
    days = work.active_days()
    below = work.settings.lifecycle.forget_below
    least: list[tuple[float, int, Trace]] = []
    visited = 0
    for slice_ in _slices(work):
        visited += len(slice_)
        within = lifecycle.ids_of_project(work.db, slice_, project)
        for trace in slice_:
            if within is not None and trace.memory_id not in within:
                continue
            score = decay.fading(trace, days, below or 1.0).score
            item = (-score, -trace.memory_id, trace)
            if len(least) < limit:
                heapq.heappush(least, item)
            else:
                heapq.heappushpop(least, item)
        yield None
    found = [trace for *_, trace in sorted(least, reverse=True)]
    return {
        "visited": visited,
        "active_days": len(days),
        "faded": [decay_json(work, trace, days) for trace in found],
    }


def decay_json(work: Work, trace: Trace, days: ActiveDays) -> dict[str, Any]:
    """Return how far a memory has faded, with each figure that it is made of."""
    below = work.settings.lifecycle.forget_below
    now: Fading = decay.fading(trace, days, below or 1e-9)
    shown: dict[str, Any] = {
        "memory_id": trace.memory_id,
        "score": round(now.score, 6),
        "threshold": below,
        "retention": round(now.retention, 6),
        "half_life_days": round(now.half_life_days, 2),
        "idle_active_days": now.idle_days,
        "importance": trace.importance,
        "spaced_accesses": trace.spaced,
        "access_count": trace.access_count,
        "kept_because": now.kept_because,
        "condensed": trace.is_condensed,
    }
    if now.days_left is not None and below:
        shown["forgotten_in_active_days"] = now.days_left
    return shown | lifecycle.beginnings(work.db, [trace.memory_id])[trace.memory_id]


def _slice(work: Work, after_id: int, until_id: int | None = None) -> list[Trace]:
    with work.db.snapshot() as link:
        found = lifecycle.traces(link, after_id, limits.LIFECYCLE_SLICE)
    return [one for one in found if until_id is None or one.memory_id <= until_id]


def _slices(work: Work) -> Iterator[list[Trace]]:
    after_id = 0
    while slice_ := _slice(work, after_id):
        yield slice_
        after_id = slice_[-1].memory_id


def _archive(work: Work, faded: list[Faded], cursor: int) -> Generator[Step, Any, list[int]]:
    if not faded:
        yield None
        return []
    command = ArchiveFaded(
        run_id=work.run_id, faded=tuple(faded), cursor=cursor, key=new_key("archive")
    )
    done: list[int] = yield from commit(command)
    return done


def _shown(work: Work, faded: list[Faded]) -> list[dict[str, Any]]:
    begin = lifecycle.beginnings(work.db, [one.memory_id for one in faded])
    return [
        {"memory_id": one.memory_id, "score": one.score, "reason": one.reason}
        | begin.get(one.memory_id, {})
        for one in faded
    ]
