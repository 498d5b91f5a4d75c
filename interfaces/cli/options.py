"""Options that every command has: where it acts. They may stand before the command or after it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mimo.interfaces.cli.place import Place, parsed_overrides

F = TypeVar("F", bound=Callable[..., Any])

#: Marks a command that prints data for programs.
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    given = context.ensure_object(dict)
    if parameter.name == "settings":
        given["settings"] = (*given.get("settings", ()), *value)
    elif value is not None:
        given[parameter.name] = value
    return value


def _place_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--data-dir"],
            metavar="DIR",
            expose_value=False,
            callback=_remember,
            help="Where memories are kept.",
        ),
        click.Option(
            ["--config", "config_file"],
            metavar="FILE",
            type=click.Path(path_type=Path),
            expose_value=False,
            callback=_remember,
            help="Settings file.",
        ),
        click.Option(
            ["--set", "settings"],
            metavar="KEY=VALUE",
            multiple=True,
            expose_value=False,
            callback=_remember,
            help="A setting; may be repeated.",
        ),
    ]


class PlacedCommand(click.Command):
    """A command with the options that say where it acts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_place_options())


class PlacedGroup(click.Group):
    """A group of commands with the options that say where they act."""

    command_class = PlacedCommand

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_place_options())


def place_of(context: click.Context) -> Place:
    """Return the place that the options up to this command have named."""
    given = context.ensure_object(dict)
    overrides = parsed_overrides(given.get("settings", ()), given.get("data_dir"))
    return Place(overrides, given.get("config_file"))


def pass_place(function: F) -> F:
    """Call a command with its place as the first argument."""

    @click.pass_context
    @functools.wraps(function)
    def with_place(context: click.Context, *args: Any, **kwargs: Any) -> Any:
        return function(place_of(context), *args, **kwargs)

    return with_place  # type: ignore[return-value]
