"""A worker that owns a table and does on request what tests of heirs need."""

from __future__ import annotations

import os
import signal
from typing import Any

from mimo.actors.resilience.messages import LevelChanged, LevelReport
from mimo.config.errors import NotFound
from mimo.supervision import heir_protocol as p
from mimo.supervision import messages as m
from mimo.supervision.gen_server import GenServer
from mimo.supervision.specs import ChildSpec
from mimo.supervision.table import TableOwner

HEIR = "heirs/x"


def heir(data_dir: Any, *, snapshot_s: float = 30.0, **fields: Any) -> ChildSpec:
    """Return the spec of a heir that uses Mimo's own store."""
    return ChildSpec(
        id=HEIR,
        start="mimo.supervision.heir.Heir",
        args={
            "store": "mimo.storage.shared_tables.SharedTables",
            "data_dir": str(data_dir),
            "snapshot_s": snapshot_s,
        },
        **fields,
    )


def owner(name: str, *tables: str, takes: tuple[str, ...] = (), **fields: Any) -> ChildSpec:
    """Return the spec of a `Keeper` that owns `tables` and takes `takes` as gifts."""
    return ChildSpec(
        id=name,
        start="tests.support.owners.Keeper",
        args={"heir": HEIR, "tables": tables, "takes": takes},
        **fields,
    )


class Keeper(TableOwner):
    """Keeps what it is told: ("put", table, key, value), ("all", table), and more below."""

    def init(self, args: dict[str, Any]) -> None:
        self.specs = tuple(p.TableSpec(name=name) for name in args["tables"])
        self.takes = args["takes"]
        self.received: list[tuple[str, str]] = []
        super().init(args)

    def tables(self) -> tuple[p.TableSpec, ...]:
        return self.specs

    def offered(self, table: str) -> p.TableSpec | None:
        return p.TableSpec(name=table) if table in self.takes else None

    def table_received(self, table: str, from_owner: str) -> None:
        self.received.append((table, from_owner))

    def handle_call(self, request: Any, call: m.Call) -> Any:
        match request:
            case (_, table, *_) if request[0] != "claim" and table not in self._tables:
                raise NotFound(f"expected a table of {self.name}, got {table}")
            case ("put", table, key, value):
                self.table(table).put(key, value)
                return self.table(table).seq
            case ("put_and_die", table, key, value):
                self.table(table).put(key, value)
                os.kill(os.getpid(), signal.SIGKILL)
            case ("all", table):
                return {key: value for key, value, _ in self.table(table).items()}
            case ("claim", table):
                self.claim(p.TableSpec(name=table))
                return True
            case ("give", table, to):
                self.give_away(table, to)
                return True
            case "received":
                return self.received
        return super().handle_call(request, call)


class Listener(GenServer):
    """Remembers the levels that it was told."""

    def init(self, args: dict[str, Any]) -> None:
        self.heard: list[LevelReport] = []

    def handle_cast(self, request: Any) -> None:
        if isinstance(request, LevelChanged):
            self.heard.append(request.report)

    def handle_call(self, request: Any, call: m.Call) -> Any:
        return list(self.heard)
