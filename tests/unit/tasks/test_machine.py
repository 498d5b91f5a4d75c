"""The scheduler's laws: what it may begin, what it may repeat, and that nothing starves."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimo.actors.tasks.events import (
    Added,
    Answered,
    Cancel,
    Decide,
    Event,
    Invoke,
    Outcome,
    Pause,
    Reset,
    Resumed,
    Tick,
)
from mimo.actors.tasks.machine import step
from mimo.actors.tasks.scheduling import CHANGES_MAX, next_due_s, urgency
from mimo.actors.tasks.task import Queue, Task, state_json, state_of
from mimo.actors.tasks.turn import Rules
from mimo.config.errors import Busy, MimoError, NotAvailable, NotFound
from tests.support.tasks import new_task

RULES = Rules(concurrency=2)
NOW_S = 1_000.0
EXIT_3 = {"status": "exited", "exit_code": 3}


def added(*tasks: Task, queue: Queue | None = None, rules: Rules = RULES) -> Outcome:
    return step(queue or Queue(), Added(tasks=tasks), rules, NOW_S)


def answer(outcome: Outcome, code: str = "", now_s: float = NOW_S, **more: Any) -> Outcome:
    """Answer the first call that an outcome wants."""
    wanted = outcome.calls[0]
    given_ = {"data": {"name": "x"}} if not code else {"code": code, "message": "no"}
    event = Answered(task_id=wanted.task_id, key=wanted.key, **(given_ | more))
    return step(outcome.queue, event, RULES, now_s)


def after(queue: Queue, event: Event, now_s: float = NOW_S) -> Outcome:
    return step(queue, event, RULES, now_s)


def status(outcome: Outcome, task_id: str) -> str:
    changed = {change.task.task_id: change.task for change in outcome.changes}
    return (changed.get(task_id) or outcome.queue.tasks[task_id]).status


# -- Order -----------------------------------------------------------------------------------------
def test_a_task_begins_once_all_that_it_needs_has_succeeded() -> None:
    """And is skipped as soon as one of them has ended otherwise."""
    chain = (new_task(1), new_task(2, needs={"t1": "t1"}), new_task(3, needs={"t2": "t2"}))
    outcome = added(*chain)
    assert [call.task_id for call in outcome.calls] == ["t1"]
    outcome = answer(outcome)
    assert [call.task_id for call in outcome.calls] == ["t2"]
    outcome = answer(outcome, "not_found")
    assert status(outcome, "t2") == "failed"
    assert status(outcome, "t3") == "skipped"
    assert not outcome.queue.tasks


def test_the_more_urgent_begins_first_and_waiting_makes_urgent() -> None:
    """Priority counts, then age; a low priority passes a fresh high one in the end."""
    low, high = new_task(1, priority=0), new_task(2, priority=9)
    outcome = added(low, high, rules=Rules(concurrency=1))
    assert [call.task_id for call in outcome.calls] == ["t2"]
    later_s = NOW_S + 10 * RULES.aging_s
    fresh = new_task(3, now_s=later_s, priority=9)
    assert urgency(low, RULES, later_s) > urgency(fresh, RULES, later_s)


def test_a_value_is_passed_on_from_what_a_task_needs() -> None:
    """With its type; a value that isn't there fails the task, not the queue."""
    hole = {"name": "{{ tasks.first.result.name }}"}
    outcome = answer(added(new_task(1), new_task(2, needs={"first": "t1"}, arguments=hole)))
    assert outcome.calls[0].arguments == {"name": "x"}
    hole = {"name": "{{ tasks.first.result.other }}"}
    outcome = answer(added(new_task(1), new_task(2, needs={"first": "t1"}, arguments=hole)))
    failed = {change.task.task_id: change.task for change in outcome.changes}["t2"]
    assert failed.error is not None
    assert failed.error["code"] == "template"


