"""What clients did and saw, in that order: the evidence that the checkers judge.

An operation ends `ok` (done once), `fail` (not done) or `unknown` (a timeout, a lost connection, an
error that leaves the outcome open). Source: jepsen history; reliability.md 3.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

End = Literal["open", "ok", "fail", "unknown"]

#: Error codes after which nobody can say whether the operation took effect.
UNKNOWN_CODES = frozenset(
    {
        "deadline_exceeded",
        "crashed",
        "internal",
        "restarting",
        "unavailable",
        "storage_failed",
        "storage",
        "no_answer",
        "connection_closed",
        "shutting_down",
    }
)


@dataclass(slots=True)
class Op:
    """One operation of one client.

    Args:
        id: Unique in its history; rises with the moment of the invocation.
        client: Who did it.
        kind: The tool's operation, such as `store` or `get`.
        subject: The text by which a memory is known: its content; for a read what it looks for.
        began_s: Monotonic seconds before the request was written.
        arguments: What was asked.
        ended_s: Monotonic seconds after the answer was read; None while it is open.
        end: How it ended.
        value: The answer's data, when it is `ok`.
        code: The error's code, when it isn't.
        detail: The error's sentence.
    """

    id: int
    client: str
    kind: str
    subject: str
    began_s: float
    arguments: Mapping[str, Any] = field(default_factory=dict)
    ended_s: float | None = None
    end: End = "open"
    value: Any = None
    code: str = ""
    detail: str = ""

    @property
    def duration_s(self) -> float:
        """Return how long it took; infinity while it is open."""
        return float("inf") if self.ended_s is None else self.ended_s - self.began_s

    @property
    def is_write(self) -> bool:
        """Tell whether it changes what is stored."""
        return self.kind in {"store", "store_many", "update", "delete", "restore"}


class History:
    """The operations of all clients of a test; safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._ops: list[Op] = []

    def __iter__(self) -> Iterator[Op]:
        with self._lock:
            return iter(list(self._ops))

    def __len__(self) -> int:
        with self._lock:
            return len(self._ops)

    def begin(
        self, client: str, kind: str, subject: str, arguments: Mapping[str, Any] | None = None
    ) -> Op:
        """Note an invocation; call it before the request is written."""
        with self._lock:
            op = Op(next(self._ids), client, kind, subject, time.monotonic(), dict(arguments or {}))
            self._ops.append(op)
        return op

    def ok(self, op: Op, value: Any) -> None:
        """Note that the operation was answered with success."""
        op.value = value
        self._end(op, "ok")

    def error(self, op: Op, code: str, detail: str = "") -> None:
        """Note that the operation was answered with an error, or not at all."""
        op.code, op.detail = code, detail
        self._end(op, "unknown" if code in UNKNOWN_CODES else "fail")

    def close(self) -> None:
        """Note that nobody waits any more: what is open is unknown."""
        for op in self:
            if op.end == "open":
                self.error(op, "no_answer")

    def ops(self, *kinds: str, end: End | None = None) -> list[Op]:
        """Return the operations of these kinds (all by default) that ended so (or anyhow)."""
        return [
            op for op in self if (not kinds or op.kind in kinds) and (end is None or op.end == end)
        ]

    def errors(self) -> list[Op]:
        """Return the operations that ended with an error or with no answer."""
        return [op for op in self if op.end in ("fail", "unknown")]

    def first_ok_after(self, moment_s: float, *kinds: str) -> Op | None:
        """Return the operation that was invoked at or after `moment_s` and ended `ok` first."""
        found = [op for op in self.ops(*kinds, end="ok") if op.began_s >= moment_s and op.ended_s]
        return min(found, key=lambda op: op.ended_s or 0.0, default=None)

    def availability(self) -> float:
        """Return the share of ended operations that are `ok`; 1.0 when there are none."""
        ended = [op for op in self if op.end != "open"]
        return sum(op.end == "ok" for op in ended) / len(ended) if ended else 1.0

    @staticmethod
    def _end(op: Op, end: End) -> None:
        op.ended_s = time.monotonic()
        op.end = end
