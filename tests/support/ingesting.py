"""Drives the ingester's work over a real database without actors, and kills it where told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mimo.actors.ingest.jobs import Job, job_of
from mimo.actors.ingest.messages import Ingest
from mimo.actors.ingest.places import Roots
from mimo.actors.ingest.steps import Breath, Fetch
from mimo.actors.ingest.working import Work
from mimo.config.errors import MimoError
from mimo.storage import batches
from mimo.storage.commands import Edit
from mimo.storage.connection import Database
from mimo.supervision.gen_server import failure
from tests.support.memories import NOW_S


class Killed(Exception):  # noqa: N818  a fact
    """The work was left at a step."""


def begin(request: Ingest) -> Job:
    """Return a new job as the ingester would make it."""
    return job_of(request, NOW_S)


def run(
    db: Database,
    job: Job,
    root: Path,
    *,
    text: str = "",
    page: Any = None,
    dies: Callable[[int, Job], bool] = lambda _number, _job: False,
    saved: list[Job] | None = None,
    now_s: float = NOW_S,
) -> Job:
    """Do a job to its end, or until it dies.

    Args:
        db: A writer's database; commits go there at once.
        job: Is changed.
        root: The allowed folder.
        text: Where the job is of kind text.
        page: What a download brings.
        dies: Tells from a step's number and the job whether to die there; the writer has done
            the even ones by then, without an answer.
        saved: Gets the job as its row would give it back, each time that the ingester saves it.
        now_s: Dates what is written.

    Raises:
        Killed: It died.
        MimoError: The job as a whole failed.
    """
    steps = Work(job, text, db, Roots(allowed=(root,))).steps()
    outcome: Any = None
    number = 0
    while True:
        try:
            step = steps.send(outcome)
        except StopIteration:
            return job
        if saved is not None and (outcome is not None or step == Breath(is_new=True)):
            saved.append(reread(job))
        outcome = None
        if dies(number, job):
            if isinstance(step, Edit) and number % 2 == 0:
                batches.apply(db, [step], now_s=now_s)
            raise Killed
        number += 1
        if isinstance(step, Fetch):
            outcome = page
        elif isinstance(step, Edit):
            (outcome,) = batches.apply(db, [step], now_s=now_s)
            if isinstance(outcome, MimoError):
                outcome = failure(outcome)


def run_through_deaths(
    db: Database, job: Job, root: Path, deaths: list[Callable[[int, Job], bool]]
) -> Job:
    """Run a job; after each death go on from what was saved last."""
    saved = [reread(job)]
    for dies in deaths:
        try:
            return run(db, saved[-1], root, dies=dies, saved=saved)
        except Killed:
            saved[:] = [reread(saved[-1])]
            saved[-1].deaths += 1
    return run(db, saved[-1], root)


def reread(job: Job) -> Job:
    """Return the job as its row in the table gives it back."""
    return Job.of_row(json.loads(json.dumps(job.to_row())))


def ingest(db: Database, root: Path, place: Path | str = "", **fields: Any) -> Job:
    """Ingest a path below `root` (or the root itself) in one go and return the job."""
    harness = {name: fields.pop(name) for name in ("text", "page", "now_s") if name in fields}
    kind = fields.pop("kind", "text" if "text" in harness else "file")
    request = Ingest(kind=kind, place=str(place or root), key=fields.pop("key", ""), **fields)
    return run(db, begin(request), root, **harness)


def chunks_of(db: Database, *, project: str = "") -> list[tuple[str, str]]:
    """Return (source, content) of every live memory of a project, in the documents' order."""
    rows = db.rows(
        "SELECT d.source, m.content FROM documents d JOIN document_chunks c ON c.document_id = d.id"
        " AND c.version = d.version JOIN memories m ON m.id = c.memory_id"
        " WHERE d.project = ? AND d.forgotten_at IS NULL AND m.archived_at IS NULL"
        " AND m.superseded_by IS NULL AND m.deleted_at IS NULL"
        " ORDER BY d.source, c.ordinal",
        (project,),
    )
    return [(row[0], row[1]) for row in rows]


def live(db: Database) -> list[str]:
    """Return the text of every live memory, sorted; what no document has is here too."""
    rows = db.rows(
        "SELECT content FROM memories WHERE archived_at IS NULL AND superseded_by IS NULL"
        " AND deleted_at IS NULL ORDER BY content"
    )
    return [row[0] for row in rows]
