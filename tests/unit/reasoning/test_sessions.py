"""Strategies, branches, analysis and the amplifier's rules, as pure functions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.reasoning import analysis, strategies
from mimo.actors.reasoning.branches import best_branch, explored, leave, open_branch, tree_json
from mimo.actors.reasoning.evidence import Hit
from mimo.actors.reasoning.questioning import (
    ADAPTIVE,
    LEVELS,
    MUST,
    challenge,
    find_issues,
    open_challenges,
    refusal,
)
from mimo.actors.reasoning.session import Session
from mimo.actors.reasoning.stepping import coverage, evaluation, take_step
from mimo.config import limits
from mimo.config.errors import Conflict, NotFound


def session(
    strategy: str = "cot", problem: str = "Why does the pump stop?", **more: Any
) -> Session:
    return Session(
        id="reason_1",
        kind=more.pop("kind", "guided"),
        strategy=strategy,
        problem=problem,
        source="test",
        started_at_s=0.0,
        updated_at_s=0.0,
        **more,
    )


def think(one: Session, text: str, **more: Any) -> Any:
    return take_step(one, text, {}, 0.0, **more)


# -- Strategies ------------------------------------------------------------------------------------
def test_a_chain_wants_linked_steps_that_say_something_new() -> None:
    one = session("cot")
    assert not think(one, "The pump stops when its filter is clogged").faults
    unlinked = think(one, "Bananas ripen in paper bags")
    assert unlinked.faults[0].startswith("builds on nothing")
    assert "builds on nothing" in strategies.unmet(one)[0]
    again = think(one, "When the filter is clogged, the pump stops")
    assert again.faults == ["repeats step 1"]
    assert not strategies.unmet(one)


def test_acting_wants_an_observation_after_each_action() -> None:
    one = session("react")
    action = think(one, "Action: measure the pump's pressure")
    assert action.kind == "action"
    assert strategies.demand(one) == "give the observation of the action in step 1"
    assert "goes on before" in think(one, "Action: open the filter").faults[0]
    think(one, "Observation: the filter is black")
    assert not strategies.unmet(one)
    assert "no action waits" in think(one, "Observation: it is raining").faults[0]
    assert think(one, "close the valve", result="the valve is shut").kind == "action"


def test_reflexion_wants_a_lesson_after_a_failure_and_another_attempt() -> None:
    one = session("reflexion")
    think(one, "Clean the filter", success=False, result="still stops")
    hasty = think(one, "Swap the motor", success=False)
    assert "before reflecting on attempt 1" in hasty.faults[0]
    for step in one.steps:
        step.lesson = "look at the power supply"
    again = think(one, "clean the filter")
    assert again.faults == ["repeats step 1, which failed"]
    assert "has no outcome" in strategies.unmet(one)[0]
    again.success = False
    think(one, "Check the fuse", success=False)
    assert one.status == "stuck"
    for step in one.steps:
        step.lesson = "known"
    think(one, "Replace the relay of the supply", success=True)
    assert one.status == "active"
    assert not strategies.unmet(one)


# -- Branches --------------------------------------------------------------------------------------
def test_a_branch_continues_the_path_it_began_on_and_no_other() -> None:
    one = session("tot")
    think(one, "The stem")
    open_branch(one, "first")
    think(one, "On the first branch")
    leave(one, "main", "no good")
    think(one, "The stem goes on")
    open_branch(one, "second")
    think(one, "On the second branch")
    texts = {each.id: [step.text for step in one.path(each.id)] for each in one.branches}
    assert texts["b1"] == ["The stem", "On the first branch"]
    assert texts["b2"] == ["The stem", "The stem goes on", "On the second branch"]
    assert texts["main"] == ["The stem", "The stem goes on"]
    assert explored(one) == ["b1", "b2"]
    assert {each["branch_id"]: each["status"] for each in tree_json(one)}["main"] == "open"


def test_backtracking_goes_to_the_branch_that_stands_best() -> None:
    one = session("tot")
    for sums in (("2 + 2 = 4", "3 + 3 = 6"), ("2 + 2 = 5",), ("2 + 2 = 9",)):
        open_branch(one, sums[0])
        for each in sums:
            think(one, f"The pump {each}")
        one.current = "main"
    one.current = "b3"
    assert best_branch(one, ["b1", "b2", "b3"]) == "b1"
    assert strategies.unmet(one) == [
        "b1 stands better than b3: backtrack to it, or follow this one"
    ]
    assert leave(one, "", "a wrong sum") == "b1"
    assert {each.id: each.status for each in one.branches}["b3"] == "dead_end"
    assert not strategies.unmet(one)
    with pytest.raises(NotFound, match="expected a branch of main, b1"):
        leave(one, "b9", "")
    with pytest.raises(Conflict, match="another branch"):
        leave(one, "b1", "")


def test_a_tree_with_one_branch_has_nowhere_to_go_back_to() -> None:
    one = session("tot")
    assert leave(one, "", "alone") == ""
    assert one.current == "main"


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), max_size=40))
def test_every_step_is_on_the_path_of_its_branch_exactly_once(moves: list[tuple[int, int]]) -> None:
    """Whatever is opened, followed and left: paths are chains from the root, in order."""
    one = session("tot", problem="")
    for move, choice in moves:
        if move == 0:
            think(one, f"step {len(one.steps)}")
        elif move == 1 and len(one.branches) < limits.REASONING_BRANCHES_MAX:
            open_branch(one, "idea")
        else:
            one.current = one.branches[choice % len(one.branches)].id
    for branch in one.branches:
        numbers = [step.number for step in one.path(branch.id)]
        assert numbers == sorted(set(numbers))
        own = [step.number for step in one.steps if step.branch == branch.id]
        assert set(own) <= set(numbers)
        above = {step.number for step in one.path(branch.parent)} if branch.parent else set()
        assert set(numbers) - set(own) <= above


def test_there_are_bounds_and_an_end() -> None:
    one = session()
    for number in range(limits.REASONING_STEPS_MAX):
        one.steps.append(think(session(), f"thought {number}"))
    with pytest.raises(Conflict, match="at most"):
        think(one, "one more")
    ended = session()
    ended.status = "concluded"
    with pytest.raises(Conflict, match="was concluded"):
        think(ended, "more")


def test_an_evaluation_counts_what_it_says() -> None:
    one = session()
    step = think(one, "The pump stops since 3 * 3 = 9 and the filter is clogged")
    found = evaluation(one, step)
    assert (found["quality"], found["n"]) == ("good", 1)
    assert coverage(one).missing == ()
    bare = evaluation(one, think(one, "The filter of the pump is clogged by sand"))
    assert (bare["quality"], bare["n"]) == ("maybe", 0)
    assert "score" not in bare


# -- Analysis --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("problem", "strategy"),
    [
        ("Fix the flaky test of the parser", "reflexion"),
        ("Find out who wrote the log file", "react"),
        ("Should we rent or buy a boat?", "tot"),
        ("How many bricks does a wall of 3 by 4 metres need?", "cot"),
        ("Make it better", "tot"),
        ("Rename the class of invoices", "react"),
        ("Explain the tides", "cot"),
    ],
)
def test_a_problem_gets_the_strategy_that_its_words_ask_for(problem: str, strategy: str) -> None:
    found, why = analysis.choose(analysis.analyse(problem))
    assert found == strategy
    assert why


def test_complexity_is_a_sum_of_points_that_are_named() -> None:
    simple = analysis.analyse("Explain the tides")
    assert (simple.points, simple.complexity, simple.signals) == (0, "trivial", {})
    hard = analysis.analyse(
        "Should we rewrite the query in SQL or in Python? What about the file of logs? Compare"
        " both, then measure them, and then decide which one is best for the team that runs it."
    )
    assert hard.complexity in ("complex", "very_complex")
    assert {"branching", "programming", "tools"} <= set(hard.signals)


def test_a_problem_is_split_where_its_own_text_splits() -> None:
    assert analysis.parts_of("1. Empty the tank\n2. Clean it") == ["Empty the tank", "Clean it"]
    parts = analysis.parts_of("Empty the tank, then clean the filter and check the seal")
    assert parts == ["Empty the tank", "clean the filter", "check the seal"]
    assert analysis.parts_of("Pump") == ["Pump"]


# -- The amplifier ---------------------------------------------------------------------------------
def amplified(level: str, problem: str = "Why does the pump stop?") -> Session:
    return session("amplified", problem, kind="amplified", level=level)


@pytest.mark.parametrize("level", list(LEVELS))
def test_a_level_bounds_its_challenges(level: str) -> None:
    one = amplified(level)
    failed = [
        Hit(memory_id=n, content=f"Reasoning on: pump {n} stop - failed.", tags=("failed",))
        for n in range(1, 30)
    ]
    for number in range(20):
        step = think(one, f"The pump number {number} always stops, 1 + 1 = {number + 5}; delete it")
        assert len(challenge(one, step, failed)) <= LEVELS[level].challenges
    must = [each for each in one.challenges if each.severity == MUST]
    assert len(must) <= LEVELS[level].must_max
    assert len({each.question for each in one.challenges}) == len(one.challenges)
    assert len(open_challenges(one)) == len(must)


def test_an_answer_is_judged_by_what_it_says_not_by_its_length() -> None:
    question = "Step 1 says 'always'. Name a case where the pump doesn't stop."
    assert "takes up 0" in refusal(question, "lorem ipsum dolor sit amet " * 20)
    assert "adds 0 terms" in refusal(question, "Step 1 says always a case, the pump stop")
    assert "51" in refusal(question, "The pump case: 17 * 3 = 54 litres in winter nights")
    assert not refusal(question, "In that case, on frosty nights, the pump runs until dawn")


def test_coherence_is_looked_at_as_closely_as_the_level_says() -> None:
    texts = (
        "The pump valve is open",
        "The pump valve is closed",
        "Therefore bananas ripen in paper bags quickly",
    )
    found: dict[str, list[str]] = {}
    for level in ("minimal", "standard", "deep"):
        one = amplified(level)
        found[level] = [
            issue.kind for text in texts for issue in find_issues(one, think(one, text))
        ]
    assert found["minimal"] == []
    assert found["standard"] == ["contradiction"]
    assert found["deep"] == ["contradiction", "scope", "leap"]


def test_every_complexity_has_a_level() -> None:
    assert set(ADAPTIVE.values()) == set(LEVELS)