def test_a_task_begins_not_before_its_time_and_ends_by_its_deadline() -> None:
    """Later, and too late; a call gets no more time than is left."""
    outcome = added(new_task(1, begins_s=NOW_S + 60.0))
    assert not outcome.calls
    assert next_due_s(outcome.queue, RULES, NOW_S) == NOW_S + 60.0
    assert after(outcome.queue, Tick(), NOW_S + 60.0).calls
    outcome = added(new_task(1, begins_s=NOW_S + 60.0, ends_s=NOW_S + 30.0))
    assert status(after(outcome.queue, Tick(), NOW_S + 30.0), "t1") == "expired"
    assert added(new_task(1, ends_s=NOW_S + 5.0, timeout_s=60.0)).calls[0].timeout_s == 5.0


# -- Trouble ---------------------------------------------------------------------------------------
def test_a_repeatable_task_is_tried_again_under_the_same_key_later() -> None:
    """With growing waits, as often as it says."""
    outcome = added(new_task(1, attempts=3))
    keys, waits, now_s = [outcome.calls[0].key], [], NOW_S
    for _ in range(2):
        outcome = answer(outcome, "deadline_exceeded", now_s)
        due_s = next_due_s(outcome.queue, RULES, now_s)
        assert due_s is not None
        waits.append(due_s - now_s)
        now_s = due_s
        outcome = after(outcome.queue, Tick(), now_s)
        keys.append(outcome.calls[0].key)
    assert len(set(keys)) == 1
    assert 0.8 <= waits[0] <= 1.2
    assert 1.6 <= waits[1] <= 2.4
    assert status(answer(outcome, "crashed", now_s), "t1") == "failed"


def test_an_unrepeatable_task_whose_outcome_nobody_knows_waits_for_a_person() -> None:
    """It is never called again by itself; three decisions, three ends."""
    task = new_task(1, idempotent=False)
    unsure = answer(added(task), "deadline_exceeded")
    assert status(unsure, "t1") == "needs_review"
    assert unsure.changes[0].asks is not None
    assert next_due_s(unsure.queue, RULES, NOW_S) is None
    done = after(unsure.queue, Decide(task_id="t1", approved=True, resolution="done"))
    assert status(done, "t1") == "succeeded"
    again = after(unsure.queue, Decide(task_id="t1", approved=True))
    assert again.calls[0].key != added(task).calls[0].key
    assert status(after(unsure.queue, Decide(task_id="t1", approved=False)), "t1") == "failed"


def test_a_limit_costs_no_try_and_a_definite_failure_is_the_end() -> None:
    """Busy is waited out; what can't succeed isn't repeated."""
    outcome = answer(added(new_task(1, attempts=1)), "busy", retry_after_s=7.0)
    assert status(outcome, "t1") == "queued"
    assert next_due_s(outcome.queue, RULES, NOW_S) == NOW_S + 7.0
    assert status(answer(added(new_task(1, attempts=9)), "invalid_request"), "t1") == "failed"


def test_a_command_fails_by_its_exit_code_and_is_run_anew_under_another_key() -> None:
    """Zero is success, anything else is not, and what was killed isn't either."""
    task = new_task(1, ending="session", attempts=2)
    good = answer(added(task), data={"status": "exited", "exit_code": 0})
    assert status(good, "t1") == "succeeded"
    bad = answer(added(task), data=EXIT_3)
    assert status(bad, "t1") == "queued"
    again = after(bad.queue, Tick(), NOW_S + 2.0)
    assert again.calls[0].key != added(task).calls[0].key
    assert status(answer(again, data=EXIT_3), "t1") == "failed"
    killed = answer(added(new_task(1, ending="session", attempts=1)), data={"status": "memory"})
    assert status(killed, "t1") == "failed"


def test_a_command_that_takes_too_long_is_ended_first_gently_then_by_force() -> None:
    """Its end, however it comes, is a failure by time."""
    task = new_task(1, ending="session", attempts=1, timeout_s=10.0)
    running = {"status": "running", "pid": 42}
    outcome = answer(added(task), data=running)
    assert not outcome.aborts
    outcome = after(outcome.queue, Tick(), NOW_S + 11.0)
    assert [(abort.handle, abort.by_force) for abort in outcome.aborts] == [("42", False)]
    look = after(outcome.queue, Tick(), NOW_S + 11.0)
    outcome = answer(look, now_s=NOW_S + 12.0, data=running)
    assert [abort.by_force for abort in outcome.aborts] == [True]
    look = after(outcome.queue, Tick(), NOW_S + 20.0)
    ended = answer(look, now_s=NOW_S + 20.0, data={"status": "signal"})
    assert ended.changes[0].task.error == {
        "code": "timeout",
        "message": "expected an end within 10 s; the command was ended",
    }


