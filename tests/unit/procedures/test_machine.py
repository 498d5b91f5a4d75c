"""The interpreter: laws that hold for any procedure and any order of events, and single rules."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimo.actors.procedures import acting
from mimo.actors.procedures.definition import Procedure, Retry
from mimo.actors.procedures.events import (
    Answered,
    Begin,
    Cancel,
    Decide,
    Event,
    Invoke,
    Resume,
    Signal,
    Tick,
)
from mimo.actors.procedures.machine import new_run, step
from mimo.actors.procedures.parsing import parsed
from mimo.actors.procedures.state import (
    ENDED,
    OPEN,
    RunState,
    from_json,
    next_due_s,
    to_json,
)
from mimo.config.errors import InvalidRequest, NotAvailable
from tests.support.procedures import CATALOGUE, add, random_definition


class Walk:
    """A run and what it wants, moved by hand."""

    def __init__(self, definition: dict[str, Any], context: dict[str, Any] | None = None) -> None:
        filled = {"name": "p", "version": "1.0", "initial_state": "a"} | definition
        self.procedure: Procedure = parsed(filled, CATALOGUE)
        self.now_s = 1_000.0
        self.run: RunState = new_run(self.procedure, "r", context or {}, self.now_s)
        self.calls: list[Invoke] = []
        self.whats: list[str] = []
        self.give(Begin())

    def give(self, event: Event) -> Walk:
        outcome = step(self.procedure, self.run, event, self.now_s)
        self.run = from_json(to_json(outcome.state))
        self.calls += outcome.calls
        self.whats += [line.what for line in outcome.lines]
        return self

    def answer(self, code: str = "", data: Any = None, retry_after_s: float | None = None) -> Walk:
        """Answer the oldest call."""
        key = self.calls.pop(0).key
        return self.give(
            Answered(key=key, data=data or {"name": "x"}, code=code, retry_after_s=retry_after_s)
        )

    def pass_time(self, seconds: float) -> Walk:
        self.now_s += seconds
        return self.give(Tick())

    @property
    def reason(self) -> str:
        return (self.run.reason or {}).get("code", "")


END = {"end": "succeeded"}


# -- Laws ----------------------------------------------------------------------------------------
@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 10_000), moves=st.lists(st.integers(0, 9), max_size=120))
def test_whatever_comes_a_run_stays_sound(seed: int, moves: list[int]) -> None:
    """Any events in any order: it is pure, stored without loss, and moves only forward."""
    chance = random.Random(seed)
    procedure = parsed(random_definition(chance, "any"), CATALOGUE)
    run, now_s, calls = new_run(procedure, "r", {}, 0.0), 0.0, list[Invoke]()
    for event in [Begin(), *(_event(move, calls, chance) for move in moves)]:
        now_s += chance.choice((0.0, 0.1, 10.0, 10_000.0))
        before = copy.deepcopy(run)
        try:
            outcome = step(procedure, run, event, now_s)
        except (InvalidRequest, NotAvailable):
            assert run == before
            continue
        assert run == before
        assert step(procedure, run, event, now_s) == outcome
        assert from_json(to_json(outcome.state)) == outcome.state
        assert outcome.state.status in (*OPEN, *ENDED)
        numbers = [line.number for line in outcome.lines]
        assert numbers == list(range(run.lines + 1, run.lines + len(numbers) + 1))
        if run.has_ended:
            assert outcome.state == run
            assert not outcome.calls
        if outcome.state.has_ended:
            assert not outcome.state.threads
            assert next_due_s(outcome.state) is None
        run = outcome.state
        calls.extend(outcome.calls)


def _event(move: int, calls: list[Invoke], chance: random.Random) -> Event:
    key = chance.choice(calls).key if calls else "nobody"
    events: list[Event] = [
        Tick(),
        Resume(),
        Answered(key=key, data={"name": "x"}),
        Answered(key=key, data={"name": "x"}),
        Answered(key=key, code="conflict", message="no"),
        Answered(key=key, code="deadline_exceeded", message="late"),
        Answered(key=key, code="busy", retry_after_s=0.5),
        Signal(name="go"),
        Decide(approved=chance.random() < 0.5),
        Cancel() if chance.random() < 0.2 else Tick(),
    ]
    return events[move]


@given(
    number=st.integers(1, 60),
    first=st.floats(0, 100),
    factor=st.floats(1, 10),
    most=st.floats(0, 1_000),
    jitter=st.floats(0, 1),
    seed=st.text(max_size=8),
)
def test_a_wait_grows_to_its_bound_and_is_the_same_for_the_same_seed(  # noqa: PLR0917
    number: int, first: float, factor: float, most: float, jitter: float, seed: str
) -> None:
    """`first * factor ** (n - 1)`, at most `most`, changed by at most `jitter` of itself."""
    retry = Retry(first_s=first, factor=factor, most_s=most, jitter=jitter)
    found = acting.delay_s(retry, number, seed)
    plain = min(first * factor ** (number - 1), most)
    assert found == acting.delay_s(retry, number, seed)
    assert plain * (1 - jitter) - 1e-6 <= found <= plain * (1 + jitter) + 1e-6


# -- Retries ---------------------------------------------------------------------------------------
def test_a_failure_in_passing_is_tried_again_under_the_same_key() -> None:
    """Back-off, then the same call; the key stays, so the effect can't double."""
    walk = Walk({"states": {"a": add("a", "end"), "end": END}})
    key = walk.calls[0].key
    walk.answer("storage_failed")
    due_s = next_due_s(walk.run)
    assert due_s is not None
    assert 0.8 <= due_s - walk.now_s <= 1.2
    assert not walk.calls
    walk.pass_time(2.0)
    assert [call.key for call in walk.calls] == [key]
    assert walk.answer().run.status == "succeeded"


