"""The sleep cycle: stages one after another, each with a report of what it really did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mimo.actors.lifecycle.clustering import clustering
from mimo.actors.lifecycle.consolidation import consolidation
from mimo.actors.lifecycle.curation import curation
from mimo.actors.lifecycle.feedback import learning
from mimo.actors.lifecycle.forgetting import forgetting
from mimo.actors.lifecycle.upkeep import (
    archive_bound,
    embedding_backlog,
    integrity_glance,
    link_decay,
    tidying,
)
from mimo.actors.lifecycle.work import Stage, Work, commit, new_key
from mimo.config import logs
from mimo.config.errors import MimoError
from mimo.storage.lifecycle_edits import BeginRun, EndRun, NoteStage

StageOf = Callable[[Work], Stage]
#: Name and work of each stage, in the order in which they run.
Stages = tuple[tuple[str, StageOf], ...]

#: The whole cycle. A part that has work for the night adds its stage here.
STAGES: Stages = (
    ("integrity", integrity_glance),
    ("embedding_backlog", embedding_backlog),
    ("learning", learning),
    ("curation", curation),
    ("consolidation", consolidation),
    ("clustering", clustering),
    ("forgetting", forgetting),
    ("link_decay", link_decay),
    ("archive_bound", archive_bound),
    ("tidying", tidying),
)


def run(work: Work, kind: str, stages: Stages = STAGES) -> Stage:
    """Run stages under one row; a stage that fails is reported and the others go on.

    It returns {run_id, state, stages}, each stage with its state, duration and figures.
    """
    work.began_s = work.clock.monotonic_s()
    begin = BeginRun(kind=kind, cause=work.cause, key=new_key("begin"))
    work.run_id = yield from commit(begin)
    done: list[dict[str, Any]] = []
    for ordinal, (name, stage) in enumerate(stages):
        began_s = work.clock.monotonic_s()
        report: dict[str, Any] = {}
        if work.must_end:
            state = "skipped"
        else:
            try:
                report = yield from stage(work)
                state = "done"
            except MimoError as error:
                state, report = "failed", {"error": error.message}
                log = logs.get_logger("memory/lifecycle")
                log.warning("lifecycle.stage_failed", detail=f"{name}: {error.message}")
        took_s = work.clock.monotonic_s() - began_s
        note = NoteStage(
            run_id=work.run_id,
            ordinal=ordinal,
            name=name,
            state=state,
            duration_s=took_s,
            report=report,
        )
        yield from commit(note)
        done.append({"name": name, "state": state, "duration_s": round(took_s, 4), **report})
    state = _state_of(done)
    yield from commit(EndRun(run_id=work.run_id, state=state))
    return {"run_id": work.run_id, "state": state, "stages": done}


def _state_of(stages: list[dict[str, Any]]) -> str:
    states = {stage["state"] for stage in stages}
    if "skipped" in states:
        return "interrupted"
    return "failed" if states == {"failed"} else "done"
