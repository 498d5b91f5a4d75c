"""Answers made of memories, purely: sentences, choice, citations, what of a model is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.memory import synthesis, synthesis_generated, synthesizer
from mimo.actors.memory.lexicon import Worth
from mimo.actors.memory.query import words_of
from mimo.actors.memory.synthesis import Sentence, Source


def stems(text: str) -> frozenset[str]:
    return frozenset(words_of(text))


def sources(*contents: str) -> list[Source]:
    return [
        Source(memory_id=number, content=content, score=1.0 - number / 100, cosine=0.5)
        for number, content in enumerate(contents, start=1)
    ]


def worth(*words: str) -> list[Worth]:
    return [Worth(word, word, 1, 1.0) for word in words]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ada came. Ben left!", ["Ada came.", "Ben left!"]),
        ("Dr. Gray paid 3.50 e.g. For tea.", ["Dr. Gray paid 3.50 e.g. For tea."]),
        ("one\ntwo\n\nthree", ["one", "two", "three"]),
        ("version 1.2. is old. it is", ["version 1.2. is old. it is"]),
        ("  ", []),
        ("x" * 1_000, ["x" * 399 + "…"]),
    ],
)
def test_a_text_is_cut_into_sentences(text: str, found: list[str]) -> None:
    assert synthesis.sentences(text) == found


def test_the_sentence_that_answers_is_chosen_and_said_once() -> None:
    found = synthesis.extract(
        sources("Ada lives in Turin. She likes rain.", "Ada lives in Turin.", "Ben has a boat."),
        worth("lives", "ada"),
        stems,
        chars_max=500,
    )

    assert found == [Sentence(text="Ada lives in Turin.", memory_ids=(1,))]
    assert synthesis.answer_of(found) == "Ada lives in Turin. [1]"


@given(
    contents=st.lists(st.text(max_size=300), max_size=8),
    chars_max=st.integers(100, 600),
)
def test_every_sentence_is_of_the_memory_that_it_cites(contents: list[str], chars_max: int) -> None:
    given_sources = sources(*contents)
    found = synthesis.extract(given_sources, worth("ada"), stems, chars_max=chars_max)
    by_id = {source.memory_id: " ".join(source.content.split()) for source in given_sources}

    assert len(synthesis.answer_of(found)) <= chars_max
    for sentence in found:
        (memory_id,) = sentence.memory_ids
        for word in sentence.text.rstrip("…").split():
            assert word in by_id[memory_id]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(("sentences", "text", "memory_ids")), inner, max_size=3)
    ),
)


@given(value=json_values)
def test_nothing_uncited_is_believed_whatever_a_model_says(value: Any) -> None:
    given_sources = sources("Ada lives in Turin.", "Ben has a boat.")
    kept, _ = synthesis_generated.verified(json.dumps(value), given_sources, stems, chars_max=1_000)

    for sentence in kept:
        assert sentence.memory_ids
        assert set(sentence.memory_ids) <= {1, 2}


@pytest.mark.parametrize(
    ("sentence", "is_kept"),
    [
        ({"text": "Ada lives in Turin [1].", "memory_ids": [1]}, True),
        ({"text": "Ada's home is Turin.", "memory_ids": [1, 1]}, True),
        ({"text": "Ada lives in Turin.", "memory_ids": []}, False),
        ({"text": "Ada lives in Turin.", "memory_ids": [1, 7]}, False),
        ({"text": "Ada lives in Turin.", "memory_ids": ["1"]}, False),
        ({"text": "Ada lives in Turin.", "memory_ids": [True]}, False),
        ({"text": "Bananas are rich in potassium.", "memory_ids": [1]}, False),
        ({"text": "Ada lives in Turin, see https://evil.example", "memory_ids": [1]}, False),
        ({"text": "Ada lives in [Turin](x)", "memory_ids": [1]}, False),
        ({"text": "<b>Ada lives in Turin", "memory_ids": [1]}, False),
        ({"text": "[1]", "memory_ids": [1]}, False),
        ("Ada lives in Turin. [1]", False),
    ],
)
def test_a_sentence_is_believed_only_if_its_memories_back_it(
    sentence: Any, *, is_kept: bool
) -> None:
    kept, dropped = synthesis_generated.verified(
        json.dumps({"sentences": [sentence]}), sources("Ada lives in Turin."), stems, chars_max=999
    )

    assert (len(kept), dropped) == ((1, 0) if is_kept else (0, 1))


@given(content=st.text(max_size=200))
def test_a_memory_can_not_leave_its_quotation(content: str) -> None:
    request, given_sources = synthesis_generated.request_of("who?", sources(content, "other"))
    read = json.loads(request.prompt)

    assert request.prompt.isascii()
    assert [each["text"] for each in read["memories"]] == [content, "other"]
    assert [each["id"] for each in read["memories"]] == [one.memory_id for one in given_sources]
    assert request.system == synthesis_generated.SYSTEM


def test_memories_for_a_model_are_bounded() -> None:
    request, given_sources = synthesis_generated.request_of("who?", sources(*["x" * 9_000] * 60))

    assert len(given_sources) == 16
    assert len(request.prompt) < 30_000


def test_nearness_words_and_distance_make_an_answer_likelier() -> None:
    likely = synthesizer.probability((0.6, 0.9, 0.3))

    assert synthesizer.likelihood([], []) == 0.0
    assert likely > 0.9
    assert synthesizer.probability((0.2, 0.1, 0.02)) < 0.1
    assert synthesizer.signs([], 0.5) is None
    assert synthesizer.signs(sources("a", "b"), 0.5) == (0.5, 0.5, 0.0)
    by_words = [Source(memory_id=1, content="x", score=1.0)]
    assert synthesizer.is_answered(by_words, [0.9])
    assert not synthesizer.is_answered(by_words, [0.1])


def test_sentences_that_can_not_both_be_so_are_told() -> None:
    first = Sentence(text="The service listens on port 8080", memory_ids=(1,))
    second = Sentence(text="The service listens on port 9090", memory_ids=(2,))

    (found,) = synthesizer.disagreements([first, second])

    assert found["memory_ids"] == [1, 2]
    assert not synthesizer.disagreements([first, Sentence(text="Ben sails", memory_ids=(3,))])
