"""The order of candidates, as pure values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.memory import ranking
from mimo.actors.memory.ranking import Candidate, Ranked, diverse, rank


def order(*candidates: Candidate, worth: tuple[float, ...] = (1.0, 1.0, 1.0)) -> list[int]:
    """Return the ids of the candidates, best first."""
    known = {one.id: one for one in candidates}
    return [one.id for one in rank(known, list(known), worth)]


def test_meaning_and_words_both_lift_a_memory() -> None:
    """Ours: each alone is better than neither, both are better than one."""
    neither, meaning, words, both = (
        Candidate(1, 0b000, 0.1),
        Candidate(2, 0b000, 0.6),
        Candidate(3, 0b111, 0.1),
        Candidate(4, 0b111, 0.6),
    )

    found = order(neither, meaning, words, both)

    assert (found[0], found[-1]) == (4, 1)


def test_a_rare_word_tells_more_than_a_common_one() -> None:
    """BM25's idf: what all memories have tells nothing."""
    assert order(Candidate(1, 0b001, 0.3), Candidate(2, 0b010, 0.3), worth=(0.1, 5.0)) == [2, 1]


def test_a_memory_is_judged_with_the_two_before_it_in_its_session() -> None:
    """Retrieval: an answer seldom repeats the words of its question."""
    session = ("", "s")
    asked = Candidate(1, 0b011, 0.2, session, (0, 0, 2), is_question=True)
    answer = Candidate(2, 0b100, 0.2, session, (1, 0, 3))
    elsewhere = Candidate(9, 0b100, 0.2, ("", "t"))

    assert order(asked, answer, elsewhere) == [2, 1, 9]


def test_a_memory_without_session_is_not_behind_one_with() -> None:
    """Ours: a plain fact that fits as well must not lose for having no neighbours."""
    fact = Candidate(2, 0b111, 0.5)
    turn = Candidate(1, 0b111, 0.5, ("", "s"))

    assert order(fact, turn) == [2, 1]


def test_a_memory_that_waits_for_its_vector_can_win_by_its_words() -> None:
    """Ours: read your own writes; words stand in for the meaning until it is known."""
    fresh = Candidate(3, 0b111, None)

    assert order(Candidate(1, 0b001, 0.5), Candidate(2, 0b010, 0.4), fresh)[0] == 3


def test_equals_stand_newest_first() -> None:
    """Ours: an order that doesn't depend on chance."""
    assert order(*(Candidate(n, 0b1, 0.5) for n in (2, 1, 3))) == [3, 2, 1]


def test_shares_add_up_to_the_score() -> None:
    """Ours: what `explain` shows is what counted."""
    known = {1: Candidate(1, 0b11, 0.7, is_question=True), 2: Candidate(2, 0b1, 0.1)}

    for one in rank(known, [1, 2], (1.0, 2.0)):
        assert abs(one.score - sum(one.terms.values())) < 1e-12
        assert -0.2 <= one.score <= 1.0


def test_repetitions_stand_after_everything_else() -> None:
    """Ours: five copies of one fact must not fill a page; none is lost."""
    words = {
        1: frozenset(["the", "cat", "sat", "on", "a", "mat"]),
        2: frozenset(["cat", "sat", "on", "the", "a", "mat"]),
        3: frozenset(["dogs", "bark", "at", "night"]),
    }
    ranked = [Ranked(id=n, score=1 - n / 10) for n in (1, 2, 3)]

    assert [one.id for one in diverse(ranked, words, 3)] == [1, 3, 2]


def test_texts_that_differ_in_a_number_are_no_repetitions() -> None:
    """Ours: two prices of one thing are two facts."""
    long = [f"w{chr(97 + n)}" for n in range(26)]
    words = {1: frozenset([*long, "100"]), 2: frozenset([*long, "200"])}

    ranked = [Ranked(id=1, score=1), Ranked(id=2, score=0)]

    assert [one.id for one in diverse(ranked, words, 2)] == [1, 2]


candidates = st.lists(
    st.builds(
        Candidate,
        id=st.integers(1, 12),
        words=st.integers(0, 7),
        cosine=st.none() | st.floats(-1, 1),
        session=st.sampled_from([None, ("", "a"), ("p", "b")]),
        beside=st.tuples(*[st.integers(0, 14)] * 3),
        is_named=st.booleans(),
        is_question=st.booleans(),
        answers=st.booleans(),
        phrases=st.floats(0, 1),
    ),
    unique_by=lambda one: one.id,
)


@given(candidates)
def test_every_candidate_has_one_place(given_candidates: list[Candidate]) -> None:
    """Ours: whatever stands beside whom, nothing is lost, doubled or out of order."""
    known = {one.id: one for one in given_candidates}

    ranked = rank(known, list(known), (1.0, 0.5, 2.0))

    assert sorted(known) == sorted(one.id for one in ranked)
    assert sorted((one.score for one in ranked), reverse=True) == [one.score for one in ranked]


def test_every_weight_has_its_term() -> None:
    """Ours: a weight without a term, or a term without a weight, is a mistake."""
    (row,) = ranking.terms_of({1: Candidate(1, 0)}, [1], ())

    assert set(ranking.WEIGHTS) == set(row)
