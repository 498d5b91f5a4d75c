"""The command that shows the log."""

from __future__ import annotations

import functools
import json
import os
import select
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from mimo.config.errors import NotFound
from mimo.config.logs import LEVELS
from mimo.interfaces.cli import output
from mimo.interfaces.cli.options import PlacedCommand, json_option, pass_place
from mimo.interfaces.cli.place import Place

#: How often a growing log is looked at, in seconds.
LOOK_S = 0.2
#: Fields that a line for people shows in front.
HEAD = ("time", "level", "event", "actor", "pid")
LEVEL_STYLES = {"warning": "yellow", "error": "red", "critical": "red bold", "debug": "dim"}

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines are shown.

    Args:
        level: The least level.
        request_id: Of one request; empty for all.
        actor: An id, or the beginning of one up to a `/`; empty for all.
        event: An event, or its folder; empty for all.
    """

    level: str = "debug"
    request_id: str = ""
    actor: str = ""
    event: str = ""

    def fits(self, entry: Entry) -> bool:
        """Tell whether a line is wanted."""
        return (
            LEVELS.get(str(entry.get("level")), 0) >= LEVELS[self.level]
            and self.request_id in ("", entry.get("request_id"))
            and _is_within(str(entry.get("actor", "")), self.actor, "/")
            and _is_within(str(entry.get("event", "")), self.event, ".")
        )


def _is_within(name: str, outer: str, separator: str) -> bool:
    return outer in ("", name) or name.startswith(outer + separator)


def parsed(line: str) -> Entry | None:
    """Return a line of the log; None when it is torn."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def files(log: Path) -> list[Path]:
    """Return the log and what was set aside of it, oldest first."""
    older = [path for path in log.parent.glob(f"{log.name}.*") if path.suffix[1:].isdigit()]
    found = sorted(older, key=lambda path: int(path.suffix[1:]), reverse=True)
    return [*found, log] if log.exists() else found


def past(log: Path, wanted: Wanted, count: int) -> list[Entry]:
    """Return the last `count` wanted lines."""
    kept: deque[Entry] = deque(maxlen=count)
    for path in files(log):
        with path.open(encoding="utf-8", errors="replace") as stream:
            kept.extend(entry for line in stream if (entry := parsed(line)) and wanted.fits(entry))
    return list(kept)


def coming(log: Path, wanted: Wanted, pause: Callable[[], object]) -> Iterator[Entry]:
    """Yield wanted lines as they are written; also after the log was set aside.

    Args:
        log: The log.
        wanted: Which lines.
        pause: Waits a little; called when there is nothing new.
    """
    stream = log.open(encoding="utf-8", errors="replace")
    stream.seek(0, os.SEEK_END)
    beginning = ""
    try:
        while True:
            line = beginning + stream.readline()
            if line.endswith("\n"):
                beginning = ""
                if (entry := parsed(line)) and wanted.fits(entry):
                    yield entry
                continue
            beginning = line
            if _was_replaced(stream.fileno(), log):
                stream.close()
                stream = log.open(encoding="utf-8", errors="replace")
                beginning = ""
            else:
                pause()
    finally:
        stream.close()


def _pause() -> None:
    select.select([], [], [], LOOK_S)


def _was_replaced(descriptor: int, log: Path) -> bool:
    try:
        return log.stat().st_ino != os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


@click.command(cls=PlacedCommand)
@click.option("--request", "request_id", default="", metavar="ID", help="One request's way.")
@click.option("--actor", default="", metavar="ID", help="One actor, or a group of them.")
@click.option("--event", default="", metavar="NAME", help="One event, or a folder of them.")
@click.option("--level", type=click.Choice(list(LEVELS)), default="debug", help="The least level.")
@click.option("--lines", "count", type=click.IntRange(1), default=100, show_default=True)
@click.option("--follow", is_flag=True, help="Go on as the log grows.")
@json_option
@pass_place
def logs(  # noqa: PLR0913, PLR0917  one argument for each option
    place: Place,
    request_id: str,
    actor: str,
    event: str,
    level: str,
    count: int,
    *,
    follow: bool,
    as_json: bool,
) -> None:
    """Show the log's last lines, of all processes in one order."""
    wanted = Wanted(level=level, request_id=request_id, actor=actor, event=event)
    log = place.paths.log
    if not files(log):
        raise NotFound(f"expected a log in {log.parent}, got none; the node hasn't run yet")
    show = _show_json if as_json else functools.partial(_show, output.console())
    for entry in past(log, wanted, count):
        show(entry)
    if follow:
        for entry in coming(log, wanted, _pause):
            show(entry)


def _show_json(entry: Entry) -> None:
    click.echo(json.dumps(entry, ensure_ascii=False))


def _show(console: Console, entry: Entry) -> None:
    time, level, event, actor, pid = (str(entry.get(name, "")) for name in HEAD)
    rest = [
        f"{name}={_spelled(value)}"
        for name, value in entry.items()
        if name not in HEAD and value != ""
    ]
    line = " ".join((f"{time} {level:<8}{event} [{actor} {pid}]", *rest))
    console.print(line, style=LEVEL_STYLES.get(level), markup=False)


def _spelled(value: Any) -> str:
    is_word = isinstance(value, str) and value.isprintable() and value and " " not in value
    return str(value) if is_word else json.dumps(value, ensure_ascii=False)
