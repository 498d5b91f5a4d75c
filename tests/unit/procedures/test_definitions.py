"""Definitions: what is refused, and with which words; templates, guards, versions, shapes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimo.actors.catalogue import TOOLS
from mimo.actors.procedures import conditions, examples, shapes, templates, versions
from mimo.actors.procedures.dry_run import DryRun
from mimo.actors.procedures.facts import facts_of
from mimo.actors.procedures.operations import HELLO
from mimo.actors.procedures.parsing import parse, parsed
from mimo.actors.procedures.templates import TemplateError
from mimo.config.errors import InvalidRequest
from tests.support.procedures import CATALOGUE, add

REAL = facts_of(TOOLS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


def definition(**changes: Any) -> dict[str, Any]:
    plain = {
        "name": "p",
        "version": "1.0",
        "initial_state": "a",
        "states": {"a": add("a", "end"), "end": {"end": "succeeded"}},
    }
    return plain | changes


def state(**changes: Any) -> dict[str, Any]:
    return definition(states={"a": add("a", "end") | changes, "end": {"end": "succeeded"}})


CYCLE = {
    "a": {"choose": True, "transitions": [{"to": "b"}]},
    "b": {"choose": True, "transitions": [{"to": "a"}, {"to": "end"}]},
    "end": {"end": "succeeded"},
}
BRANCH = {
    "initial_state": "x",
    "states": {"x": {"set": {"n": 1}, "transitions": [{"to": "end"}]}, "end": {"end": "succeeded"}},
}

WRONG = [
    ("expected an object, got str", "text"),
    ("states: expected at least one state", {"name": "p", "version": "1.0"}),
    ("name: expected a name of a-z", definition(name="No Name")),
    ("version: expected a version such as 1.2.0, got 'latest'", definition(version="latest")),
    ("did you mean 'states'", definition(state={})),
    ("initial_state: expected one of a, end, got x", definition(initial_state="x")),
    ("expected one of action, set, choose", state(set={"x": 1})),
    ("transitions.0.to: expected one of a, end, got gone", state(transitions=[{"to": "gone"}])),
    (
        "transitions.0.on: expected one of error, ok",
        state(transitions=[{"on": "done", "to": "end"}]),
    ),
    ("expected a transition on ok, got none", state(transitions=[])),
    (
        "expected a way to it from a, got none",
        state() | {"states": {**state()["states"], "b": add("b", "end")}},
    ),
    (
        "states: expected a state with 'end' that can be reached",
        definition(
            states={"a": {"wait": {"event": "go"}, "transitions": [{"on": "go", "to": "a"}]}}
        ),
    ),
    ("in the cycle a -> b -> a, got none", definition(states=CYCLE)),
    (
        "did you mean counter.add?",
        state(action={"tool": "counter", "operation": "ad", "arguments": {}}),
    ),
    (
        "expected 'amount', which it needs",
        state(action={"tool": "counter", "operation": "add", "arguments": {"name": "x"}}),
    ),
    (
        "arguments.extra: expected amount, name",
        state(
            action={
                "tool": "counter",
                "operation": "add",
                "arguments": {"name": "x", "amount": 1, "extra": 1},
            }
        ),
    ),
    (
        "expected a path such as {{ context.name }}",
        state(
            action={
                "tool": "counter",
                "operation": "add",
                "arguments": {"name": "{{ 1 + 1 }}", "amount": 1},
            }
        ),
    ),
    (
        "expected a path that begins with context, run",
        state(
            action={
                "tool": "counter",
                "operation": "add",
                "arguments": {"name": "{{ result.x }}", "amount": 1},
            }
        ),
    ),
    (
        "retry.attempts: expected a number from 1 to 50",
        state(
            action={
                "tool": "counter",
                "operation": "add",
                "arguments": {"name": "x", "amount": 1},
                "retry": {"attempts": 0},
            }
        ),
    ),
    (
        "when: expected 'path' and one of equals",
        state(transitions=[{"to": "end", "when": {"path": "context.x"}}]),
    ),
    (
        "wait: expected seconds, until or event",
        definition(
            states={
                "a": {"wait": {}, "transitions": [{"on": "elapsed", "to": "end"}]},
                "end": {"end": "succeeded"},
            }
        ),
    ),
    (
        "approval.question: expected the text",
        definition(
            states={
                "a": {"approval": {}, "transitions": [{"on": "approved", "to": "end"}]},
                "end": {"end": "succeeded"},
            }
        ),
    ),
    ("end: expected succeeded or failed, got 'well'", definition(states={"a": {"end": "well"}})),
    (
        "branches that save under different names, got 'n' in l and r",
        definition(
            states={
                "a": {"parallel": {"l": BRANCH, "r": BRANCH}, "transitions": [{"to": "end"}]},
                "end": {"end": "succeeded"},
            }
        ),
    ),
    (
        "expected 2 to 8 branches, got 1",
        definition(
            states={
                "a": {"parallel": {"l": BRANCH}, "transitions": [{"to": "end"}]},
                "end": {"end": "succeeded"},
            }
        ),
    ),
    ("context_schema.type: expected one of", definition(context_schema={"type": "text"})),
    ("timeout_s: expected a number from 1", definition(timeout_s="soon")),
]


@pytest.mark.parametrize(("sentence", "wrong"), WRONG, ids=[words for words, _ in WRONG])
def test_what_is_wrong_is_said_with_its_place(sentence: str, wrong: Any) -> None:
    """Every rule of the validator, once."""
    procedure, problems = parse(wrong, CATALOGUE)
    assert procedure is None
    assert any(sentence in each for each in problems), problems


def test_a_procedure_cannot_call_what_runs_procedures() -> None:
    """A run inside a run would wait for its own actor."""
    action = {"tool": "orchestrate", "operation": "run_procedure", "arguments": {"name": "p"}}
    with pytest.raises(InvalidRequest, match="that procedures may call"):
        parsed(state(action=action), REAL)


@given(JSON)
def test_no_definition_breaks_the_validator(given_json: Any) -> None:
    """Whatever comes is answered with sentences."""
    assert parse(given_json, CATALOGUE)[1]


@settings(max_examples=600, deadline=None)
@given(data=st.data())
def test_no_damaged_definition_breaks_the_validator(data: st.DataObject) -> None:
    """One value of a good definition replaced by any other."""
    damaged = copy.deepcopy(HELLO)
    place: Any = damaged
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON)
    _, problems = parse(damaged, REAL)
    assert all(isinstance(each, str) and each for each in problems)


@pytest.mark.parametrize("name", [*examples.names(), "hello"])
def test_the_shipped_procedures_fit_the_tools_and_walk_to_their_end(name: str) -> None:
    """Each is valid as it is, and a dry run of it succeeds."""
    shipped = HELLO if name == "hello" else examples.load(name)
    procedure = parsed(shipped, REAL)
    context = shapes.completed(
        procedure.context_schema,
        dict.fromkeys(procedure.context_schema.get("required", ()), "x"),
    )
    walk = DryRun(procedure, REAL, {"read_notes": {"notes": [], "count": 0}})
    assert walk.walk(context, 1_000.0).status == "succeeded"


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{{ context.n }}", 3),
        ("n is {{ context.n }}, {{context.list}}", 'n is 3, ["a", "b"]'),
        ("{{ context.list.1 }}", "b"),
        ({"x": ["{{ context.n }}", None, True]}, {"x": [3, None, True]}),
        ({"$add": ["{{ context.n }}", 1, 0.5]}, 4.5),
        ({"$length": "{{ context.list }}"}, 2),
        ({"$default": ["{{ context.gone }}", "none"]}, "none"),
        ({"$join": ["{{ context.list }}", ", "]}, "a, b"),
        ({"$each": "context.list", "as": "one", "give": {"v": "{{ one }}{{ context.n }}"}},
         [{"v": "a3"}, {"v": "b3"}]),
    ],
)  # fmt: skip
def test_a_template_is_filled(template: Any, filled: Any) -> None:
    """A lone hole keeps its type; others are spelled out."""
    scope = {"context": {"n": 3, "list": ["a", "b"]}}
    assert list(templates.problems(template, frozenset({"context"}))) == []
    assert templates.render(template, scope) == filled


@pytest.mark.parametrize(
    "template",
    [
        "{{ context.gone }}",
        {"$add": ["{{ context.list }}", 1]},
        {"$each": "context.n", "as": "one", "give": 1},
        {"$length": "{{ context.n }}"},
        {"$join": ["{{ context.n }}", ""]},
    ],
)
def test_a_hole_without_a_value_is_an_error(template: Any) -> None:
    """Nothing is filled in silently."""
    with pytest.raises(TemplateError):
        templates.render(template, {"context": {"n": 3, "list": ["a", "b"]}})


@pytest.mark.parametrize(
    ("guard", "is_true"),
    [
        ({"path": "context.n", "equals": 3}, True),
        ({"path": "context.n", "equals": True}, False),
        ({"path": "context.n", "above": 2}, True),
        ({"path": "context.n", "above": "2"}, False),
        ({"path": "context.n", "at_most": 3}, True),
        ({"path": "context.n", "below": "{{ context.m }}"}, True),
        ({"path": "context.gone", "not_equals": 1}, False),
        ({"path": "context.gone", "exists": False}, True),
        ({"path": "context.n", "exists": True}, True),
        ({"path": "context.list", "contains": "a"}, True),
        ({"path": "context.n", "one_of": [1, 3]}, True),
        ({"not": {"path": "context.n", "equals": 3}}, False),
        ({"all": [{"path": "context.n", "equals": 3}, {"path": "context.m", "equals": 3}]}, False),
        ({"any": [{"path": "context.n", "equals": 3}, {"path": "context.m", "equals": 3}]}, True),
    ],
)
def test_a_guard_is_true_or_false(guard: dict[str, Any], is_true: bool) -> None:
    """JSON's equality; a missing value meets no comparison."""
    scope = {"context": {"n": 3, "m": 4, "list": ["a", "b"]}}
    assert list(conditions.problems(guard, frozenset({"context"}))) == []
    assert conditions.holds(guard, scope) is is_true


def test_versions_are_compared_as_numbers() -> None:
    """10 is more than 9."""
    assert versions.parsed("10.0") > versions.parsed("9.9.9")
    assert versions.spelled(versions.parsed("1.2")) == "1.2.0"
    for wrong in ("1", "v1.0", "1.0.0.0", "1.-1", "", "1.0-beta"):
        with pytest.raises(InvalidRequest, match=r"version such as 1\.2\.0"):
            versions.parsed(wrong)


def test_a_shape_says_each_misfit() -> None:
    """The part of JSON Schema that contexts need."""
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1},
            "kind": {"enum": ["a", "b"]},
            "names": {"type": "array", "items": {"type": "string", "maxLength": 2}, "maxItems": 1},
        },
        "required": ["n"],
        "additionalProperties": False,
    }
    assert not list(shapes.problems(schema))
    assert not list(shapes.misfits(schema, {"n": 2, "kind": "a", "names": ["x"]}))
    found = list(shapes.misfits(schema, {"kind": "c", "names": ["long", 1], "more": 1}))
    assert len(found) == 6
    assert list(shapes.misfits(schema, {"n": 1.5})) == [
        "expected context.n to be of type integer, got float"
    ]
