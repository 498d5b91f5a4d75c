"""Measures how well `RecallEngine` finds what answers a question, and fits the ranking's weights.

    MIMO_LOCOMO=locomo10.json python -m tests.load.retrieval_quality [--fit] [--json FILE]

Every figure comes from `RecallEngine.search` over a real database: one memory a turn, stored
through `storage.batches`, one project a conversation. Weights are fitted on all conversations but
one and judged on that one; those that ship are fitted on all. The fit also uses the same
conversations without their sessions, facts drawn from them, and notes with questions in
other words, so that a store without conversations doesn't pay for one with them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimo.actors.memory import ranking
from mimo.actors.memory.embedding import OnnxEmbedder
from mimo.actors.memory.engine import RecallEngine
from mimo.actors.memory.messages import Search
from mimo.config.clock import SYSTEM_CLOCK
from mimo.interfaces.cli.bench_figures import measures, table
from mimo.storage import batches, memories
from mimo.storage.commands import PutVectors, StoreMemories
from mimo.storage.database import open_reader, open_writer
from mimo.storage.records import Filters
from mimo.storage.vectors import to_blob
from tests.load.locomo import Collection, Question, conversations, facts
from tests.support.notes import NOTES

Weights = dict[str, float]
#: Terms that the fit decides; `phrase` is the user's explicit wish and fixed.
FITTED = tuple(name for name in ranking.WEIGHTS if name != "phrase")
#: How strongly weights are pulled towards 0.
SHRINKAGE = 0.01
STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as the ranking saw it: a row of terms a candidate, and which are wanted."""

    question: Question
    ids: tuple[int, ...]
    wanted: frozenset[int]
    rows: NDArray[np.float64]


class Store:
    """A database with some collections in it, and an engine over it."""

    def __init__(
        self, folder: Path, collections: Sequence[Collection], embedder: OnnxEmbedder
    ) -> None:
        folder.mkdir()
        self._writer = open_writer(folder / "mimo.db", durability="normal")
        self.ids = [self._store(one) for one in collections]
        while rows := memories.unembedded(self._writer, embedder.model_id, 64):
            vectors = embedder.embed([row.text for row in rows])
            put = tuple(
                (row.id, row.content_hash, to_blob(vector))
                for row, vector in zip(rows, vectors, strict=True)
            )
            command = PutVectors(model_id=embedder.model_id, vectors=put)
            batches.apply(self._writer, [command], now_s=0.0)
        self.reader = open_reader(folder / "mimo.db")
        self.engine = RecallEngine(self.reader, embedder, SYSTEM_CLOCK)

    def _store(self, collection: Collection) -> list[int]:
        ids: list[int] = []
        for start in range(0, len(collection.memories), 100):
            command = StoreMemories(memories=collection.memories[start : start + 100])
            (outcome,) = batches.apply(self._writer, [command], now_s=0.0)
            if not isinstance(outcome, tuple):
                raise TypeError(f"expected the memories to be stored, got {outcome}")
            ids += [stored.id for stored in outcome]
        return ids

    def ranks(
        self,
        at: int,
        question: Question,
        *,
        pooled: bool,
        mode: str,
        project: str,
        limit: int = 50,
    ) -> tuple[list[int], frozenset[int]]:
        """Return the ids found, best first, and those wanted."""
        filters = Filters() if pooled else Filters(project=project)
        request = Search(query=question.text, filters=filters, limit=limit, mode=mode)
        found = self.engine.search(request).data["memories"]
        wanted = frozenset(self.ids[at][place] for place in question.evidence)
        return [hit["memory_id"] for hit in found], wanted

    def close(self) -> None:
        """Close both connections."""
        self.reader.close()
        self._writer.close()


# -- Measuring what ships ------------------------------------------------------------------------
def measured(store: Store, collections: Sequence[Collection], **how: Any) -> dict[str, Any]:
    """Return the table of a store for one way of asking."""
    rows = []
    for at, collection in enumerate(collections):
        for question in collection.questions:
            found, wanted = store.ranks(at, question, project=collection.name, **how)
            rows.append((question.category, measures(found, wanted)))
    return table(rows)


