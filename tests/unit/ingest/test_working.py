"""Documents into memories and again: only what changed, nothing twice, whenever it is killed."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimo.actors.ingest.jobs import Job
from mimo.actors.ingest.messages import Ingest
from mimo.actors.web.downloading import Downloaded
from mimo.config import limits
from mimo.config.errors import InvalidRequest, NotFound
from mimo.storage import documents, integrity, links, memories
from mimo.storage.batches import Delete, Update
from mimo.storage.connection import Database
from mimo.storage.document_edits import ForgetDocument
from mimo.storage.records import MemoryPatch
from tests.support.ingesting import begin, chunks_of, ingest, live, run_through_deaths
from tests.support.memories import NOW_S, apply_one, quick_writer

GUIDE = "# Guide\n\nIntro here.\n\n## Install\n\nRun pip install mimo.\n\n## Use\n\nCall search.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with three documents."""
    root = tmp_path / "docs"
    root.mkdir()
    (root / "guide.md").write_text(GUIDE)
    (root / "code.py").write_text("import os\n\n\ndef area(side):\n    return side * side\n")
    (root / "data.json").write_text(json.dumps([{"name": "Ada"}, {"name": "Bob"}]))
    return root


def _ids(db: Database) -> dict[str, int]:
    rows = db.rows("SELECT content, id FROM memories WHERE superseded_by IS NULL")
    return {row[0]: row[1] for row in rows}


def _seq(db: Database) -> int:
    return int(db.value("SELECT seq FROM identity"))


# -- The first time -------------------------------------------------------------------------------
def test_every_chunk_is_a_memory_of_its_document(folder: Path, db: Database) -> None:
    """Source, trust, session and project say where it is from. Source: issue 3, ingest."""
    job = ingest(db, folder, project="p", tags=("x",), importance=0.7)

    assert job.outcomes == {"created": 3}
    assert job.changes.created == len(chunks_of(db, project="p")) == 7
    found = [memories.get(db, memory_id) for memory_id in _ids(db).values()]
    assert {memory.trust for memory in found} == {"file"}
    assert {memory.project for memory in found} == {"p"}
    assert {memory.tags for memory in found} == {("x",)}
    assert len({memory.session_id for memory in found}) == 3
    names = {Path(memory.source).name for memory in found}
    assert names == {"guide.md", "code.py", "data.json"}


def test_a_chunk_says_which_headings_it_stands_under(folder: Path, db: Database) -> None:
    """A piece of a text means little without them. Source: issue 3, ingest."""
    ingest(db, folder, folder / "guide.md")

    assert "Guide > Install\n\nRun pip install mimo." in live(db)


# -- Again ----------------------------------------------------------------------------------------
def test_the_same_again_writes_nothing(folder: Path, db: Database) -> None:
    """Not a row, not a change number, not a key. Source: issue 3, ingest."""
    ingest(db, folder)
    before = _seq(db), db.value("SELECT count(*) FROM ledger"), db.value("SELECT total_changes()")

    job = ingest(db, folder, key="again")

    assert job.outcomes == {"unchanged": 3}
    assert job.changes.created == job.changes.archived == job.changes.superseded == 0
    after = _seq(db), db.value("SELECT count(*) FROM ledger"), db.value("SELECT total_changes()")
    assert after == before


def test_only_what_changed_is_superseded(folder: Path, db: Database) -> None:
    """The others keep their ids; the old one points to the new one. Source: issue 3, ingest."""
    ingest(db, folder)
    before = _ids(db)
    (folder / "guide.md").write_text(GUIDE.replace("mimo.", "mimo now."))

    job = ingest(db, folder, key="again", now_s=NOW_S + 60)

    after = _ids(db)
    assert job.outcomes == {"updated": 1, "unchanged": 2}
    assert (job.changes.created, job.changes.superseded, job.changes.archived) == (1, 1, 0)
    old = memories.get(db, before["Guide > Install\n\nRun pip install mimo."])
    new = after["Guide > Install\n\nRun pip install mimo now."]
    assert old.superseded_by == new
    assert [link.kind for link in links.of(db.connection, new)] == ["supersedes"]
    assert {text: before[text] for text in before if text in after} == {
        text: after[text] for text in after if text in before
    }
    assert integrity.check(db, full=True).is_sound


