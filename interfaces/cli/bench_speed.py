"""`mimo bench speed`: how long storing and searching take, and what the node costs, by size."""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import click

from mimo.actors.memory import messages as mm
from mimo.actors.memory.embedding import BUILT_IN_DIMENSIONS, BUILT_IN_ID
from mimo.config import limits, units
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import DeadlineExceeded, InvalidRequest
from mimo.interfaces.cli import output
from mimo.interfaces.cli.bench_node import BenchNode, own_node
from mimo.interfaces.cli.bench_texts import Texts
from mimo.interfaces.cli.options import PlacedCommand, json_option
from mimo.storage import database, memories
from mimo.supervision.client import Client

#: Sizes measured unless others are named, in memories.
SIZES: Final = (1_000, 10_000, 100_000)
#: Vectors in one message to the writer: below `limits.MESSAGE_BYTES_MAX`.
PUT: Final = 250
#: Calls after which the node's memory is looked at once more.
LOOK_EVERY: Final = 50
#: Calls before those that are measured: the model is loaded, the words counted.
WARM_UP: Final = 30
#: How long the model may take for one text before the benchmark gives up, in seconds.
EMBED_S_MAX: Final = 1.0
#: How often it is looked whether all are embedded, in seconds.
LOOK_S: Final = 0.5
#: Memories stored while measuring have numbers from here on: other ones than those filled in.
MEASURED_FROM: Final = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Times of one kind of call, in milliseconds."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was measured at one size.

    Args:
        memories: How many there were.
        vectors: How many of them had a vector, and of which kind in `vectors_are`.
        vectors_are: `real` or `synthetic`; `none` without.
        fill_per_s: Memories stored a second by `store_many`.
        start_s: Seconds from the start of the node to the first answer.
        store: Times of `store`.
        search: Times of `search`, a new question each time.
        peak_bytes: Most proportional memory of the node's processes together.
        database_bytes: Size of the database.
    """

    memories: int
    vectors: int
    vectors_are: str
    fill_per_s: float
    start_s: float
    store: Times
    search: Times
    peak_bytes: int
    database_bytes: int


@click.command(cls=PlacedCommand)
@click.option(
    "--sizes",
    default=",".join(map(str, SIZES)),
    show_default=True,
    metavar="N,N",
    help="How many memories.",
)
@click.option("--searches", default=300, show_default=True, help="Searches measured a size.")
@click.option("--stores", default=200, show_default=True, help="Stores measured a size.")
@click.option(
    "--vectors",
    "kind",
    type=click.Choice(["synthetic", "real", "none"]),
    default="synthetic",
    show_default=True,
    help="Of the memories filled in; real ones take 15 ms each.",
)
@click.option("--seed", default=0, show_default=True, help="Of all texts.")
@json_option
def speed(  # noqa: PLR0913  one argument an option
    sizes: str, searches: int, stores: int, kind: str, seed: int, *, as_json: bool
) -> None:
    """Measure store and search at several sizes, in a temporary data directory.

    Questions are always embedded by the real model, and so is what is stored while measuring.
    """
    wanted = _sizes(sizes)
    settings = {"embedding.provider": "none"} if kind == "none" else {}
    reports = []
    with own_node(settings) as node:
        bench = _Bench(node, Texts(seed), kind)
        for size in wanted:
            with output.progress(f"filling to {size:,}") as step:
                bench.fill(size, step)
            with output.progress(f"measuring at {size:,}") as step:
                reports.append(bench.measure(searches, stores, step))
    _show(reports, as_json=as_json)


def _sizes(text: str) -> list[int]:
    try:
        found = sorted({int(part) for part in text.split(",")})
    except ValueError:
        found = [0]
    if found[0] < 1:
        raise InvalidRequest(f"expected --sizes like 1000,10000, got {text!r}; give counts")
    return found


class _Bench:
    """Fills one node more and more, and measures in between."""

    def __init__(self, node: BenchNode, texts: Texts, kind: str) -> None:
        self._node = node
        self._texts = texts
        self._kind = kind
        self._filled = 0
        self._asked = 0
        self._stored = MEASURED_FROM
        self._fill_per_s = 0.0
        self._peak_bytes = 0

    def fill(self, size: int, step: Callable[[int, int], None]) -> None:
        """Store until there are `size` memories, each with its vector."""
        # With the model on, the embedder would take half of the processors for what comes anyway.
        self._node.start(embedding__provider="none")
        began_s, first = SYSTEM_CLOCK.monotonic_s(), self._filled
        while self._filled < size:
            numbers = range(self._filled, min(self._filled + limits.STORE_MANY_MAX, size))
            given = [self._texts.memory(number) for number in numbers]
            self._node.client.call("memory", "store_many", memories=given)
            self._filled = numbers.stop
            step(self._filled, size)
        took_s = SYSTEM_CLOCK.monotonic_s() - began_s
        self._fill_per_s = (size - first) / took_s
        if self._kind == "synthetic":
            self._put_synthetic(step)
        self._node.stop()
        if self._kind == "real":
            self._node.start()
            self._await_embedded(step)
            self._node.stop()

    def measure(self, searches: int, stores: int, step: Callable[[int, int], None]) -> Report:
        """Start the node anew, search and store, and return what was measured."""
        self._peak_bytes = 0
        start_s = self._node.start()
        total = WARM_UP + searches + stores
        self._timed(WARM_UP, self._search)
        search = self._timed(searches, self._search)
        step(WARM_UP + searches, total)
        store = self._timed(stores, self._store)
        step(total, total)
        checks = self._node.client.call("memory", "health")["checks"]
        size = self._node.place.paths.database.stat().st_size
        self._node.stop()
        return Report(
            memories=checks["memories"],
            vectors=checks["with_vector"],
            vectors_are=self._kind,
            fill_per_s=round(self._fill_per_s),
            start_s=round(start_s, 3),
            store=store,
            search=search,
            peak_bytes=self._peak_bytes,
            database_bytes=size,
        )

    # -- Parts ------------------------------------------------------------------------------
    def _timed(self, count: int, do: Callable[[], None]) -> Times:
        took_s = []
        for number in range(count):
            if number % LOOK_EVERY == LOOK_EVERY // 2:
                self._peak_bytes = max(self._peak_bytes, self._node.memory_bytes())
            began_s = SYSTEM_CLOCK.monotonic_s()
            do()
            took_s.append(SYSTEM_CLOCK.monotonic_s() - began_s)
        self._peak_bytes = max(self._peak_bytes, self._node.memory_bytes())
        return _times(took_s)

    def _search(self) -> None:
        self._asked += 1
        self._node.client.call("memory", "search", query=self._texts.question(self._asked))

    def _store(self) -> None:
        self._stored += 1
        self._node.client.call("memory", "store", **self._texts.memory(self._stored))

    def _put_synthetic(self, step: Callable[[int, int], None]) -> None:
        """Give each memory that lacks one a made-up vector, through the writer."""
        # numpy takes a while to import, and nothing else here needs it.
        from mimo.actors.memory.benchmark_vectors import clustered_blobs

        paths = self._node.place.paths
        db = database.open_reader(paths.database)
        total = memories.count_unembedded(db, BUILT_IN_ID)
        done = 0
        with Client(paths.run) as writer:
            while rows := memories.unembedded(db, BUILT_IN_ID, PUT):
                blobs = clustered_blobs([row.id for row in rows], BUILT_IN_DIMENSIONS)
                vectors = tuple(
                    (row.id, row.content_hash, blob) for row, blob in zip(rows, blobs, strict=True)
                )
                writer.call("storage/writer", mm.PutVectors(model_id=BUILT_IN_ID, vectors=vectors))
                done += len(rows)
                step(done, total)
        db.close()

    def _await_embedded(self, step: Callable[[int, int], None]) -> None:
        db = database.open_reader(self._node.place.paths.database)
        total = memories.count_unembedded(db, BUILT_IN_ID)
        left, end_s = total, SYSTEM_CLOCK.monotonic_s() + 60 + EMBED_S_MAX * total
        while left:
            if SYSTEM_CLOCK.monotonic_s() > end_s:
                raise DeadlineExceeded(f"expected {total} memories to be embedded, {left} are left")
            select.select([], [], [], LOOK_S)
            left = memories.count_unembedded(db, BUILT_IN_ID)
            step(total - left, total)
        db.close()


def _times(took_s: Sequence[float]) -> Times:
    ordered = sorted(1_000 * one_s for one_s in took_s) or [0.0]

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

    return Times(
        count=len(took_s),
        p50_ms=at(0.5),
        p90_ms=at(0.9),
        p99_ms=at(0.99),
        max_ms=round(ordered[-1], 2),
    )


def _show(reports: Sequence[Report], *, as_json: bool) -> None:
    if as_json:
        output.show_json([asdict(report) for report in reports])
        return
    columns = (
        *("#memories", "vectors", "#start s", "#store p50", "#p99"),
        *("#search p50", "#p90", "#p99", "#peak memory", "#database"),
    )
    output.show_table(columns, [_row(report) for report in reports])
    output.say("times in milliseconds, one client, a new question each time")
    if any(report.vectors_are == "synthetic" for report in reports):
        output.say(
            "vectors filled in are synthetic: speed is measured, what is found means nothing"
        )


def _row(report: Report) -> tuple[Any, ...]:
    return (
        f"{report.memories:,}",
        report.vectors_are,
        f"{report.start_s:.2f}",
        report.store.p50_ms,
        report.store.p99_ms,
        report.search.p50_ms,
        report.search.p90_ms,
        report.search.p99_ms,
        units.spell_bytes(report.peak_bytes),
        units.spell_bytes(report.database_bytes),
    )
