"""Texts: lines, insertions and replacements that are exact to the byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.files import texts
from mimo.actors.files.texts import Replacement
from mimo.config.errors import InvalidRequest

LINES = st.lists(st.text(alphabet="ab \r\n", max_size=6), max_size=8).map("\n".join)


@given(data=st.binary(max_size=200).filter(lambda data: b"\0" not in data))
def test_bytes_come_back_as_they_were(data: bytes) -> None:
    """UTF-8 or not. Source: PEP 383."""
    assert texts.bytes_of(texts.text_of(data, "x")) == data


@given(text=LINES)
def test_lines_join_to_the_text(text: str) -> None:
    """Each but the last has its end."""
    lines = texts.lines_of(text)

    assert "".join(lines) == text
    assert all(line.endswith("\n") for line in lines[:-1])


@given(text=LINES, first=st.integers(1, 9), last=st.integers(1, 9))
def test_deleting_lines_leaves_all_others(text: str, first: int, last: int) -> None:
    """Or there are no such lines."""
    lines = texts.lines_of(text)
    try:
        after = texts.with_lines(text, first, last, None, "x")
    except InvalidRequest:
        assert not 1 <= first <= last <= len(lines)
        return
    assert after == "".join(lines[: first - 1] + lines[last:])


@given(text=LINES, after=st.integers(0, 9))
def test_an_insertion_taken_out_again_leaves_the_text(text: str, after: int) -> None:
    """At every place; the end of the last line is kept as it was."""
    lines = texts.lines_of(text)
    try:
        longer = texts.with_insertion(text, after, "new", "x")
    except InvalidRequest:
        assert after > len(lines)
        return
    new = texts.lines_of(longer)
    assert len(new) == len(lines) + 1
    assert new[after].strip() == "new"
    if lines:
        assert longer.endswith("\n") == text.endswith("\n")


def test_an_empty_file_gets_its_first_line() -> None:
    """With a line end."""
    assert texts.with_insertion("", 0, "one", "x") == "one\n"


def test_new_lines_end_like_the_others() -> None:
    """CR LF stays CR LF. Source: ours."""
    assert texts.with_insertion("a\r\nb\r\n", 1, "x\ny", "f") == "a\r\nx\r\ny\r\nb\r\n"
    assert texts.with_lines("a\r\nb\r\n", 2, 2, "x", "f") == "a\r\nx\r\n"
    wanted = Replacement(old="a\nb", new="c\nd")
    assert texts.replaced("a\r\nb\r\n", wanted, "f") == ("c\r\nd\r\n", 1)


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("a b a", Replacement(old="a", new="c", everywhere=True), ("c b c", 2)),
        ("a b a", Replacement(old="a", new="c", first=True), ("c b a", 1)),
        ("a b a", Replacement(old="a", new="c", expected_count=2), ("c b c", 2)),
        ("a b", Replacement(old="a", new=""), (" b", 1)),
        ("aaa", Replacement(old="aa", new="b", first=True), ("ba", 1)),
    ],
)
def test_a_replacement_is_made_as_often_as_was_said(
    text: str, wanted: Replacement, expected: tuple[str, int]
) -> None:
    """One, the first, all, or a number. Source: original/tools.md 1.3."""
    assert texts.replaced(text, wanted, "f") == expected


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Replacement(old="nowhere", new=""), "pattern_not_found"),
        (Replacement(old="a", new=""), "multiple_matches: .*2, at lines 1, 3"),
        (Replacement(old="a", new="", expected_count=3), "unexpected_match_count: .*3.*got 2"),
        (Replacement(old="", new="x"), "empty"),
        (Replacement(old="b  b", new="x"), "lines 2-2 differ from it in white space"),
        (Replacement(old="b", new="\ud800"), "surrogate"),
    ],
)
def test_a_replacement_that_does_not_fit_says_why(wanted: Replacement, code: str) -> None:
    """By the original's names. Source: original/tools.md 1.3."""
    with pytest.raises(InvalidRequest, match=code):
        texts.replaced("a\nb b\na\n", wanted, "f")


def test_a_replacement_that_makes_a_text_explode_is_refused() -> None:
    """Before it is made: ten million characters by two hundred thousand. Source: ours."""
    wanted = Replacement(old="a", new="b" * 190_000, everywhere=True)

    with pytest.raises(InvalidRequest, match="make it larger"):
        texts.replaced("a" * 10_000_000, wanted, "f")


def test_what_stands_for_a_secret_is_never_written() -> None:
    """It would destroy the secret. Source: ours."""
    with pytest.raises(InvalidRequest, match="stands for a secret"):
        texts.replaced("key = 1\n", Replacement(old="1", new="[redacted: AWS key]"), "f")
    text = "say [redacted: AWS key]"
    assert texts.replaced(text, Replacement(old="say", new="[redacted: AWS key]"), "f")[1] == 1


@given(text=LINES, count=st.integers(1, 4), most=st.integers(1, 12))
def test_pages_put_together_are_the_text(text: str, count: int, most: int) -> None:
    """Unless a single line is longer than a page, which is said."""
    shown, at = "", 1
    while at:
        page = texts.page(text, at, count, most)
        if "truncated" in page:
            return
        shown += page["content"]
        at = page["next_offset"]
    assert shown == text


def test_a_picture_is_no_text() -> None:
    """NUL tells. Source: ours."""
    with pytest.raises(InvalidRequest, match="NUL"):
        texts.text_of(b"\x89PNG\0", "p.png")
