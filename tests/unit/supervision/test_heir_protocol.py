"""Heirs and tables: the rules one by one, then every order of events against real tables."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mimo.config.clock import ManualClock
from mimo.config.errors import Busy, Conflict, NotFound, StaleIncarnation
from mimo.storage.shared_tables import SharedTables
from mimo.storage.table_file import TableFile
from mimo.supervision import heir_protocol as p
from mimo.supervision.holdings import Holdings

STORE = "mimo.storage.shared_tables.SharedTables"
SPEC = p.TableSpec(name="notes")
FREE = p.Ownership("", 0, 0, is_inherited=True)
OWNED = p.Ownership("worker", 5, 3, is_inherited=False)
INHERITED = p.Ownership("worker", 5, 4, is_inherited=True)


# -- The rules ---------------------------------------------------------------------------------
def test_the_first_claim_gets_the_table() -> None:
    """OTP ets: who makes a table owns it."""
    assert FREE.claimed("worker", 5) == p.Ownership("worker", 5, 1, is_inherited=False)


def test_the_same_claim_again_changes_nothing() -> None:
    """Ours: an owner may ask a new heir; a repeated message must not fence the asker."""
    assert OWNED.claimed("worker", 5) is OWNED


@pytest.mark.parametrize("before", [OWNED, INHERITED])
def test_a_successor_gets_it_even_before_the_death_is_known(before: p.Ownership) -> None:
    """F3: the higher incarnation wins, whichever message comes first."""
    after = before.claimed("worker", 6)
    assert after == p.Ownership("worker", 6, before.epoch + 1, is_inherited=False)


@pytest.mark.parametrize(
    ("before", "owner", "incarnation"),
    [
        (OWNED, "worker", 4),
        (OWNED, "other", 9),
        (INHERITED, "worker", 5),
        (INHERITED, "worker", 4),
        (INHERITED, "other", 9),
    ],
)
def test_others_and_the_dead_are_refused(before: p.Ownership, owner: str, incarnation: int) -> None:
    """B7, F3: an older incarnation, one declared dead, another name."""
    with pytest.raises(Conflict):
        before.claimed(owner, incarnation)


def test_a_death_gives_the_table_to_the_heir_once() -> None:
    """OTP ets: 'ETS-TRANSFER' at the owner's death; an old or repeated notice does nothing."""
    assert OWNED.died("worker", 5) == INHERITED
    assert OWNED.died("worker", 4) is OWNED
    assert OWNED.died("other", 5) is OWNED
    assert INHERITED.died("worker", 5) is INHERITED


def test_a_gift_waits_for_its_receiver() -> None:
    """OTP ets:give_away/3: only the owner may; the table's heir stays."""
    gift = OWNED.given("worker", 5, "other")
    assert gift == p.Ownership("other", 0, 4, is_inherited=True)
    assert gift.claimed("other", 2).incarnation == 2
    with pytest.raises(Conflict):
        gift.claimed("worker", 5)
    assert gift.given("worker", 5, "other") is gift
    for giver, incarnation in (("worker", 4), ("other", 5)):
        with pytest.raises(Conflict):
            OWNED.given(giver, incarnation, "x")
    with pytest.raises(Conflict):
        INHERITED.given("worker", 5, "x")


