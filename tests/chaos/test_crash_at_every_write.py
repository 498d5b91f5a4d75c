"""Storage killed at every single write: old or new, never between, nothing acknowledged lost.

Each case runs its work once for each system call that changes a file and kills the process there;
afterwards the database is opened as a restarted node would open it. Source: SQLite testing.html,
"Crash Testing" (`writecrash.test`); reliability S4, A3, A16, E2, E3, E11, K4.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mimo.config.clock import ManualClock
from mimo.config.errors import StorageError, StorageFailed
from mimo.storage import backups, batches, checkpoints, inspection, integrity, memories, text
from mimo.storage.batches import Delete, PutVectors, StoreMemories, Update
from mimo.storage.database import Database, open_reader, open_writer
from mimo.storage.migrations.runner import MIGRATIONS, Migration, newest_version
from mimo.storage.records import MemoryPatch, NewMemory
from mimo.storage.restoring import restore
from tests.support import crashes
from tests.support.memories import NOW_S, remember

DB = Path("mimo.db")
#: The version that a database has after the migration that is killed here.
NEWEST = newest_version() + 1
MIGRATED = (
    *MIGRATIONS,
    Migration(
        version=NEWEST,
        title="mood",
        statements=(
            "ALTER TABLE memories ADD COLUMN mood TEXT NOT NULL DEFAULT ''",
            "UPDATE memories SET mood = 'calm'",
            "CREATE INDEX memories_mood ON memories (mood)",
        ),
    ),
)


class Places:
    """Fresh copies of a prepared directory, one a run.

    Args:
        root: Where they stand.
        make: Fills the pattern.
    """

    def __init__(self, root: Path, make: Callable[[Path], None]) -> None:
        self._root = root
        self._pattern = root / "pattern"
        self._pattern.mkdir()
        make(self._pattern)
        self._numbers = itertools.count()

    def fresh(self) -> Path:
        """Return another copy of the pattern and remove the one before."""
        number = next(self._numbers)
        shutil.rmtree(self._root / str(number - 1), ignore_errors=True)
        return Path(shutil.copytree(self._pattern, self._root / str(number)))


def _some_memories(place: Path) -> None:
    db = open_writer(place / DB, durability="normal")
    for number in range(6):
        remember(db, f"memory {number} " + "x" * 300, tags=("old",))
    db.close()


def _sound(db: Database) -> None:
    report = integrity.check(db, full=True)
    assert report.is_sound, report.problems


def _contents(path: Path) -> list[str]:
    db = open_reader(path)
    try:
        _sound(db)
        return [row[0] for row in db.rows("SELECT content FROM memories ORDER BY id")]
    finally:
        db.close()


# -- Commits
# ----------------------------------------------------------------------------------------
def _memory(name: str) -> NewMemory:
    return NewMemory(content=f"{name} " + "y" * 200, tags=("new", name), speaker="Ann")


GROUPS: tuple[tuple[batches.Command, ...], ...] = (
    (StoreMemories(memories=(_memory("one"),), key="1"),),
    (
        StoreMemories(memories=(_memory("two"), _memory("three")), key="2"),
        Update(memory_id=1, patch=MemoryPatch(fields={"content": "changed"}), key="3"),
    ),
    (
        Delete(memory_id=2, key="4"),
        PutVectors(
            model_id="m", vectors=((7, text.content_hash(_memory("one").content, "Ann"), b"v"),)
        ),
        StoreMemories(memories=(_memory("four"),), key="5"),
    ),
)


def _commit_groups(acknowledge: Callable[[str], None]) -> None:
    """Commit each group, checkpoint as a writer does, and acknowledge what is durable."""
    db = open_writer(DB, check=False)
    for number, group in enumerate(GROUPS):
        batches.apply(db, group, now_s=NOW_S)
        acknowledge(str(number))
        if number == 1:
            checkpoints.checkpoint(db, "passive")
    db.close()


def _state(db: Database) -> list[tuple[object, ...]]:
    """Return what is stored, without the parts that chance decides."""
    return [
        *db.rows("SELECT id, content, deleted_at, updated_at FROM memories ORDER BY id"),
        *db.rows("SELECT memory_id, tag FROM memory_tags ORDER BY 1, 2"),
        *db.rows("SELECT memory_id, content_hash FROM vectors ORDER BY 1"),
        *db.rows("SELECT memory_id FROM embedding_queue ORDER BY 1"),
        *db.rows("SELECT rowid FROM memories_fts ORDER BY 1"),
    ]


def _states(place: Path) -> list[list[tuple[object, ...]]]:
    """Return what is stored after none, one, two ... of the groups."""
    db = open_writer(place / DB, durability="normal")
    found = [_state(db)]
    for group in GROUPS:
        batches.apply(db, group, now_s=NOW_S)
        found.append(_state(db))
    db.close()
    return found


def test_a3_a_writer_killed_at_every_write_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Each group is there whole or not at all, and repeating all keys completes the work once."""
    places = Places(tmp_path, _some_memories)
    states = _states(places.fresh())
    met = ambiguous = 0
    for place, done in crashes.killed_at_each(_commit_groups, places.fresh):
        met += 1
        db = open_writer(place / DB, durability="normal")
        _sound(db)
        reached = states.index(_state(db))
        assert len(done.acknowledged) <= reached <= len(done.acknowledged) + 1
        ambiguous += reached > len(done.acknowledged)
        assert db.notices == ()
        for group in GROUPS:
            batches.apply(db, group, now_s=NOW_S)
        assert _state(db) == states[-1]
        _sound(db)
        db.close()
    assert met >= 40
    assert ambiguous


# -- Creation, migration
# ------------------------------------------------------------------------------
def _create(acknowledge: Callable[[str], None]) -> None:
    db = open_writer(DB)
    acknowledge(db.identity.uuid)
    db.close()


