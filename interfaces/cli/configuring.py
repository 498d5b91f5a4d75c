"""Commands about the installation: config, version, demo."""

from __future__ import annotations

import os
import platform as python_platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version as version_of
from typing import Any

import click

from mimo.config import units
from mimo.config.settings import RULES, variable
from mimo.interfaces.cli import output
from mimo.interfaces.cli.hosts import HOSTS
from mimo.interfaces.cli.options import PlacedCommand, PlacedGroup, json_option, pass_place
from mimo.interfaces.cli.place import Place, whole

#: Distributions whose versions matter in a report.
PARTS = ("thespian", "apsw", "peewee", "mcp", "onnxruntime", "numpy")


@click.group(cls=PlacedGroup, invoke_without_command=True)
@json_option
@pass_place
def config(place: Place, *, as_json: bool) -> None:
    """Show the settings in force and where each comes from; 'config print HOST' for a host."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    settings = place.settings
    rows = [(key, _value(settings, key), settings.origins[key], variable(key)) for key in RULES]
    if as_json:
        output.show_json(
            {key: {"value": value, "origin": origin} for key, value, origin, _variable in rows}
        )
    else:
        shown = [(key, _spelled(key, value), origin, name) for key, value, origin, name in rows]
        output.show_table(("setting", "value", "from", "variable"), shown)


def _value(settings: Any, key: str) -> Any:
    value = settings
    for name in key.split("."):
        value = getattr(value, name)
    return whole(value)


#: How a value is shown, by the kind of its setting.
SPELLED: dict[str, Callable[[Any], str]] = {
    "seconds": units.spell_seconds,
    "bytes": units.spell_bytes,
    "number": "{:g}".format,
    "names": ", ".join,
    "paths": ", ".join,
    "flag": lambda value: str(value).lower(),
}


def _spelled(key: str, value: Any) -> str:
    return "-" if value in (None, []) else SPELLED.get(RULES[key].kind, str)(value)


@config.command("print")
@click.argument("host", type=click.Choice(list(HOSTS)))
@pass_place
def print_host(place: Place, host: str) -> None:
    """Print the block that tells HOST about Mimo, with absolute paths."""
    command = [*_program(), "stdio"]
    if place.settings.origins["data_dir"] != "default":
        command += ["--data-dir", str(place.paths.data_dir)]
    if place.config_file is not None:
        command += ["--config", str(place.config_file.absolute())]
    output.note(f"# {HOSTS[host].title}: {HOSTS[host].file}")
    click.echo(HOSTS[host].render(command))


def _program() -> list[str]:
    """Return how to run Mimo from anywhere: hosts have another PATH."""
    beside = shutil.which("mimo", path=os.path.dirname(sys.executable))  # noqa: PTH120
    found = beside or shutil.which("mimo")
    return [os.path.abspath(found)] if found else [sys.executable, "-m", "mimo"]  # noqa: PTH100


@click.command(cls=PlacedCommand)
@json_option
def version(*, as_json: bool) -> None:
    """Show the versions of Mimo and its parts."""
    found = {"mimo": version_of("mimo"), "python": python_platform.python_version()}
    found |= {name: version_of(name) for name in PARTS}
    if as_json:
        output.show_json(found)
    else:
        for name, number in found.items():
            output.say(f"{name:<12} {number}")


@click.command(cls=PlacedCommand)
def demo() -> None:
    """Run a session that stores, kills and recalls, in a folder of its own."""
    from mimo.interfaces.demo import run_demo

    run_demo(output.say)