# -- Fitting -------------------------------------------------------------------------------------
def seen(
    store: Store, collections: Sequence[Collection], *, pooled: bool, mode: str = "hybrid"
) -> list[list[Asked]]:
    """Return, for each collection, its questions as the ranking saw them."""
    caught: list[tuple[tuple[int, ...], list[dict[str, float]]]] = []
    original = ranking.rank

    def catching(
        candidates: Mapping[int, ranking.Candidate],
        ids: Iterable[int],
        word_weights: Sequence[float],
        weights: Mapping[str, float] = ranking.WEIGHTS,
    ) -> list[ranking.Ranked]:
        wanted = tuple(ids)
        caught.append((wanted, ranking.terms_of(candidates, wanted, word_weights)))
        return original(candidates, wanted, word_weights, weights)

    ranking.rank = catching
    try:
        found = []
        for at, collection in enumerate(collections):
            asked = []
            for question in collection.questions:
                _, wanted = store.ranks(
                    at, question, pooled=pooled, mode=mode, project=collection.name
                )
                ids, terms = caught.pop()
                rows = np.array([[row[name] for name in FITTED] for row in terms])
                asked.append(
                    Asked(
                        question=question,
                        ids=ids,
                        wanted=wanted,
                        rows=rows.reshape(len(ids), len(FITTED)),
                    )
                )
            found.append(asked)
        return found
    finally:
        ranking.rank = original


