"""What an operation did the last times, told where it mostly failed; pure.

The counts are kept where calls pass; asking for a note costs one look into a table, and learning
happens after the answer is out.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

from mimo.actors.bridge.outcomes import class_of
from mimo.config import limits

#: So many of the last `limits.EXPERIENCE_CALLS` must have failed. Source: ours.
FAILED_MIN: Final = 3
#: Most characters of the arguments that worked.
SHOWN_CHARS: Final = 200


@dataclass(slots=True)
class _Past:
    """The last outcomes of one operation in one project, and what worked last."""

    outcomes: deque[str] = field(default_factory=lambda: deque(maxlen=limits.EXPERIENCE_CALLS))
    worked: str = ""
    failures_in_a_row: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Mended:
    """A call that worked after the same operation had failed several times in a row.

    Args:
        failures: How many times in a row.
        outcome: How it failed last.
    """

    failures: int
    outcome: str


class Experience:
    """Remembers the outcomes of the operations that were called last."""

    def __init__(self) -> None:
        self._past: OrderedDict[tuple[str, str], _Past] = OrderedDict()

    def note(self, label: str, project: str) -> str:
        """Return a sentence about the last times, or "" where they say too little.

        Args:
            label: `tool.operation`.
            project: Where it is called; what happened in another one doesn't count.
        """
        past = self._past.get((label, project))
        return past.note if past is not None else ""

    def learn(self, label: str, project: str, outcome: str, arguments: str) -> Mended | None:
        """Count an outcome; return what it mended, if it did.

        Limits, restarts and deadlines teach nothing about the operation and aren't counted.

        Args:
            label: `tool.operation`.
            project: Where it was called.
            outcome: `ok`, or the code of the error.
            arguments: Redacted and short.
        """
        if class_of(outcome) == "passing":
            return None
        past = self._past.setdefault((label, project), _Past())
        self._past.move_to_end((label, project))
        if len(self._past) > limits.EXPERIENCES_MAX:
            self._past.popitem(last=False)
        mended = None
        if outcome != "ok":
            past.failures_in_a_row += 1
        else:
            if past.failures_in_a_row >= FAILED_MIN:
                mended = Mended(past.failures_in_a_row, past.outcomes[-1])
            past.failures_in_a_row = 0
            past.worked = arguments[:SHOWN_CHARS]
        past.outcomes.append(outcome)
        past.note = _told(label, project, past)
        return mended


def _told(label: str, project: str, past: _Past) -> str:
    failed = Counter(each for each in past.outcomes if each != "ok")
    n = len(past.outcomes)
    if n < limits.EXPERIENCE_CALLS or failed.total() < FAILED_MIN:
        return ""
    where = f" in project '{project}'" if project else ""
    codes = ", ".join(f"{code} {count}" for code, count in failed.most_common())
    told = f"{label} failed {failed.total()} of the last {n} times{where} ({codes})"
    return f"{told}; what worked last (data): {past.worked}" if past.worked else told
