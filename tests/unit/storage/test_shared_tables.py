"""Shared tables: real SQLite files in shared memory, killed and frozen writers, hostile folders."""

from __future__ import annotations

import errno
import os
import signal
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.config.clock import SYSTEM_CLOCK, ManualClock
from mimo.config.errors import (
    Busy,
    Corrupt,
    DiskFull,
    InvalidRequest,
    StaleIncarnation,
    StartError,
    StorageFailed,
)
from mimo.storage.shared_tables import SharedTables, own_folder
from mimo.storage.table_file import TableFile
from mimo.storage.table_format import OnFull

LIMITS: tuple[int, int, OnFull] = (100, 100_000, "refuse")


class Host:
    """One machine: its shared memory, its disk and its clock, over boots."""

    def __init__(self, path: Path) -> None:
        self.memory = path / "memory"
        self.disk = path / "snapshots"
        self.clock = ManualClock()
        self.boot_id = "boot-1"

    def store(self, heir: str = "heirs/memory") -> SharedTables:
        return SharedTables(
            heir=heir,
            folder=self.memory,
            snapshots=self.disk,
            boot_id=self.boot_id,
            clock=self.clock,
        )

    def file(self, table: str = "notes") -> Path:
        return self.memory / "heirs%2Fmemory" / f"{table}.table"

    def reboot(self) -> None:
        """Lose what a power cut loses, and start the monotonic clock anew."""
        for path in self.file().parent.iterdir():
            path.unlink()
        self.boot_id = "boot-2"
        self.clock = ManualClock(monotonic_s=5.0, wall_s=self.clock.wall_s() + 60.0)

    def held(self, limits: tuple[int, int, OnFull] = LIMITS) -> tuple[TableFile, TableFile]:
        """Return a table as its heir sees it, and as its owner does."""
        held, _ = self.store().open("notes", limits)
        return held, self.granted(held, 1)

    def granted(self, held: TableFile, incarnation: int) -> TableFile:
        epoch = held.ownership()[2]
        assert held.regrant(epoch, "memory/working_memory", incarnation, inherited=False)
        return SharedTables.open_owned(held.path, epoch + 1, self.clock)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def contents(table: TableFile) -> dict[str, object]:
    return {key: value for key, value, _ in table.items()}


# -- Rows --------------------------------------------------------------------------------------
def test_a_change_is_seen_by_the_heir_at_once_and_has_the_next_number(host: Host) -> None:
    """Ours: an acknowledged change is in the table, whoever looks."""
    held, owned = host.held()
    owned.put("a", {"text": "grüße", "n": [1, 2.5, None, True]})
    owned.put("b", b"\x00\xff")
    assert contents(held) == {"a": {"text": "grüße", "n": [1, 2.5, None, True]}, "b": b"\x00\xff"}
    assert held.usage()[:2] == (2, 2)
    assert owned.seq == 2
    assert owned.get("b") == b"\x00\xff"
    assert owned.get("missing") is None


def test_many_changes_are_made_together_or_not_at_all(host: Host) -> None:
    """Ours: one transaction; a value that can't be stored leaves nothing behind."""
    _, owned = host.held()
    owned.put("old", 1)
    owned.write([("a", 1, None), ("b", 2, None), ("a", 3, None)], deletes=["old", "never"])
    assert contents(owned) == {"a": 3, "b": 2}
    with pytest.raises(InvalidRequest, match="plain JSON"):
        owned.write([("c", 1, None), ("d", object(), None)])
    with pytest.raises(InvalidRequest, match="plain JSON"):
        owned.put("e", float("nan"))
    with pytest.raises(InvalidRequest, match="plain JSON"):
        owned.put("f", "\ud800")
    assert contents(owned) == {"a": 3, "b": 2}
    assert owned.seq == 2
    owned.delete("a")
    assert contents(owned) == {"b": 2}


