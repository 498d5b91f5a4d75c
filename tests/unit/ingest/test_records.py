"""JSON, YAML, CSV, notebooks: by records, within limits, whatever is in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.ingest.formats import read
from mimo.config import limits
from mimo.config.errors import InvalidRequest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


def _texts(raw: bytes | str, name: str, strategy: str = "auto") -> list[str]:
    data = raw.encode() if isinstance(raw, str) else raw
    return [chunk.text for chunk in read(data, name, strategy).chunks]


def test_a_list_of_records_makes_a_chunk_each() -> None:
    """Also inside an envelope. Source: issue 3, ingest."""
    people = [{"name": "Ada", "pets": ["cat", "dog"], "home": {"city": "Turin"}}, {"name": "Bob"}]

    wanted = ["name: Ada\npets: cat, dog\nhome.city: Turin", "name: Bob"]
    assert _texts(json.dumps(people), "a.json") == wanted
    assert _texts(json.dumps({"people": people}), "a.json") == wanted
    assert _texts("\n".join(map(json.dumps, people)), "a.jsonl") == wanted


def test_small_entries_are_packed() -> None:
    """A settings file isn't a hundred memories. Source: ours."""
    found = _texts(json.dumps({f"key{number}": number for number in range(100)}), "a.json")

    assert len(found) < 5
    assert found[0].startswith("key0: 0\nkey1: 1\n")


@given(value=JSON)
def test_any_json_can_be_read(value: Any) -> None:
    """Chunks are bounded whatever the value. Source: ours."""
    for text in _texts(json.dumps(value), "a.json", "json"):
        assert 0 < len(text) <= limits.CHUNK_CHARS_MAX


def test_yaml_is_read_without_making_objects() -> None:
    """Only plain values: a tag that would call something is refused. Source: PyYAML, SafeLoader."""
    assert _texts("- name: Ada\n- name: Bob\n", "a.yaml") == ["name: Ada", "name: Bob"]
    assert _texts("a: 1\n---\nb: 2\n", "a.yml") == ["a: 1", "b: 2"]
    with pytest.raises(InvalidRequest, match="expected YAML"):
        _texts("!!python/object/apply:os.system ['true']", "a.yaml")


def test_yaml_that_stands_for_too_much_is_refused() -> None:
    """A billion laughs, and a list that holds itself. Source: the known attacks."""
    laughs = "a0: &a0 [ha, [ha]]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
    )
    with pytest.raises(InvalidRequest, match="expected at most"):
        _texts(laughs, "a.yaml")
    with pytest.raises(InvalidRequest, match="nesting"):
        _texts("&a [[*a]]", "a.yaml")


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_what_is_nested_too_deep_is_refused(name: str) -> None:
    """With the limit, not with a crash. Source: ours."""
    for depth in (100, 100_000):
        with pytest.raises(InvalidRequest, match="nest"):
            _texts("[" * depth + "1" + "]" * depth, name)


def test_tables_are_read_by_their_first_row() -> None:
    """Commas, semicolons, tabs, quotes, short and long rows. Source: RFC 4180."""
    assert _texts('name,age\n"Lovelace, Ada",36\nBob\n', "a.csv") == [
        "name: Lovelace, Ada\nage: 36",
        "name: Bob",
    ]
    assert _texts("a;b\n1;2;3\n", "a.csv") == ["a: 1\nb: 2\ncolumn 3: 3"]
    assert _texts("a\tb\n1\t2\n", "a.tsv") == ["a: 1\nb: 2"]
    assert _texts("", "a.csv") == []


def test_a_notebook_is_read_without_its_outputs() -> None:
    """Text as Markdown, code as code. Source: nbformat 4."""
    cells = [
        {"cell_type": "markdown", "source": ["# Plan\n", "\n", "Count."]},
        {"cell_type": "code", "source": "n = 1", "outputs": [{"text": "SECRET OUTPUT"}]},
    ]

    found = _texts(json.dumps({"cells": cells}), "a.ipynb")

    assert found == ["Plan\n\nCount.\n\n```\nn = 1\n```"]


@pytest.mark.parametrize("text", ["{", "[1, 2", '{"a": }', "nonsense"])
def test_what_is_no_json_is_refused_with_its_place(text: str) -> None:
    """And with what to do. Source: ours."""
    with pytest.raises(InvalidRequest, match="expected JSON"):
        _texts(text, "a.json")
