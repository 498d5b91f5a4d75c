"""What usually follows: counted by hand, and against an oracle that counts naively."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.insight.sequences import SEEN_MIN, Chain, measured, sequences_of
from mimo.actors.insight.suggesting import chosen
from mimo.actors.insight.wording import matches

LABELS = ("a.x", "b.x", "c.x", "d.x")
SEQUENCES = st.lists(st.lists(st.sampled_from(LABELS), max_size=12), max_size=12)


def test_two_calls_predict_better_than_one() -> None:
    chain = Chain([["a.x", "b.x", "c.x"]] * 3 + [["d.x", "b.x", "a.x"]] * 4)

    assert chain.guesses(["a.x", "b.x"], 1)[0].label == "c.x"
    assert chain.guesses(["d.x", "b.x"], 1)[0].label == "a.x"
    assert chain.guesses(["b.x"], 1)[0].label == "a.x"


def test_a_context_that_was_seen_too_rarely_is_backed_off_from() -> None:
    chain = Chain([["a.x", "b.x", "c.x"]] * (SEEN_MIN - 1) + [["b.x", "d.x"]] * 5)

    (best, *_) = chain.guesses(["a.x", "b.x"], 3)

    assert (best.label, best.order, best.times) == ("d.x", 1, 5)


@given(SEQUENCES, st.lists(st.sampled_from(LABELS), max_size=2))
def test_guesses_count_what_followed(sequences: list[list[str]], recent: list[str]) -> None:
    for guess in Chain(sequences).guesses(recent, 10):
        context = recent[len(recent) - guess.order :] if guess.order else []
        followed = Counter(
            sequence[place]
            for sequence in sequences
            for place in range(len(sequence))
            if place >= len(context) and sequence[place - len(context) : place] == context
        )
        assert (guess.times, guess.seen) == (followed[guess.label], followed.total())


@given(SEQUENCES)
def test_a_hit_rate_has_its_sample_size(sequences: list[list[str]]) -> None:
    rate = measured(sequences)

    assert 0 <= rate.first <= rate.among_three <= rate.predictions
    assert rate.baseline <= rate.predictions


def test_habits_are_found_and_noise_is_not() -> None:
    rolled = random.Random(7)
    habit = [["a.x", "b.x", "c.x", "d.x"] for _ in range(50)]
    noise = [[rolled.choice(LABELS) for _ in range(12)] for _ in range(400)]

    regular, irregular = measured(habit), measured(noise)

    assert regular.first == regular.predictions == 30
    assert irregular.first / irregular.predictions < 0.35


def test_repetitions_in_a_row_count_once() -> None:
    steps = [(1, "a.x"), (2, "c.x"), (1, "a.x"), (1, "b.x"), (1, "a.x")]

    assert sequences_of(steps) == [["a.x", "b.x", "a.x"], ["c.x"]]


def test_words_of_a_task_find_the_operation() -> None:
    described = {
        "file.diff": "Show what changed between two files.",
        "memory.search": "Find memories by words and by meaning.",
        "web.fetch": "Read a page of the web.",
    }

    found = matches("what did we memorise about the searching of pages", described, 3)

    assert found[0].label == "memory.search"
    assert matches("zzz", described, 3) == []


def test_what_followed_goes_before_words_unless_both_agree() -> None:
    guesses = Chain([["a.x", "b.x"]] * 5 + [["a.x", "c.x"]] * 4).guesses(["a.x"], 5)
    words = matches("do c", {"c.x": "do ccc things", "d.x": "other"}, 3)

    assert chosen(guesses, [])[0] == "b.x"
    assert chosen([], [])[0] == ""
    assert chosen(guesses, words)[0] in {"b.x", "c.x"}
