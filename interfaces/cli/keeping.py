"""Commands that keep the memories safe: backup, restore, check."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from mimo.config import units
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import Corrupt, NotFound
from mimo.interfaces.cli import output
from mimo.interfaces.cli.options import PlacedCommand, json_option, pass_place
from mimo.interfaces.cli.place import Place, whole
from mimo.storage import backups, database, integrity, restoring
from mimo.supervision.card import NodeLock, holder_pid


def _require_database(place: Place) -> Path:
    path = place.paths.database
    if not path.exists():
        raise NotFound(
            f"expected a database in {place.paths.data_dir}, got none;"
            " give another --data-dir, or store something first"
        )
    return path


@click.command(cls=PlacedCommand)
@click.option("--list", "is_list", is_flag=True, help="Show the backups there are.")
@json_option
@pass_place
def backup(place: Place, *, is_list: bool, as_json: bool) -> None:
    """Make a verified backup, whether the node runs or not."""
    if is_list:
        _list(place, as_json=as_json)
        return
    path = _require_database(place)
    with output.progress("copying pages") as step:
        made = backups.backup(path, place.paths.backups, step, keep=place.settings.backups.keep)
    size = made.stat().st_size
    if as_json:
        output.show_json({"path": str(made), "size_bytes": size})
    else:
        output.say(f"{made}  {units.spell_bytes(size)}, verified")


def _list(place: Place, *, as_json: bool) -> None:
    found = backups.list_all(place.paths.backups)
    if as_json:
        output.show_json([whole(one) | {"path": str(one.path)} for one in found])
        return
    now_s = SYSTEM_CLOCK.wall_s()
    output.show_table(
        ("backup", "#size", "#age", "kind"),
        [
            (
                one.path.name,
                units.spell_bytes(one.size_bytes),
                output.spell_age(now_s - one.created_at_s),
                one.label or "regular",
            )
            for one in found
        ],
    )


@click.command(cls=PlacedCommand)
@click.argument("name", metavar="[BACKUP]", default="newest")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@pass_place
def restore(place: Place, name: str, *, yes: bool, as_json: bool) -> None:
    """Put a BACKUP (a path, a name from 'mimo backup --list', or newest) in the database's place.

    The node must be stopped. What is replaced is kept beside it.
    """
    source = _backup_named(place, name)
    if not yes:
        click.confirm(f"Replace {place.paths.database} by {source.name}?", abort=True, err=True)
    with _nobody_else(place) as holder, output.progress("restoring pages") as step:
        restored = restoring.restore(source, place.paths.database, holder=holder, progress=step)
    if as_json:
        output.show_json(whole(restored))
    else:
        output.say(f"restored {source.name} to {place.paths.database}")


@contextlib.contextmanager
def _nobody_else(place: Place) -> Iterator[restoring.Holder]:
    """Keep a node from starting meanwhile, by holding its lock; tell who holds it otherwise."""
    place.paths.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = NodeLock(place.paths.run)
    is_ours = lock.acquire()
    try:
        yield lambda: None if is_ours else holder_pid(place.paths.run)
    finally:
        lock.let_go()


def _backup_named(place: Place, name: str) -> Path:
    if name == "newest":
        found = backups.newest(place.paths.backups)
        if found is None:
            raise NotFound(
                f"expected a backup in {place.paths.backups}, got none; give a backup's path"
            )
        return found.path
    for path in (Path(name), place.paths.backups / name):
        if path.is_file():
            return path
    raise NotFound(f"expected a backup, got {name!r}; see 'mimo backup --list'")


@click.command(cls=PlacedCommand)
@click.option("--full", is_flag=True, help="Compare indexes with tables too; slower.")
@json_option
@pass_place
def check(place: Place, *, full: bool, as_json: bool) -> int:
    """Check the database's integrity, whether the node runs or not. Exit code 65: damaged."""
    path = _require_database(place)
    with output.progress("checking"):
        opened = database.open_reader(path)
        try:
            report = integrity.check(opened, full=full)
        finally:
            opened.close()
    if as_json:
        output.show_json(whole(report))
    else:
        for problem in report.problems:
            output.say(problem)
        output.say(f"{'sound' if not report.problems else 'damaged'}, {report.memories} memories")
    return Corrupt.exit_code if report.problems else 0
