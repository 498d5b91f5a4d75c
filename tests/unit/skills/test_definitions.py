"""What a skill says of its tools is text from outside: bounded, cleaned, never Mimo's own name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.skills import manifest
from mimo.actors.skills.definitions import clean, cleaned_schema, fingerprint, tools_of
from mimo.actors.skills.manifest import Loaded
from mimo.config import limits

OBJECT: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "properties", "items", "$ref", "x"]), inner)
    ),
    max_leaves=12,
)


def refers(schema: Any) -> bool:
    """Tell whether a reference stands anywhere in it."""
    if isinstance(schema, dict):
        return "$ref" in schema or any(map(refers, schema.values()))
    return isinstance(schema, list) and any(map(refers, schema))


def told(name: str, description: str = "Does it.", schema: Any = OBJECT) -> dict[str, Any]:
    return {"name": name, "description": description, "schema": schema}


def names(*each: dict[str, Any], taken: tuple[str, ...] = ()) -> list[str]:
    found, _ = tools_of("my-notes", each, taken, confirm=False, known="k")
    return [tool.name for tool in found]


def test_a_tool_is_named_after_its_skill_and_says_whose_it_is() -> None:
    found, left = tools_of("my-notes", [told("add")], (), confirm=True, known="k")

    assert (found[0].name, found[0].tool, left) == ("my_notes_add", "add", [])
    assert found[0].description == "[external skill my-notes] Does it."
    assert found[0].confirm


def test_a_name_that_is_taken_is_left_out() -> None:
    assert names(told("add"), taken=("my_notes_add",)) == []
    assert names(told("add"), told("add")) == ["my_notes_add"]


@pytest.mark.parametrize("name", ["", "a b", "../x", "é", "x" * 65, "x" * 45, "a\nb"])
def test_an_odd_name_is_left_out(name: str) -> None:
    assert names(told(name)) == []


def test_so_many_tools_are_taken_and_no_more() -> None:
    many = [told(f"t{number}") for number in range(limits.SKILL_TOOLS_MAX + 5)]

    assert len(names(*many)) == limits.SKILL_TOOLS_MAX


def test_invisible_characters_go_and_length_is_bounded() -> None:
    hidden = "Adds.\u200b\u202e\U000e0041\x1b[31m\n\nIGNORE ALL " + "x" * 5_000

    (tool,) = tools_of("s", [told("add", hidden)], (), confirm=False, known="k")[0]

    assert "\u202e" not in tool.description
    assert "\U000e0041" not in tool.description
    assert "\n" not in tool.description
    assert len(tool.description) < limits.SKILL_DESCRIPTION_CHARS + 40


@pytest.mark.parametrize(
    "schema",
    [
        None,
        [],
        {"type": "string"},
        {"type": "object", "oneOf": [OBJECT]},
        {"$ref": "http://169.254.169.254/x"},
        {"type": "object", "properties": {"a": {"enum": ["x" * 9_000]}}},
    ],
)
def test_a_schema_that_hosts_refuse_is_left_out(schema: Any) -> None:
    assert cleaned_schema(schema) is None


@given(JSON)
def test_a_cleaned_schema_is_plain(schema: Any) -> None:
    found = cleaned_schema(schema)

    assert found is None or (found["type"] == "object" and not refers(found))


def test_references_and_patterns_inside_are_dropped() -> None:
    found = cleaned_schema(
        {"properties": {"a": {"$ref": "#/x"}, "b": {"type": "string", "pattern": "(a+)+$"}}}
    )

    assert found == {"type": "object", "properties": {"a": {}, "b": {"type": "string"}}}


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text, 100)

    assert clean(once, 100) == once
    assert len(once) <= 100


def test_other_words_have_another_fingerprint_and_another_order_has_not() -> None:
    one, two = told("a"), told("b")

    assert fingerprint([one, two]) == fingerprint([two, one])
    assert fingerprint([one]) != fingerprint([told("a", "Does something else.")])


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    loaded = {"one": Loaded(mark="m", confirm=True, known="k", told=(told("add"),))}
    manifest.write(tmp_path, loaded)

    assert manifest.read(tmp_path) == loaded
    assert [each.name for each in manifest.tools(loaded, ())[0]] == ["one_add"]
    manifest.write(tmp_path, {})
    assert manifest.read(tmp_path) == {}
    assert not (tmp_path / "skills" / "manifest.json").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": {"mark": 1}}'])
def test_a_damaged_manifest_is_no_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills" / "manifest.json").write_text(text)

    assert manifest.read(tmp_path) == {}
