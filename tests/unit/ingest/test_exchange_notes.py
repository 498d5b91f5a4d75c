"""Notes in Markdown: read by people, and read back letter by letter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.ingest.exchange_notes import name_of, note_of, record_of

RECORD = {
    "type": "memory",
    "uid": "0123456789abcdef",
    "content": "Ada lives in Turin",
    "category": "fact",
    "project": "",
    "tags": ["people"],
    "occurred_at": 1_700_000_000.25,
    "metadata": {"a": [1, None]},
    "archived_at": None,
}


@given(content=st.text(alphabet=st.characters(codec="utf-8"), min_size=1), linked=st.booleans())
def test_a_note_is_read_back_as_it_was(*, content: str, linked: bool) -> None:
    """Whatever the text holds: rules, headings of relations, line ends."""
    record = {**RECORD, "content": content}
    note = note_of(record, [("similar", "another")] if linked else [])
    assert record_of(note, "a.md", 0.0) == record


def test_a_note_has_a_title_a_permalink_and_relations() -> None:
    """As basic-memory writes them."""
    note = note_of(RECORD, [("supersedes", "2023-11-14-x")])
    assert 'title: "Ada lives in Turin"' in note
    assert name_of(RECORD) == "2023-11-14-ada-lives-in-turin-89abcdef.md"
    assert note.endswith("\n\n## Relations\n- supersedes [[2023-11-14-x]]\n\n")


def test_a_note_of_another_maker_is_a_memory_too() -> None:
    """Tags and title from its front matter; the same note has the same uid."""
    note = "---\ntitle: Tea\ntags: [Food, Drinks]\n---\n# Tea\n- [fact] Ada likes tea\n"
    record = record_of(note, "notes/tea.md", 5.0)
    assert record["tags"] == ["drinks", "food"]
    assert record["content"] == "# Tea\n- [fact] Ada likes tea"
    assert record["metadata"] == {"title": "Tea"}
    assert record_of(note + "more", "notes/tea.md", 6.0)["uid"] == record["uid"]
