"""Forward-only migrations: backup first, one transaction, old or new."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from mimo.config.errors import StartError
from mimo.storage import backups, memories
from mimo.storage.connection import Database
from mimo.storage.database import open_reader, open_writer
from mimo.storage.migrations.runner import MIGRATIONS, Migration, newest_version, pending
from mimo.storage.schema import MODELS
from tests.support.memories import remember

NEWEST = newest_version()
NEXT = NEWEST + 1

ADD_MOOD = Migration(
    version=NEXT,
    title="mood",
    statements=(
        "ALTER TABLE memories ADD COLUMN mood TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX memories_mood ON memories (mood)",
    ),
)


def _rebuild(link: apsw.Connection) -> None:
    """Rebuild a table that others point to, as ALTER TABLE can't do it."""
    link.execute("CREATE TABLE fresh AS SELECT * FROM memories")
    link.execute("DELETE FROM memories")
    link.execute("INSERT INTO memories SELECT * FROM fresh")
    link.execute("DROP TABLE fresh")


def _lose_rows(link: apsw.Connection) -> None:
    link.execute("DELETE FROM memories")


def _schema(db: Database) -> list[object]:
    return db.rows("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2")  # type: ignore[return-value]


@pytest.fixture
def old(path: Path) -> Path:
    """Make a database of the newest version with a tagged memory in it."""
    db = open_writer(path, durability="normal")
    remember(db, "older than the mood", tags=("kept",))
    db.close()
    return path


def test_migrations_are_numbered_without_gaps() -> None:
    """So that `user_version` says all. Source: ours."""
    assert [migration.version for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert newest_version(()) == 0
    assert pending(NEWEST, (ADD_MOOD, *MIGRATIONS)) == [ADD_MOOD]
    assert pending(NEXT, (ADD_MOOD, *MIGRATIONS)) == []


def test_the_models_describe_the_migrated_tables(writer: Database) -> None:
    """Names and nullability agree, column by column. Source: ours."""
    for model in MODELS:
        rows = writer.rows(f"PRAGMA table_xinfo({model._meta.table_name})")
        table = {row[1]: not row[3] and not row[5] for row in rows}
        described = {
            field.column_name: field.null and not field.primary_key
            for field in model._meta.sorted_fields
        }
        assert described == table, model._meta.table_name


def test_an_older_database_is_migrated_after_a_backup(old: Path) -> None:
    """Rows stay, version and history rise, the backup holds the old form. Source: ours, K3."""
    db = open_writer(old, durability="normal", migrations=(*MIGRATIONS, ADD_MOOD))
    moods = db.rows("SELECT content, mood FROM memories")
    history = db.rows("SELECT version, title FROM schema_version ORDER BY version")
    version = db.identity.schema_version
    db.close()
    (kept,) = backups.list_all(old.parent / backups.FOLDER)

    assert moods == [("older than the mood", "")]
    assert history[0] == (1, "memories")
    assert history[-2:] == [(NEWEST, MIGRATIONS[-1].title), (NEXT, "mood")]
    assert version == NEXT
    assert kept.label == f"before-v{NEXT}"
    assert backups.verify(kept.path).identity.schema_version == NEWEST


def test_a_migrated_database_is_left_alone(old: Path) -> None:
    """No second backup, no second run. Source: ours."""
    for _ in range(2):
        open_writer(old, durability="normal", migrations=(*MIGRATIONS, ADD_MOOD)).close()

    assert len(backups.list_all(old.parent / backups.FOLDER)) == 1


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (("CREATE TABLE half (x)", "INSERT INTO no_such_table VALUES (1)"), "no such table"),
        (("CREATE TABLE half (x)", "this is not SQL"), "syntax error"),
    ],
)
def test_a_migration_that_fails_changes_nothing(
    old: Path, broken: tuple[str, ...], words: str
) -> None:
    """Not even its first half; the sentence names the backup. Source: ours, E11."""
    before = old.read_bytes()
    bad = Migration(version=NEXT, title="bad", statements=broken)

    with pytest.raises(StartError, match=words) as caught:
        open_writer(old, migrations=(*MIGRATIONS, bad))

    (kept,) = backups.list_all(old.parent / backups.FOLDER)
    assert str(kept.path) in caught.value.message
    assert old.read_bytes() == before
    open_writer(old, durability="normal").close()


def test_a_migration_that_breaks_references_changes_nothing(old: Path) -> None:
    """Foreign keys are checked before the commit. Source: SQLite lang_altertable.html."""
    bad = Migration(version=NEXT, title="bad", step=_lose_rows)

    with pytest.raises(StartError, match="to point to an existing one after migration"):
        open_writer(old, migrations=(*MIGRATIONS, bad))

    db = open_reader(old)
    assert db.value("SELECT count(*) FROM memories") == 1
    db.close()


def test_a_table_that_others_point_to_can_be_rebuilt(old: Path) -> None:
    """Deleting its rows on the way deletes none of theirs. Source: SQLite lang_altertable.html."""
    db = open_writer(
        old,
        durability="normal",
        migrations=(*MIGRATIONS, Migration(version=NEXT, title="rebuild", step=_rebuild)),
    )
    found = memories.get(db, 1)
    keys_on = db.peewee.foreign_keys
    db.close()

    assert (found.content, found.tags, keys_on) == ("older than the mood", ("kept",), 1)


def test_creation_and_migration_lead_to_the_same_schema(old: Path, tmp_path: Path) -> None:
    """A new database and an old one that was migrated have the same tables. Source: ours."""
    both = (*MIGRATIONS, ADD_MOOD)
    migrated = open_writer(old, durability="normal", migrations=both)
    created = open_writer(tmp_path / "new" / "mimo.db", durability="normal", migrations=both)
    schemas = _schema(migrated), _schema(created)
    migrated.close()
    created.close()

    assert schemas[0] == schemas[1]
