"""The command that reads documents into memories."""

from __future__ import annotations

import select
import sys
from pathlib import Path
from typing import Any

import click

from mimo.actors.ingest.messages import STRATEGIES
from mimo.config.errors import Corrupt, MimoError, all_error_types
from mimo.interfaces.cli import output, wire
from mimo.interfaces.cli.options import PlacedCommand, json_option, pass_place
from mimo.interfaces.cli.place import Place
from mimo.storage.schema import CATEGORIES

#: How long one answer may take, and how often progress is asked for, in seconds.
ANSWER_S = 60.0
LOOK_S = 0.2


@click.command(cls=PlacedCommand)
@click.argument("path", metavar="PATH|GLOB|URL|-")
@click.option("--title", default="", help="Name of a text from stdin ('-').")
@click.option("--project", default="", help="Namespace of the memories.")
@click.option("--tag", "tags", multiple=True, help="A label; may be repeated.")
@click.option("--strategy", type=click.Choice(STRATEGIES), default="auto", show_default=True)
@click.option("--category", type=click.Choice(CATEGORIES), default=None)
@click.option("--importance", type=click.FloatRange(0, 1), default=0.5, show_default=True)
@json_option
@pass_place
def ingest(place: Place, path: str, *, as_json: bool, **options: Any) -> int:
    """Read a file, a directory, a glob, a URL or stdin ('-') into memories.

    Again, only what changed is written; files that are gone are forgotten, restorably. Exit code
    65: some documents could not be read.
    """
    arguments = _arguments(path, options)
    with wire.session(place.paths, ANSWER_S) as session, output.progress("documents") as step:
        job = _called(session, arguments)
        while job["state"] in {"queued", "running"}:
            step(job["documents_done"], job["documents_found"])
            select.select([], [], [], LOOK_S)
            asked = {"operation": "ingest_status", "job_id": job["job_id"]}
            job = _called(session, asked)["jobs"][0]
    if job["state"] == "failed":
        raise _failure(job)
    if as_json:
        output.show_json(job)
    else:
        _say(job)
    return Corrupt.exit_code if job["failures"] else 0


def _arguments(path: str, options: dict[str, Any]) -> dict[str, Any]:
    title = options.pop("title")
    place: dict[str, Any]
    if path == "-":
        place = {"text": sys.stdin.read(), "title": title}
    elif path.startswith(("http://", "https://")):
        place = {"url": path}
    else:
        # The node stands elsewhere: what is relative is so from here.
        place = {"path": path if path.startswith(("/", "~")) else str(Path.cwd() / path)}
    kept = {name: list(value) if name == "tags" else value for name, value in options.items()}
    return {"operation": "ingest", **place, **{k: v for k, v in kept.items() if v is not None}}


def _called(session: wire.Wire, arguments: dict[str, Any]) -> dict[str, Any]:
    result = session.request("tools/call", {"name": "memory", "arguments": arguments})
    error = wire.failure_of(result)
    if error is not None:
        raise error
    found: dict[str, Any] = result.get("structuredContent", {})
    return found


def _failure(job: dict[str, Any]) -> MimoError:
    code, _, message = str(job["error"]).partition(": ")
    return all_error_types().get(code, MimoError)(message)


def _say(job: dict[str, Any]) -> None:
    outcomes = ", ".join(f"{count} {name}" for name, count in job["by_outcome"].items())
    noun = "document" if job["documents_done"] == 1 else "documents"
    output.say(f"{job['documents_done']} {noun}: {outcomes or 'none'}")
    chunks = ", ".join(f"{count} {name}" for name, count in job["chunks"].items() if count)
    output.say(f"chunks: {chunks or 'none'}")
    if job["skipped"]:
        skipped = ", ".join(f"{count} {reason}" for reason, count in job["skipped"].items())
        output.say(f"left out: {skipped}")
    for note in job["notes_on_reading"]:
        output.note(note)
    for failure in job["failures"]:
        output.note(f"{failure['source']}: {failure['reason']}")
