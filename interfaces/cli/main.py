"""The entry of the command line: dispatch, and how an error ends."""

from __future__ import annotations

import importlib
import os
import sys
import traceback

import click

from mimo.config.errors import MimoError
from mimo.interfaces.cli.options import PlacedGroup
from mimo.interfaces.cli.table import COMMANDS

#: Exit codes besides those of `mimo.config.errors`.
#: Source: sysexits.h EX_USAGE, EX_SOFTWARE; a shell's 128 + SIGINT, 128 + SIGPIPE.
USAGE_EXIT_CODE = 64
BUG_EXIT_CODE = 70
INTERRUPTED_EXIT_CODE = 130
PIPE_EXIT_CODE = 141


class Commands(PlacedGroup):
    """Imports a command when it is called; the help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command, imported now."""
        entry = COMMANDS.get(cmd_name)
        if entry is None or not entry.place:
            return None
        module, _, name = entry.place.rpartition(".")
        found: click.Command = getattr(importlib.import_module(module), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Mimo: a supervised memory for AI assistants.

    Give your assistant the command 'mimo stdio'; the commands below are for you.
    """


def main(argv: list[str]) -> int:
    """Run one command and return its exit code; an error is one sentence on stderr.

    Args:
        argv: The arguments after the program's name.
    """
    try:
        outcome = cli.main(argv, prog_name="mimo", standalone_mode=False)
        sys.stdout.flush()
    except MimoError as error:
        return _refuse(error.message, error.exit_code)
    except click.ClickException as error:
        where = getattr(error, "ctx", None)
        program = where.command_path if where is not None else "mimo"
        return _refuse(f"{error.format_message()} See '{program} --help'.", USAGE_EXIT_CODE)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED_EXIT_CODE
    except BrokenPipeError:
        # The reader has left; what is still buffered must not raise at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_EXIT_CODE
    except Exception as error:  # noqa: BLE001  the last line of the process
        return _refuse_bug(error)
    return outcome if isinstance(outcome, int) else 0


def _refuse(message: str, exit_code: int) -> int:
    sys.stderr.write(f"mimo: {message}\n")
    return exit_code


def _refuse_bug(error: Exception) -> int:
    """Say in one sentence what happened and where; nobody can do more with a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}cli{os.sep}" in frame.filename] or frames
    where = f"{os.path.basename(ours[-1].filename)}:{ours[-1].lineno}"  # noqa: PTH119
    return _refuse(
        f"a bug in Mimo, {type(error).__name__} at {where}: {error}; please report it",
        BUG_EXIT_CODE,
    )