def test_a_refusal_for_good_is_not_tried_again() -> None:
    """What is wrong stays wrong; the run fails, and there is nothing to undo."""
    walk = Walk({"states": {"a": add("a", "end"), "end": END}}).answer("invalid_request")
    assert (walk.run.status, walk.reason) == ("failed", "invalid_request")


def test_a_limit_costs_no_try_and_waits_as_long_as_asked() -> None:
    """`busy` and its like: `retry_after_s` is honoured."""
    walk = Walk({"states": {"a": add("a", "end"), "end": END}})
    for _ in range(10):
        walk.answer("busy", retry_after_s=30.0)
        due_s = next_due_s(walk.run)
        assert due_s is not None
        assert due_s >= walk.now_s + 30.0
        walk.pass_time(40.0)
    act = walk.run.threads[""].act
    assert act is not None
    assert act.tries == 1
    assert walk.answer().run.status == "succeeded"


def test_an_error_takes_its_transition_by_code() -> None:
    """The first transition whose code, event and guard fit."""
    state = add("a", "end")
    state["transitions"] = [
        {"on": "error", "code": "not_found", "to": "lost"},
        {"on": "error", "to": "other"},
        {"on": "ok", "to": "end"},
    ]
    ends = {"lost": {"end": "succeeded", "result": {"was": "lost"}}, "other": END}
    walk = Walk({"states": {"a": state, "end": END, **ends}}).answer("not_found")
    assert (walk.run.status, walk.run.result) == ("succeeded", {"was": "lost"})
    assert Walk({"states": {"a": state, "end": END, **ends}}).answer("conflict").run.result is None


# -- Time ------------------------------------------------------------------------------------------
def test_a_call_that_is_not_answered_in_time_is_made_again() -> None:
    """The machine doesn't rely on whoever makes the call."""
    state = add("a", "end")
    state["action"] |= {"timeout_s": 2.0}
    walk = Walk({"states": {"a": state, "end": END}})
    key = walk.calls.pop().key
    assert walk.pass_time(3.0).calls == []
    walk.pass_time(5.0)
    walk.pass_time(5.0)
    assert [call.key for call in walk.calls] == [key]


