"""What a command prints: tables for people, JSON for programs, progress on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

#: Columns for a reader that isn't a terminal: a line must not be broken or cut.
UNBOUNDED_COLUMNS = 400

#: States of a process in which nothing is wrong: one that rests starts when it is called.
WELL = frozenset({"running", "resting"})

#: Colour of a state, by its name.
STATE_STYLES = {
    "running": "green",
    "starting": "yellow",
    "restarting": "yellow",
    "stopping": "yellow",
    "down": "red",
    "parked": "red",
    "resting": "dim",
    "closed": "green",
    "half_open": "yellow",
    "open": "red",
    "ok": "green",
    "warning": "yellow",
    "failed": "red",
}


def console(stream: TextIO | None = None) -> Console:
    """Return a console: colour on a terminal only, and never under NO_COLOR.

    Source: no-color.org.
    """
    stream = stream or sys.stdout
    is_terminal = stream.isatty()
    return Console(
        file=stream,
        force_terminal=is_terminal,
        no_color=bool(os.environ.get("NO_COLOR")) or not is_terminal,
        highlight=False,
        soft_wrap=not is_terminal,
        width=None if is_terminal else UNBOUNDED_COLUMNS,
    )


def show_json(data: Any) -> None:
    """Print data for programs."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def say(text: str) -> None:
    """Print one line for people."""
    console().print(escape(text))


def note(text: str) -> None:
    """Print one line for people that isn't the result: on stderr."""
    click.echo(text, err=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Return a plain table; a column named `#x` is right-aligned as `x`, states have colours."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        is_number = column.startswith("#")
        made.add_column(
            column.removeprefix("#"),
            justify="right" if is_number else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in rows:
        made.add_row(*(styled(str(cell)) for cell in row))
    return made


def styled(text: str) -> str:
    """Return the text as markup, coloured when it is a state."""
    style = STATE_STYLES.get(text)
    return f"[{style}]{text}[/]" if style else escape(text)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table for people; without the blanks at the ends of lines where a program reads."""
    shown = console()
    if shown.is_terminal:
        shown.print(table(columns, rows))
        return
    with shown.capture() as captured:
        shown.print(table(columns, rows))
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


@contextlib.contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr while something long runs; nothing where stderr isn't a terminal.

    Yields:
        A function of (done, total) to call after each step.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console(sys.stderr), disable=not sys.stderr.isatty(), transient=True
    ) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def spell_age(seconds: float) -> str:
    """Return an age in its two largest units, such as `3 h 12 min`."""
    whole = max(0, int(seconds))
    parts = [
        (whole // 86_400, "d"),
        (whole // 3_600 % 24, "h"),
        (whole // 60 % 60, "min"),
        (whole % 60, "s"),
    ]
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    return " ".join(f"{number} {unit}" for number, unit in parts[:2])
