"""Commands that carry memories out and in: export, import."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

import click

from mimo.actors.ingest import exchange_formats, exchange_notes
from mimo.actors.ingest.exchange_formats import Record
from mimo.actors.memory.building import record_without_secrets
from mimo.actors.storage.messages import Commit
from mimo.config import limits
from mimo.config.errors import InvalidRequest, NotFound
from mimo.interfaces.cli import background, output
from mimo.interfaces.cli.options import PlacedCommand, json_option, pass_place
from mimo.interfaces.cli.place import Place
from mimo.storage import database, exchange, memories
from mimo.storage.records import Filters

#: Records read in one transaction, and taken in with one command.
AT_ONCE: Final = 100
#: How long the node may take to serve, in seconds.
UP_WITHIN_S: Final = 60.0
_EVERYTHING: Final = Filters(include_deleted=True, include_archived=True, include_superseded=True)


@click.command(cls=PlacedCommand)
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "markdown"]),
    default=None,
    help="JSON Lines (lossless; the default) or a folder of Markdown notes.",
)
@click.option("--project", default=None, help="Only this project; '' is the default one.")
@json_option
@pass_place
def export(
    place: Place, target: Path, form: str | None, project: str | None, *, as_json: bool
) -> None:
    """Write all memories to TARGET: a new file of JSON Lines, or a folder of notes.

    Works whether the node runs or not. Deleted, archived and superseded memories are in the file
    with their versions and links; notes hold what is live.
    """
    if not place.paths.database.exists():
        raise NotFound(f"expected a database in {place.paths.data_dir}, got none; store something")
    form = form or ("markdown" if target.is_dir() else "jsonl")
    with contextlib.closing(database.open_reader(place.paths.database)) as db:
        records = _records(db, project)
        counts = _write_file(target, records) if form == "jsonl" else _write_notes(target, records)
    if as_json:
        output.show_json({"path": str(target), "format": form, "records": dict(counts)})
    else:
        output.say(f"{target}: {_spelled(counts)}")


def _records(db: database.Database, project: str | None) -> Iterator[Record]:
    total = memories.stats(db, _EVERYTHING)["count"]
    done = 0
    place: tuple[int, int] | None = (0, 0)
    with output.progress("exporting") as step:
        while place is not None:
            found, place = exchange.page(db, after=place, limit=AT_ONCE, project=project)
            yield from found
            done += sum(record["type"] == "memory" for record in found)
            step(done, total)


def _write_file(target: Path, records: Iterator[Record]) -> Counter[str]:
    """Write JSON Lines; what stands at the target is only replaced by a whole export."""
    if target.is_dir():
        raise InvalidRequest(
            f"expected a file for JSON Lines, got the folder {target}; name a file"
        )
    counts: Counter[str] = Counter()
    with _replacing(target) as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            counts[record["type"]] += 1
    return counts


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[TextIO]:
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(target)
    except OSError as error:
        raise InvalidRequest(f"expected to write {target}, got: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def _write_notes(folder: Path, records: Iterator[Record]) -> Counter[str]:
    """Write a note for each live memory, and its links as relations between notes."""
    live: dict[str, Record] = {}
    relations: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for record in records:
        if record["type"] == "memory":
            if record["deleted_at"] is None and record["archived_at"] is None:
                live[record["uid"]] = record
        elif record["type"] == "supersession":
            live.pop(record["uid"], None)
        elif record["type"] == "link" and record["target"] in live:
            title = exchange_notes.name_of(live[record["target"]])[:-3]
            relations[record["source"]].append((record["kind"], title))
    for uid, record in live.items():
        place = folder / _folder_name(record["project"]) / exchange_notes.name_of(record)
        with _replacing(place) as file:
            file.write(exchange_notes.note_of(record, relations[uid]))
    return Counter(note=len(live))


def _folder_name(project: str) -> str:
    safe = "".join(one if one.isalnum() or one in "-_ " else "-" for one in project).strip()
    return safe[:100] or "default"


@click.command(cls=PlacedCommand, name="import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@json_option
@pass_place
def import_(place: Place, source: Path, *, as_json: bool) -> None:
    """Read memories from SOURCE: a file of an export, or a folder of Markdown notes.

    Understands exports of Mimo, the reference memory server, mcp-memory-service, mem0, ChatGPT and
    Claude, and basic-memory's notes. Importing again changes nothing. Starts the node if needed.
    """
    form, records = _read_notes(source) if source.is_dir() else _read_file(source)
    if place.find_node() is None:
        background.start_node(place, UP_WITHIN_S)
    counts: Counter[str] = Counter()
    with place.actors() as client, output.progress(f"importing from {form}") as step:
        done = 0
        for batch in _batches(records):
            command = exchange.TakeIn(records=tuple(batch))
            counts.update(client.call("storage/writer", Commit(command=command)))
            done += len(batch)
            step(done, len(records))
    if as_json:
        output.show_json({"path": str(source), "form": form, **counts})
    else:
        output.say(f"{source} ({form}): {_spelled(counts)}")


def _read_file(source: Path) -> tuple[str, list[Record]]:
    try:
        text = source.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"expected UTF-8 in {source}, got: {error.reason}") from None
    except OSError as error:
        raise InvalidRequest(f"expected to read {source}, got: {error.strerror}") from None
    return exchange_formats.records_of(text, source.name)


def _read_notes(folder: Path) -> tuple[str, list[Record]]:
    found: list[Record] = []
    for path in sorted(folder.rglob("*.md")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or any(part.startswith(".") for part in Path(name).parts):
            continue
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidRequest(f"expected UTF-8 in {path}, got: {error.reason}") from None
        record = exchange_notes.record_of(text, name, path.stat().st_mtime)
        found.append(record_without_secrets(record))
    if not found:
        raise InvalidRequest(f"expected Markdown notes in {folder}, got none")
    return "notes", found


def _batches(records: list[Record]) -> Iterator[list[str]]:
    """Give the records as JSON, in portions that one message holds."""
    batch: list[str] = []
    size = 0
    for record in records:
        text = json.dumps(record, ensure_ascii=False, sort_keys=True)
        length = len(text.encode("utf-8", "replace"))
        if batch and (len(batch) == AT_ONCE or size + length > limits.STORE_MANY_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch


def _spelled(counts: Counter[str] | dict[str, Any]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
