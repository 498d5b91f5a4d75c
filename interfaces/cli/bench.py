"""The benchmarks: each in a temporary data directory of its own, none touches your memories."""

from __future__ import annotations

import importlib
from typing import Final

import click

from mimo.interfaces.cli.options import PlacedGroup

#: Where each benchmark's command stands; imported when it is called.
BENCHMARKS: Final[dict[str, str]] = {
    "retrieval": "mimo.interfaces.cli.bench_retrieval.retrieval",
    "speed": "mimo.interfaces.cli.bench_speed.speed",
}


class Benchmarks(PlacedGroup):
    """Imports a benchmark when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the table."""
        return list(BENCHMARKS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command, imported now."""
        place = BENCHMARKS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.rpartition(".")
        found: click.Command = getattr(importlib.import_module(module), name)
        return found


@click.group(cls=Benchmarks)
def bench() -> None:
    """Measure Mimo on this machine, with memories of its own; yours aren't touched."""
