"""Plans as data: what they compile to, and what a description is known to mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.procedures import plans, recipes
from mimo.actors.procedures.definition import Catalogue, Facts
from mimo.actors.procedures.dry_run import DryRun
from mimo.actors.procedures.parsing import parse
from mimo.actors.procedures.planning import steps_json
from mimo.config.errors import InvalidRequest


def facts(*parameters: str, required: tuple[str, ...] = ()) -> Facts:
    return Facts(
        parameters=frozenset(parameters),
        required=frozenset(required),
        idempotent=True,
        reads=False,
        deadline_s=10.0,
        callable=True,
    )


CATALOGUE: Catalogue = {
    ("memory", "search"): facts("query", required=("query",)),
    ("memory", "store"): facts("content", required=("content",)),
    ("memory", "delete"): facts("memory_id", required=("memory_id",)),
}


def step(step_id: str, **more: Any) -> dict[str, Any]:
    made = {"id": step_id, "tool": "memory", "operation": "store", "args": {"content": "x"}}
    return made | more


STEPS = st.recursive(
    st.sampled_from(("halt", "continue", "escalate")),
    lambda inner: st.lists(inner, min_size=2, max_size=4),
    max_leaves=8,
)


def plan_of(drawn: list[Any], names: list[str]) -> list[Any]:
    """Return a plan in that form: texts are steps, lists run side by side; each reads the first."""
    entries: list[Any] = []
    for each in drawn:
        if isinstance(each, list):
            entries.append({"parallel": plan_of(each, names)})
            continue
        names.append(f"s{len(names)}")
        text = "{{ steps.s0.result.x }}" if len(names) > 1 else "x"
        entries.append(step(names[-1], on_error=each, args={"content": text}))
    return entries


@given(st.lists(STEPS, min_size=1, max_size=5))
def test_every_plan_compiles_to_a_procedure_that_ends(drawn: list[Any]) -> None:
    """Whatever is nested in what: no problem is found, and all steps are done once, in order."""
    names: list[str] = []
    plan = plan_of(["halt", *drawn], names)
    definition, steps = plans.compiled(plan, 60.0)
    procedure, problems = parse(definition, CATALOGUE)
    if procedure is None:
        assert all("levels" in problem for problem in problems), problems
        return
    assert [one.id for one in steps] == [one.id for one in plans.steps_of(definition)] == names
    answers = {name: {"x": "y"} for name in names}
    walk = DryRun(procedure, CATALOGUE, answers)
    run = walk.walk({}, 0.0)
    assert run.status == "succeeded"
    assert {one["status"] for one in steps_json(steps, run)} == {"succeeded"}
    called = [line.state.rpartition("/")[2] for line in walk.lines if line.what == "called"]
    assert sorted(called) == sorted(names)


def test_a_result_beside_or_after_a_step_cant_be_used_by_it() -> None:
    """Only what has surely ended before; the sentence names what may be used."""
    read = {"args": {"content": "{{ steps.a.result.x }}"}}
    good = [{"parallel": [step("a"), step("b")]}, step("c", **read)]
    assert plans.compiled(good, 60.0)
    for bad in (
        [{"parallel": [step("a"), step("b", **read)]}],
        [step("b", **read), step("a")],
        [step("a", **read)],
    ):
        with pytest.raises(InvalidRequest, match=r"expected a step before this one .*got steps\.a"):
            plans.compiled(bad, 60.0)


def test_the_same_plan_has_the_same_name_and_another_has_another() -> None:
    """A plan's name is a hash of what it does."""
    first, again, other = (
        plans.compiled([step("a", args={"content": text})], 60.0)[0]["name"] for text in "xxy"
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("search memory for cats", [("search", {"query": "cats"})]),
        ("Find cats and dogs in my memories", [("search", {"query": "cats and dogs"})]),
        ("recall x; remember that y is z", [("search", "x"), ("store", "y is z")]),
        ("1. recall x\n2. recall y", [("search", "x"), ("search", "y")]),
        ("recall x, and then recall y.", [("search", "x"), ("search", "y")]),
        ("What do we know about tea?", [("search", "tea")]),
    ],
)
def test_recipes_read_what_they_are_for(description: str, expected: list[Any]) -> None:
    """One call for each clause, with its argument as it was written."""
    steps, unknown, _ = recipes.plan_of(description, CATALOGUE)
    assert not unknown
    found = [(one["operation"], one["args"]) for one in steps]
    wanted = [
        (name, value if isinstance(value, dict) else {_ARGUMENT[name]: value})
        for name, value in expected
    ]
    assert found == wanted


_ARGUMENT = {"search": "query", "store": "content"}


def test_what_no_recipe_knows_or_no_tool_offers_is_left_to_reasoning() -> None:
    """A recipe whose operation isn't offered is none."""
    assert recipes.plan_of("fetch https://example.org", CATALOGUE)[0] == []
    assert recipes.plan_of("delete everything", CATALOGUE)[1] == ["delete everything"]


def test_a_procedure_is_meant_by_all_its_words_and_by_more_than_a_common_one() -> None:
    """The longest name wins; one word alone is meant only where something is to be run."""
    names = ["release", "release_notes", "check"]
    assert recipes.procedure_of("write the release notes", names) == "release_notes"
    assert recipes.procedure_of("check the weather", names) == ""
    assert recipes.procedure_of("run check", names) == "check"
    assert recipes.procedure_of("notes", names) == ""
