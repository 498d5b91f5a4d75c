"""The base of every worker that owns shared tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mimo.config import logs
from mimo.config.errors import Busy, InvalidRequest, StaleIncarnation, StorageError
from mimo.supervision import heir_protocol as p
from mimo.supervision import messages as m
from mimo.supervision.gen_server import GenServer
from mimo.supervision.heir import named
from mimo.supervision.process import CRASHED_EXIT_CODE
from mimo.supervision.table_store import Table

#: When a claim that met a locked table is made again, in seconds.
CLAIM_AGAIN_S = 0.1
#: How long a claim waits for the heir, in seconds; the start timeout ends it sooner.
CLAIM_S = 60.0


class _Claim:
    """Timer payload: claim this table again."""

    def __init__(self, spec: p.TableSpec) -> None:
        self.spec = spec


class TableOwner(GenServer):
    """A worker whose state stands in tables that a heir holds.

    It serves once all its tables were granted. Output commit: change the table first, then answer;
    what was answered is then in the table whatever happens to this process.

    A subclass that overrides `init`, `handle_info` or `handle_cast` calls `super()`'s.

    Arguments of its spec:
        heir: Name of the heir that holds its tables.
    """

    def __init__(self) -> None:
        super().__init__()
        self.heir = ""
        self._tables: dict[str, Table] = {}
        self._specs: dict[str, p.TableSpec] = {}
        self._claiming: set[str] = set()

    # -- What a subclass writes --------------------------------------------------------------
    def tables(self) -> tuple[p.TableSpec, ...]:
        """Return the tables that this worker owns."""
        return ()

    def table_ready(self) -> None:
        """Read what the tables hold; called once all were granted, just before serving."""

    def offered(self, table: str) -> p.TableSpec | None:  # noqa: ARG002
        """Say whether to take a table that somebody gives away: its specification, or None."""
        return None

    def table_received(self, table: str, from_owner: str) -> None:
        """Use a table that came while this worker serves: a gift, or one it claimed."""

    # -- Services ----------------------------------------------------------------------------
    def table(self, name: str) -> Table:
        """Return a table that was granted."""
        return self._tables[name]

    def keep(self, name: str, puts: Sequence[tuple[str, Any]], deletes: Sequence[str] = ()) -> bool:
        """Change a table that this worker can go on without; tell whether it was changed.

        For state that must not stop the work when its memory is full: the next change may succeed.
        """
        try:
            self._tables[name].write([(key, value, None) for key, value in puts], deletes)
        except (StorageError, Busy) as error:
            logs.get_logger(self.name).warning(
                "heir.write_failed", table=name, reason=error.message
            )
            return False
        return True

    def claim(self, spec: p.TableSpec) -> None:
        """Claim one more table than `tables` says; `table_received` is called when it is here."""
        if spec.name not in self._claiming:
            self._claiming.add(spec.name)
            claim = p.Claim(spec=spec, owner=self.name, incarnation=self.incarnation)
            self.call(
                self.heir, claim, lambda value: self._answered(spec, value), timeout_s=CLAIM_S
            )

    def give_away(self, table: str, to: str) -> None:
        """Give a table to another worker; it can't be used here any more.

        Raises:
            InvalidRequest: It is one of `tables`, without which the successor wouldn't start.
        """
        if any(spec.name == table for spec in self.tables()):
            raise InvalidRequest(
                f"expected a gift or a claimed table, got {table}, our own; keep it"
            )
        self._tables.pop(table).close()
        del self._specs[table]
        gift = p.GiveAway(table=table, owner=self.name, incarnation=self.incarnation, to=to)
        self.call(self.heir, gift, self._given, timeout_s=CLAIM_S)

    # -- Starting ----------------------------------------------------------------------------
    def init(self, args: dict[str, Any]) -> None:
        """Claim the tables; the start ends when the last one was granted."""
        self.heir = args["heir"]
        self.defer_start()
        self.monitor(self.heir)
        self._claim_all()

    def handle_info(self, info: Any) -> None:
        """Claim again, from a heir that is new too: it may have had to make the table anew."""
        match info:
            case m.Up(name=self.heir):
                self._claim_all()
            case _Claim():
                self.claim(info.spec)

    def handle_cast(self, request: Any) -> None:
        """Take what is given away to this worker."""
        if isinstance(request, p.TableOffered):
            own = [spec for spec in self.tables() if spec.name == request.table]
            spec = own[0] if own else self.offered(request.table)
            if spec is not None and request.heir == self.heir:
                self.claim(spec)
        else:
            super().handle_cast(request)

    def handle_one(self, call: m.Call) -> None:
        """Answer a call, or leave without a word when a successor has the table: it will answer."""
        try:
            super().handle_one(call)
        except StaleIncarnation as error:
            self._superseded(str(error))

    def terminate(self, reason: m.ExitReason) -> None:
        """Let go of the tables; nothing has to be saved."""
        for table in self._tables.values():
            table.close()
        super().terminate(reason)

    def _claim_all(self) -> None:
        for spec in {spec.name: spec for spec in (*self._specs.values(), *self.tables())}.values():
            self.claim(spec)
        self._serve_when_complete()

    def _answered(self, spec: p.TableSpec, value: p.TableTransfer | m.Failure) -> None:
        self._claiming.discard(spec.name)
        match value:
            case p.TableTransfer():
                self._receive(spec, value)
            case m.Failure(code="conflict") if self._is_started:
                self._superseded(value.message)
            case m.Failure(retry_after_s=float() | int()) | m.Failure(code="deadline_exceeded"):
                self.after(CLAIM_AGAIN_S, _Claim(spec))
            case _ if self._is_started:
                # It has the table and goes on with it; the heir's log says what is wrong there.
                self.after(CLAIM_S, _Claim(spec))
            case _:
                self.fail_start(f"no table {spec.name}: {value.message}")

    def _receive(self, spec: p.TableSpec, transfer: p.TableTransfer) -> None:
        table = named(transfer.store).open_owned(transfer.path, transfer.epoch, self.clock)
        known: Any = self._tables.get(transfer.table)
        if known is not None and known.is_same(table):
            table.close()
            return
        if known is not None and not self._reseed(table, known):
            table.close()
            self.after(CLAIM_AGAIN_S, _Claim(spec))
            return
        self._tables[transfer.table], self._specs[transfer.table] = table, spec
        if self._is_started and known is None:
            self.table_received(transfer.table, transfer.from_owner)
        else:
            self._serve_when_complete()

    def _reseed(self, table: Any, known: Any) -> bool:
        """Put what only this process still has into the file that its heir made anew."""
        log = logs.get_logger(self.name)
        try:
            table.adopt(known)
        except (StorageError, Busy) as error:
            log.warning("heir.write_failed", table=table.name, reason=error.message)
            return False
        known.close()
        log.info("heir.reseeded", table=table.name, seq=table.seq)
        return True

    def _serve_when_complete(self) -> None:
        if not self._is_started and all(spec.name in self._tables for spec in self.tables()):
            self.table_ready()
            self.started()

    def _given(self, value: Any) -> None:
        if isinstance(value, m.Failure):
            logs.get_logger(self.name).warning("heir.gift_failed", reason=value.message)

    def _superseded(self, detail: str) -> None:
        """Leave: another process is what this one was."""
        logs.get_logger(self.name).warning("heir.stale_write", child=self.name, reason=detail)
        self.leave(m.ExitReason(kind="crashed", detail=detail), CRASHED_EXIT_CODE)