# -- Holdings ----------------------------------------------------------------------------------
class World:
    """Shared memory, a disk, heirs that come and go, and owners that may outlive their death."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.incarnation = 0
        self.holdings = self.new_heir()

    def store(self) -> SharedTables:
        return SharedTables(
            heir="heirs/x",
            folder=self.folder / "memory",
            snapshots=self.folder / "disk",
            boot_id="b",
            clock=self.clock,
        )

    def new_heir(self) -> Holdings:
        self.holdings = Holdings("heirs/x", self.store(), STORE, self.clock)
        self.holdings.find()
        return self.holdings

    def next(self) -> int:
        self.incarnation += 1
        return self.incarnation

    def claim(self, incarnation: int, owner: str = "worker") -> p.TableTransfer:
        return self.holdings.claim(p.Claim(spec=SPEC, owner=owner, incarnation=incarnation))

    def open(self, transfer: p.TableTransfer) -> TableFile:
        return SharedTables.open_owned(transfer.path, transfer.epoch, self.clock)

    def remove_memory(self) -> None:
        for path in sorted((self.folder / "memory").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_transfer_says_who_had_it_and_how_far_it_is(world: World) -> None:
    """Ours: one message carries the whole fact."""
    first = world.open(world.claim(1))
    first.put("a", 1)
    world.holdings.died("worker", 1)
    transfer = world.claim(2)
    assert (transfer.from_owner, transfer.seq, transfer.store) == ("heirs/x", 1, STORE)
    assert world.open(transfer).get("a") == 1
    assert world.claim(3).from_owner == "worker"


def test_a_new_heir_takes_nothing_from_a_living_owner(world: World) -> None:
    """A5: the owner works on, before and after it asked again."""
    owned = world.open(world.claim(1))
    world.new_heir()
    owned.put("a", 1)
    assert world.claim(1).epoch == 1
    owned.put("b", 2)
    assert world.holdings.statuses()[0].state == "owned"


def test_a_heir_that_missed_a_death_learns_it_from_the_successors_birth(world: World) -> None:
    """Ours: `Up` of a later incarnation implies the death of the earlier one."""
    owned = world.open(world.claim(1))
    world.new_heir()
    assert world.holdings.appeared("worker", 1) == ()
    assert world.holdings.appeared("worker", 2) == ("notes",)
    with pytest.raises(StaleIncarnation):
        owned.put("a", 1)


def test_statuses_tell_everything_the_cli_shows(world: World) -> None:
    """Ours: `mimo tables`: who holds what, at which number, how big, saved when."""
    owned = world.open(world.claim(1))
    owned.put("a", "xyz")
    world.clock.advance(12)
    (status,) = world.holdings.statuses()
    assert status == p.TableStatus(
        table="notes",
        heir="heirs/x",
        owner="worker",
        incarnation=1,
        epoch=1,
        state="owned",
        seq=1,
        rows=1,
        bytes=6,
        rows_max=p.ROWS_MAX,
        bytes_max=p.BYTES_MAX,
        snapshot_age_s=12.0,
        snapshot_seq=0,
    )
    assert world.holdings.save() == 1
    assert world.holdings.save() == 0
    assert world.holdings.statuses()[0].snapshot_seq == 1


def test_a_successor_may_bring_new_limits(world: World) -> None:
    """Ours: limits are the program's; an upgrade changes them."""
    world.claim(1)
    wider = p.TableSpec(name="notes", rows_max=5, on_full="evict")
    world.holdings.claim(p.Claim(spec=wider, owner="worker", incarnation=2))
    assert world.holdings.statuses()[0].rows_max == 5


def test_an_orderly_stop_gives_the_memory_back_and_loses_nothing(world: World) -> None:
    """Ours: a stopped node keeps no shared memory; what still has an owner stays."""
    world.open(world.claim(1)).put("a", 1)
    world.holdings.save(last=True)
    assert (world.folder / "memory").exists()
    world.new_heir()
    world.holdings.died("worker", 1)
    world.holdings.save(last=True)
    assert not (world.folder / "memory").exists()
    world.new_heir()
    assert world.open(world.claim(2)).get("a") == 1


def test_a_gift_is_kept_for_its_receiver(world: World) -> None:
    """OTP ets:give_away/3."""
    owned = world.open(world.claim(1))
    owned.put("a", 1)
    world.holdings.give(p.GiveAway(table="notes", owner="worker", incarnation=1, to="other"))
    with pytest.raises(StaleIncarnation):
        owned.put("a", 2)
    assert world.holdings.waiting() == (("other", "notes"),)
    assert world.open(world.claim(7, "other")).get("a") == 1
    assert world.holdings.waiting() == ()
    with pytest.raises(NotFound):
        world.holdings.give(p.GiveAway(table="none", owner="x", incarnation=1, to="y"))


