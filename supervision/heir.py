"""The heir: a process that does nothing but hold tables, so that they outlive their owners."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from mimo.config import faultpoints
from mimo.config.errors import Busy, StartError
from mimo.config.paths import RunPaths
from mimo.supervision import heir_protocol as p
from mimo.supervision import messages as m
from mimo.supervision import platform
from mimo.supervision.gen_server import GenServer
from mimo.supervision.holdings import Holdings
from mimo.supervision.shared_memory import folder_for, leave
from mimo.supervision.table_store import TableStore

#: How old a snapshot of a changed table becomes, in seconds.
SNAPSHOT_S = 30.0
#: When a death is looked at again that met a locked table, in seconds.
TRY_AGAIN_S = 0.25


class _Save:
    """Timer payload: save what changed."""


class Heir(GenServer):
    """Hold tables, inherit them when their owner dies, grant them to the successor.

    Arguments of its spec:
        store: Dotted path of the table store's class.
        data_dir: The node's data directory.
        snapshot_s: How old a snapshot of a changed table may become; default `SNAPSHOT_S`.
    """

    def init(self, args: dict[str, Any]) -> None:
        """Find the tables of an earlier incarnation; their owners go on meanwhile."""
        paths = RunPaths(Path(args["data_dir"]))
        self._snapshot_s = float(args.get("snapshot_s", SNAPSHOT_S))
        self._folder = folder_for(paths, self.clock, self.name)
        store: TableStore = named(args["store"])(
            heir=self.name,
            folder=self._folder,
            snapshots=paths.snapshots,
            boot_id=platform.boot_id(),
            clock=self.clock,
        )
        self._holdings = Holdings(self.name, store, args["store"], self.clock)
        self.monitor(*self._holdings.find())
        self.after(self._snapshot_s, _Save())

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer the requests of `heir_protocol.py`."""
        match request:
            case p.Claim():
                return self._granted(request)
            case p.GiveAway():
                self._holdings.give(request)
                self.monitor(request.to)
                self._offer()
                return True
            case p.ListTables():
                return self._holdings.statuses()
            case p.SnapshotTables():
                return self._holdings.save()
            case _:
                return super().handle_call(request, call)

    def handle_info(self, info: Any) -> None:
        """Inherit at an owner's death, offer at a receiver's birth, save from time to time."""
        match info:
            case m.Down():
                self._inherit(info)
            case m.Up():
                self._inherit(info)
                self._offer()
            case _Save():
                self._holdings.save()
                self._offer()
                self.after(self._snapshot_s, info)

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Save everything; what nobody owns any more leaves the shared memory."""
        self._holdings.save(last=True)
        leave(self._folder)

    def statistics_extra(self) -> dict[str, Any]:
        """Return how many tables it holds, and of how many it is the owner."""
        statuses = self._holdings.statuses()
        inherited = sum(status.state == "inherited" for status in statuses)
        return {"tables": len(statuses), "inherited": inherited}

    def _granted(self, claim: p.Claim) -> p.TableTransfer:
        if faultpoints.ARMED:
            faultpoints.reach("heir.before_grant", self.name)
        self.monitor(claim.owner)
        return self._holdings.claim(claim)

    def _inherit(self, fact: m.Up | m.Down) -> None:
        taken = self._holdings.died if isinstance(fact, m.Down) else self._holdings.appeared
        try:
            inherited = taken(fact.name, fact.incarnation)
        except Busy:
            # The dead one's lock goes with its last thread; a claim wouldn't wait for us either.
            self.after(TRY_AGAIN_S, fact)
            return
        if inherited and faultpoints.ARMED:
            faultpoints.reach("heir.after_inherit", self.name)

    def _offer(self) -> None:
        """Tell those that serve what waits for them; who has claimed it already claims in vain."""
        for owner, table in self._holdings.waiting():
            self.cast(owner, p.TableOffered(table=table, heir=self.name))


def named(path: str) -> Any:
    """Return the class that a dotted path names.

    Raises:
        StartError: There is none.
    """
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise StartError(f"expected the dotted path of a class, got {path!r}; mend it") from error
