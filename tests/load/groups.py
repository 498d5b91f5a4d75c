"""The groups of measurements, each with a node of its own, whole or short."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

from tests.load import (
    cold_starts,
    edits,
    footprint,
    fuzz,
    in_flight,
    isolation,
    kills,
    refusals,
    relay_start,
    round_trips,
    sharing,
    source_code,
)
from tests.load.rows import Row
from tests.support.node import Node, end, environment, running_node

#: How much is done in each group: (whole, short).
AMOUNTS = {
    "kills": (200, 20),
    "cold_starts": (20, 4),
    "idle_s": (30, 5),
    "stores": (1_000, 200),
    "edits": (1_000, 50),
    "fuzz": (10_000, 1_500),
}


def run_round_trips(folder: Path, *, is_short: bool) -> list[Row]:
    """Store and search, one at a time."""
    with running_node(folder, in_flight.SETTINGS) as node:
        return round_trips.measure(node, turns=3 if is_short else 15)


def run_in_flight(folder: Path, *, is_short: bool) -> list[Row]:
    """Store and search, 32 in flight."""
    with running_node(folder, in_flight.SETTINGS) as node:
        return in_flight.measure(node, calls=400 if is_short else 2_000)


def run_kills(folder: Path, *, is_short: bool) -> list[Row]:
    """Kill single workers."""
    with running_node(folder) as node:
        node.warm_up()
        return kills.measure(node, kills=AMOUNTS["kills"][is_short])


def run_cold_starts(folder: Path, *, is_short: bool) -> list[Row]:
    """Kill everything."""
    with running_node(folder) as node:
        return cold_starts.measure(node, times=AMOUNTS["cold_starts"][is_short])


def run_footprint(folder: Path, *, is_short: bool) -> list[Row]:
    """Weigh a node."""
    with running_node(folder, footprint.SETTINGS | in_flight.SETTINGS) as node:
        return footprint.measure(
            node, idle_s=AMOUNTS["idle_s"][is_short], stores=AMOUNTS["stores"][is_short]
        )


def run_sharing(folder: Path, *, is_short: bool) -> list[Row]:
    """Write from many sides."""
    return sharing.measure(folder, stores=20 if is_short else 100)


def run_relay_start(folder: Path, *, is_short: bool) -> list[Row]:
    """Start relays, at a node that isn't there and at one that is."""
    test_id = uuid.uuid4().hex
    cold = Node(folder / "cold", environment(test_id), test_id)
    warm = folder / "warm"
    for data_dir in (cold.data_dir, warm):
        data_dir.mkdir(mode=0o700)
    try:
        found = relay_start.measure_cold(cold.data_dir, cold.env)
        cold.stop()
    finally:
        end(cold)
    with running_node(warm) as node:
        return relay_start.measure(node, starts=5 if is_short else 20) + found


def run_refusals(folder: Path, *, is_short: bool) -> list[Row]:
    """Send what is refused."""
    with running_node(folder) as node:
        return refusals.measure(node)


def run_edits(folder: Path, *, is_short: bool) -> list[Row]:
    """Kill edits of files."""
    return edits.measure(folder, edits=AMOUNTS["edits"][is_short])


def run_fuzz(folder: Path, *, is_short: bool) -> list[Row]:
    """Call everything with anything."""
    with running_node(folder / "data", fuzz.settings(folder)) as node:
        return fuzz.measure(node, calls=AMOUNTS["fuzz"][is_short])


def run_code(folder: Path, *, is_short: bool) -> list[Row]:
    """Index source code, and compare what is found with the languages' own tools."""
    return source_code.measure(folder, is_short=is_short)


def run_isolation(folder: Path, *, is_short: bool) -> list[Row]:
    """Break one family's worker after the other."""
    found = []
    for fault in isolation.FAULTS:
        place = folder / fault.replace(" ", "_")
        with running_node(place / "data", isolation.settings(place, fault)) as node:
            times = {"quiet_s": 3.0, "fault_s": 2.0} if is_short else {"quiet_s": 10, "fault_s": 6}
            found.append(isolation.measure(node, place, fault, **times))
    return found


GROUPS: dict[str, Callable[..., list[Row]]] = {
    "relay_start": run_relay_start,
    "round_trips": run_round_trips,
    "in_flight": run_in_flight,
    "footprint": run_footprint,
    "sharing": run_sharing,
    "refusals": run_refusals,
    "kills": run_kills,
    "edits": run_edits,
    "code": run_code,
    "fuzz": run_fuzz,
    "isolation": run_isolation,
    "cold_starts": run_cold_starts,
}