def test_a_row_expires_when_read_and_when_asked(host: Host) -> None:
    """Ours: expiry is on the monotonic clock; a wall clock that jumps changes nothing (G3)."""
    _, owned = host.held()
    now_s = host.clock.monotonic_s()
    owned.write([("short", 1, now_s + 5), ("long", 2, now_s + 50), ("ever", 3, None)])
    assert owned.next_expiry_s() == now_s + 5
    host.clock.set_wall(4_000_000_000.0)
    assert owned.delete_expired() == ()
    host.clock.advance(5)
    assert owned.get("short") is None
    assert contents(owned) == {"long": 2, "ever": 3}
    seq = owned.seq
    assert owned.delete_expired() == ("short",)
    assert owned.usage() == (seq + 1, 2, len("long2ever3"))
    assert owned.delete_expired() == ()


# -- Limits (F5) -------------------------------------------------------------------------------
def test_a_full_table_that_refuses_keeps_what_it_has(host: Host) -> None:
    """F5: at its limit a table refuses, says so, and serves on."""
    _, owned = host.held((3, 100_000, "refuse"))
    owned.write([(f"k{n}", n, None) for n in range(3)])
    with pytest.raises(Busy, match="at most 3 rows") as refused:
        owned.put("k3", 3)
    assert refused.value.retry_after_s is not None
    assert contents(owned) == {"k0": 0, "k1": 1, "k2": 2}
    owned.put("k1", "replaced")
    owned.write([("k3", 3, None)], deletes=["k0"])
    assert contents(owned) == {"k1": "replaced", "k2": 2, "k3": 3}


def test_a_full_table_that_evicts_gives_up_the_longest_unchanged(host: Host) -> None:
    """F5: it evicts by age of the last change and tells which."""
    _, owned = host.held((3, 100_000, "evict"))
    for n in range(3):
        owned.put(f"k{n}", n)
    owned.put("k0", "changed")
    assert owned.put("k3", 3) == ("k1",)
    assert owned.write([("k4", 4, None), ("k5", 5, None)]) == ("k2", "k0")
    assert contents(owned) == {"k3": 3, "k4": 4, "k5": 5}


def test_expired_rows_make_room_before_anything_is_refused_or_evicted(host: Host) -> None:
    """F5: what is over anyway goes first."""
    _, owned = host.held((2, 100_000, "refuse"))
    owned.write([("old", 1, host.clock.monotonic_s() + 1), ("kept", 2, None)])
    host.clock.advance(1)
    assert owned.put("new", 3) == ()
    assert contents(owned) == {"kept": 2, "new": 3}


def test_bytes_are_limited_too_and_counted_as_utf8(host: Host) -> None:
    """F5: bytes of keys and values; one change larger than the table is the caller's fault."""
    _, owned = host.held((100, 20, "evict"))
    owned.put("a", "üü")
    assert owned.usage() == (1, 1, 7)
    with pytest.raises(InvalidRequest, match="make it smaller"):
        owned.put("b", "x" * 30)
    assert owned.put("c", "x" * 12) == ("a",)
    assert owned.usage()[2] <= 20


def test_the_bytes_in_use_are_known_again_after_a_takeover(host: Host) -> None:
    """F5: the limit holds for the successor too."""
    held, owned = host.held((2, 100_000, "refuse"))
    owned.write([("a", 1, None), ("b", 2, None)])
    successor = host.granted(held, 2)
    with pytest.raises(Busy):
        successor.put("c", 3)


# -- Fencing -----------------------------------------------------------------------------------
def test_a_stale_owner_changes_nothing_once_the_table_was_granted_again(host: Host) -> None:
    """B7: the check stands inside the transaction, so there is no moment between look and write."""
    held, first = host.held()
    first.put("a", 1)
    second = host.granted(held, 2)
    with pytest.raises(StaleIncarnation):
        first.put("a", "from the grave")
    with pytest.raises(StaleIncarnation):
        first.delete("a")
    second.put("b", 2)
    assert contents(held) == {"a": 1, "b": 2}
    assert second.seq == 2


def test_two_grants_of_the_same_epoch_give_one_owner(host: Host) -> None:
    """F3: a heir that was itself replaced can't undo what its successor decided."""
    held, _ = host.held()
    epoch = held.ownership()[2]
    assert held.regrant(epoch, "x", 5, inherited=False)
    assert not held.regrant(epoch, "y", 6, inherited=False)
    assert held.ownership() == ("x", 5, epoch + 1, False)