def test_what_was_taken_out_is_archived(folder: Path, db: Database) -> None:
    """And what stands elsewhere now stays the same memory. Source: issue 3, ingest."""
    ingest(db, folder)
    before = _ids(db)
    (folder / "guide.md").write_text("# Guide\n\n## Use\n\nCall search.\n\nIntro here.\n")

    job = ingest(db, folder, key="again")

    gone = memories.get(db, before["Guide > Install\n\nRun pip install mimo."])
    assert gone.archived_at_s is not None
    assert gone.superseded_by is None
    assert job.changes.archived >= 1


def test_another_text_in_the_same_place_supersedes_nothing(folder: Path, db: Database) -> None:
    """What shares too few words is no newer form of it. Source: issue 3, write side."""
    ingest(db, folder)
    before = _ids(db)
    (folder / "guide.md").write_text(
        "# Guide\n\nIntro here.\n\n## Zebras\n\nGraze at dusk.\n\n## Use\n\nCall search.\n"
    )

    job = ingest(db, folder, key="again")

    old = memories.get(db, before["Guide > Install\n\nRun pip install mimo."])
    assert old.superseded_by is None
    assert old.archived_at_s is not None
    assert (job.changes.superseded, job.changes.archived) == (0, 1)


def test_other_tags_change_the_memories_and_not_their_ids(folder: Path, db: Database) -> None:
    """Options aren't content. Source: ours."""
    ingest(db, folder, tags=("a",))
    before = _ids(db)

    job = ingest(db, folder, tags=("b",), key="again")

    assert _ids(db) == before
    assert {memories.get(db, each).tags for each in before.values()} == {("b",)}
    assert job.changes.created == 0


def test_what_the_user_deleted_stays_deleted(folder: Path, db: Database) -> None:
    """Even when its document changes elsewhere. Source: ours."""
    ingest(db, folder)
    deleted = _ids(db)["Guide > Use\n\nCall search."]
    apply_one(db, Delete(memory_id=deleted))
    (folder / "guide.md").write_text(GUIDE.replace("Intro here", "Intro there"))

    ingest(db, folder, tags=("new",), key="again")

    assert memories.get(db, deleted).deleted_at_s is not None
    assert "Guide > Use\n\nCall search." not in live(db)


def test_a_protected_chunk_is_never_archived(folder: Path, db: Database) -> None:
    """Protection is the user's word against Mimo's own. Source: design 6."""
    ingest(db, folder)
    kept = _ids(db)["Guide > Use\n\nCall search."]
    apply_one(db, Update(memory_id=kept, patch=MemoryPatch(fields={"protected": True})))
    (folder / "guide.md").unlink()

    ingest(db, folder, key="again")

    assert memories.get(db, kept).archived_at_s is None


def test_a_file_that_is_gone_is_forgotten_and_comes_back_with_its_ids(
    folder: Path, db: Database
) -> None:
    """The directory is mirrored; nothing is deleted. Source: ours."""
    ingest(db, folder)
    before = _ids(db)
    kept = (folder / "guide.md").read_bytes()
    (folder / "guide.md").unlink()

    job = ingest(db, folder, key="second")
    assert job.outcomes == {"unchanged": 2, "removed": 1}
    assert not [text for text in live(db) if text.startswith("Guide")]

    (folder / "guide.md").write_bytes(kept)
    job = ingest(db, folder, key="third")
    assert job.outcomes == {"unchanged": 2, "restored": 1}
    assert _ids(db) == before
    assert len(live(db)) == 7