def test_a_command_is_found_again_on_its_node_and_asked_about_on_another() -> None:
    """Its session outlives actors, not the node; unless repeating it is harmless."""
    here, there = Rules(host="a"), Rules(host="b")
    task = new_task(1, ending="session", idempotent=False)
    sent = step(Queue(), Added(tasks=(task,)), here, NOW_S)
    again = step(sent.queue, Resumed(), here, NOW_S)
    assert [call.key for call in again.calls] == [sent.calls[0].key]
    assert status(step(sent.queue, Resumed(), there, NOW_S), "t1") == "needs_review"
    event = Answered(task_id="t1", key=sent.calls[0].key, data={"status": "running", "pid": 42})
    runs = step(sent.queue, event, here, NOW_S)
    assert step(runs.queue, Resumed(), here, NOW_S).queue.tasks["t1"].handle == "42"
    assert status(step(runs.queue, Resumed(), there, NOW_S), "t1") == "needs_review"
    harmless = replace(task, spec=replace(task.spec, idempotent=True))
    sent = step(Queue(), Added(tasks=(harmless,)), here, NOW_S)
    assert step(sent.queue, Resumed(), there, NOW_S).calls
    lost = Answered(task_id="t1", key=runs.queue.tasks["t1"].key, data={"status": "lost"})
    look = step(runs.queue, Tick(), here, NOW_S + 9.0)
    assert status(step(look.queue, lost, here, NOW_S + 9.0), "t1") == "needs_review"


def test_a_tool_that_fails_three_times_is_left_alone_then_tried_once() -> None:
    """The original's numbers: 3 failures open, 30 s, 1 success closes; other tools go on."""
    tasks = [new_task(number, attempts=1, ending="session") for number in range(4)]
    rules = Rules(concurrency=1)
    outcome = added(*tasks, rules=rules)
    for _ in range(3):
        wanted = outcome.calls[0]
        event = Answered(task_id=wanted.task_id, key=wanted.key, data=EXIT_3)
        outcome = step(outcome.queue, event, rules, NOW_S)
    assert not outcome.calls
    due_s = next_due_s(outcome.queue, rules, NOW_S)
    assert due_s is not None
    assert 24.0 <= due_s - NOW_S <= 36.0
    other = step(outcome.queue, Added(tasks=(new_task(9, tool="other"),)), rules, NOW_S)
    assert [call.task_id for call in other.calls] == ["t9"]
    assert step(outcome.queue, Reset(), rules, NOW_S).calls
    probe = step(outcome.queue, Tick(), rules, due_s + 0.1)
    assert [call.task_id for call in probe.calls] == ["t3"]
    event = Answered(
        task_id="t3", key=probe.calls[0].key, data={"status": "exited", "exit_code": 0}
    )
    assert not step(probe.queue, event, rules, due_s + 1.0).queue.breakers


def test_a_task_that_kills_its_caller_again_and_again_is_left_to_a_person() -> None:
    """A poisonous call doesn't restart the queue for ever."""
    outcome = added(new_task(1))
    for _ in range(10):
        outcome = after(outcome.queue, Resumed())
        assert outcome.calls
    assert status(after(outcome.queue, Resumed()), "t1") == "needs_review"


# -- People ----------------------------------------------------------------------------------------
def test_nothing_is_called_before_a_person_has_agreed() -> None:
    """A question at once; a no ends it, and what needs it is skipped."""
    outcome = added(new_task(1, asks="May it?"), new_task(2, needs={"t1": "t1"}))
    assert not outcome.calls
    assert status(outcome, "t1") == "asking"
    yes = after(outcome.queue, Decide(task_id="t1", approved=True, by="me"))
    assert yes.calls[0].is_approved
    no = after(outcome.queue, Decide(task_id="t1", approved=False))
    assert (status(no, "t1"), status(no, "t2")) == ("cancelled", "skipped")


