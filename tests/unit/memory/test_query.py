"""Questions, taken apart without a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.memory import query
from mimo.actors.memory.query import analyse


def test_a_question_is_its_telling_words_and_their_pairs() -> None:
    """Ours: stop words say nothing about what is asked for."""
    asked = analyse("What did the blue whale eat?")

    assert asked.words == ("blue", "whale", "eat")
    assert asked.pairs == ("blue whale", "whale eat")


def test_a_question_of_stop_words_keeps_them() -> None:
    """Ours: finding something is better than finding nothing."""
    assert analyse("to be or not to be").words == ("to", "be", "or", "not")


def test_quotation_marks_make_phrases() -> None:
    """Ours: all three kinds of marks; an empty pair is none."""
    asked = analyse('say "Hello big World" or “so what” and ""')

    assert asked.phrases == ("hello big world", "so what")


@pytest.mark.parametrize(
    ("text", "asks_when", "asks_amount"),
    [
        ("When did it end?", True, False),
        ("which year was that", True, False),
        ("how many apples", False, True),
        ("how long did it take", True, True),
        ("Who came?", False, False),
    ],
)
def test_the_kind_of_answer_is_read_from_the_question(
    text: str, asks_when: bool, asks_amount: bool
) -> None:
    """Ours."""
    asked = analyse(text)

    assert (asks_when, asks_amount) == (asked.asks_when, asked.asks_amount)


@pytest.mark.parametrize(
    ("text", "time", "amount"),
    [
        ("We left last week.", True, False),
        ("Since 1998, in fact", True, True),
        ("Three of them", False, True),
        ("Nothing here", False, False),
    ],
)
def test_a_text_tells_a_time_or_a_number(text: str, time: bool, amount: bool) -> None:
    """Ours."""
    words = query.words_of(text)

    assert (time, amount) == (query.tells_time(text, words), query.tells_amount(text, words))


def test_names_of_known_speakers_are_recognised_and_taken_out() -> None:
    """Retrieval: with the name in it, a question is near to everything its bearer ever said."""
    asked = analyse("When did Ana Maria's sister meet Tom?")

    names = query.names_in(asked, ["ana maria silva", "tom", "zoe"])

    assert {"ana", "maria", "tom"} == names
    assert query.without(asked.text, names) == "When did sister meet ?"


def test_a_question_of_names_only_keeps_them() -> None:
    """Ours: an empty text has no meaning."""
    assert query.without("Tom?", ["tom"]) == "Tom?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Is it?", True),
        ("Is it? [photo: a dog]", True),
        ("Is it? Yes.", False),
        ("[?]", False),
        ("\u672c\u5f53\uff1f", True),
        ("", False),
    ],
)
def test_a_text_that_asks_is_told_from_one_that_says(text: str, expected: bool) -> None:
    """Ours: what follows in brackets describes a picture."""
    assert expected == query.is_question(text)


@given(st.text(st.characters(codec=None), max_size=300))
def test_no_question_is_wrong(text: str) -> None:
    """Ours: any text is taken apart; what comes out can be stored and searched for."""
    asked = analyse(text)

    asked.text.encode()
    assert "\0" not in asked.text
    assert all(word and not set(word) & set('"*():^-+ ') for word in asked.words)
