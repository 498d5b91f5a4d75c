"""The live tree as rows: what supervisors know, and what the system knows of their processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mimo.config.clock import SYSTEM_CLOCK
from mimo.interfaces.cli.place import Place, rows_of, statistics_of
from mimo.supervision import messages as m
from mimo.supervision import platform
from mimo.supervision.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One process of the tree.

    Args:
        id: Its id.
        drawn: Its id behind the branches of the tree.
        state: As its supervisor says; `frozen` when the system has stopped it.
        pid: 0 when there is no process.
        restarts: Since its supervisor's start.
        memory_bytes: Its share of memory.
        mailbox: Calls it has accepted and not answered; None when it doesn't tell.
        age_s: Seconds since its state changed.
        last_exit: Why its last process ended.
    """

    id: str
    drawn: str
    state: str
    pid: int
    restarts: int
    memory_bytes: int
    mailbox: int | None
    age_s: float
    last_exit: str


def live_rows(place: Place) -> list[Row]:
    """Return the whole tree, the root first.

    Raises:
        Unavailable: No node is up, or its root doesn't answer.
    """
    card = place.node()
    now_s = SYSTEM_CLOCK.monotonic_s()
    with place.actors() as client:
        root = m.ChildStatus(
            name="mimo",
            state="running",
            pid=card.root_pid,
            incarnation=card.root_incarnation,
            restarts=max(0, card.generation - 1),
            since_s=card.root_incarnation / 1e6,
            type="supervisor",
            children=rows_of(client),
        )
        return [_row(client, row, drawn, now_s) for row, drawn in _drawn(root, "", "")]


def _drawn(row: m.ChildStatus, branch: str, indent: str) -> Iterator[tuple[m.ChildStatus, str]]:
    yield row, branch + row.name
    for child in row.children:
        is_last = child is row.children[-1]
        yield from _drawn(
            child,
            indent + ("`- " if is_last else "|- "),
            indent + ("   " if is_last else "|  "),
        )


def _row(client: Client, row: m.ChildStatus, drawn: str, now_s: float) -> Row:
    is_stopped = bool(row.pid) and platform.process_state(row.pid) == "T"
    is_asked = row.state == "running" and not is_stopped
    statistics = statistics_of(client, row.name) if is_asked else None
    last = row.last_exit
    return Row(
        id=row.name,
        drawn=drawn,
        state="frozen" if is_stopped else row.state,
        pid=row.pid,
        restarts=row.restarts,
        memory_bytes=platform.pss_bytes(row.pid) if row.pid else 0,
        # Our own question is one of those that it hasn't answered yet.
        mailbox=max(0, statistics.mailbox - 1) if statistics is not None else None,
        age_s=round(max(0.0, now_s - row.since_s), 3),
        last_exit="" if last is None else f"{last.kind} {last.detail}".strip(),
    )