def test_a_forgotten_document_can_be_taken_back(folder: Path, db: Database) -> None:
    """And only what was archived with it. Source: issue 3, ingest."""
    ingest(db, folder, folder / "guide.md")
    deleted = _ids(db)["Guide > Use\n\nCall search."]
    apply_one(db, Delete(memory_id=deleted))

    done = apply_one(db, ForgetDocument(document_id=1), now_s=NOW_S + 5)
    assert done["memories_changed"] == 2
    assert apply_one(db, ForgetDocument(document_id=1))["memories_changed"] == 0
    assert live(db) == []

    assert apply_one(db, ForgetDocument(document_id=1, undo=True))["memories_changed"] == 2
    assert len(live(db)) == 2
    assert memories.get(db, deleted).deleted_at_s is not None
    with pytest.raises(NotFound, match="id of a document, got 9"):
        apply_one(db, ForgetDocument(document_id=9))


def test_a_glob_only_touches_what_it_names(folder: Path, db: Database) -> None:
    """Also when it looks for files that are gone. Source: ours."""
    ingest(db, folder)
    (folder / "guide.md").unlink()

    job = ingest(db, folder, f"{folder}/*.py", key="again")

    assert job.outcomes == {"unchanged": 1}
    assert [text for text in live(db) if text.startswith("Guide")]


# -- Texts and pages ------------------------------------------------------------------------------
def test_a_text_is_named_by_its_title(tmp_path: Path, db: Database) -> None:
    """The same title is the same document. Source: issue 3, ingest."""
    ingest(db, tmp_path, "trip", text="# Trip\n\nWe fly on 3 May.")
    job = ingest(db, tmp_path, "trip", text="# Trip\n\nWe fly on 4 May.", key="2")

    assert job.outcomes == {"updated": 1}
    assert live(db) == ["Trip\n\nWe fly on 4 May."]
    assert memories.get(db, 2).trust == "assistant"


def test_a_page_is_trusted_as_the_web_is(tmp_path: Path, db: Database) -> None:
    """Its navigation is no part of it. Source: issue 3, ingest."""
    html = b"<title>T</title><nav>menu</nav><h1>Cats</h1><p>They purr.</p>"
    page = Downloaded(url="http://x.example/a", raw=html, suffix=".html")

    ingest(db, tmp_path, "http://x.example/a", kind="url", page=page)

    assert live(db) == ["Cats\n\nThey purr."]
    found = memories.get(db, 1)
    assert (found.trust, found.source) == ("web", "http://x.example/a")


def test_secrets_do_not_get_into_memories(folder: Path, db: Database) -> None:
    """And the job says that there were some. Source: issue 3, write side."""
    key = "ghp_" + "a1B2" * 9
    (folder / "guide.md").write_text(f"# Setup\n\nUse the token {key} for pushing.\n")

    job = ingest(db, folder)

    assert not [text for text in live(db) if key in text]
    assert any("secrets were taken out" in note for note in job.notes)


def test_latin_1_is_read_and_reported(folder: Path, db: Database) -> None:
    """A guess is said to be one. Source: issue 3, ingest."""
    (folder / "old.txt").write_bytes("Die Straße nach Köln.".encode("latin-1"))

    job = ingest(db, folder)

    assert "Die Straße nach Köln." in live(db)
    assert any("Latin-1" in note for note in job.notes)


def test_one_bad_file_does_not_keep_the_others_out(folder: Path, db: Database) -> None:
    """Each failure is named with its reason. Source: issue 3, ingest."""
    (folder / "bad.json").write_text("{not json")
    (folder / "big.txt").write_bytes(b"x" * (limits.INGEST_FILE_BYTES_MAX + 1))
    (folder / "binary.md").write_bytes(b"\0\1\2\3" * 100)

    job = ingest(db, folder)

    assert job.outcomes == {"failed": 3, "created": 3}
    reasons = {Path(source).name: reason for source, reason in job.failures}
    assert "expected JSON" in reasons["bad.json"]
    assert str(limits.INGEST_FILE_BYTES_MAX) in reasons["big.txt"]
    assert "binary" in reasons["binary.md"]