def fitted(asked: Sequence[Asked], shrinkage: float = SHRINKAGE) -> NDArray[np.float64]:
    """Return the weights under which the wanted memories are most likely to stand first.

    Maximises the mean log of the softmax share of all wanted candidates, by gradient ascent with
    Adam on terms scaled to unit spread.
    """
    rows = np.concatenate([one.rows for one in asked])
    is_wanted = np.concatenate(
        [np.isin(np.array(one.ids, dtype=np.int64), list(one.wanted)) for one in asked]
    )
    case = np.repeat(np.arange(len(asked)), [len(one.ids) for one in asked])
    answered = np.bincount(case, weights=is_wanted, minlength=len(asked))[case] > 0
    rows, is_wanted, case = rows[answered], is_wanted[answered], case[answered]
    starts = np.flatnonzero(np.r_[True, case[1:] != case[:-1]])
    sizes = np.diff(np.r_[starts, len(case)])
    means = np.add.reduceat(rows, starts) / sizes[:, None]
    deviations = np.add.reduceat((rows - np.repeat(means, sizes, axis=0)) ** 2, starts)
    spread = np.sqrt((deviations / sizes[:, None]).mean(axis=0)) + 1e-6
    rows = rows / spread

    def gradient(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = rows @ weights
        shares = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        wanted = shares * is_wanted
        target = wanted / np.repeat(np.add.reduceat(wanted, starts), sizes)
        shares /= np.repeat(np.add.reduceat(shares, starts), sizes)
        return np.asarray((target - shares) @ rows / len(starts) - 2 * shrinkage * weights)

    weights = np.zeros(len(FITTED))
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        slope = gradient(weights)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope**2
        ahead = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
        weights += 0.1 * ahead / (1 + step / 50)
    return np.asarray(weights / spread)


def judged(sets: Sequence[list[Asked]], weights: Sequence[NDArray[np.float64]]) -> dict[str, Any]:
    """Return the table of each collection under its own weights."""
    rows = []
    for asked, given in zip(sets, weights, strict=True):
        for one in asked:
            ids = np.array(one.ids, dtype=np.int64)
            found = ids[np.lexsort((-ids, -(one.rows @ given)))].tolist()
            rows.append((one.question.category, measures(found, one.wanted)))
    return table(rows)


def stripped(collection: Collection) -> Collection:
    """Return the collection without sessions."""
    bare = tuple(replace(one, session_id="") for one in collection.memories)
    return replace(collection, memories=bare)


def notes(kind: int, category: str) -> Collection:
    """Return the notes with the questions of one kind."""
    from mimo.storage.records import NewMemory

    return Collection(
        name=category,
        memories=tuple(NewMemory(content=note[0], project=category) for note in NOTES),
        questions=tuple(
            Question(text=note[kind], category=category, evidence=frozenset({place}))
            for place, note in enumerate(NOTES)
        ),
    )


def fit(sets: Mapping[str, list[list[Asked]]], count: int) -> dict[str, Any]:
    """Return the figures of leaving each collection out, and the weights fitted on all."""
    training = ("separate", "pooled", "bare", "facts", "paraphrase", "paraphrase")

    def chosen(left_out: int | None) -> list[Asked]:
        return [
            one
            for name in training
            for at, asked in enumerate(sets[name])
            if len(sets[name]) == 1 or at != left_out
            for one in asked
        ]

    folds = [fitted(chosen(left_out)) for left_out in range(count)]
    report: dict[str, Any] = {
        name: judged(found, folds if len(found) == count else folds[: len(found)])
        for name, found in sets.items()
    }
    everything = fitted(chosen(None))
    report["weights"] = {
        name: round(float(x), 2) for name, x in zip(FITTED, everything, strict=True)
    }
    report["spread"] = {
        name: round(float(x), 2) for name, x in zip(FITTED, np.std(folds, axis=0), strict=True)
    }
    return report


def shown(name: str, figures: Mapping[str, Mapping[str, float]]) -> str:
    """Return one line: all measures, and recall at 10 by category."""
    whole = "  ".join(f"{key} {value}" for key, value in figures["all"].items())
    parts = "  ".join(f"{key} {row['R@10']}" for key, row in figures.items() if key != "all")
    return f"{name:12s} {whole} | {parts}"


def main() -> int:
    """Measure, perhaps fit, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fit", action="store_true", help="fit the weights, leaving each out once")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    path = Path(os.environ["MIMO_LOCOMO"])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        cache = Path(os.environ.get("MIMO_MODEL_CACHE", folder / "models"))
        embedder = OnnxEmbedder(None, cache)
        talks, known = conversations(path), facts(path)
        stores = {
            "talks": (Store(folder / "talks", talks, embedder), talks),
            "facts": (Store(folder / "facts", known, embedder), known),
        }
        bare = [stripped(one) for one in talks]
        stores["bare"] = (Store(folder / "bare", bare, embedder), bare)
        for kind, name in ((1, "exact"), (2, "paraphrase")):
            given = [notes(kind, name)]
            stores[name] = (Store(folder / name, given, embedder), given)
        ways: dict[str, tuple[str, dict[str, Any]]] = {
            "separate": ("talks", {"pooled": False, "mode": "hybrid"}),
            "pooled": ("talks", {"pooled": True, "mode": "hybrid"}),
            "keyword": ("talks", {"pooled": False, "mode": "keyword"}),
            "meaning": ("talks", {"pooled": False, "mode": "meaning"}),
            "bare": ("bare", {"pooled": False, "mode": "hybrid"}),
            "facts": ("facts", {"pooled": False, "mode": "hybrid"}),
            "exact": ("exact", {"pooled": False, "mode": "hybrid"}),
            "paraphrase": ("paraphrase", {"pooled": False, "mode": "hybrid"}),
        }
        if not options.fit:
            report = {name: measured(*stores[of], **how) for name, (of, how) in ways.items()}
        else:
            sets = {name: seen(*stores[of], **how) for name, (of, how) in ways.items()}
            report = fit({name: one for name, one in sets.items() if name != "meaning"}, len(talks))
        for name, figures in report.items():
            line = shown(name, figures) if "all" in figures else f"{name}: {figures}"
            sys.stdout.write(line + "\n")
        if options.json:
            options.json.write_text(json.dumps(report, indent=2), encoding="utf-8")
        for store, _ in stores.values():
            store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
