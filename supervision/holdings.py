"""What a heir holds and does with it: the rules of `heir_protocol.py` applied to a store.

No messages and no process here, so that a test can play every order of events against real tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mimo.config import logs
from mimo.config.clock import Clock
from mimo.config.errors import Busy, Corrupt, NotFound, StartError, StorageError
from mimo.supervision import heir_protocol as p
from mimo.supervision.table_store import HeldTable, TableStore

#: How often a decision is made again because the table changed hands meanwhile.
TRIES_MAX = 5


@dataclass(slots=True)
class _Holding:
    table: HeldTable
    saved_seq: int = -1
    saved_at_s: float | None = None


class Holdings:
    """The tables of one heir.

    Args:
        heir: Its name.
        store: Where its tables are.
        store_path: The dotted path of the store's class, for the owners.
        clock: For the ages of snapshots.
    """

    def __init__(self, heir: str, store: TableStore, store_path: str, clock: Clock) -> None:
        self._heir = heir
        self._store = store
        self._store_path = store_path
        self._clock = clock
        self._log = logs.get_logger(heir)
        self._held: dict[str, _Holding] = {}

    def find(self) -> tuple[str, ...]:
        """Open every table that an earlier incarnation of this heir left; return the owners' names.

        Those that live go on working: nothing is taken from them.
        """
        for name in self._store.names():
            self._open(name, p.TableSpec(name=name))
        return tuple({self._ownership(held).owner for held in self._held.values()} - {""})

    def claim(self, claim: p.Claim) -> p.TableTransfer:
        """Grant a table, made empty if there is none of that name.

        Raises:
            Conflict: Another one owns it.
            Busy: Its lock wasn't free in time; claim again.
        """
        held = self._present(claim.spec.name) or self._open(claim.spec.name, claim.spec)
        before, now = self._decide(held, lambda own: own.claimed(claim.owner, claim.incarnation))
        if now is not before:
            spec = claim.spec
            held.table.limit(spec.rows_max, spec.bytes_max, spec.on_full)
        transfer = p.TableTransfer(
            table=claim.spec.name,
            epoch=now.epoch,
            seq=held.table.usage()[0],
            from_owner=self._heir if before.is_inherited else before.owner,
            store=self._store_path,
            path=held.table.path,
        )
        self._log.info(
            "heir.granted",
            table=transfer.table,
            owner=claim.owner,
            incarnation=claim.incarnation,
            epoch=transfer.epoch,
            seq=transfer.seq,
            again=now is before,
        )
        return transfer

    def died(self, owner: str, incarnation: int) -> tuple[str, ...]:
        """Take over what this process had, and return the tables' names; nothing for an old death.

        Raises:
            Busy: A lock wasn't free in time; try again.
        """
        inherited = []
        for name in tuple(self._held):
            held = self._present(name)
            if held is None:
                continue
            before, now = self._decide(held, lambda own: own.died(owner, incarnation))
            if now is not before:
                inherited.append(name)
                seq, rows, _ = held.table.usage()
                self._log.info("heir.inherited", table=name, owner=owner, seq=seq, rows=rows)
        return tuple(inherited)

    def appeared(self, owner: str, incarnation: int) -> tuple[str, ...]:
        """Take over what *earlier* incarnations of this process had; a heir may miss a death."""
        return self.died(owner, incarnation - 1)

    def give(self, gift: p.GiveAway) -> None:
        """Keep a table for somebody else from now on.

        Raises:
            NotFound: There is no such table.
            Conflict: The giver doesn't own it.
        """
        held = self._present(gift.table)
        if held is None:
            raise NotFound(f"expected a table of {self._heir}, got {gift.table!r}; claim it first")
        self._decide(held, lambda own: own.given(gift.owner, gift.incarnation, gift.to))

    def waiting(self) -> tuple[tuple[str, str], ...]:
        """Return (owner's name, table) of what nobody has: inherited, given away or moved."""
        ownerships = {name: self._ownership(held) for name, held in self._held.items()}
        return tuple(
            (own.owner, name) for name, own in ownerships.items() if own.owner and own.is_inherited
        )

    def save(self, *, last: bool = False) -> int:
        """Save every table that changed since its last snapshot; return how many were saved.

        Args:
            last: Whether this heir is leaving: then a table that nobody has is marked complete and
                its memory is given back.
        """
        saved = []
        for name in tuple(self._held):
            try:
                held = self._present(name)
            except Busy:
                continue
            if held is None:
                continue
            is_last = last and self._ownership(held).is_inherited
            if (is_last or held.table.usage()[0] != held.saved_seq) and self._save(
                name, held, is_last=is_last
            ):
                saved.append(name)
                if is_last:
                    self._store.retire(held.table)
                    del self._held[name]
        if saved:
            self._log.info("heir.snapshot", tables=saved)
        return len(saved)

    def statuses(self) -> tuple[p.TableStatus, ...]:
        """Return what `mimo tables` shows, by name."""
        return tuple(self._status(name, self._held[name]) for name in sorted(self._held))

    # -- Inside ------------------------------------------------------------------------------
    def _status(self, name: str, held: _Holding) -> p.TableStatus:
        ownership = self._ownership(held)
        seq, rows, used = held.table.usage()
        now_s = self._clock.monotonic_s()
        return p.TableStatus(
            table=name,
            heir=self._heir,
            owner=ownership.owner,
            incarnation=ownership.incarnation,
            epoch=ownership.epoch,
            state="inherited" if ownership.is_inherited else "owned",
            seq=seq,
            rows=rows,
            bytes=used,
            rows_max=held.table.rows_max,
            bytes_max=held.table.bytes_max,
            snapshot_age_s=None if held.saved_at_s is None else now_s - held.saved_at_s,
            snapshot_seq=max(held.saved_seq, 0),
        )

    def _ownership(self, held: _Holding) -> p.Ownership:
        owner, incarnation, epoch, is_inherited = held.table.ownership()
        return p.Ownership(owner, incarnation, epoch, is_inherited)

    def _decide(
        self, held: _Holding, rule: Callable[[p.Ownership], p.Ownership]
    ) -> tuple[p.Ownership, p.Ownership]:
        """Apply a rule to the ownership that the table itself tells; return it before and after."""
        for _ in range(TRIES_MAX):
            before = self._ownership(held)
            now = rule(before)
            if now is before or held.table.regrant(
                before.epoch, now.owner, now.incarnation, inherited=now.is_inherited
            ):
                return before, now
        raise Busy("expected one heir to decide, got several; stop one", retry_after_s=0.1)

    def _present(self, name: str) -> _Holding | None:
        """Return a holding whose file is there and sound; a removed file is made again.

        Raises:
            Busy: It can't be made again now; until it can, only this heir still has the rows.
        """
        held = self._held.get(name)
        if held is None:
            return None
        try:
            if not held.table.is_linked():
                self._rebuild(name, held)
            held.table.ownership()
        except Corrupt as error:
            self._log.error("heir.table_damaged", table=name, reason=error.message)
            held.table.close()
            del self._held[name]
            return None
        return held

    def _rebuild(self, name: str, held: _Holding) -> None:
        self._decide(held, lambda own: own.moved())
        try:
            held.table = self._store.rebuild(held.table)
        except (StorageError, StartError, OSError) as error:
            self._log.error("heir.write_failed", table=name, reason=str(error))
            raise Busy(
                f"expected room for the table {name}, got {error}; try again", retry_after_s=1.0
            ) from error
        self._log.warning("heir.rebuilt", table=name, seq=held.table.usage()[0])

    def _open(self, name: str, spec: p.TableSpec) -> _Holding:
        table, origin = self._store.open(name, (spec.rows_max, spec.bytes_max, spec.on_full))
        held = self._held[name] = _Holding(table)
        fields = {"table": name, "seq": table.usage()[0], "age_s": round(origin.age_s, 1)}
        if not origin.is_complete:
            self._log.error("heir.table_lost", **fields, source=origin.kind, reason=origin.damage)
        elif origin.kind == "shared":
            self._log.info("heir.reinherited", **fields)
        elif origin.kind == "snapshot":
            self._log.info("heir.restored", **fields)
        if origin.kind != "shared":
            self._save(name, held, is_last=False)
        return held

    def _save(self, name: str, held: _Holding, *, is_last: bool) -> bool:
        seq = held.table.usage()[0]
        try:
            self._store.snapshot(held.table, last=is_last)
        except StorageError as error:
            self._log.error("heir.snapshot_failed", table=name, reason=error.message)
            return False
        held.saved_seq, held.saved_at_s = seq, self._clock.monotonic_s()
        return True
