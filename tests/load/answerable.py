"""Measures when `synthesize` says that no memory answers, and fits what decides it.

    MIMO_LOCOMO=locomo10.json python -m tests.load.answerable

A question is answerable by its own conversation. The same question put to another conversation,
with the names of that one's speakers in place of its own, isn't. The weights are fitted on all
conversations but one and judged on that one; those that ship are fitted on all. Notes with
questions in the same and in other words, and questions about other things, are only judged.
"""

from __future__ import annotations

import os
import random
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimo.actors.memory import synthesis, synthesizer
from mimo.actors.memory.embedding import OnnxEmbedder
from mimo.actors.memory.messages import Search
from mimo.config.settings import load_settings
from mimo.storage.records import Filters, NewMemory
from tests.load.locomo import Collection, conversations
from tests.load.retrieval_quality import Store
from tests.support.notes import NOTES

#: Questions of each conversation.
QUESTIONS_MAX = 120
#: How often a note counts in the fit, and which group notes are.
NOTES_WEIGHT, NOTES_GROUP = 3, 99
Rows = NDArray[np.float64]


def measures_of(store: Store, question: str, project: str, mode: str = "hybrid") -> list[float]:
    """Return the signs that decide, as shipped."""
    caught: list[float] = []

    def catching(sources: Sequence[synthesis.Source], coverages: Sequence[float]) -> bool:
        caught.extend(synthesizer.signs(sources, max(coverages, default=0.0)) or (0.0, 0.0, 0.0))
        return False

    request = Search(
        query=question, filters=Filters(project=project), limit=10, explain=True, mode=mode
    )
    found = store.engine.search(request)
    original = synthesizer.is_answered
    synthesizer.is_answered = catching
    try:
        synthesizer.Synthesizer(store.reader).draft(question, found, limit=10, chars_max=1_200)
    finally:
        synthesizer.is_answered = original
    return caught


def asked(collections: Sequence[Collection]) -> Iterator[tuple[int, bool, str, str]]:
    """Yield conversation, whether it answers, question and project."""
    chance = random.Random(3)
    for at, own in enumerate(collections):
        other = collections[(at + 1) % len(collections)]
        chosen = chance.sample(own.questions, min(QUESTIONS_MAX, len(own.questions)))
        for question in chosen:
            if question.category == "adversarial":
                continue
            text = question.text
            yield at, True, text, own.name
            for mine, theirs in zip(_speakers(own), _speakers(other), strict=False):
                text = re.sub(rf"\b{re.escape(mine)}\b", theirs, text)
            yield at, False, text, other.name


def fitted(rows: Rows, is_answerable: NDArray[np.bool_]) -> tuple[Rows, float]:
    """Return the weights and the intercept of a logistic regression, by gradient descent."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    scaled = (rows - mean) / spread
    weights, intercept = np.zeros(rows.shape[1]), 0.0
    for _ in range(4_000):
        error = 1 / (1 + np.exp(-(scaled @ weights + intercept))) - is_answerable
        weights -= 0.5 * (scaled.T @ error / len(rows) + 1e-4 * weights)
        intercept -= 0.5 * float(error.mean())
    return weights / spread, intercept - float((weights / spread * mean).sum())


def main() -> None:
    """Print the weights and what they decide."""
    collections = conversations(Path(os.environ["MIMO_LOCOMO"]))
    notes = Collection(
        name="notes",
        memories=tuple(NewMemory(content=note, project="notes") for note, _, _ in NOTES),
    )
    with tempfile.TemporaryDirectory() as folder:
        embedder = OnnxEmbedder(None, load_settings({}).paths.models)
        store = Store(Path(folder) / "store", [*collections, notes], embedder)
        cases = list(asked(collections))
        rows = np.array([measures_of(store, text, project) for _, _, text, project in cases])
        of_notes = {
            "notes, same words": [same for _, same, _ in NOTES],
            "notes, other words": [other for _, _, other in NOTES],
            "notes, other things": [text for _, _, text, _ in cases[:200:4]],
        }
        shares = {
            name: np.array([measures_of(store, text, "notes") for text in texts])
            for name, texts in of_notes.items()
        }
        store.close()
    groups = np.array([at for at, _, _, _ in cases])
    truth = np.array([is_answerable for _, is_answerable, _, _ in cases])
    for name, measured in shares.items():
        # Notes are few: each counts as often as several questions about conversations.
        rows = np.concatenate([rows, np.repeat(measured, NOTES_WEIGHT, axis=0)])
        groups = np.concatenate([groups, np.full(len(measured) * NOTES_WEIGHT, NOTES_GROUP)])
        is_about = np.full(len(measured) * NOTES_WEIGHT, not name.endswith("other things"))
        truth = np.concatenate([truth, is_about])
    is_talk = groups != NOTES_GROUP
    _report("all signs", rows, truth, groups)
    _report("words only", rows[is_talk][:, [1]], truth[is_talk], groups[is_talk])
    for name, measured in shares.items():
        yes = _shipped(measured)
        sys.stdout.write(f"{name}: {yes:.3f} of {len(measured)} are answered\n")


def _report(name: str, rows: Rows, truth: NDArray[np.bool_], groups: NDArray[np.int_]) -> None:
    judged = np.zeros(len(rows))
    for group in set(groups):
        weights, intercept = fitted(rows[groups != group], truth[groups != group])
        judged[groups == group] = 1 / (1 + np.exp(-(rows[groups == group] @ weights + intercept)))
    weights, intercept = fitted(rows, truth)
    yes = judged >= synthesizer.ANSWERS_FROM
    sys.stdout.write(f"{name}: weights {weights.round(2)}, intercept {intercept:.2f}\n")
    of_talk = groups != NOTES_GROUP
    kept, others = yes[of_talk & truth].mean(), yes[of_talk & ~truth].mean()
    sys.stdout.write(f"  talk: {kept:.3f} are answered, of what others answer {others:.3f}\n")


def _shipped(rows: Rows) -> float:
    yes = [synthesizer.probability(tuple(row)) >= synthesizer.ANSWERS_FROM for row in rows]
    return float(np.mean(yes))


def _speakers(collection: Collection) -> list[str]:
    return sorted({one.speaker for one in collection.memories if one.speaker})


if __name__ == "__main__":
    main()
