"""How often each decision about a new memory is right: `python -m tests.load.novelty`.

The pairs in `tests/data/novelty_pairs.tsv` are written by hand; the rules were made with the odd
ones of each label, and the even ones are held out. Each half is judged by words alone, as a store
does, and with vectors, as the second look does.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mimo.actors.memory.embedding import OnnxEmbedder
from mimo.actors.memory.novelty import compare

PAIRS_FILE = Path(__file__).parents[1] / "data" / "novelty_pairs.tsv"
#: By label, the decision that is right.
RIGHT = {
    "same": "same",
    "updated": "update",
    "corrected": "correction",
    "contradicting": "contradiction",
    "refined": "refinement",
    "similar": "new",
}
DECISIONS = tuple(RIGHT.values())


class Pair(NamedTuple):
    """Two statements, and how the newer one stands to the older one."""

    label: str
    old: str
    new: str


class Measure(NamedTuple):
    """How well one decision is made, each 0 to 1; without any, precision is 1."""

    precision: float
    recall: float


def read() -> list[Pair]:
    """Return all pairs."""
    lines = PAIRS_FILE.read_text(encoding="utf-8").splitlines()
    return [Pair(*line.split("\t")) for line in lines if line and not line.startswith("#")]


def halves() -> tuple[list[Pair], list[Pair]]:
    """Return the pairs for development and those held out."""
    seen: Counter[str] = Counter()
    found: tuple[list[Pair], list[Pair]] = ([], [])
    for pair in read():
        found[seen[pair.label] % 2].append(pair)
        seen[pair.label] += 1
    return found


def cosines(pairs: Sequence[Pair], cache: Path) -> list[float]:
    """Return the cosine of each pair's vectors, by Mimo's own model."""
    embedder = OnnxEmbedder(None, cache)
    old, new = (embedder.embed([getattr(pair, side) for pair in pairs]) for side in ("old", "new"))
    return [float(cosine) for cosine in (old * new).sum(axis=1)]


def decided(pairs: Sequence[Pair], evidence: Sequence[float] = ()) -> Counter[tuple[str, str]]:
    """Return how often each (right, made) decision came up; merely similar is new."""
    found: Counter[tuple[str, str]] = Counter()
    for index, pair in enumerate(pairs):
        kind = compare(pair.old, pair.new, evidence[index] if evidence else None).kind
        found[RIGHT[pair.label], "new" if kind in ("similar", "other") else kind] += 1
    return found


def measures(counts: Counter[tuple[str, str]]) -> dict[str, Measure]:
    """Return precision and recall of each decision."""
    found = {}
    for decision in DECISIONS:
        right = counts[decision, decision]
        made = sum(count for (_, one), count in counts.items() if one == decision)
        wanted = sum(count for (one, _), count in counts.items() if one == decision)
        found[decision] = Measure(right / made if made else 1.0, right / wanted)
    return found


def main() -> int:
    """Print the table."""
    lines = [
        "| decision | development: words | + vectors | held out: words | + vectors |",
        "|---|---|---|---|---|",
    ]
    columns: list[dict[str, Measure]] = []
    shares = []
    with tempfile.TemporaryDirectory(prefix="mimo-novelty-") as folder:
        for half in halves():
            for evidence in ((), cosines(half, Path(folder))):
                counts = decided(half, evidence)
                columns.append(measures(counts))
                shares.append(sum(counts[one, one] for one in DECISIONS) / len(half))
    for decision in DECISIONS:
        cells = (f"{column[decision][0]:.2f} / {column[decision][1]:.2f}" for column in columns)
        lines.append(f"| {decision} | {' | '.join(cells)} |")
    lines.append(f"| all right | {' | '.join(f'{share:.2f}' for share in shares)} |")
    sys.stdout.write("precision / recall\n\n" + "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