def test_a_heir_may_not_change_rows(host: Host) -> None:
    """Ours: whoever has no epoch of a grant is nobody's owner."""
    held, _ = host.held()
    with pytest.raises(StaleIncarnation):
        held.put("a", 1)


def test_a_frozen_owner_that_thaws_after_the_takeover_is_refused(host: Host) -> None:
    """B7 with real processes: SIGSTOP, the successor writes, SIGCONT; stale writes: 0."""
    held, _ = host.held()
    epoch = held.ownership()[2]
    ready, done = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        zombie = SharedTables.open_owned(held.path, epoch, SYSTEM_CLOCK)
        zombie.put("a", "first")
        os.write(ready[1], b"1")
        os.kill(os.getpid(), signal.SIGSTOP)
        try:
            zombie.put("a", "from the grave")
        except StaleIncarnation:
            os.write(done[1], b"refused")
        os.write(done[1], b".")
        os._exit(0)
    try:
        os.read(ready[0], 1)
        os.waitpid(pid, os.WUNTRACED)
        successor = host.granted(held, 2)
        successor.put("a", "second")
        os.kill(pid, signal.SIGCONT)
        assert os.read(done[0], 16).startswith(b"refused")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        for end in (*ready, *done):
            os.close(end)
    assert contents(held) == {"a": "second"}


def test_a_lock_held_by_a_frozen_process_is_reported_as_busy(host: Host) -> None:
    """S7: who holds the lock and is frozen keeps it until killed; nobody waits for ever."""
    held, owned = host.held()
    owned._connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy) as refused:
        held.regrant(held.ownership()[2], "x", 2, inherited=False)
    assert refused.value.retry_after_s == 0.1
    owned._connection.execute("ROLLBACK")


@pytest.mark.parametrize("seed", range(10))
def test_an_owner_killed_at_any_moment_loses_no_acknowledged_change(host: Host, seed: int) -> None:
    """S14, F1: each acknowledged number is there; at most one change more."""
    held, _ = host.held()
    epoch = held.ownership()[2]
    acks = os.pipe()
    pid = os.fork()
    if pid == 0:
        owned = SharedTables.open_owned(held.path, epoch, SYSTEM_CLOCK)
        for n in range(1, 10_000_000):
            owned.write([(f"k{n % 7}", n, None), ("last", n, None)])
            os.write(acks[1], n.to_bytes(8, "big"))
    os.close(acks[1])
    goal = 1 + seed * 37
    acknowledged = 0
    while acknowledged < goal:
        acknowledged = int.from_bytes(os.read(acks[0], 8), "big")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while late := os.read(acks[0], 8):
        acknowledged = int.from_bytes(late, "big")
    os.close(acks[0])
    assert held.verify("notes", "boot-1")
    successor = host.granted(held, 2)
    last = successor.get("last")
    assert last in (acknowledged, acknowledged + 1)
    assert successor.get(f"k{last % 7}") == last
    assert successor.seq == last


# -- Found again -------------------------------------------------------------------------------
def test_a_table_is_found_again_by_name_in_shared_memory(host: Host) -> None:
    """A7: owner and heir both gone; nothing acknowledged is lost."""
    _, owned = host.held()
    owned.put("a", 1)
    again, origin = host.store().open("notes", LIMITS)
    assert host.store().names() == ("notes",)
    assert (origin.kind, origin.is_complete) == ("shared", True)
    assert contents(again) == {"a": 1}
    assert again.ownership()[1] == 1


def test_tables_of_two_heirs_dont_meet(host: Host) -> None:
    """Ours: a heir finds its own tables only."""
    host.held()
    other = host.store("heirs/tools")
    assert other.names() == ()
    table, origin = other.open("notes", LIMITS)
    assert origin.kind == "created"
    assert table.usage()[1] == 0


