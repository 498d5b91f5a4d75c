"""Facts and mentions out of plain text, and names that mean the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.knowledge.extraction import CONFIDENCE, extract
from mimo.actors.knowledge.mentions import mentions, phrases
from mimo.storage.knowledge_names import concept_key, keys_of, predicate_of, singular


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Mimo depends on Thespian.", ["Mimo|depends_on|Thespian"]),
        (
            "Mimo depends on Thespian and uses SQLite, peewee and numpy.",
            ["Mimo|depends_on|Thespian", "Mimo|uses|SQLite", "Mimo|uses|peewee", "Mimo|uses|numpy"],
        ),
        (
            "Alice and Bob work at Acme Corp.",
            ["Alice|works_at|Acme Corp", "Bob|works_at|Acme Corp"],
        ),
        ("Ada is the mother of Bob.", ["Ada|mother_of|Bob"]),
        ("Bob's boss is Carol.", ["Carol|boss_of|Bob"]),
        ("Rust is a programming language.", ["Rust|is_a|programming language"]),
        (
            "The API gateway calls the billing service for invoices.",
            ["API gateway|calls|billing service"],
        ),
        (
            "Turin is located in Italy; Ada lives in Turin because it is nice.",
            ["Turin|located_in|Italy", "Ada|lives_in|Turin"],
        ),
        ("- `recall` is part of `mimo`", ["recall|part_of|mimo"]),
        ("The parser was written by Grace Hopper in 1952.", ["parser|authored_by|Grace Hopper"]),
        ("New York City is also known as NYC.", ["New York City|also_known_as|NYC"]),
    ],
)
def test_sentences_that_state_facts_are_read(text: str, facts: list[str]) -> None:
    """The original's twelve patterns and more. Source: original/memory.md 15."""
    found = [f"{each.subject}|{each.predicate}|{each.object}" for each in extract(text).facts]

    assert found == facts


@pytest.mark.parametrize(
    "text",
    [
        "Mimo does not depend on Redis.",
        "Mimo doesn't use Redis.",
        "Does Mimo use Redis?",
        "If Mimo uses Redis, it is slow.",
        "It uses Redis.",
        "We should use Redis.",
        "Mimo might use Redis.",
        "They depend on each other",
        "A lot of people like tea",
        "hello",
        "uses Redis",
        "Mimo uses",
        "",
    ],
)
def test_what_is_denied_asked_or_said_of_a_pronoun_is_no_fact(text: str) -> None:
    """Low precision made the original's facts worthless. Source: original/memory.md 12."""
    assert extract(text).facts == ()


def test_the_reader_says_what_it_could_not_read_and_how_sure_it_is() -> None:
    """Silence would look like success. Source: ours."""
    found = extract("Mimo uses SQLite. Is it fast?")

    assert found.unread == ("Is it fast?",)
    assert [each.confidence for each in found.facts] == [CONFIDENCE]
    assert [each.confidence for each in extract("A uses B.", 0.3).facts] == [0.3]


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    """No text makes it fail or hang. Source: ours."""
    for fact in extract(text).facts:
        assert fact.subject
        assert fact.object
    mentions(text)
    phrases(text)


@pytest.mark.parametrize("text", ["a uses " * 9_000, "is " * 20_000, "`x(" * 20_000, "a/" * 30_000])
def test_long_repetitions_are_read_in_linear_time(text: str) -> None:
    """No pattern backtracks without end: the runner's own limit would tell. Source: ours."""
    extract(text[:65_536])
    mentions(text[:65_536])


def test_mentions_are_files_functions_and_libraries_written_as_such() -> None:
    """The original took any word before a bracket for one. Source: original/memory.md 12."""
    text = (
        "Fix ./storage/writer.py: `commit(x)` calls flush() and Repo.get/2 (see README.md);\n"
        "import numpy as np\npip install requests; the apsw library; a walk (in the park)"
    )
    found = mentions(text)

    assert found.files == ("storage/writer.py", "README.md")
    assert found.functions == ("flush", "commit", "Repo.get")
    assert found.libraries == ("numpy", "requests", "apsw")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Databases", "database"),
        ("Café", "cafe"),
        ("user_stories", "User Story"),
        ("New York", "new-york"),
        ("an API", "api"),
        ("boxes", "box"),
        ("O'Brien", "o brien"),
    ],
)
def test_case_accents_articles_and_plural_do_not_tell_names_apart(one: str, other: str) -> None:
    """Source: ours."""
    assert concept_key(one) == concept_key(other)


@pytest.mark.parametrize("word", ["redis", "status", "class", "aws", "paris", "series"])
def test_words_that_only_look_plural_stay_apart_from_what_they_would_become(word: str) -> None:
    """Source: Harman 1991, exceptions of the S-stemmer."""
    assert singular(word) in {word, "sery"}
    assert keys_of(word)[0] == word


@given(st.text(min_size=1, max_size=40))
def test_a_key_of_a_key_is_itself_a_key_and_never_empty(name: str) -> None:
    """Every name that has something in it can be found again. Source: ours."""
    if name.strip():
        assert concept_key(name)


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ("depends on", "depends_on"),
        ("dependsOn", "depends_on"),
        ("Depends-On", "depends_on"),
        ("is part of", "part_of"),
        ("is a", "is_a"),
        ("is an", "is_a"),
        ("are married to", "married_to"),
        ("use", "uses"),
        ("  ", ""),
        ("!?", ""),
        ("größer als", "grösser_als"),
    ],
)
def test_predicates_have_one_form(text: str, predicate: str) -> None:
    """Source: ours."""
    assert predicate_of(text) == predicate