def test_a_question_that_the_tool_itself_asks_is_passed_on() -> None:
    """The call wasn't made; after a yes it is made with that, and asked no more."""
    outcome = answer(added(new_task(1, idempotent=False)), "approval_required")
    assert status(outcome, "t1") == "asking"
    yes = after(outcome.queue, Decide(task_id="t1", approved=True))
    assert yes.calls[0].is_approved
    assert status(answer(yes, "approval_required"), "t1") == "failed"


def test_a_decision_counts_once_and_only_where_one_is_asked() -> None:
    """The same request again changes nothing; another one has nobody to answer."""
    outcome = added(new_task(1, asks="May it?", begins_s=NOW_S + 9.0))
    decide = Decide(task_id="t1", approved=True, key="k")
    yes = after(outcome.queue, decide)
    assert not after(yes.queue, decide).must_be_saved
    with pytest.raises(NotAvailable):
        after(yes.queue, replace(decide, key="other"))
    with pytest.raises(NotFound):
        after(yes.queue, replace(decide, task_id="nobody"))


def test_pause_starts_nothing_and_resume_goes_on() -> None:
    """The whole queue, and one task."""
    paused = after(Queue(), Pause(is_paused=True))
    outcome = added(new_task(1), queue=paused.queue)
    assert not outcome.calls
    assert next_due_s(outcome.queue, RULES, NOW_S) is None
    assert after(outcome.queue, Pause(is_paused=False)).calls
    waiting = added(new_task(1, begins_s=NOW_S + 5.0)).queue
    waiting = after(waiting, Pause(is_paused=True, task_id="t1")).queue
    assert not after(waiting, Tick(), NOW_S + 9.0).calls
    assert after(waiting, Pause(is_paused=False, task_id="t1"), NOW_S + 9.0).calls


def test_a_cancelled_task_ends_at_once_or_with_its_call() -> None:
    """What is on its way is waited for; the run that it waits for is aborted."""
    outcome = added(new_task(1, begins_s=NOW_S + 9.0))
    assert status(after(outcome.queue, Cancel(task_ids=("t1",))), "t1") == "cancelled"
    running = added(new_task(1))
    cancelled = after(running.queue, Cancel(task_ids=("t1",)))
    assert status(cancelled, "t1") == "running"
    event = Answered(task_id="t1", key=running.calls[0].key, data={"name": "x"})
    assert status(after(cancelled.queue, event), "t1") == "cancelled"
    run = answer(added(new_task(1, ending="run")), data={"status": "waiting", "run_id": "r"})
    aborted = after(run.queue, Cancel(task_ids=("t1",)))
    assert [abort.handle for abort in aborted.aborts] == ["r"]


def test_a_run_is_looked_at_until_it_has_ended() -> None:
    """Looking costs no write; its end is the task's."""
    run = answer(added(new_task(1, ending="run")), data={"status": "running", "run_id": "r"})
    due_s = next_due_s(run.queue, RULES, NOW_S)
    assert due_s == NOW_S + 1.0
    look = after(run.queue, Tick(), due_s)
    assert look.calls[0].arguments["run_id"] == "r"
    assert not look.must_be_saved
    open_ = answer(look, data={"status": "running", "run_id": "r"}, now_s=due_s)
    assert not open_.must_be_saved
    look = after(open_.queue, Tick(), due_s + 30.0)
    end = answer(look, data={"status": "succeeded", "run_id": "r", "result": {"x": 1}})
    assert status(end, "t1") == "succeeded"


# -- Laws ------------------------------------------------------------------------------------------
def test_a_thousand_tasks_change_a_few_at_a_time() -> None:
    """What is saved travels as one message: a failing root skips its thousand in slices."""
    root = new_task(0, begins_s=NOW_S + 1.0)
    others = [new_task(number, needs={"t0": "t0"}) for number in range(1, 999)]
    queue = Queue(tasks={task.task_id: task for task in (root, *others)})
    outcome = after(after(queue, Tick()).queue, Tick(), NOW_S + 1.0)
    outcome = answer(outcome, "conflict", NOW_S + 1.0)
    turns = 0
    while next_due_s(outcome.queue, RULES, NOW_S + 2.0) is not None:
        outcome = after(outcome.queue, Tick(), NOW_S + 2.0)
        assert len(outcome.changes) <= CHANGES_MAX
        turns += 1
    assert turns >= 998 // CHANGES_MAX
    assert not outcome.queue.tasks
    with pytest.raises(Busy):
        added(*(new_task(number) for number in range(1_001)))


