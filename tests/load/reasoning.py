"""How often a claim is rightly held or refuted by a memory, and how long a step takes.

`python -m tests.load.reasoning`. The pairs are those of `tests.load.novelty`: the older statement
is the memory, the newer one the claim; those held out count.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from mimo.actors.reasoning.evidence import Hit, check
from tests.load.novelty import Pair, halves
from tests.support.node import running_node

#: What a memory may say about a claim, by the label of their pair: all else is left open.
RIGHT = {"same": "held", "contradicting": "refuted"}
MEMORIES = 2_000
STEPS = 150


def judged(pairs: list[Pair]) -> Counter[tuple[str, str]]:
    """Return how often each label was given each status."""
    found: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        hit = Hit(memory_id=1, content=pair.old)
        found[pair.label, check(pair.new, (), [hit]).status] += 1
    return found


def measures(found: Counter[tuple[str, str]], status: str) -> tuple[int, int, int]:
    """Return how many were given a status rightly, how many at all, and how many should be."""
    given = sum(count for (_, told), count in found.items() if told == status)
    wanted = [label for label, right in RIGHT.items() if right == status]
    should = sum(count for (label, _), count in found.items() if label in wanted)
    right = sum(found[label, status] for label in wanted)
    return right, given, should


def steps_ms(folder: Path) -> list[float]:
    """Return how long steps took through a node that has memories, in milliseconds."""
    took: list[float] = []
    settings = {"MIMO_EMBEDDING_PROVIDER": "none"}
    with running_node(folder, settings) as node, node.connect() as client:
        for first in range(0, MEMORIES, 100):
            memories = [
                {"content": f"Crane {n} of the harbour lifts {n % 97} tons"}
                for n in range(first, first + 100)
            ]
            client.call("store_many", memories=memories)
        begun = client.submit("guided", tool="reason", problem="What lifts?", strategy="cot")
        session = begun.result()["session_id"]
        for n in range(STEPS):
            thought = f"Crane {n} of the harbour lifts {n % 97} tons. So 2 * {n} = {2 * n}."
            began_s = time.perf_counter()
            client.submit("step", tool="reason", session_id=session, thought=thought).result()
            took.append((time.perf_counter() - began_s) * 1_000)
    return took


def main() -> int:
    """Print both."""
    for name, pairs in zip(("development", "held out"), halves(), strict=True):
        found = judged(pairs)
        for status in ("held", "refuted"):
            right, given, should = measures(found, status)
            told = f"{right} of {given} given are right, {right} of {should} found"
            sys.stdout.write(f"{name}: {status}: {told}\n")
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir(mode=0o700)
        took = sorted(steps_ms(data_dir))
    p50, p95 = statistics.median(took), took[int(len(took) * 0.95)]
    told = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, n {len(took)}, {MEMORIES} memories"
    sys.stdout.write(f"step: {told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
