"""`mimo reembed`: have every memory embedded by the model in force, and watch it."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any, Final

import click

from mimo.actors.storage.messages import Commit
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import DeadlineExceeded, MimoError, NotAvailable
from mimo.interfaces.cli import background, output
from mimo.interfaces.cli.options import PlacedCommand, json_option, pass_place
from mimo.interfaces.cli.place import Place, rows_of
from mimo.storage.reembedding import QueueForEmbedding
from mimo.supervision import messages as m
from mimo.supervision.client import Client

EMBEDDER: Final = "memory/embedder"
#: Memories queued in one write.
SLICE: Final = 10_000
#: How long the node may take to serve, in seconds.
UP_WITHIN_S: Final = 60.0
#: How often the embedder is asked, and how long it may be silent: it embeds in between.
LOOK_S, SILENT_S_MAX = 0.3, 180.0


@click.command(cls=PlacedCommand)
@click.option("--all", "is_all", is_flag=True, help="Also those whose vectors are in order.")
@click.option("--no-wait", is_flag=True, help="Don't watch; it goes on in the background.")
@json_option
@pass_place
def reembed(place: Place, *, is_all: bool, no_wait: bool, as_json: bool) -> None:
    """Embed what lacks a vector of the model in force, and show how far it is.

    The node does it by itself after the model was changed, in the background; until then old
    vectors are kept and not compared. With --all it makes every vector anew. Interrupting this
    command or the node loses nothing.
    """
    if place.find_node() is None:
        background.start_node(place, UP_WITHIN_S)
    with place.actors() as client:
        found = _asked(client)
        if is_all:
            _queue_all(client)
            found = _asked(client)
        if not no_wait:
            with output.progress(f"embedding by {found['model']}") as step:
                found = _watched(client, found, step)
    if as_json:
        output.show_json(found)
    else:
        output.say(_told(found))


def _asked(client: Client) -> dict[str, Any]:
    """Return what the embedder says of itself: model, embedded, waiting, trouble.

    Raises:
        NotAvailable: There is no embedder.
        DeadlineExceeded: It was silent too long.
    """
    end_s = SYSTEM_CLOCK.monotonic_s() + SILENT_S_MAX
    while SYSTEM_CLOCK.monotonic_s() < end_s:
        try:
            answer: m.Statistics = client.call(EMBEDDER, m.GetStatistics(), timeout_s=LOOK_S * 10)
        except MimoError:
            _require_embedder(client)
            select.select([], [], [], LOOK_S)
            continue
        names = ("model", "embedded", "waiting", "trouble")
        return {name: answer.extra.get(name) for name in names}
    raise DeadlineExceeded(
        f"expected {EMBEDDER} to answer within {SILENT_S_MAX:g} s, it didn't; see 'mimo tree'"
    )


def _require_embedder(client: Client) -> None:
    rows = {row.name: row for group in rows_of(client) for row in group.children}
    row = rows.get(EMBEDDER)
    if row is None or (row.state == "down" and not row.pid):
        raise NotAvailable(
            "expected the settings to name a model that can be used; see"
            " 'mimo config' for embedding.* and 'mimo logs'"
        )


def _queue_all(client: Client) -> None:
    after = 0
    while True:
        command = QueueForEmbedding(after=after, most=SLICE)
        done = client.call("storage/writer", Commit(command=command), timeout_s=UP_WITHIN_S)
        after = int(done["last"])
        if not after:
            return


def _watched(
    client: Client, found: dict[str, Any], step: Callable[[int, int], None]
) -> dict[str, Any]:
    """Show how far it is until nothing waits, or the model fails.

    Raises:
        NotAvailable: The model fails; it is tried again in the background.
    """
    total = int(found["waiting"])
    while found["waiting"]:
        if found["trouble"]:
            raise NotAvailable(
                f"{found['trouble']}; {found['waiting']} memories wait and are found by words"
            )
        total = max(total, int(found["waiting"]))
        step(total - int(found["waiting"]), total)
        select.select([], [], [], LOOK_S)
        found = _asked(client)
    step(total, total)
    return found


def _told(found: dict[str, Any]) -> str:
    if not found["waiting"]:
        return f"every memory has a vector of {found['model']}"
    return f"{found['waiting']} memories wait for a vector of {found['model']}"
