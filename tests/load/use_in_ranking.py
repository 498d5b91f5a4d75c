"""Measures whether what was learnt from use would help the ranking, on a workload with known truth.

    python -m tests.load.use_in_ranking [--seeds N]

Notes are put into tasks of three by chance, so that nothing but use ties them. In simulated
sessions each task is worked on: its notes are searched for in their own words and used, among them
now and then a wrong one. Learning runs as in the node. Then each note is asked for in other words:
`task` wants the task's other notes among the first five, `note` wants the note itself as early as
without the term. Popularity is planted too: some notes are asked for far more often than others.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from mimo.actors.lifecycle.feedback import lessons
from mimo.actors.memory.embedding import OnnxEmbedder
from mimo.actors.memory.engine import RecallEngine
from mimo.actors.memory.messages import Search
from mimo.actors.memory.ranking import Ranked
from mimo.actors.memory.use import USE_WEIGHTS, with_use
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.settings import load_settings
from mimo.storage import batches, memories
from mimo.storage.commands import PutVectors, StoreMemories
from mimo.storage.database import open_reader, open_writer
from mimo.storage.records import Filters, NewMemory
from mimo.storage.sessions import Call
from mimo.storage.sessions_learning import Learn, evidence_of, used_together
from mimo.storage.vectors import to_blob
from tests.load.corpus import sentence
from tests.support.notes import NOTES

#: Sessions a task, share of wrong uses, notes that nobody asks for, and a task's size.
SESSIONS: Final = 4
WRONG: Final = 0.15
OTHERS: Final = 400
SIZE: Final = 3
#: Weights that are tried, as shares of a score of about 1.
WEIGHTS: Final = (0.02, 0.05, 0.1, 0.2)
RESAMPLES: Final = 2_000


class Hit(NamedTuple):
    """A search's answer: ids and scores, best first."""

    ids: tuple[int, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class World:
    """A store in which use was learnt from.

    Args:
        tasks: The notes' ids of each task.
        hits: What the search finds for each note, asked for in other words.
        together: Weight of the link between two notes.
        useful: How useful each note proved.
        demand: How often each note is asked for.
    """

    tasks: tuple[tuple[int, ...], ...]
    hits: Mapping[int, Hit]
    together: Mapping[tuple[int, int], float]
    useful: Mapping[int, float]
    demand: Mapping[int, float]


class Arena:
    """The notes in a database, and an engine over it."""

    def __init__(self, folder: Path, embedder: OnnxEmbedder) -> None:
        self.writer = open_writer(folder / "mimo.db", durability="normal")
        texts = [note for note, _, _ in NOTES] + [sentence(at) for at in range(OTHERS)]
        stored: list[int] = []
        for start in range(0, len(texts), 50):
            batch = tuple(NewMemory(content=text) for text in texts[start : start + 50])
            (outcome,) = batches.apply(self.writer, [StoreMemories(memories=batch)], now_s=0.0)
            if not isinstance(outcome, tuple):
                raise TypeError(f"expected the notes to be stored, got {outcome}")
            stored += [one.id for one in outcome]
        self.notes = stored[: len(NOTES)]
        while rows := memories.unembedded(self.writer, embedder.model_id, 64):
            vectors = embedder.embed([row.text for row in rows])
            put = tuple(
                (row.id, row.content_hash, to_blob(vector))
                for row, vector in zip(rows, vectors, strict=True)
            )
            batches.apply(
                self.writer, [PutVectors(model_id=embedder.model_id, vectors=put)], now_s=0.0
            )
        self.reader = open_reader(folder / "mimo.db")
        self.engine = RecallEngine(self.reader, embedder, SYSTEM_CLOCK)

    def find(self, query: str) -> Hit:
        """Search as a client does."""
        found = self.engine.search(Search(query=query, filters=Filters(), limit=50))
        hits = found.data["memories"]
        return Hit(tuple(h["memory_id"] for h in hits), tuple(h["score"] for h in hits))

    def close(self) -> None:
        """Close both connections."""
        self.reader.close()
        self.writer.close()


def world(arena: Arena, seed: int, own: Mapping[int, Hit], other: Mapping[int, Hit]) -> World:
    """Simulate sessions, learn from them, and forget nothing of what was planted."""
    chance = random.Random(seed)
    notes = list(arena.notes)
    chance.shuffle(notes)
    tasks = [tuple(notes[at : at + SIZE]) for at in range(0, len(notes) - SIZE + 1, SIZE)]
    demand = {note: 1.0 / (1 + rank) for rank, note in enumerate(notes)}
    calls: list[Call] = []
    for session in range(SESSIONS * len(tasks)):
        task = chance.choices(tasks, [sum(demand[note] for note in task) for task in tasks])[0]
        for note in task:
            used = chance.choice(own[note].ids[:10]) if chance.random() < WRONG else note
            for operation in ("search", "get"):
                ids = own[note].ids[:10] if operation == "search" else (used,)
                calls.append(_call(len(calls) + 1, session, operation, ids))
    taught = lessons(calls, 0)
    link = arena.writer.connection
    for table in ("memory_feedback", "session_marks", "memory_links"):
        link.execute(f"DELETE FROM {table}")  # noqa: S608
    learn = Learn(since=0, upto=1, signals=tuple(taught.signals), pairs=tuple(taught.pairs))
    batches.apply(arena.writer, [learn], now_s=0.0)
    everything = [each for hit in other.values() for each in hit.ids]
    together = {(low, high): weight for low, high, weight in used_together(link, everything)}
    useful = {
        each: evidence.usefulness for each, evidence in evidence_of(link, everything, 0.0).items()
    }
    return World(tuple(tasks), other, together, useful, demand)


def _call(number: int, session: int, operation: str, ids: tuple[int, ...]) -> Call:
    return Call(
        id=number,
        session=session,
        at_s=number * 20.0,
        tool="memory",
        operation=operation,
        outcome="ok",
        duration_ms=1.0,
        arguments={"memory_id": ids[0]},
        memory_ids=ids,
    )


def reranked(hit: Hit, one: World, weights: Mapping[str, float]) -> list[int]:
    """Return the order with the terms of use at these weights."""
    pairs = zip(hit.ids, hit.scores, strict=True)
    ranked = [Ranked(id=found, score=score) for found, score in pairs]
    return [each.id for each in with_use(ranked, one.together, one.useful, weights)]


def figures(worlds: Sequence[World], weights: Mapping[str, float]) -> dict[str, list[float]]:
    """Return a figure a question, in the same order for every weight."""
    rows: dict[str, list[float]] = {"task": [], "note": [], "asked": []}
    for one in worlds:
        for task in one.tasks:
            for note in task:
                found = reranked(one.hits[note], one, weights)
                mates = set(task) - {note}
                rows["task"].append(len(mates & set(found[:5])) / len(mates))
                reciprocal = 1.0 / (1 + found.index(note)) if note in found else 0.0
                rows["note"].append(reciprocal)
                rows["asked"].append(one.demand[note] * reciprocal)
    return rows


def interval(differences: Sequence[float], seed: int = 1) -> tuple[float, float, float]:
    """Return the mean and its 95 % interval by bootstrap over questions."""
    values = np.asarray(differences)
    chance = np.random.default_rng(seed)
    picked = chance.integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[picked].mean(axis=1), (0.025, 0.975))
    return float(values.mean()), float(low), float(high)


def main() -> int:
    """Print what each weight of each term gains and loses."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    with tempfile.TemporaryDirectory() as folder:
        embedder = OnnxEmbedder(None, load_settings({}).paths.models)
        arena = Arena(Path(folder), embedder)
        own = {n: arena.find(NOTES[at][1]) for at, n in enumerate(arena.notes)}
        other = {n: arena.find(NOTES[at][2]) for at, n in enumerate(arena.notes)}
        worlds = [world(arena, seed, own, other) for seed in range(seeds)]
        arena.close()
    none = dict.fromkeys(USE_WEIGHTS, 0.0)
    plain = figures(worlds, none)
    tried = [none | {term: weight} for term in USE_WEIGHTS for weight in WEIGHTS]
    for weights in (*tried, USE_WEIGHTS):
        for name, values in figures(worlds, weights).items():
            pairs = zip(values, plain[name], strict=True)
            mean, low, high = interval([value - base for value, base in pairs])
            sys.stdout.write(
                f"{dict(weights)} {name:5} {np.mean(values):.4f}"
                f" gain {mean:+.4f} [{low:+.4f}, {high:+.4f}]\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