def test_after_a_reboot_a_table_comes_from_its_snapshot_with_its_age(host: Host) -> None:
    """Design 5: state survives a reboot up to the snapshot's age; expiry stops meanwhile."""
    held, owned = host.held()
    owned.write([("a", 1, None), ("b", 2, host.clock.monotonic_s() + 30)])
    host.store().snapshot(held)
    owned.put("late", 3)
    host.reboot()
    again, origin = host.store().open("notes", LIMITS)
    assert (origin.kind, origin.is_complete, origin.age_s) == ("snapshot", False, 60.0)
    assert contents(again) == {"a": 1, "b": 2}
    assert again.next_expiry_s() == host.clock.monotonic_s() + 30
    assert again.ownership()[1:] == (0, 2, True)
    assert again.usage()[0] == 1


def test_a_last_snapshot_says_that_nothing_is_missing(host: Host) -> None:
    """Ours: an orderly stop loses nothing, and gives the memory back."""
    held, owned = host.held()
    owned.put("a", 1)
    owned.close()
    store = host.store()
    store.snapshot(held, last=True)
    store.retire(held)
    assert not host.memory.exists()
    again, origin = host.store().open("notes", LIMITS)
    assert (origin.kind, origin.is_complete) == ("snapshot", True)
    assert contents(again) == {"a": 1}


def test_a_file_of_an_earlier_boot_isnt_read(host: Host) -> None:
    """Design 5: a new boot id empties a table; what wasn't synced may be torn."""
    _, owned = host.held()
    owned.put("a", 1)
    host.boot_id = "boot-2"
    again, origin = host.store().open("notes", LIMITS)
    assert origin.kind == "created"
    assert contents(again) == {}


@pytest.mark.parametrize(
    "damage", [b"", b"not a database at all", b"SQLite format 3\0" + b"x" * 99]
)
def test_a_damaged_file_is_replaced_by_the_snapshot_and_reported(host: Host, damage: bytes) -> None:
    """Ours: damage is told, never served."""
    held, owned = host.held()
    owned.put("a", 1)
    host.store().snapshot(held)
    held.close()
    owned.close()
    host.file().write_bytes(damage)
    again, origin = host.store().open("notes", LIMITS)
    assert (origin.kind, origin.is_complete) == ("snapshot", False)
    assert origin.damage.startswith("shared: ")
    assert contents(again) == {"a": 1}


def test_damage_everywhere_gives_an_empty_table_and_says_so(host: Host) -> None:
    """A7: lost and counted, not silent."""
    held, owned = host.held()
    host.store().snapshot(held)
    held.close()
    owned.close()
    host.file().write_bytes(b"x" * 5000)
    snapshot = next(host.disk.rglob("*.table"))
    snapshot.write_bytes(b"y" * 5000)
    again, origin = host.store().open("notes", LIMITS)
    assert (origin.kind, origin.is_complete) == ("created", False)
    assert "shared: " in origin.damage
    assert "snapshot: " in origin.damage
    assert snapshot.with_suffix(".damaged").read_bytes() == b"y" * 5000
    assert contents(again) == {}


def test_an_old_log_is_never_replayed_into_a_new_file(host: Host) -> None:
    """S9's mirror: a `-wal` that stays behind belongs to a file that is gone."""
    _, owned = host.held()
    owned.put("a", 1)
    assert host.file().with_name("notes.table-wal").stat().st_size > 0
    host.file().unlink()
    again, origin = host.store().open("notes", LIMITS)
    assert origin.kind == "created"
    assert contents(again) == {}
    assert again.verify("notes", "boot-1")


def test_a_removed_file_is_built_again_from_an_open_connection(host: Host) -> None:
    """Ours: lost only when heir *and* shared memory are gone."""
    held, owned = host.held()
    owned.put("a", 1)
    for path in host.file().parent.iterdir():
        path.unlink()
    assert not held.is_linked()
    assert held.regrant(held.ownership()[2], "x", 0, inherited=True)
    with pytest.raises(StaleIncarnation):
        owned.put("b", 2)
    again = host.store().rebuild(held)
    assert again.is_linked()
    assert contents(again) == {"a": 1}


