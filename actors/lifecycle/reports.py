"""What the lifecycle tells: how far a memory has faded, what runs did."""

from __future__ import annotations

from typing import Any

from mimo.actors.lifecycle.forgetting import decay_json
from mimo.actors.lifecycle.messages import SleepReport
from mimo.actors.lifecycle.work import Stage, Work
from mimo.actors.memory.presentation import iso_time
from mimo.config.errors import NotFound
from mimo.storage import lifecycle, memories
from mimo.storage.connection import Database

#: Figures of a report that tell in the log what a run did.
_TOLD = {
    "consolidation": ("promoted",),
    "clustering": ("condensed",),
    "forgetting": ("archived",),
    "link_decay": ("removed",),
    "archive_bound": ("exported",),
}


def decay_of(work: Work, memory_id: int) -> Stage:
    """Return how far one memory has faded.

    Raises:
        NotFound: There is none, or it isn't live.
    """
    memory = memories.get(work.db, memory_id)
    with work.db.snapshot() as link:
        trace = lifecycle.trace(link, memory_id)
    if trace is None:
        state = "deleted" if memory.deleted_at_s is not None else "archived"
        raise NotFound(
            f"expected a live memory, got {memory_id}, which is {state}; 'restore' brings it back"
        )
    yield None
    days = work.active_days()
    return {
        "visited": 1,
        "active_days": len(days),
        "faded": [decay_json(work, trace, days)],
    }


def sleep_report(db: Database, request: SleepReport, status: dict[str, Any]) -> dict[str, Any]:
    """Return the newest runs with their stages, or one run with every action.

    Raises:
        NotFound: There is no such run.
    """
    if not request.run_id:
        runs = [_run_json(db, run) for run in lifecycle.newest_runs(db, request.limit)]
        return {**status, "runs": runs, "archived": lifecycle.archived_count(db)}
    found = lifecycle.run(db, request.run_id)
    if found is None:
        raise NotFound(f"expected the id of a run, got {request.run_id}; see sleep_report")
    actions = [
        {"at": iso_time(one.pop("at_s")), **one}
        for one in lifecycle.actions(db, request.run_id, request.limit)
    ]
    shown = {**_run_json(db, found), "action_list": actions}
    return {**status, "runs": [shown], "archived": lifecycle.archived_count(db)}


def sentence(report: dict[str, Any]) -> str:
    """Return in a few words what a run did."""
    did = [
        f"{name} {stage[name]}"
        for stage in report["stages"]
        for name in _TOLD.get(stage["name"], ())
        if stage.get(name)
    ]
    return f"run {report['run_id']} {report['state']}: {', '.join(did) or 'nothing to do'}"


def _run_json(db: Database, run: dict[str, Any]) -> dict[str, Any]:
    ended = run.pop("ended_s")
    started = run.pop("started_s")
    return {
        **run,
        "started_at": iso_time(started),
        "ended_at": iso_time(ended),
        "stages": lifecycle.stages(db, run["run_id"]),
    }
