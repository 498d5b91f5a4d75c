"""What speaks for and against a claim, and what a score may say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.cognition.claims import check_claims
from mimo.actors.reasoning.asking import Found
from mimo.actors.reasoning.evidence import Hit, Tally, check, confidence
from mimo.actors.reasoning.knowing import assessed, gap_of
from mimo.actors.reasoning.terms import claims_of, cover, label_of, overlap, statements, terms_of

NOW_S = 1_700_000_000.0
WHEN = "2023-11-01T00:00:00Z"


def hit(memory_id: int, content: str, **fields: object) -> Hit:
    return Hit(memory_id=memory_id, content=content, occurred_at=WHEN, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("memory", "claim", "status"),
    [
        ("Ada lives in Bern", "Ada lives in Bern.", "held"),
        ("Ada lives in Bern with her two cats", "Ada lives in Bern", "held"),
        ("Ada lives in Bern", "Ada lives in Geneva", "refuted"),
        ("The valve is open", "The valve is closed", "refuted"),
        ("The valve is not open", "The valve is open", "refuted"),
        ("Ada lives in Bern", "Ada lives in Bern and works at the mill", "open"),
        ("Ada bought a boat", "The mill was sold by the council", "open"),
    ],
)
def test_a_memory_supports_what_says_the_same_or_less(memory: str, claim: str, status: str) -> None:
    found = check(claim, (), [hit(7, memory)])
    assert found.status == status
    assert found.supporting == ((7,) if status == "held" else ())
    assert found.contradicting == ((7,) if status == "refuted" else ())


def test_memories_that_disagree_decide_nothing() -> None:
    found = check(
        "Ada lives in Bern", (), [hit(1, "Ada lives in Bern"), hit(2, "Ada lives in Graz")]
    )
    assert (found.status, found.supporting, found.contradicting) == ("open", (1,), (2,))


def test_what_is_computed_counts_more_than_what_a_memory_says() -> None:
    claim = "17 * 3 = 54"
    found = check(claim, check_claims(claim), [hit(1, claim)])
    assert (found.status, found.by) == ("refuted", "computed")
    assert "51" in found.why


def test_questions_intentions_and_guesses_claim_nothing() -> None:
    text = "Is the valve open? Let's look at the valve. Perhaps the valve leaks. The valve leaks."
    assert claims_of(text) == ("The valve leaks.",)


def test_labels_and_bullets_are_no_part_of_a_statement() -> None:
    assert label_of("Action: open the valve") == ("action", "open the valve")
    assert statements("1. Thought: the valve is old\n- it leaks") == [
        "the valve is old",
        "it leaks",
    ]


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 50))
def test_a_score_counts_what_was_decided_and_nothing_else(
    held: int, refuted: int, left: int, against: int
) -> None:
    found = confidence(Tally(held, refuted, left), against)
    n = held + refuted + against
    assert found["n"] == n
    assert ("score" in found) == (n > 0)
    if n:
        assert 0.0 < found["score"] < 1.0
        more = confidence(Tally(held + 1, refuted, left), against)
        assert more["score"] >= found["score"]
        worse = confidence(Tally(held, refuted + 1, left), against)
        assert worse["score"] <= found["score"]
    else:
        assert found["level"] == "unknown"
    if left > n:
        assert found["level"] != "high"


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_has_terms_and_covers_itself(one: str, other: str) -> None:
    terms = terms_of(one)
    assert cover(terms, terms).share == 1.0
    assert 0.0 <= overlap(terms, terms_of(other)) <= 1.0
    assert check(one, check_claims(one), [hit(1, other)]).status in ("held", "refuted", "open")


# -- How much is known of a topic ------------------------------------------------------------------
def known(
    *contents: str, topic: str = "harbour crane", conflicts: tuple[int, int] = (0, 0)
) -> dict:  # type: ignore[type-arg]
    hits = [hit(number, content) for number, content in enumerate(contents, 1)]
    found = Found(hits={"topic": hits}, conflicts=[conflicts])
    return assessed(topic, found, NOW_S)


def test_nothing_known_scores_nothing_and_says_so() -> None:
    found = known("A recipe for soup")
    assert (found["score"], found["n"], found["confidence"]) == (0.0, 0, "unknown")
    assert gap_of(found)["gap_type"] == "no_knowledge"


def test_more_evidence_makes_surer_and_what_is_contested_less_sure() -> None:
    texts = [f"The harbour crane has part {name}" for name in ("boom", "hook", "cab", "winch")]
    scores = [known(*texts[:count])["score"] for count in range(1, 5)]
    assert scores == sorted(scores)
    assert len(set(scores)) == 4
    contested = known(*texts, conflicts=(1, 2))
    assert contested["score"] < scores[-1]
    assert contested["contested"] == [1, 2]
    assert gap_of(contested)["gap_type"] == "contested_knowledge"


def test_what_no_evidence_names_is_named() -> None:
    texts = [f"The harbour crane has part {name}" for name in ("boom", "hook", "cab", "winch")]
    found = known(*texts, topic="harbour crane insurance")
    assert found["missing_terms"] == ["insuranc"]
    assert gap_of(found)["gap_type"] == "partial_coverage"


def test_old_evidence_is_stale() -> None:
    hits = [
        Hit(memory_id=n, content="The harbour crane lifts", occurred_at="2020-01-01T00:00:00Z")
        for n in range(1, 5)
    ]
    found = assessed("harbour crane", Found(hits={"topic": hits}), NOW_S)
    assert found["median_age_days"] > 1_000
    assert gap_of(found)["gap_type"] == "stale_knowledge"