def test_a_damaged_table_comes_back_from_its_snapshot(world: World) -> None:
    """Ours: the heir notices at the next claim, says so, and serves what it has."""
    owned = world.open(world.claim(1))
    owned.put("a", 1)
    world.holdings.save()
    owned.close()
    path = Path(owned.path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(os.urandom(size))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    world.new_heir()
    assert world.open(world.claim(2)).get("a") == 1


def test_rows_that_only_the_heir_still_has_wait_until_there_is_room(world: World) -> None:
    """Ours: memory was removed and can't be had again yet; the heir must neither die nor forget."""
    world.open(world.claim(1)).put("a", 1)
    world.remove_memory()
    memory = world.folder / "memory"
    if memory.exists():
        memory.rmdir()
    memory.write_text("in the way")
    with pytest.raises(Busy):
        world.claim(2)
    with pytest.raises(Busy):
        world.holdings.died("worker", 1)
    assert world.holdings.save() == 0
    assert world.holdings.statuses()[0].rows == 1
    memory.unlink()
    assert world.open(world.claim(2)).get("a") == 1


# -- Every order of events ---------------------------------------------------------------------
class HeirMachine(RuleBasedStateMachine):
    """Owners claim, write, die, freeze and thaw; heirs die; memory vanishes; snapshots are taken.

    The real rules, holdings, store and files; only processes and messages are played.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.world = World(self.folder)
        self.heir_alive = True
        #: Every process that was ever granted the table and whose memory of it may still be used.
        self.opened: dict[int, TableFile] = {}
        self.alive: set[int] = set()
        self.acknowledged: dict[str, int] = {}
        self.maybe_lost = False
        self.owner = 0
        self.seq = 0
        self.writes = 0

    def teardown(self) -> None:
        for table in self.opened.values():
            table.close()
        shutil.rmtree(self.folder)

    def _claim(self, incarnation: int) -> bool:
        try:
            transfer = self.world.claim(incarnation)
        except Conflict:
            return False
        self.owner = incarnation
        table = self.world.open(transfer)
        known = self.opened.get(incarnation)
        if known is None:
            self.opened[incarnation] = table
        elif known.is_same(table):
            table.close()
        else:
            table.adopt(known)
            known.close()
            self.opened[incarnation] = table
            if incarnation == max(self.opened):
                self.maybe_lost = False
        return True

    @precondition(lambda self: self.heir_alive)
    @rule()
    def a_successor_claims(self) -> None:
        incarnation = self.world.next()
        assert self._claim(incarnation), "the newest claimant was refused"
        self.alive.add(incarnation)
        self._loss_is_final()

    @precondition(lambda self: self.heir_alive)
    @rule(first_is_older=st.booleans())
    def two_successors_claim(self, *, first_is_older: bool) -> None:
        older, newer = self.world.next(), self.world.next()
        order = [older, newer] if first_is_older else [newer, older]
        results = [self._claim(incarnation) for incarnation in order]
        assert results == ([True, True] if first_is_older else [True, False])
        self.alive.update(order)
        self._loss_is_final()

    @precondition(lambda self: self.heir_alive and self.opened)
    @rule(data=st.data())
    def one_that_has_it_or_had_it_claims_again(self, data: st.DataObject) -> None:
        incarnation = data.draw(st.sampled_from(sorted(self.opened)))
        was_lost = self.maybe_lost
        if self._claim(incarnation) and not was_lost:
            assert incarnation == max(self.opened)

    @precondition(lambda self: self.opened)
    @rule(data=st.data(), key=st.sampled_from("abc"))
    def somebody_writes(self, data: st.DataObject, key: str) -> None:
        """Anybody who ever had it, alive, dead or thawed: only the owner may succeed."""
        incarnation = data.draw(st.sampled_from(sorted(self.opened)))
        table = self.opened[incarnation]
        self.writes += 1
        on_shared_file = table.is_linked()
        try:
            table.put(key, self.writes)
        except StaleIncarnation:
            return
        if on_shared_file:
            assert incarnation == self.owner, "a stale write was accepted"
        if incarnation == max(self.opened):
            self.acknowledged[key] = self.writes
            assert table.seq > self.seq or not on_shared_file
            self.seq = max(self.seq, table.seq)

    @precondition(lambda self: self.alive)
    @rule(data=st.data(), heir_hears=st.booleans())
    def an_owner_dies(self, data: st.DataObject, *, heir_hears: bool) -> None:
        incarnation = data.draw(st.sampled_from(sorted(self.alive)))
        self.alive.discard(incarnation)
        if self.heir_alive and heir_hears:
            self.world.holdings.died("worker", incarnation)
        # Its memory of the table stays in `opened`: it may be a zombie that thaws.

    @precondition(lambda self: self.heir_alive)
    @rule()
    def the_heir_dies(self) -> None:
        self.heir_alive = False
        if not Path(self._path()).exists():
            self.maybe_lost = True

    def _path(self) -> str:
        return str(self.folder / "memory" / "heirs%2Fx" / "notes.table")

    @precondition(lambda self: not self.heir_alive)
    @rule()
    def the_heir_is_replaced(self) -> None:
        self.world.new_heir()
        self.heir_alive = True

    @precondition(lambda self: self.heir_alive and self.alive)
    @rule()
    def the_living_owner_asks_the_heir_again(self) -> None:
        """What an owner does when its heir is new."""
        newest = max(self.opened)
        if newest in self.alive:
            self._claim(newest)

    @precondition(lambda self: self.heir_alive)
    @rule()
    def a_snapshot_is_taken(self) -> None:
        self.world.holdings.save()

    @rule()
    def shared_memory_is_wiped(self) -> None:
        """The heir's open connection still has everything; without a heir, the owner's may."""
        self.world.remove_memory()
        if not self.heir_alive:
            self.maybe_lost = True

    def _loss_is_final(self) -> None:
        """Heir and shared memory were gone, and a successor began from what there was."""
        if self.maybe_lost:
            table = self.opened[max(self.opened)]
            self.acknowledged = {key: value for key, value, _ in table.items()}
            self.seq = table.seq
            self.maybe_lost = False

    @invariant()
    def no_acknowledged_write_is_lost(self) -> None:
        if not self.opened or self.maybe_lost:
            return
        table = self.opened[max(self.opened)]
        assert {key: value for key, value, _ in table.items()} == self.acknowledged

    @invariant()
    def at_most_one_process_may_write(self) -> None:
        linked = [table for table in self.opened.values() if table.is_linked()]
        if linked:
            epoch = linked[0].ownership()[2]
            assert sum(table._epoch == epoch for table in linked) <= 1


TestHeirMachine = HeirMachine.TestCase
TestHeirMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
