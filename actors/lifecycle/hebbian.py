"""Which memories are used together: what fires together wires together, within one task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

#: Uses within this of each other are of one task, in seconds.
TOGETHER_S: Final = 600.0
#: A use is linked with this many before it.
PARTNERS_MAX: Final = 6


@dataclass(slots=True)
class Together:
    """The latest uses of one session.

    Args:
        uses: Memories with the instants of their last use, wall seconds UTC, oldest first.
    """

    uses: dict[int, float] = field(default_factory=dict)

    def use(self, memory_id: int, at_s: float) -> list[tuple[int, int]]:
        """Note a use and return the pairs that it makes, the lower id first."""
        near = [
            other
            for other, used_s in self.uses.items()
            if other != memory_id and 0 <= at_s - used_s <= TOGETHER_S
        ]
        self.uses.pop(memory_id, None)
        self.uses[memory_id] = at_s
        if len(self.uses) > PARTNERS_MAX + 1:
            del self.uses[next(iter(self.uses))]
        return [(min(memory_id, other), max(memory_id, other)) for other in near[-PARTNERS_MAX:]]
