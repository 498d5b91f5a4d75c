"""Counts and latencies of every operation and worker; they outlive this process in its table."""

from __future__ import annotations

from typing import Any, Literal

from mimo.actors.resilience import messages as r
from mimo.actors.resilience.histogram import Histogram
from mimo.supervision import messages as m
from mimo.supervision.heir_protocol import TableSpec
from mimo.supervision.table import TableOwner

TABLE = TableSpec(name="telemetry", rows_max=512, bytes_max=1_048_576)
SINCE = "since"
#: Where calls are counted once there are too many names.
OTHERS = "operation/others"
Kind = Literal["operation", "worker"]


class _Counted:
    """What is known of one operation or worker."""

    def __init__(self, row: dict[str, Any] | None = None) -> None:
        row = row or {}
        self.errors: dict[str, int] = dict(row.get("errors", {}))
        self.durations = Histogram(row.get("durations"))

    def add(self, code: str, duration_s: float) -> None:
        if code:
            self.errors[code] = self.errors.get(code, 0) + 1
        self.durations.add(duration_s)

    def to_row(self) -> dict[str, Any]:
        return {"errors": self.errors, "durations": self.durations.to_row()}

    def measured(self, kind: Kind, name: str) -> r.Measured:
        durations = self.durations
        return r.Measured(
            kind=kind,
            name=name,
            count=durations.count,
            errors=dict(sorted(self.errors.items())),
            error_rate=sum(self.errors.values()) / max(durations.count, 1),
            p50_s=durations.quantile_s(0.5),
            p95_s=durations.quantile_s(0.95),
            p99_s=durations.quantile_s(0.99),
            longest_s=durations.longest_s,
        )


class Telemetry(TableOwner):
    """Count calls; one change of the table for each message, whatever it carries."""

    def tables(self) -> tuple[TableSpec, ...]:
        """Return the one table: rows `operation/<name>`, `worker/<name>` and `since`."""
        return (TABLE,)

    def table_ready(self) -> None:
        """Go on from what was counted."""
        self._since_s: float | None = None
        self._counted: dict[str, _Counted] = {}
        self._unsaved: set[str] = set()
        for key, row, _ in self.table(TABLE.name).items():
            if key == SINCE:
                self._since_s = row
            else:
                self._counted[key] = _Counted(row)

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer what `messages.py` says."""
        if isinstance(request, r.GetTelemetry):
            return self._measured()
        return super().handle_call(request, call)

    def handle_cast(self, request: Any) -> None:
        """Count calls."""
        if isinstance(request, r.RecordCalls):
            self._count(request.rows)
        else:
            super().handle_cast(request)

    def _count(self, rows: tuple[r.CallRow, ...]) -> None:
        if not rows:
            return
        for row in rows:
            names = [f"operation/{row.operation}"] + ([f"worker/{row.worker}"] * bool(row.worker))
            for name in names:
                key = name if name in self._counted or self._has_room() else OTHERS
                self._counted.setdefault(key, _Counted()).add(row.code, row.duration_s)
                self._unsaved.add(key)
        if self._since_s is None:
            self._since_s = self.clock.wall_s()
        puts: list[tuple[str, Any]] = [(SINCE, self._since_s)]
        puts += [(key, self._counted[key].to_row()) for key in sorted(self._unsaved)]
        if self.keep(TABLE.name, puts):
            self._unsaved.clear()

    def _has_room(self) -> bool:
        return len(self._counted) < TABLE.rows_max - 2

    def _measured(self) -> r.Telemetry:
        kinds: tuple[Kind, Kind] = ("operation", "worker")
        rows = [
            self._counted[key].measured(kind, key.removeprefix(f"{kind}/"))
            for kind in kinds
            for key in sorted(self._counted)
            if key.startswith(f"{kind}/")
        ]
        return r.Telemetry(since_s=self._since_s, rows=tuple(rows))
