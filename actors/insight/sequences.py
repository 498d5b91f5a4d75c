"""What usually follows what: a Markov chain over recorded calls, and how often it is right; pure.

The last two calls predict the next one where they were seen often enough, else the last one, else
how common each call is at all. The hit rate is measured by replaying the latest sessions against a
chain that has seen only the sessions before them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

#: A context that was seen less often than this is backed off from. Source: ours.
SEEN_MIN: Final = 3
#: Share of the sessions, the latest ones, that are held out to measure.
HELD_OUT: Final = 0.2
#: Longest context, in calls.
ORDER_MAX: Final = 2

Context = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guess:
    """A call that may come next.

    Args:
        label: `tool.operation`.
        times: How often it followed.
        seen: In how many cases of the same context.
        order: Length of that context: 2 or 1 calls; 0 is how common the call is at all.
    """

    label: str
    times: int
    seen: int
    order: int

    @property
    def share(self) -> float:
        """Return how often it followed, of all cases."""
        return self.times / self.seen


@dataclass(frozen=True, slots=True)
class HitRate:
    """How often the next call was among the first guesses, over held-out sessions.

    Args:
        predictions: How many calls were predicted: the sample size.
        first: How often the first guess was right.
        among_three: How often one of the first three was.
        baseline: How often the commonest call of all would have been right.
        sessions: How many sessions were held out.
    """

    predictions: int
    first: int
    among_three: int
    baseline: int
    sessions: int


class Chain:
    """Counts of what followed what.

    Args:
        sequences: The calls of each session, in their order.
    """

    def __init__(self, sequences: Iterable[Sequence[str]]) -> None:
        self._following: dict[Context, Counter[str]] = defaultdict(Counter)
        for sequence in sequences:
            for place, label in enumerate(sequence):
                for order in range(min(place, ORDER_MAX) + 1):
                    self._following[tuple(sequence[place - order : place])][label] += 1
        self._ordered: dict[Context, list[tuple[str, int]]] = {}

    @property
    def calls(self) -> int:
        """Return how many calls it has seen."""
        return self._following[()].total()

    def guesses(self, recent: Sequence[str], limit: int) -> list[Guess]:
        """Return what may come next, the likeliest first, each once.

        Args:
            recent: The last calls, oldest first.
            limit: Most guesses.
        """
        found: dict[str, Guess] = {}
        for order in range(min(len(recent), ORDER_MAX), -1, -1):
            following = self._after(tuple(recent[len(recent) - order :]))
            seen = sum(times for _, times in following)
            if seen < SEEN_MIN and order > 0:
                continue
            for label, times in following:
                if len(found) == limit:
                    return list(found.values())
                if label not in found:
                    found[label] = Guess(label, times, seen, order)
        return list(found.values())

    def commonest(self, tool: str) -> str:
        """Return the operation of a tool that was called most, as `tool.operation`, or ""."""
        labels = (label for label, _ in self._after(()) if label.partition(".")[0] == tool)
        return next(labels, "")

    def _after(self, context: Context) -> list[tuple[str, int]]:
        """Return what followed a context, the commonest first."""
        known = self._ordered.get(context)
        if known is None:
            following = self._following.get(context, Counter())
            known = sorted(following.items(), key=lambda one: (-one[1], one[0]))
            self._ordered[context] = known
        return known


def sequences_of(steps: Iterable[tuple[int, str]]) -> list[list[str]]:
    """Return the calls of each session, the sessions in the order of their first call.

    Repetitions in a row count once: what comes next is another thing.

    Args:
        steps: Session and label, in the order of the calls.
    """
    found: dict[int, list[str]] = {}
    for session, label in steps:
        sequence = found.setdefault(session, [])
        if not sequence or sequence[-1] != label:
            sequence.append(label)
    return list(found.values())


def measured(sequences: Sequence[Sequence[str]]) -> HitRate:
    """Replay the latest sessions against a chain of those before, and count the hits.

    Args:
        sequences: The calls of each session, oldest session first.
    """
    held = round(len(sequences) * HELD_OUT)
    known, replayed = sequences[: len(sequences) - held], sequences[len(sequences) - held :]
    chain = Chain(known)
    commonest = next(iter(chain.guesses((), 1)), None)
    first = among = baseline = total = 0
    for sequence in replayed:
        for place, (_, actual) in enumerate(pairwise(sequence), start=1):
            guesses = [
                each.label for each in chain.guesses(sequence[max(place - ORDER_MAX, 0) : place], 3)
            ]
            total += 1
            first += guesses[:1] == [actual]
            among += actual in guesses
            baseline += commonest is not None and commonest.label == actual
    return HitRate(total, first, among, baseline, held)
