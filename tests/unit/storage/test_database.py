"""Opening a database, and refusing to, in one sentence and without touching it."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from mimo.config import limits
from mimo.config.clock import ManualClock
from mimo.config.errors import (
    Busy,
    Corrupt,
    DeadlineExceeded,
    MimoError,
    StartError,
    StorageError,
    StorageFailed,
)
from mimo.storage import backups, creation, witness
from mimo.storage.connection import wal_path
from mimo.storage.database import SQLITE_VERSION, Database, open_reader, open_writer
from mimo.storage.migrations.runner import newest_version
from mimo.storage.schema import APPLICATION_ID
from tests.support.memories import remember
from tests.support.processes import in_child


def _bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_missing_database_is_created_for_its_owner_alone(path: Path) -> None:
    """Directory 0700, file 0600, application id and identity set. Source: ours, E10."""
    writer = open_writer(path)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert writer.peewee.application_id == APPLICATION_ID
    assert len(writer.identity.uuid) == 32
    assert writer.identity.schema_version == newest_version()
    assert not writer.notices
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "mimo.db",
        "mimo.db-shm",
        "mimo.db-wal",
        "mimo.db.witness",
    ]
    writer.close()


@pytest.mark.parametrize("check", [True, False])
def test_a_locked_database_is_busy_and_not_damaged(
    path: Path, check: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E5: whoever can't start for it may try again."""
    monkeypatch.setattr(limits, "BUSY_TIMEOUT_S", 0.05)
    open_writer(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("CREATE TABLE theirs (x)")

    def refused() -> None:
        with pytest.raises(Busy):
            open_writer(path, check=check, busy_timeout_s=0.05)

    # Locks don't hold between connections of one process.
    assert in_child(refused) == 0
    other.close()


@pytest.mark.parametrize(("durability", "number"), [("full", 2), ("normal", 1)])
def test_what_a_loss_of_power_may_take_is_set_explicitly(
    path: Path, durability: str, number: int
) -> None:
    """The default of SQLite's `synchronous` varies by build. Source: SQLite pragma.html."""
    db = open_writer(path, durability=durability)  # type: ignore[arg-type]
    pragmas = ("synchronous", "journal_mode", "wal_autocheckpoint", "foreign_keys")
    found = [getattr(db.peewee, pragma) for pragma in pragmas]
    db.close()

    assert found == [number, "wal", 0, 1]


def test_the_sqlite_in_use_has_the_wal_reset_fix() -> None:
    """3.7.0 to 3.51.2 can corrupt a database that two connections checkpoint. Source: 3.51.3."""
    assert tuple(map(int, SQLITE_VERSION.split("."))) >= (3, 51, 3)


def test_a_database_that_is_opened_again_is_the_same_one(path: Path) -> None:
    """Identity and content stay. Source: ours."""
    first = open_writer(path, durability="normal")
    memory_id = remember(first, "the cat is called Ada")
    first.close()

    second = open_writer(path)
    found = second.value("SELECT content FROM memories WHERE id = ?", (memory_id,))
    second.close()

    assert (second.identity, found) == (first.identity, "the cat is called Ada")


def test_two_creations_at_once_end_in_one_database(path: Path) -> None:
    """The one that comes second leaves the first one's file in its place. Source: ours."""
    creation.create(path, 1.0)
    before = path.read_bytes()
    creation.create(path, 2.0)

    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["mimo.db"]


def test_what_a_killed_creation_left_is_removed_by_the_next(path: Path) -> None:
    """Its name holds the pid of a process that is gone. Source: ours, A16."""
    path.parent.mkdir()
    gone = path.with_name("mimo.db.new-999999999")
    gone.write_bytes(b"half")
    open_writer(path, durability="normal").close()

    assert not gone.exists()


def test_a_file_system_without_hard_links_will_do(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draft is renamed instead. Source: ours."""

    def refuse(_new: Path, _old: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    open_writer(path, durability="normal").close()

    assert sorted(p.name for p in path.parent.iterdir()) == ["mimo.db", "mimo.db.witness"]


# -- Refusals: E6, E7, E10, E12 -------------------------------------------------------------------
def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _garbage(path: Path) -> None:
    path.write_bytes(b"this is no database " * 400)


def _other_application(path: Path) -> None:
    with sqlite3.connect(path) as link:
        link.execute("CREATE TABLE bookmarks (url TEXT)")


def _newer_schema(path: Path) -> None:
    creation.create(path, 1.0)
    with sqlite3.connect(path) as link:
        link.execute("PRAGMA user_version = 999")


def _no_identity(path: Path) -> None:
    creation.create(path, 1.0)
    with sqlite3.connect(path) as link:
        link.execute("DELETE FROM identity")


def _no_identity_table(path: Path) -> None:
    creation.create(path, 1.0)
    with sqlite3.connect(path) as link:
        link.execute("DROP TABLE identity")


def _versions_disagree(path: Path) -> None:
    creation.create(path, 1.0)
    with sqlite3.connect(path) as link:
        link.execute("DELETE FROM schema_version")


def _damaged_page(path: Path) -> None:
    creation.create(path, 1.0)
    content = bytearray(path.read_bytes())
    content[8 * 4096 : 9 * 4096] = b"\xa5" * 4096
    path.write_bytes(content)


def _header_overwritten(path: Path) -> None:
    creation.create(path, 1.0)
    content = bytearray(path.read_bytes())
    content[:100] = os.urandom(100)
    path.write_bytes(content)


def _log_without_database(path: Path) -> None:
    wal_path(path).write_bytes(b"a log")


def _only_a_witness(path: Path) -> None:
    witness.write(path, witness.Witness(uuid="a" * 32, seq=7, memory_id=3))


def _of_another(path: Path) -> None:
    creation.create(path, 1.0)
    witness.write(path, witness.Witness(uuid="b" * 32, seq=7, memory_id=3))


def _a_directory(path: Path) -> None:
    path.mkdir()


def _a_link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (_empty, Corrupt, "got an empty file"),
        (_garbage, Corrupt, "expected an SQLite header"),
        (_header_overwritten, Corrupt, "expected an SQLite header"),
        (_other_application, StartError, "is not Mimo's (application_id 0x00000000"),
        (_newer_schema, StartError, f"expected schema version {newest_version()} or older"),
        (_no_identity, Corrupt, "expected one identity row"),
        (_no_identity_table, Corrupt, "expected Mimo's identity"),
        (_versions_disagree, Corrupt, f"expected schema_version {newest_version()}"),
        (_damaged_page, Corrupt, "expected a sound database"),
        (_log_without_database, StartError, "moved without its log"),
        (_only_a_witness, StartError, "got no file; put it back"),
        (_of_another, StartError, "the file was replaced"),
        (_a_directory, StartError, "expected a file"),
        (_a_link_to_nothing, StartError, "got No such file or directory"),
    ],
)
def test_a_file_that_is_not_right_is_refused_and_left_as_it_is(
    path: Path, make: Callable[[Path], None], kind: type[MimoError], words: str
) -> None:
    """One sentence with expected and got; no byte changed, no file created. Source: E6, E7, E12."""
    path.parent.mkdir()
    make(path)
    before = _bytes_of(path.parent)

    with pytest.raises(kind) as caught:
        open_writer(path)

    assert words in caught.value.message
    assert "\n" not in caught.value.message
    assert _bytes_of(path.parent) == before


def test_a_refusal_for_damage_names_the_newest_backup(path: Path) -> None:
    """What to restore stands in the sentence. Source: E6."""
    open_writer(path, durability="normal").close()
    kept = backups.backup(path, path.parent / backups.FOLDER)
    _garbage(path)

    with pytest.raises(Corrupt, match=str(kept)):
        open_writer(path)


@pytest.mark.parametrize(
    ("make_unwritable", "words"),
    [
        (lambda path: path.chmod(0o400), "got mode 0400"),
        (lambda path: path.parent.chmod(0o500), "got mode 0500"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(
    path: Path, make_unwritable: Callable[[Path], None], words: str
) -> None:
    """Even for root, whom the kernel would let through. Source: E10."""
    creation.create(path, 1.0)
    make_unwritable(path)
    before = _bytes_of(path.parent)
    try:
        with pytest.raises(StartError, match=words):
            open_writer(path)
        assert _bytes_of(path.parent) == before
    finally:
        path.parent.chmod(0o700)


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """The directory that exists is named. Source: E10."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StartError, match=f"to write directory {tmp_path}, got mode 0500"):
            open_writer(tmp_path / "a" / "b" / "mimo.db")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(path: Path) -> None:
    """Its log would belong to us and lock its owner out. Source: E10."""
    creation.create(path, 1.0)
    os.chown(path, 12345, 12345)

    with pytest.raises(StartError, match="to belong to user 0, who runs Mimo, got user 12345"):
        open_writer(path)


# -- Readers --------------------------------------------------------------------------------------
def test_a_reader_cannot_write(writer: Database, reader: Database) -> None:
    """Neither rows nor a checkpoint. Source: reliability S12."""
    remember(writer, "in the log")
    before = reader.path.read_bytes()
    with pytest.raises(StorageFailed, match="READONLY"):
        reader.rows("UPDATE identity SET seq = 5")
    with pytest.raises(apsw.IOError):
        reader.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    assert reader.path.read_bytes() == before


def test_a_reader_sees_a_commit_at_once(writer: Database, reader: Database) -> None:
    """Whoever asks after an acknowledged write sees it. Source: ours, checker C4."""
    version = reader.data_version()
    memory_id = remember(writer, "seen")

    assert reader.value("SELECT max(id) FROM memories") == memory_id
    assert reader.data_version() != version


@pytest.mark.parametrize(
    ("make", "kind"),
    [(lambda _: None, StartError), (_garbage, Corrupt), (_newer_schema, StartError)],
)
def test_a_reader_creates_and_accepts_nothing_wrong(
    path: Path, make: Callable[[Path], None], kind: type[MimoError]
) -> None:
    """A missing database isn't created by looking at it. Source: E7, E12."""
    path.parent.mkdir()
    make(path)
    before = _bytes_of(path.parent)

    with pytest.raises(kind):
        open_reader(path)

    assert _bytes_of(path.parent) == before


def test_a_snapshot_does_not_move_while_others_write(writer: Database, reader: Database) -> None:
    """Several reads in one state. Source: SQLite isolation.html."""
    with reader.snapshot() as link:
        before = link.execute("SELECT count(*) FROM memories").fetchall()
        remember(writer, "meanwhile")
        after = link.execute("SELECT count(*) FROM memories").fetchall()

    assert before == after
    assert reader.value("SELECT count(*) FROM memories") == 1


def test_a_read_transaction_that_takes_too_long_is_cut(path: Path, writer: Database) -> None:
    """The reader goes on afterwards. Source: E13."""
    clock = ManualClock()
    reader = open_reader(path, clock=clock)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with pytest.raises(DeadlineExceeded), reader.snapshot(max_s=2.0) as link:  # noqa: PT012
        clock.advance(2.1)
        link.execute(endless).fetchall()

    assert reader.value("SELECT 1") == 1
    reader.close()


def test_one_statement_that_fails_leaves_the_transaction_undone(writer: Database) -> None:
    """All or nothing. Source: ours."""
    with (  # noqa: PT012
        pytest.raises(MimoError, match="no such table"),
        writer.transaction() as link,
    ):
        link.execute("UPDATE identity SET seq = 41")
        link.execute("UPDATE no_such_table SET x = 1")

    assert writer.value("SELECT seq FROM identity") == 0


# -- What SQLite can't see -------------------------------------------------------------------------
def test_a_connection_is_refused_after_a_fork(writer: Database, path: Path) -> None:
    """Its locks belong to the parent. Source: SQLite howtocorrupt.html, 2.6; Thespian forks."""

    def use() -> None:
        with pytest.raises(StorageError, match="can't be carried over fork"):
            writer.value("SELECT 1")
        writer.close()

    assert in_child(use) == 0
    assert remember(writer, "the parent goes on") == 1


def test_a_closed_connection_says_so(writer: Database) -> None:
    """Closing twice is harmless. Source: ours."""
    writer.close()
    writer.close()

    with pytest.raises(StorageError, match="but it was closed"):
        writer.value("SELECT 1")


@pytest.mark.parametrize("victim", ["mimo.db", "mimo.db-wal"])
def test_nothing_is_acknowledged_into_a_deleted_file(
    path: Path, writer: Database, victim: str
) -> None:
    """SQLite itself goes on inserting. Source: E8; reliability S10."""
    remember(writer, "before")
    (path.parent / victim).unlink()

    with pytest.raises(StorageFailed, match=rf"{victim} to stay in place .* was deleted"):
        remember(writer, "into the void")
    with pytest.raises(StorageFailed):
        remember(writer, "the connection stays refused")


def test_nothing_is_acknowledged_into_a_replaced_file(path: Path, writer: Database) -> None:
    """Noticed by the inode. Source: E8."""
    remember(writer, "before")
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)

    with pytest.raises(StorageFailed, match="was replaced"):
        remember(writer, "into the void")


def test_a_database_that_was_deleted_is_not_created_anew(path: Path) -> None:
    """Starting empty in its place would look as if all were well. Source: ours, E8."""
    db = open_writer(path, durability="normal")
    remember(db, "precious")
    db.close()
    path.unlink()

    with pytest.raises(StartError, match=r"delete .*witness to start empty; there is no backup"):
        open_writer(path)
    witness.path_of(path).unlink()
    open_writer(path, durability="normal").close()


def test_a_database_set_back_is_opened_with_a_notice_and_numbers_go_on(path: Path) -> None:
    """No id is given twice, although the database has forgotten it. Source: ours, E9."""
    db = open_writer(path, durability="normal")
    remember(db, "in the main file")
    db.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    last = [remember(db, f"only in the log {number}") for number in range(3)][-1]
    main = path.read_bytes()
    uuid = db.identity.uuid
    db.close()
    path.write_bytes(main)

    again = open_writer(path, durability="normal")
    fresh = remember(again, "after")
    again.close()

    assert again.identity.uuid == uuid
    assert ["the last 3 changes are gone" in notice for notice in again.notices] == [True]
    assert fresh == last + 1