def test_a_run_that_takes_too_long_is_undone_once_its_call_has_ended() -> None:
    """Run timeout: the call on its way is waited for, then all is undone."""
    walk = Walk({"timeout_s": 20, "states": {"a": add("a", "b"), "b": add("b", "end"), "end": END}})
    walk.answer(data={"name": "one"})
    walk.pass_time(12.0)
    walk.pass_time(9.0)
    assert walk.run.status == "rolling_back"
    assert walk.answer(data={"name": "two"}).calls[0].arguments == {"name": "two", "amount": -1}
    walk.answer()
    assert walk.calls[0].arguments == {"name": "one", "amount": -1}
    walk.answer()
    assert (walk.run.status, walk.reason) == ("rolled_back", "run_timeout")
    assert walk.run.undone == ["b", "a"]


def test_a_wait_ends_by_time_or_by_its_event_whichever_is_first() -> None:
    """An event that comes before anybody waits is kept."""
    states: dict[str, Any] = {
        "a": {
            "wait": {"event": "go", "seconds": 60, "save_as": "said"},
            "transitions": [{"on": "go", "to": "came"}, {"on": "timeout", "to": "late"}],
        },
        "came": {"end": "succeeded", "result": "{{ context.said }}"},
        "late": {"end": "succeeded", "result": "late"},
    }
    assert Walk({"states": states}).pass_time(61.0).run.result == "late"
    assert Walk({"states": states}).give(Signal(name="go", payload={"n": 1})).run.result == {"n": 1}
    early = {"first": {"wait": {"seconds": 5}, "transitions": [{"on": "elapsed", "to": "a"}]}}
    walk = Walk({"initial_state": "first", "states": early | states})
    walk.give(Signal(name="go", payload={"n": 2}, key="k"))
    walk.give(Signal(name="go", payload={"n": 3}, key="k"))
    assert walk.run.signals == [["go", {"n": 2}]]
    assert walk.pass_time(6.0).run.result == {"n": 2}


# -- People ----------------------------------------------------------------------------------------
def test_a_question_waits_for_yes_no_or_the_end_of_its_time() -> None:
    """Approval: each answer has its transition; nobody else can decide."""
    states: dict[str, Any] = {
        "a": {
            "approval": {"question": "Delete {{ context.n }}?", "timeout_s": 60},
            "transitions": [{"on": "approved", "to": "yes"}, {"on": "timeout", "to": "late"}],
        },
        "yes": {"end": "succeeded", "result": "yes"},
        "late": {"end": "succeeded", "result": "late"},
    }
    walk = Walk({"states": states}, {"n": 3})
    assert walk.run.threads[""].question == "Delete 3?"
    assert walk.run.status == "waiting"
    with pytest.raises(InvalidRequest, match="to be one of a"):
        walk.give(Decide(approved=True, at="b"))
    assert walk.give(Decide(approved=True, key="k")).run.result == "yes"
    assert Walk({"states": states}, {"n": 3}).pass_time(61.0).run.result == "late"
    refused = Walk({"states": states}, {"n": 3}).give(Decide(approved=False))
    assert (refused.run.status, refused.reason) == ("failed", "rejected")
    with pytest.raises(NotAvailable):
        Walk({"states": {"a": add("a", "end"), "end": END}}).give(Decide(approved=True))


def test_an_interrupted_call_that_must_not_be_repeated_is_reviewed() -> None:
    """Repeat it, take it as done, or undo the rest: a person says."""
    states = {
        "a": add("a", "b"),
        "b": add("b", "end", operation="add_once"),
        "end": END,
    }

    def interrupted() -> Walk:
        walk = Walk({"states": states}).answer(data={"name": "one"})
        walk.calls.clear()
        assert walk.give(Resume()).run.status == "needs_review"
        assert not walk.calls
        return walk

    assert interrupted().give(Decide(approved=True, resolution="done")).run.status == "succeeded"
    assert interrupted().give(Decide(approved=True)).answer().run.status == "succeeded"
    walk = interrupted().give(Decide(approved=False, note="it did not happen"))
    assert walk.answer().run.status == "rolled_back"
    assert walk.run.undone == ["a"]


