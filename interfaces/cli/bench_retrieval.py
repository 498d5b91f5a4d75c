"""`mimo bench retrieval`: how much of what answers a question is found, through the tools."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import DeadlineExceeded
from mimo.interfaces.cli import output
from mimo.interfaces.cli.bench_dataset import Asked, Dataset, read
from mimo.interfaces.cli.bench_figures import Figures, measures, table
from mimo.interfaces.cli.bench_node import BenchNode, own_node
from mimo.interfaces.cli.options import PlacedCommand, json_option

#: How it is asked: by project or over all at once, and by what.
WAYS: Final[dict[str, dict[str, Any]]] = {
    "separate": {"pooled": False, "mode": "hybrid"},
    "pooled": {"pooled": True, "mode": "hybrid"},
    "words only": {"pooled": False, "mode": "keyword"},
    "meaning only": {"pooled": False, "mode": "meaning"},
}
#: Results asked for: what an assistant gets.
LIMIT: Final = 10
#: How long the model may take for one memory before the benchmark gives up, and how often it is
#: looked whether all are embedded, in seconds.
EMBED_S_MAX: Final = 1.0
LOOK_S: Final = 0.5

Step = Callable[[int, int], None]


@click.command(cls=PlacedCommand)
@click.option(
    "--dataset",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="LoCoMo's JSON form, or JSON Lines of memories and questions.",
)
@click.option(
    "--way",
    "ways",
    multiple=True,
    type=click.Choice(list(WAYS)),
    help="How to ask; all ways unless named.",
)
@json_option
def retrieval(dataset: Path, ways: tuple[str, ...], *, as_json: bool) -> None:
    """Store a data set memory by memory, ask its questions, and print what was found.

    Everything goes through the tools that an assistant uses, in a temporary data directory.
    """
    collections = read(dataset)
    report: dict[str, dict[str, Figures]] = {}
    with own_node() as node:
        node.start()
        with output.progress("storing") as step:
            ids = _store(node, collections, step)
        with output.progress("embedding") as step:
            _await_embedded(node, step)
        for way in ways or tuple(WAYS):
            with output.progress(f"asking, {way}") as step:
                report[way] = table(_answers(node, collections, ids, step, **WAYS[way]))
    _show(report, as_json=as_json)


def _store(node: BenchNode, collections: list[Dataset], step: Step) -> list[list[int]]:
    """Return the ids of the memories of each collection, in order."""
    total = sum(len(one.memories) for one in collections)
    ids: list[list[int]] = []
    done = 0
    for one in collections:
        ids.append([])
        for memory in one.memories:
            ids[-1].append(node.client.call("memory", "store", **memory)["memory_id"])
            done += 1
            step(done, total)
    return ids


def _await_embedded(node: BenchNode, step: Step) -> None:
    checks = node.client.call("memory", "health")["checks"]
    total = checks["memories"]
    end_s = SYSTEM_CLOCK.monotonic_s() + 60 + EMBED_S_MAX * total
    while checks["with_vector"] < total:
        if SYSTEM_CLOCK.monotonic_s() > end_s:
            raise DeadlineExceeded(
                f"expected {total} memories to be embedded, {checks['with_vector']} are"
            )
        select.select([], [], [], LOOK_S)
        checks = node.client.call("memory", "health")["checks"]
        step(checks["with_vector"], total)


def _answers(  # noqa: PLR0913  one argument a part of the way
    node: BenchNode,
    collections: list[Dataset],
    ids: list[list[int]],
    step: Step,
    *,
    pooled: bool,
    mode: str,
) -> Iterator[tuple[str, Figures]]:
    """Give the category and the measures of each question."""
    total = sum(len(one.questions) for one in collections)
    done = 0
    for one, known in zip(collections, ids, strict=True):
        for asked in one.questions:
            yield asked.category, _measured(node, one, known, asked, pooled=pooled, mode=mode)
            done += 1
            step(done, total)


def _measured(  # noqa: PLR0913
    node: BenchNode, one: Dataset, known: list[int], asked: Asked, *, pooled: bool, mode: str
) -> Figures:
    where = {} if pooled else {"project": str(one.memories[0].get("project", ""))}
    found = node.client.call("memory", "search", query=asked.query, limit=LIMIT, mode=mode, **where)
    wanted = frozenset(known[place] for place in asked.relevant)
    return measures([hit["memory_id"] for hit in found["memories"]], wanted)


def _show(report: dict[str, dict[str, Figures]], *, as_json: bool) -> None:
    if as_json:
        output.show_json(report)
        return
    rows = [
        (way, category, *(int(x) if name == "n" else f"{x:.1f}" for name, x in row.items()))
        for way, categories in report.items()
        for category, row in categories.items()
    ]
    names = next(iter(next(iter(report.values())).values()))
    output.show_table(("way", "questions", *(f"#{name}" for name in names)), rows)
    output.say(f"percent, {LIMIT} results asked for; MRR counts nothing below them")