CODES = ("", "", "", "busy", "deadline_exceeded", "not_found", "approval_required", "crashed")
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ("answer", "answer", "answer", "tick", "resumed", "pause", "go", "cancel", "decide")
        ),
        st.integers(0, 7),
        st.sampled_from(CODES),
        st.floats(0.0, 100.0),
    ),
    max_size=60,
)
GRAPHS = st.lists(
    st.tuples(
        st.sets(st.integers(0, 7), max_size=2), st.booleans(), st.booleans(), st.integers(1, 3)
    ),
    min_size=1,
    max_size=8,
)


def graph_of(drawn: list[tuple[set[int], bool, bool, int]]) -> tuple[Task, ...]:
    return tuple(
        new_task(
            number,
            needs={f"t{one}": f"t{one}" for one in needs if one < number},
            idempotent=idempotent,
            asks="May it?" if asks else "",
            attempts=attempts,
        )
        for number, (needs, idempotent, asks, attempts) in enumerate(drawn)
    )


@given(GRAPHS, EVENTS)
@settings(max_examples=300, deadline=None)
def test_the_laws_hold_whatever_happens(
    drawn: list[tuple[set[int], bool, bool, int]], events: list[tuple[str, int, str, float]]
) -> None:
    """Whoever answers what in which order, however often the process dies."""
    tasks = {task.task_id: task for task in graph_of(drawn)}
    known: dict[str, str] = {}
    flying: dict[tuple[str, str], Invoke] = {}
    approved: set[str] = set()
    unsure: set[tuple[str, str]] = set()
    now_s, outcome = NOW_S, added(*tasks.values())
    pending = iter(events)
    for event in itertools.chain([None], pending):
        if event is not None:
            kind, number, code, passed_s = event
            now_s += passed_s
            made = _event(kind, number, code, flying)
            if made is None:
                continue
            if isinstance(made, Decide) and made.approved:
                approved.add(made.task_id)
            if isinstance(made, Answered) and made.code in ("deadline_exceeded", "crashed"):
                unsure.add((made.task_id, made.key))
            if isinstance(made, Resumed):
                unsure |= set(flying)
                flying.clear()
            try:
                outcome = step(outcome.queue, made, RULES, now_s)
            except MimoError:
                continue
        for change in outcome.changes:
            task = change.task
            assert known.get(task.task_id) not in ("succeeded", "failed", "cancelled", "skipped")
            known[task.task_id] = task.status
            assert task.attempt <= task.spec.attempts
            assert state_of(_stored(task))["status"] == task.status
        for call in outcome.calls:
            task = tasks[call.task_id]
            assert all(known[one] == "succeeded" for one in task.spec.needs.values())
            assert not task.spec.asks or call.task_id in approved
            assert task.spec.idempotent or (call.task_id, call.key) not in unsure
            flying[call.task_id, call.key] = call
        running = [one for one in outcome.queue.tasks.values() if one.status == "running"]
        assert len(running) <= RULES.concurrency
        assert {one.task_id for one in running if one.is_sent} <= {one for one, _ in flying}
        outcome = replace(outcome, changes=(), calls=())


def _event(
    kind: str, number: int, code: str, flying: dict[tuple[str, str], Invoke]
) -> Event | None:
    match kind:
        case "answer":
            if not flying:
                return None
            task_id, key = sorted(flying)[number % len(flying)]
            del flying[task_id, key]
            data = None if code else {"name": "x"}
            return Answered(task_id=task_id, key=key, data=data, code=code, message="no")
        case _:
            made: dict[str, Event] = {
                "resumed": Resumed(),
                "pause": Pause(is_paused=True),
                "go": Pause(is_paused=False),
                "cancel": Cancel(task_ids=(f"t{number}",)),
                "decide": Decide(task_id=f"t{number}", approved=code == ""),
            }
            return made.get(kind, Tick())


def _stored(task: Task) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(state_json(task))
    return found
