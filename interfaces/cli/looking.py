"""Commands that show the node as it is now: status, tree, top, tables, breakers."""

from __future__ import annotations

import select
import sys
from typing import Any

import click
from rich.live import Live

from mimo.config import units
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import MimoError, Unavailable
from mimo.interfaces.cli import output
from mimo.interfaces.cli.options import PlacedCommand, json_option, pass_place
from mimo.interfaces.cli.place import ANSWER_WITHIN_S, Place, flat, rows_of, statistics_of, whole
from mimo.interfaces.cli.rows import Row, live_rows
from mimo.supervision import heir_protocol, platform
from mimo.supervision.card import holder_pid

TREE_COLUMNS = ("id", "state", "#pid", "#restarts", "#memory", "#mailbox", "#since", "last exit")


@click.command(cls=PlacedCommand)
@json_option
@pass_place
def status(place: Place, *, as_json: bool) -> int:
    """Tell whether the node runs and how it is.

    Exit code 0: everything runs. 69: no node, or a part of it is down.
    """
    found = _status(place)
    if as_json:
        output.show_json(found)
    else:
        for name, value in found.items():
            output.say(f"{name:<16}{_spelled(name, value)}")
    return 0 if found["state"] == "running" else Unavailable.exit_code


def _status(place: Place) -> dict[str, Any]:
    card = place.find_node()
    if card is None:
        pid = holder_pid(place.paths.run)
        return {
            "state": "stopped" if pid is None else "starting",
            "data_dir": str(place.paths.data_dir),
        }
    found: dict[str, Any] = {
        "state": "running",
        "data_dir": str(place.paths.data_dir),
        "pid": card.watchdog_pid,
        "generation": card.generation,
        "uptime_s": round(SYSTEM_CLOCK.wall_s() - card.started_at, 1),
        "memory_bytes": _node_bytes(card.watchdog_pid),
        "database_bytes": _file_bytes(place),
    }
    try:
        with place.actors() as client:
            rows = [row for row, _supervisor in flat(rows_of(client))]
            bridge = statistics_of(client, "bridge/mcp_bridge")
    except MimoError as error:
        return found | {"state": "not answering", "reason": error.message}
    troubled = [f"{row.name} {row.state}" for row in rows if row.state not in output.WELL]
    found["processes"] = sum(bool(row.pid) for row in rows) + 1
    found["restarts"] = sum(row.restarts for row in rows)
    if bridge is not None:
        found |= {
            name: bridge.extra[name]
            for name in ("connections", "in_flight", "served")
            if name in bridge.extra
        }
    if troubled:
        found |= {"state": "degraded", "reason": ", ".join(troubled)}
    return found


def _node_bytes(watchdog_pid: int) -> int:
    pids = [watchdog_pid, *platform.descendants_of(watchdog_pid)]
    return sum(platform.pss_bytes(pid) for pid in pids)


def _file_bytes(place: Place) -> int:
    try:
        return place.paths.database.stat().st_size
    except OSError:
        return 0


def _spelled(name: str, value: Any) -> str:
    if name.endswith("_bytes"):
        return units.spell_bytes(value)
    if name.endswith("_s"):
        return output.spell_age(value)
    return str(value)


@click.command(cls=PlacedCommand)
@json_option
@pass_place
def tree(place: Place, *, as_json: bool) -> None:
    """Show the live supervision tree: every process, its restarts, memory and mailbox."""
    rows = live_rows(place)
    if as_json:
        output.show_json([whole(row) for row in rows])
    else:
        output.show_table(TREE_COLUMNS, [_cells(row) for row in rows])


def _cells(row: Row) -> tuple[object, ...]:
    return (
        row.drawn,
        row.state,
        row.pid or "",
        row.restarts,
        units.spell_bytes(row.memory_bytes) if row.pid else "",
        "" if row.mailbox is None else row.mailbox,
        output.spell_age(row.age_s),
        row.last_exit,
    )


@click.command(cls=PlacedCommand)
@click.option("--every", "interval_s", default=1.0, show_default=True, metavar="SECONDS")
@pass_place
def top(place: Place, interval_s: float) -> None:
    """Show the tree again and again, with CPU use; leave with Ctrl-C."""
    interval_s = max(0.2, interval_s)
    before = {row.pid: platform.cpu_s(row.pid) for row in live_rows(place) if row.pid}
    if not sys.stdout.isatty():
        select.select([], [], [], interval_s)
        output.console().print(_top(place, before, interval_s))
        return
    shown = output.console()
    with Live(console=shown, screen=True, auto_refresh=False) as live:
        while True:
            select.select([], [], [], interval_s)
            live.update(_top(place, before, interval_s), refresh=True)


def _top(place: Place, before: dict[int, float], interval_s: float) -> Any:
    """Return the present table and note the CPU times for the next one."""
    cells = []
    now: dict[int, float] = {}
    for row in live_rows(place):
        used_s = now[row.pid] = platform.cpu_s(row.pid) if row.pid else 0.0
        share = (used_s - before.get(row.pid, used_s)) / interval_s
        cells.append((*_cells(row)[:3], f"{100 * share:.0f} %", *_cells(row)[3:]))
    before.clear()
    before.update(now)
    return output.table((*TREE_COLUMNS[:3], "#cpu", *TREE_COLUMNS[3:]), cells)


@click.command(cls=PlacedCommand)
@json_option
@pass_place
def tables(place: Place, *, as_json: bool) -> None:
    """Show the heir-held tables: who owns each, at which sequence number."""
    with place.actors() as client:
        heirs = [row.name for row, group in flat(rows_of(client)) if group == "heirs"]
        held = [
            table
            for heir in heirs
            for table in client.call(heir, heir_protocol.ListTables(), timeout_s=ANSWER_WITHIN_S)
        ]
    if as_json:
        output.show_json([whole(table) for table in held])
        return
    output.show_table(
        ("table", "heir", "owner", "state", "#epoch", "#sequence", "#rows", "#size", "snapshot"),
        [
            (
                table.table,
                table.heir,
                table.owner,
                table.state,
                table.epoch,
                table.seq,
                f"{table.rows}/{table.rows_max}",
                units.spell_bytes(table.bytes),
                "none" if table.snapshot_age_s is None else output.spell_age(table.snapshot_age_s),
            )
            for table in held
        ],
    )


@click.command(cls=PlacedCommand)
@json_option
@pass_place
def breakers(place: Place, *, as_json: bool) -> None:
    """Show the circuit breakers and why they are open."""
    with place.actors() as client:
        found: dict[str, dict[str, Any]] = {}
        for name in ("bridge/mcp_bridge", "resilience/breakers"):
            statistics = statistics_of(client, name)
            if statistics is not None:
                found |= statistics.extra.get("breakers", {})
    if as_json:
        output.show_json(found)
        return
    output.show_table(
        ("breaker", "state", "#outcomes", "#bad", "retry in"),
        [
            (
                name,
                one["state"],
                one["outcomes"],
                one["bad"],
                f"{one['retry_after_s']:g} s" if one["retry_after_s"] else "",
            )
            for name, one in found.items()
        ],
    )
