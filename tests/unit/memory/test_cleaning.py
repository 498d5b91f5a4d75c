"""What reaches the store as text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.memory.cleaning import (
    clean_text,
    content_of,
    metadata_of,
    name_of,
    query_of,
    tags_of,
    time_of,
)
from mimo.actors.memory.presentation import iso_time
from mimo.config import limits
from mimo.config.errors import InvalidRequest


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("plain", "plain"),
        ("two\r\nlines\rmore", "two\nlines\nmore"),
        ("a\x00b\x07c\x1bd\x7f", "abcd"),
        ("zero\u200bwidth\ufeff\u2060", "zerowidth"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("tag\U000e0041\U000e0042\U000e007f", "tag"),
        ("selectors\ufe0f\U000e0100", "selectors"),
        ("lone \ud800 half", "lone  half"),
        ("soft\xadhyphen", "softhyphen"),
        ("e\u0301", "\u00e9"),
        ("line\u2028separator", "line\nseparator"),
        ("\ufdd0\uffff\U0010fffe", ""),
        ("  \n around \t", "around"),
    ],
)
def test_what_a_reader_cannot_see_is_not_stored(given_text: str, kept: str) -> None:
    """mcp.md 7: control, zero-width, bidirectional and tag characters are stripped at write."""
    assert clean_text(given_text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u2764\ufe0f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "\u65e5\u672c\u8a9e, \u05e9\u05dc\u05d5\u05dd, \u0417\u0434\u0440\u0430",
        "tab\tand\nnewline",
    ],
)
def test_joiners_that_shape_a_visible_character_stay(text: str) -> None:
    """Emoji families, hearts, Persian and Hindi spelling would break without them."""
    assert clean_text(text) == text


def test_joiners_cannot_carry_a_message() -> None:
    """A run of them, or one after plain text, is a hidden channel."""
    assert clean_text("a\u200d\u200c\u200d") == "a"
    assert clean_text("\u00e9\u200d\u200c\u200d\u200c") == "\u00e9\u200d"


@given(st.text())
def test_cleaning_once_is_enough_and_leaves_nothing_invisible(text: str) -> None:
    """Idempotent, in NFC, encodable, without control and format characters but the joiners."""
    cleaned = clean_text(text)

    assert clean_text(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    for character in cleaned:
        if character not in "\n\t\u200c\u200d":
            assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_content_has_a_limit_in_bytes() -> None:
    """`limits.MEMORY_BYTES_MAX` counts UTF-8, as the database does."""
    assert content_of("é" * (limits.MEMORY_BYTES_MAX // 2))
    with pytest.raises(InvalidRequest, match=r"at most 65536 bytes, got 65538"):
        content_of("é" * (limits.MEMORY_BYTES_MAX // 2 + 1))


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200b", "\x00", "\ud800"])
def test_text_without_anything_readable_is_refused(text: str) -> None:
    """One clear sentence instead of an empty memory."""
    with pytest.raises(InvalidRequest, match="readable text"):
        content_of(text)
    with pytest.raises(InvalidRequest, match="'query' to hold words"):
        query_of(text)


def test_tags_become_lower_case_unique_and_sorted() -> None:
    """Contract of `storage.records.NewMemory`."""
    assert tags_of(["Zoo", "apple", "ZOO ", "two  words", "\u00c4rger"]) == (
        "apple",
        "two words",
        "zoo",
        "\u00e4rger",
    )


@pytest.mark.parametrize("tag", ["", " ", "a,b", "<script>", 'a"b', "{x}", "-x", "x" * 65])
def test_tags_have_few_characters(tag: str) -> None:
    """They reach listings, so they are limited in length and kind (mcp.md 7)."""
    with pytest.raises(InvalidRequest, match="each of 'tags'"):
        tags_of([tag])


def test_names_are_one_short_line() -> None:
    """Projects, speakers and sessions stand in headings."""
    assert name_of(" two\nlines\t x ", "project") == "two lines x"
    assert name_of("", "project") == ""
    with pytest.raises(InvalidRequest, match="'project' of at most 128 characters, got 129"):
        name_of("x" * 129, "project")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 86_400.0),
        ("2026-05-03T14:00:00+02:00", 1_777_809_600.0),
        ("2026-05-03T12:00:00Z", 1_777_809_600.0),
        (" 2026-05-03T12:00:00 ", 1_777_809_600.0),
        ("2026-05-03T12:00:00.250Z", 1_777_809_600.25),
    ],
)
def test_times_are_iso_8601_and_utc_unless_they_say_otherwise(text: str, seconds: float) -> None:
    """Times are UTC (design 7)."""
    assert time_of(text, "since") == seconds


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "12:00", "1777802400", "x" * 500])
def test_a_time_that_is_none_is_refused_with_an_example(text: str) -> None:
    """The original ignored it without a word."""
    with pytest.raises(InvalidRequest, match="'since' as an ISO 8601 date or time"):
        time_of(text, "since")


@given(st.floats(-6e10, 2.5e11).map(lambda s: round(s, 3)))
def test_a_time_that_was_shown_can_be_given_back(seconds: float) -> None:
    """What a result shows works as an argument."""
    assert time_of(iso_time(seconds), "since") == pytest.approx(seconds, abs=0.002)


@pytest.mark.parametrize("seconds", [None, 1e18, -1e18])
def test_a_time_that_cannot_be_shown_is_empty(seconds: float | None) -> None:
    """Years 1 to 9999 (ISO 8601)."""
    assert iso_time(seconds) == ""


def test_metadata_is_small_flat_and_clean() -> None:
    """A JSON object of the caller's, at most `limits.METADATA_BYTES_MAX`."""
    assert metadata_of({"a\u200b": ["b\x00", {"c": 1.5, "d": None, "e": True}]}) == {
        "a": ["b", {"c": 1.5, "d": None, "e": True}]
    }
    with pytest.raises(InvalidRequest, match="at most 4096 bytes"):
        metadata_of({"a": "x" * 5_000})
    deep: dict[str, object] = {}
    for _ in range(9):
        deep = {"a": deep}
    with pytest.raises(InvalidRequest, match="nested at most 8 deep"):
        metadata_of(deep)
    with pytest.raises(InvalidRequest, match="finite numbers"):
        metadata_of({"a": float("inf")})
