"""What is derived from a memory's words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mimo.storage import text


@given(st.text(), st.text(alphabet=" \t\n\u00a0\u2003", min_size=1))
def test_white_space_makes_no_other_memory(content: str, space: str) -> None:
    """Runs of white space count as one space, at the ends as none. Source: ours."""
    spaced = space + space.join(content.split()) + space

    assert text.content_hash(content, "Ann") == text.content_hash(spaced, "Ann")


def test_composition_and_the_case_of_a_name_make_no_other_memory() -> None:
    """NFC, and case folding for speakers only. Source: Unicode TR15; ours."""
    composed, decomposed = "caf\u00e9", "cafe\u0301"

    assert text.content_hash(composed, "ÉLISE") == text.content_hash(decomposed, "élise")
    assert text.content_hash("US", "") != text.content_hash("us", "")
    assert text.content_hash("a", "b") != text.content_hash("b", "a")


def test_the_index_entry_holds_date_speaker_tags_and_text() -> None:
    """The recipe's text for words. Source: retrieval, 3.1."""
    body = text.index_body(
        "went sailing", speaker="Ann", tags=["sea", "trip"], occurred_at_s=1_683_504_000.0
    )

    assert body == "8 May 2023\nAnn\nsea trip\nwent sailing"


@given(st.floats(allow_nan=False))
def test_a_time_outside_the_calendar_has_no_date(at_s: float) -> None:
    """Any finite or infinite time is indexed without complaint. Source: ours, G3."""
    assert isinstance(text.date_words(at_s), str)


def test_the_embedder_sees_who_said_it() -> None:
    """Speaker and text. Source: retrieval, 3.2."""
    assert text.embedding_text("hello", "Ann") == "Ann: hello"
    assert text.embedding_text("hello", "") == "hello"
