"""How much is asked of language models in an hour.

Every request is charged before it is sent, with the most that it may take, and corrected by what it
took: whoever dies in between has charged too much rather than too little.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

#: An hour is counted in so many parts; what was charged leaves with its part.
PARTS: Final = 60
PART_S: Final = 60.0


@dataclass(slots=True)
class Budget:
    """What was charged in the last hour, by minutes of the wall clock.

    Args:
        calls_max: Most requests an hour.
        tokens_max: Most tokens an hour.
        charged: Minute since 1970 -> (requests, tokens).
    """

    calls_max: int
    tokens_max: int
    charged: dict[int, tuple[int, int]] = field(default_factory=dict)

    def refusal(self, tokens: int, wall_s: float) -> str:
        """Return why so many more tokens can't be asked for now; "" if they can.

        Args:
            tokens: The most that the request may take.
            wall_s: Now.
        """
        self._forget(wall_s)
        calls, used = self.used()
        if calls + 1 > self.calls_max:
            return f"llm.calls_per_hour ({self.calls_max}) is used up"
        if used + tokens > self.tokens_max:
            return f"llm.tokens_per_hour ({self.tokens_max}) has {self.tokens_max - used} left"
        return ""

    def charge(self, tokens: int, wall_s: float) -> int:
        """Count one request; return the minute, for `correct`."""
        self._forget(wall_s)
        minute = int(wall_s // PART_S)
        calls, used = self.charged.get(minute, (0, 0))
        self.charged[minute] = (calls + 1, used + tokens)
        return minute

    def correct(self, minute: int, charged: int, took: int) -> None:
        """Put what a request took in place of what it was charged."""
        if minute in self.charged:
            calls, used = self.charged[minute]
            self.charged[minute] = (calls, max(used - charged + took, 0))

    def retry_after_s(self, wall_s: float) -> float:
        """Return the seconds until the oldest part of what was charged is forgotten."""
        self._forget(wall_s)
        if not self.charged:
            return PART_S
        return max((min(self.charged) + PARTS) * PART_S - wall_s, 1.0)

    def used(self) -> tuple[int, int]:
        """Return the requests and tokens that are counted."""
        rows = self.charged.values()
        return sum(calls for calls, _ in rows), sum(tokens for _, tokens in rows)

    def to_row(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"charged": [[minute, *both] for minute, both in self.charged.items()]}

    def restore(self, row: Any) -> None:
        """Go on from `to_row`'s values."""
        self.charged = {int(minute): (int(a), int(b)) for minute, a, b in row["charged"]}

    def _forget(self, wall_s: float) -> None:
        """Drop what is older than an hour; what a clock that was set back left ahead counts now."""
        now = int(wall_s // PART_S)
        kept: dict[int, tuple[int, int]] = {}
        for minute, (calls, tokens) in self.charged.items():
            if minute > now - PARTS:
                had = kept.get(min(minute, now), (0, 0))
                kept[min(minute, now)] = (had[0] + calls, had[1] + tokens)
        self.charged = kept