def test_an_owner_brings_its_rows_into_a_file_that_its_new_heir_made(host: Host) -> None:
    """F2, A5: heir and shared memory are lost, the owner lives and re-seeds; numbers rise on."""
    _, owned = host.held()
    for n in range(5):
        owned.put(f"k{n}", n)
    for path in host.file().parent.iterdir():
        path.unlink()
    held, origin = host.store().open("notes", LIMITS)
    assert origin.kind == "created"
    fresh = host.granted(held, 1)
    assert not fresh.is_same(owned)
    fresh.adopt(owned)
    assert contents(fresh) == {f"k{n}": n for n in range(5)}
    assert fresh.seq > owned.seq
    assert fresh.usage() == (fresh.seq, 5, sum(len(f"k{n}{n}") for n in range(5)))


def test_a_snapshot_that_fails_leaves_the_one_before(host: Host) -> None:
    """Ours: whole or not at all."""
    held, owned = host.held()
    owned.put("a", 1)
    store = host.store()
    store.snapshot(held)
    folder = next(host.disk.iterdir())
    before = (folder / "notes.table").read_bytes()
    (folder / "notes.new").mkdir()
    with pytest.raises((StorageFailed, Corrupt)):
        store.snapshot(held)
    assert (folder / "notes.table").read_bytes() == before


def test_a_table_that_cant_be_made_leaves_its_snapshot_alone(host: Host) -> None:
    """Ours: a full disk is told and tried again; it isn't taken for damage."""
    held, owned = host.held()
    owned.put("a", 1)
    store = host.store()
    store.snapshot(held)
    host.file().unlink()
    host.file().with_name("notes.new").mkdir()
    with pytest.raises(StorageFailed):
        store.open("notes", LIMITS)
    host.file().with_name("notes.new").rmdir()
    again, origin = store.open("notes", LIMITS)
    assert origin.kind == "snapshot"
    assert contents(again) == {"a": 1}


# -- The folder --------------------------------------------------------------------------------
def test_everything_is_private(host: Host) -> None:
    """Ours: other users of the host see nothing, whatever the umask."""
    before = os.umask(0)
    try:
        _, owned = host.held()
        owned.put("a", 1)
    finally:
        os.umask(before)
    for path in [host.memory, *host.memory.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Path]:
    target = tmp_path / "elsewhere"
    target.mkdir(mode=0o700)
    yield target
    assert list(target.iterdir()) == []


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path, trap: Path) -> None:
    """Ours: /dev/shm is open to all; a name that is a link isn't followed."""
    (tmp_path / "memory").symlink_to(trap)
    with pytest.raises(StartError, match="mode 0700"):
        Host(tmp_path).store()


def test_a_link_in_place_of_the_heirs_folder_is_refused(tmp_path: Path, trap: Path) -> None:
    """Ours: the same one step below."""
    own_folder(tmp_path / "memory")
    (tmp_path / "memory" / "heirs%2Fmemory").symlink_to(trap)
    with pytest.raises(StartError, match="expected a folder"):
        Host(tmp_path).store()


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    """Ours: somebody may have put files there."""
    (tmp_path / "memory").mkdir(mode=0o700)
    (tmp_path / "memory").chmod(0o777)
    with pytest.raises(StartError, match="mode 0700"):
        Host(tmp_path).store()


def test_a_disk_without_room_for_the_folder_may_have_some_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E1: it doesn't end the start for good, as a folder of somebody else's does."""

    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", no_room)
    with pytest.raises(DiskFull):
        own_folder(tmp_path / "memory")


def test_a_change_costs_far_less_than_a_message(host: Host) -> None:
    """S14: microseconds (a message costs 1000); the bound is two orders of magnitude above that."""
    _, owned = host.held((200, 1_000_000, "refuse"))
    spent_s = []
    for n in range(500):
        began_s = SYSTEM_CLOCK.monotonic_s()
        owned.put(f"k{n % 100}", {"content": "x" * 300, "n": n})
        spent_s.append(SYSTEM_CLOCK.monotonic_s() - began_s)
    assert statistics.median(spent_s) < 0.005
