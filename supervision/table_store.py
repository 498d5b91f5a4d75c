"""What supervision needs of a table store, as protocols: it holds tables and never looks inside.

`storage/shared_tables.py` and `storage/table_file.py` are the store that Mimo uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

#: Most rows, most bytes, and what happens beyond.
Limits = tuple[int, int, Any]


class Table(Protocol):
    """A table as its owner uses it. `storage/table_file.py` says what each method does."""

    @property
    def seq(self) -> int:
        """Number of the last change that this process made or found."""

    def get(self, key: str) -> Any:
        """Return a value, or None."""

    def items(self) -> list[tuple[str, Any, float | None]]:
        """Return (key, value, expiry in monotonic seconds or None), longest unchanged first."""

    def put(self, key: str, value: Any, expires_at_s: float | None = None) -> tuple[str, ...]:
        """Set one row; return the evicted keys."""

    def delete(self, *keys: str) -> None:
        """Remove rows."""

    def write(
        self, puts: Sequence[tuple[str, Any, float | None]], deletes: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """Make all changes or none; return the evicted keys."""

    def delete_expired(self) -> tuple[str, ...]:
        """Remove the rows whose time is over; return their keys."""

    def next_expiry_s(self) -> float | None:
        """Return when the next row expires, in monotonic seconds."""

    def close(self) -> None:
        """Let go of the table."""


class HeldTable(Protocol):
    """A table as its heir uses it."""

    path: str
    rows_max: int
    bytes_max: int

    def usage(self) -> tuple[int, int, int]:
        """Return sequence number, rows and bytes."""

    def ownership(self) -> tuple[str, int, int, bool]:
        """Return the fields of an `Ownership`."""

    def regrant(self, was_epoch: int, owner: str, incarnation: int, *, inherited: bool) -> bool:
        """Write the ownership that follows `was_epoch`; False when that has passed."""

    def limit(self, rows_max: int, bytes_max: int, on_full: Any) -> None:
        """Set the limits."""

    def is_linked(self) -> bool:
        """Tell whether the file still has its name."""

    def close(self) -> None:
        """Let go of the table."""


class Origin(Protocol):
    """Where a table came from when it was opened."""

    kind: Any
    is_complete: bool
    age_s: float
    damage: str


class TableStore(Protocol):
    """What makes and finds tables; the heir gets it by its dotted path."""

    def names(self) -> tuple[str, ...]:
        """Return the names of all tables of this heir."""

    def open(self, name: str, limits: Limits) -> tuple[Any, Any]:
        """Return a `HeldTable`, found or new, and its `Origin`."""

    def snapshot(self, table: Any, *, last: bool = False) -> None:
        """Save it to disk, whole or not at all."""

    def rebuild(self, table: Any) -> Any:
        """Give it a new file."""

    def retire(self, table: Any) -> None:
        """Remove it from shared memory."""