def test_an_effect_that_cannot_be_undone_is_left_to_a_person() -> None:
    """A compensation that fails for good: try again, say it is done, or leave it and say so."""
    states = {"a": add("a", "b"), "b": {"end": "failed", "message": "no"}}

    def stuck() -> Walk:
        walk = Walk({"states": states}).answer(data={"name": "one"}).answer("conflict")
        assert walk.run.status == "needs_review"
        return walk

    assert stuck().give(Decide(approved=True)).answer().run.status == "rolled_back"
    done = stuck().give(Decide(approved=True, resolution="done")).run
    assert (done.status, done.undone) == ("rolled_back", ["a"])
    left = stuck().give(Decide(approved=False)).run
    assert (left.status, left.left) == ("failed", ["a"])


# -- Branches, undoing -----------------------------------------------------------------------------
def test_branches_run_side_by_side_and_join() -> None:
    """All calls are on their way at once; the last answer lets the run go on."""
    branch = {"initial_state": "x", "states": {"x": add("x", "end"), "end": END}}
    fork = {"parallel": {"l": branch, "r": branch}, "transitions": [{"on": "ok", "to": "end"}]}
    walk = Walk({"states": {"a": fork, "end": END}})
    assert len(walk.calls) == 2
    assert walk.answer().run.status == "running"
    assert walk.answer().run.status == "succeeded"


def test_a_branch_that_fails_stops_the_others_and_raises_an_error() -> None:
    """What the others had begun is ended first; caught, the run goes on."""
    branch = {
        "initial_state": "x",
        "states": {"x": add("x", "y"), "y": add("y", "end"), "end": END},
    }
    fork = {
        "parallel": {"l": branch, "r": branch},
        "transitions": [{"on": "ok", "to": "end"}, {"on": "error", "to": "caught"}],
    }
    caught = {"end": "succeeded", "result": "caught"}
    walk = Walk({"states": {"a": fork, "end": END, "caught": caught}})
    walk.answer("conflict")
    assert walk.run.status == "running"
    assert walk.answer().run.result == "caught"
    assert not walk.calls


def test_an_unknown_effect_is_found_out_before_it_is_undone() -> None:
    """The call is repeated under its key: the same effect, and now its result is known."""
    state = add("a", "end")
    state["action"] |= {"retry": {"attempts": 1}}
    walk = Walk({"states": {"a": state, "end": END}})
    key = walk.calls[0].key
    walk.answer("deadline_exceeded")
    assert [call.key for call in walk.calls] == [key]
    walk.answer(data={"name": "found"})
    assert walk.calls[0].arguments == {"name": "found", "amount": -1}
    assert walk.answer().run.status == "rolled_back"
    assert "found_done" in walk.whats


def test_cancelling_undoes_and_counts_once() -> None:
    """Also in the midst of a call, and also when it is asked twice."""
    walk = Walk({"states": {"a": add("a", "b"), "b": add("b", "end"), "end": END}})
    walk.answer(data={"name": "one"})
    walk.give(Cancel(key="k")).give(Cancel(key="k"))
    assert walk.whats.count("cancel") == 1
    walk.answer(data={"name": "two"}).answer().answer()
    assert (walk.run.status, walk.run.undone) == ("cancelled", ["b", "a"])


def test_a_loop_ends_when_its_visits_are_used_up() -> None:
    """`visits_max` bounds a cycle; the event `visits_exceeded` leads on."""
    loop = add("a", "a", visits_max=3)
    loop["transitions"].append({"on": "error", "code": "visits_exceeded", "to": "end"})
    walk = Walk({"states": {"a": loop, "end": END}})
    for _ in range(3):
        walk.answer()
    assert walk.run.status == "succeeded"


def test_the_context_keeps_to_its_schema() -> None:
    """A value that doesn't fit is an error of the state that makes it; the context stays."""
    schema = {"properties": {"n": {"type": "integer", "maximum": 2}}}
    count = {
        "set": {"n": {"$add": ["{{ context.n }}", 1]}},
        "visits_max": 9,
        "transitions": [{"to": "a"}, {"on": "error", "code": "context", "to": "end"}],
    }
    end = {"end": "succeeded", "result": "{{ context.n }}"}
    walk = Walk({"context_schema": schema, "states": {"a": count, "end": end}}, {"n": 0})
    assert (walk.run.status, walk.run.result) == ("succeeded", 2)
