"""Durations in buckets of equal ratio: any quantile within 10 %, in constant memory; pure."""

from __future__ import annotations

import math
from typing import Any

#: Shortest duration that is told apart, in seconds.
SHORTEST_S = 1e-5
#: Each bucket is longer than the one before by this factor; its middle is within 9.1 % of its ends.
RATIO = 2.0**0.25
_LOG_RATIO = math.log(RATIO)
#: The last bucket takes everything from about 17 minutes up.
BUCKETS_MAX = 107


class Histogram:
    """Counts of durations.

    Args:
        row: What `to_row` returned; None for an empty one.
    """

    def __init__(self, row: dict[str, Any] | None = None) -> None:
        row = row or {}
        self._counts = {int(bucket): int(n) for bucket, n in row.get("counts", {}).items()}
        self.longest_s = float(row.get("longest_s", 0.0))

    @property
    def count(self) -> int:
        """Return how many durations were added: the sample size of every quantile."""
        return sum(self._counts.values())

    def add(self, duration_s: float) -> None:
        """Count one duration; a negative one counts as 0."""
        ratio = max(duration_s, 0.0) / SHORTEST_S
        bucket = 0 if ratio <= 1.0 else min(math.ceil(math.log(ratio) / _LOG_RATIO), BUCKETS_MAX)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self.longest_s = max(self.longest_s, duration_s)

    def quantile_s(self, share: float) -> float:
        """Return the duration that `share` of all didn't exceed, by nearest rank; 0.0 of none.

        Args:
            share: Above 0 to 1.
        """
        rank = math.ceil(share * self.count)
        seen = 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= rank:
                middle_s = SHORTEST_S * RATIO ** (bucket - 0.5)
                return self.longest_s if bucket == BUCKETS_MAX else min(middle_s, self.longest_s)
        return 0.0

    def to_row(self) -> dict[str, Any]:
        """Return it as plain values."""
        counts = {str(bucket): n for bucket, n in sorted(self._counts.items())}
        return {"counts": counts, "longest_s": self.longest_s}