def test_a_document_that_fails_half_way_leaves_nothing(folder: Path, db: Database) -> None:
    """What is read is complete or isn't stored. Source: ours."""
    rows = "\n".join(json.dumps({"row": number}) for number in range(limits.INGEST_CHUNKS_MAX + 1))
    (folder / "rows.jsonl").write_text(rows)

    with pytest.raises(InvalidRequest, match=f"at most {limits.INGEST_CHUNKS_MAX} chunks"):
        ingest(db, folder, folder / "rows.jsonl")

    assert live(db) == []
    assert documents.find(db, "", str(folder / "rows.jsonl")) is None


# -- Killed ---------------------------------------------------------------------------------------
PARAGRAPHS = st.lists(
    st.text(alphabet="abc de", min_size=1, max_size=30).filter(str.strip), max_size=6
)
TREES = st.dictionaries(
    st.sampled_from(["a.md", "b.txt", "c.md", "d.txt"]), PARAGRAPHS, min_size=1, max_size=4
)


def _write(root: Path, tree: dict[str, list[str]]) -> None:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for name, paragraphs in tree.items():
        (root / name).write_text("\n\n".join(f"# {name}\n\n{text}" for text in paragraphs))


@settings(max_examples=60, deadline=None)
@given(before=TREES, after=TREES, killed_at=st.integers(0, 8), again=st.integers(-1, 4))
def test_a_killed_ingest_ends_as_if_it_had_not_been_killed(
    before: dict[str, list[str]], after: dict[str, list[str]], killed_at: int, again: int
) -> None:
    """At every step, twice: nothing doubled, nothing missing, counted once. Source: issue 3."""
    with tempfile.TemporaryDirectory() as given_folder:
        folder = Path(given_folder).resolve()
        root = folder / "docs"
        ends = []
        for name, deaths in (("straight", ()), ("killed", (killed_at, again))):
            db = quick_writer(folder / name / "mimo.db")
            _write(root, before)
            ingest(db, root)
            _write(root, after)
            job = begin(Ingest(kind="file", place=str(root), key="second"))
            done = run_through_deaths(db, job, root, [at(each) for each in deaths])
            ends.append((done, chunks_of(db), live(db)))
            assert integrity.check(db, full=True).is_sound
            db.close()

        straight, killed = ends
        assert killed[1:] == straight[1:]
        assert killed[0].outcomes == straight[0].outcomes
        assert killed[0].changes == straight[0].changes


def at(killed_at: int) -> Callable[[int, Job], bool]:
    """Return a death at the step of this number."""
    return lambda number, _job: number == killed_at


def test_a_document_that_kills_its_reader_is_given_up(folder: Path, db: Database) -> None:
    """The others are read; the third death is the last. Source: ours."""
    bad = str(folder / "data.json")
    deaths = [at(1)] + [lambda _number, job: job.suspect[0] == bad] * 2
    job = begin(Ingest(kind="file", place=str(folder)))

    done = run_through_deaths(db, job, folder, deaths)

    assert done.outcomes == {"created": 2, "failed": 1}
    assert done.failures[0][0] == bad


def test_a_single_document_that_kills_its_reader_fails_its_job(folder: Path, db: Database) -> None:
    """And isn't tried for ever. Source: ours."""
    job = begin(Ingest(kind="file", place=str(folder / "data.json")))
    job.deaths = 3

    with pytest.raises(InvalidRequest, match="brought its reader down 3 times"):
        run_through_deaths(db, job, folder, [])

    job.deaths = 2
    assert run_through_deaths(db, job, folder, []).outcomes == {"created": 1}