def test_a16_a_creation_killed_at_every_write_is_done_by_the_next_start(tmp_path: Path) -> None:
    """No start is refused because of what the one before left; an acknowledged one is kept."""
    places = Places(tmp_path, lambda _place: None)
    met = 0
    for place, done in crashes.killed_at_each(_create, places.fresh):
        met += 1
        db = open_writer(place / DB, durability="normal")
        _sound(db)
        assert list(done.acknowledged) in ([], [db.identity.uuid])
        db.close()
        assert {p.name for p in place.iterdir()} == {"mimo.db", "mimo.db.witness"}
    assert met >= 20


def _migrate(acknowledge: Callable[[str], None]) -> None:
    db = open_writer(DB, migrations=MIGRATED, check=False)
    acknowledge(str(db.identity.schema_version))
    db.close()


def test_e11_a_migration_killed_at_every_write_is_old_or_new(tmp_path: Path) -> None:
    """Every finished backup is sound and old, and running it again completes it."""
    places = Places(tmp_path, _some_memories)
    met, versions = 0, set()
    for place, done in crashes.killed_at_each(_migrate, places.fresh):
        met += 1
        version = inspection.inspect(place / DB, newest=NEWEST).identity.schema_version
        versions.add(version)
        assert version == NEWEST or not done.acknowledged
        for kept in backups.list_all(place / backups.FOLDER):
            assert backups.verify(kept.path).memories == 6
        db = open_writer(place / DB, durability="normal", migrations=MIGRATED)
        assert db.rows("SELECT DISTINCT mood FROM memories") == [("calm",)]
        assert db.value("SELECT count(*) FROM schema_version") == NEWEST
        _sound(db)
        db.close()
    assert versions == {NEWEST - 1, NEWEST}
    assert met >= 40


# -- Backup, restore
# ----------------------------------------------------------------------------------
def _back_up(acknowledge: Callable[[str], None]) -> None:
    acknowledge(backups.backup(DB.absolute(), Path("backups")).name)


def test_k4_a_backup_killed_at_every_write_is_whole_or_not_there(tmp_path: Path) -> None:
    """The database isn't touched, and the next backup clears away what is left."""
    places = Places(tmp_path, _some_memories)
    before = (places.fresh() / DB).read_bytes()
    met = 0
    for place, done in crashes.killed_at_each(_back_up, places.fresh):
        met += 1
        found = backups.list_all(place / "backups")
        assert {*done.acknowledged} <= {kept.path.name for kept in found}
        for kept in found:
            assert backups.verify(kept.path).memories == 6
        assert (place / DB).read_bytes() == before
        made = backups.backup(place / DB, place / "backups")
        names = {p.name for p in (place / "backups").iterdir()}
        assert names == {made.name, *(kept.path.name for kept in found)}
    assert met >= 20


def _backed_up_and_gone_on(place: Path) -> None:
    _some_memories(place)
    made = backups.backup(place / DB, place / "backups", clock=ManualClock())
    made.rename(place / "backup.db")
    db = open_writer(place / DB, durability="normal")
    remember(db, "after the backup")
    db.close()


def _restore(acknowledge: Callable[[str], None]) -> None:
    done = restore(Path("backup.db").absolute(), DB.absolute(), holder=lambda: None)
    acknowledge(str(done.memories))


def test_k4_a_restore_killed_at_every_write_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """Whole either way, the replaced one is kept, and no id is given twice."""
    places = Places(tmp_path, _backed_up_and_gone_on)
    new = _contents(places.fresh() / "backup.db")
    old = [*new, "after the backup"]
    met, seen = 0, set()
    for place, done in crashes.killed_at_each(_restore, places.fresh):
        met += 1
        found = _contents(place / DB)
        seen.add(len(found))
        assert found in (old, new)
        assert found == new or not done.acknowledged
        if found == new:
            (kept,) = place.glob("mimo.db.replaced-*[0-9Z]")
            assert _contents(kept) == old
        restore(place / "backup.db", place / DB, holder=lambda: None)
        db = open_writer(place / DB, durability="normal")
        assert remember(db, "fresh") == len(old) + 1
        db.close()
    assert seen == {len(old), len(new)}
    assert met >= 20


# -- Failed syncs
# -------------------------------------------------------------------------------------
def _commit_until_it_fails(acknowledge: Callable[[str], None]) -> None:
    try:
        db = open_writer(DB, check=False)
    except StorageFailed:
        return
    for number in range(8):
        try:
            batches.apply(db, [StoreMemories(memories=(_memory(f"m{number}"),))], now_s=NOW_S)
        except StorageFailed:
            break
        acknowledge(f"m{number}")
    else:
        raise AssertionError("expected a failed sync, got none")
    with pytest.raises(StorageError):
        batches.apply(db, [StoreMemories(memories=(_memory("later"),))], now_s=NOW_S)
    with pytest.raises(StorageError):
        memories.get(db, 1)


@pytest.mark.parametrize("when", [1, 2, 3, 5])
@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
def test_e3_nothing_is_acknowledged_after_a_failed_input_or_output(
    tmp_path: Path, call: str, when: int
) -> None:
    """The connection refuses from then on; all that was acknowledged is there afterwards."""
    _some_memories(tmp_path)
    injection = f"{call}:error=EIO:when={when}+"
    done = crashes.harm(_commit_until_it_fails, injection, place=tmp_path)

    assert done.code == 0
    found = _contents(tmp_path / DB)
    stored = [content.split()[0] for content in found[6:]]
    assert stored[: len(done.acknowledged)] == list(done.acknowledged)
    assert len(stored) <= len(done.acknowledged) + 1
