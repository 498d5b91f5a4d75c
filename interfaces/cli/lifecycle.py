"""Commands that change what runs: start, stop, restart, kill."""

from __future__ import annotations

import getpass
import os
import signal
from typing import Any

import click

from mimo.config import logs
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import Conflict, DeadlineExceeded, NotAvailable
from mimo.interfaces.cli import background, output
from mimo.interfaces.cli.options import PlacedCommand, pass_place
from mimo.interfaces.cli.place import Place, row_named
from mimo.supervision import messages as m
from mimo.supervision import platform
from mimo.supervision.card import NodeCard, holder_pid
from mimo.supervision.node import request_node_stop, wait_for_stop

#: How long a node may take to serve, and to leave, in seconds.
UP_WITHIN_S = 60.0
GONE_WITHIN_S = 30.0
#: How long one part of the tree may take to be started again, in seconds.
PART_UP_WITHIN_S = 90.0

SIGNALS = {
    "TERM": signal.SIGTERM,
    "KILL": signal.SIGKILL,
    "STOP": signal.SIGSTOP,
    "CONT": signal.SIGCONT,
}

why_option = click.option("--why", default="", metavar="TEXT", help="Reason, for the log.")


def tell_log(place: Place, command: str, child: str, why: str) -> None:
    """Write into the node's log who did what, and why (catalogue D9)."""
    place.paths.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    logs.configure(place.paths.log, place.settings.log_level)
    logs.get_logger("cli").info(
        "supervision.command", command=command, child=child, by=getpass.getuser(), reason=why
    )


@click.command(cls=PlacedCommand)
@pass_place
def start(place: Place) -> int:
    """Start the node in the background and wait until it serves."""
    card = place.find_node()
    if card is not None:
        output.say(f"the node runs already, pid {card.watchdog_pid}")
        return 0
    _start(place)
    return 0


def _start(place: Place) -> None:
    began_s = SYSTEM_CLOCK.monotonic_s()
    with output.progress("starting the node"):
        card = background.start_node(place, UP_WITHIN_S)
    took_s = SYSTEM_CLOCK.monotonic_s() - began_s
    output.say(f"started the node, pid {card.watchdog_pid}, in {took_s:.2f} s")


@click.command(cls=PlacedCommand)
@why_option
@click.option("--force", is_flag=True, help="Kill what doesn't leave in time.")
@pass_place
def stop(place: Place, why: str, *, force: bool) -> int:
    """Stop the node in order: its clients' calls are answered first."""
    if holder_pid(place.paths.run) is None:
        output.say("no node runs")
        return 0
    _stop(place, why, force=force)
    return 0


def _stop(place: Place, why: str, *, force: bool) -> None:
    tell_log(place, "stop", "mimo", why)
    with output.progress("stopping the node"):
        pid = request_node_stop(place.paths.run)
        is_gone = wait_for_stop(place.paths.run, GONE_WITHIN_S)
        if not is_gone and force and pid is not None:
            platform.kill_tree(pid)
            os.kill(pid, signal.SIGKILL)
            is_gone = wait_for_stop(place.paths.run, GONE_WITHIN_S)
    if not is_gone:
        raise DeadlineExceeded(
            f"expected the node (pid {pid}) to leave within {GONE_WITHIN_S:g} s, it didn't;"
            " use 'mimo stop --force'"
        )
    output.say(f"stopped the node, pid {pid}")


@click.command(cls=PlacedCommand)
@click.argument("name", metavar="[ID]", default="mimo")
@why_option
@pass_place
def restart(place: Place, name: str, why: str) -> int:
    """Restart one part of the tree by its ID, or the whole node without one.

    A parked group is tried again.
    """
    if name == "mimo":
        if holder_pid(place.paths.run) is not None:
            _stop(place, why, force=False)
        _start(place)
        return 0
    with place.actors() as client:
        _row, supervisor = row_named(client, name)
        tell_log(place, "restart", name, why)
        with output.progress(f"restarting {name}"):
            client.call(
                supervisor, m.RestartChild(name=name, force=True), timeout_s=PART_UP_WITHIN_S
            )
        row, _supervisor = row_named(client, name)
    output.say(f"restarted {name}, pid {row.pid}")
    return 0


@click.command(cls=PlacedCommand)
@click.argument("name", metavar="ID")
@click.option(
    "--signal",
    "signal_name",
    type=click.Choice(list(SIGNALS), case_sensitive=False),
    default="KILL",
    show_default=True,
    help="STOP freezes the process, CONT thaws it.",
)
@why_option
@pass_place
def kill(place: Place, name: str, signal_name: str, why: str) -> int:
    """Send a signal to the process with this ID, to see Mimo heal.

    Nothing acknowledged is lost by it: see the promises in the README.
    """
    card = place.node()
    pid = card.root_pid if name == "mimo" else _pid_of(place, name)
    tell_log(place, f"kill {signal_name}", name, why)
    _send(card, pid, name, SIGNALS[signal_name])
    output.say(f"sent SIG{signal_name} to {name}, pid {pid}")
    return 0


def _pid_of(place: Place, name: str) -> int:
    with place.actors() as client:
        row, _supervisor = row_named(client, name)
    if not row.pid:
        raise NotAvailable(
            f"expected {name} to have a process, it is {row.state}; use 'mimo restart {name}'"
        )
    return row.pid


def _send(card: NodeCard, pid: int, name: str, number: signal.Signals) -> None:
    """Send a signal to a process of this node, and to no other that got its pid meanwhile.

    Raises:
        Conflict: The process has ended since it was looked up.
    """
    gone = Conflict(f"expected {name} at pid {pid}, it has ended meanwhile; try again")
    try:
        handle = platform.watch_process(pid)
    except ProcessLookupError:
        raise gone from None
    try:
        # Only now: from here on the handle means this process, whatever becomes of its number.
        if pid not in platform.descendants_of(card.watchdog_pid):
            raise gone
        _signal(handle, pid, number)
    except ProcessLookupError:
        raise gone from None
    finally:
        if handle is not None:
            os.close(handle)


def _signal(handle: int | None, pid: int, number: signal.Signals) -> None:
    send: Any = getattr(signal, "pidfd_send_signal", None)
    if handle is not None and send is not None:
        send(handle, number)
    else:
        os.kill(pid, number)
