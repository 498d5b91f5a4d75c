"""The table of outstanding calls: windows, repetition after a death, deadlines."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.config.errors import Busy
from mimo.supervision.requests import RequestTable


def sent(table: RequestTable, target: str = "w", now_s: float = 0.0) -> list[int]:
    return [pending.id for pending in table.due(target, now_s)]


def ended_by_death(
    table: RequestTable, incarnation: int, *, is_suspicious: bool = True
) -> list[int]:
    """Send what is due to this incarnation, let it die, and return the calls that it ended."""
    table.up("w", incarnation)
    assert sent(table)
    failed = table.down("w", incarnation, is_suspicious=is_suspicious)
    return [pending.id for pending in failed]


def test_calls_to_a_target_that_is_down_wait_and_leave_in_order_when_it_is_up() -> None:
    table = RequestTable()
    ids = [table.submit("w", n, deadline_s=10.0) for n in range(3)]
    assert sent(table) == []
    table.up("w", 7)
    assert sent(table) == ids


def test_no_more_than_the_window_is_outstanding_at_one_target() -> None:
    """Ours: more than twenty unacknowledged messages to a frozen peer would stop the sender."""
    table = RequestTable(window=2)
    ids = [table.submit("w", n, deadline_s=10.0) for n in range(4)]
    table.up("w", 1)
    assert sent(table) == ids[:2]
    assert sent(table) == []
    assert table.reply(ids[0], 1) is not None
    assert sent(table) == [ids[2]]


def test_a_full_queue_refuses_with_a_time_to_wait() -> None:
    table = RequestTable(queue_max=1)
    table.submit("w", 0, deadline_s=10.0)
    with pytest.raises(Busy) as caught:
        table.submit("w", 1, deadline_s=10.0)
    assert caught.value.retry_after_s


def test_after_a_silent_death_the_calls_go_to_the_successor_in_their_old_order() -> None:
    table = RequestTable()
    ids = [table.submit("w", n, deadline_s=10.0, key=f"k{n}") for n in range(3)]
    table.up("w", 1)
    assert sent(table) == ids
    assert table.down("w", 1) == []
    late = table.submit("w", 3, deadline_s=10.0)
    table.up("w", 2)
    again = table.due("w", 1.0)
    assert [pending.id for pending in again] == [*ids, late]
    assert [pending.attempt for pending in again] == [2, 2, 2, 1]
    assert again[0].key == "k0"


def test_an_up_of_a_newer_incarnation_implies_the_death_of_the_one_before() -> None:
    table = RequestTable()
    call = table.submit("w", 0, deadline_s=10.0)
    table.up("w", 1)
    assert sent(table) == [call]
    table.up("w", 2)
    assert sent(table) == [call]


def test_a_call_that_saw_two_deaths_is_sent_alone() -> None:
    """Ours: a request that kills its worker can't take innocent ones with it."""
    table = RequestTable()
    first, second = (table.submit("w", n, deadline_s=10.0) for n in range(2))
    for incarnation in (1, 2):
        table.up("w", incarnation)
        assert sent(table) == [first, second]
        table.down("w", incarnation)
    third = table.submit("w", 2, deadline_s=10.0)
    table.up("w", 3)
    for call in (first, second, third):
        assert sent(table) == [call]
        table.reply(call, 3)


def test_a_call_that_outlived_its_attempts_ends() -> None:
    table = RequestTable(attempts_max=2)
    call = table.submit("w", 0, deadline_s=10.0)
    table.up("w", 1)
    sent(table)
    assert table.down("w", 1) == []
    table.up("w", 2)
    sent(table)
    assert [pending.id for pending in table.down("w", 2)] == [call]
    assert len(table) == 0


def test_a_call_whose_worker_died_twice_with_nothing_else_to_do_ends() -> None:
    """C2: it alone can have been the cause."""
    table = RequestTable()
    poison = table.submit("w", 0, deadline_s=10.0)
    assert ended_by_death(table, 1) == []
    assert ended_by_death(table, 2) == [poison]
    assert len(table) == 0


def test_a_bystander_of_a_poison_is_never_given_up() -> None:
    """C2: two deaths beside others prove nothing; the third, alone, ends the poison only."""
    table = RequestTable()
    poison, *innocent = (table.submit("w", n, deadline_s=10.0) for n in range(5))
    assert ended_by_death(table, 1) == []
    assert ended_by_death(table, 2) == []
    assert ended_by_death(table, 3) == [poison]
    table.up("w", 4)
    for call in innocent:
        assert sent(table) == [call]
        assert table.reply(call, 4) is not None


def test_a_worker_that_was_asked_to_leave_blames_no_call() -> None:
    """A restart by the operator, or with a sibling, tells nothing about what it worked on."""
    table = RequestTable()
    call = table.submit("w", 0, deadline_s=10.0)
    assert ended_by_death(table, 1, is_suspicious=False) == []
    assert ended_by_death(table, 2, is_suspicious=False) == []
    assert ended_by_death(table, 3) == []
    assert ended_by_death(table, 4) == [call]


@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(0, 3))
def test_only_poison_ends_by_deaths_and_soon(seed: int, innocents: int, poisons: int) -> None:
    """Law: whatever a dying worker had answered before, innocents are answered in the end.

    A poison brings down at most three workers, or what the others leave of its attempts.
    """
    chance = random.Random(seed)
    table = RequestTable()
    requests = ["innocent"] * innocents + ["poison"] * poisons
    chance.shuffle(requests)
    calls = {table.submit("w", request, deadline_s=10.0): request for request in requests}
    ended: list[int] = []
    incarnation = 0
    while table:
        incarnation += 1
        table.up("w", incarnation)
        while ready := [pending.id for pending in table.due("w", 0.0)]:
            chance.shuffle(ready)
            deadly = next((n for n, call in enumerate(ready) if calls[call] == "poison"), None)
            for call in ready[:deadly]:
                assert table.reply(call, incarnation) is not None
            if deadly is not None:
                break
        ended += [pending.id for pending in table.down("w", incarnation)]
    assert sorted(ended) == sorted(call for call, request in calls.items() if request == "poison")
    assert incarnation - 1 <= 3 * poisons


def test_a_call_that_may_not_be_repeated_ends_with_its_worker() -> None:
    table = RequestTable()
    call = table.submit("w", 0, deadline_s=10.0, retry=False)
    table.up("w", 1)
    sent(table)
    assert [pending.id for pending in table.down("w", 1)] == [call]


def test_a_reply_of_a_dead_incarnation_is_dropped_and_counted() -> None:
    """Ours: a frozen process that thaws must not answer for its successor."""
    table = RequestTable()
    call = table.submit("w", 0, deadline_s=10.0)
    table.up("w", 1)
    sent(table)
    table.up("w", 2)
    sent(table)
    assert table.reply(call, 1) is None
    assert table.late_replies == 1
    assert table.reply(call, 2) is not None


def test_an_expired_call_is_returned_once_and_its_late_reply_is_dropped() -> None:
    table = RequestTable()
    call = table.submit("w", 0, deadline_s=1.0)
    table.up("w", 1)
    sent(table)
    assert [pending.id for pending in table.expire(1.0)] == [call]
    assert table.expire(2.0) == []
    assert table.reply(call, 1) is None
    assert table.late_replies == 1


def test_a_target_that_keeps_a_call_becomes_suspect() -> None:
    table = RequestTable()
    table.submit("w", 0, deadline_s=10.0)
    table.up("w", 5)
    sent(table, now_s=1.0)
    assert table.suspects(1.2, after_s=0.3) == []
    assert table.suspects(1.4, after_s=0.3) == [("w", 5)]


@given(
    st.lists(
        st.sampled_from(["submit", "up", "down", "reply", "expire", "send", "cancel"]),
        max_size=120,
    )
)
def test_every_call_ends_exactly_once_whatever_happens(events: list[str]) -> None:
    """Law: submitted = answered + expired + failed + cancelled + still open, each call once."""
    table = RequestTable(window=3, queue_max=8, attempts_max=3)
    ended: list[int] = []
    submitted: list[int] = []
    at_target: dict[int, int] = {}
    incarnation, now_s, is_up = 0, 0.0, False
    for event in events:
        now_s += 1.0
        if event == "submit" and table.load("w") < 8:
            submitted.append(table.submit("w", None, deadline_s=now_s + 6.0))
        elif event == "up" and not is_up:
            incarnation, is_up = incarnation + 1, True
            table.up("w", incarnation)
        elif event == "down" and is_up:
            is_up = False
            ended.extend(pending.id for pending in table.down("w", incarnation))
            at_target.clear()
        elif event == "send":
            at_target.update({pending.id: incarnation for pending in table.due("w", now_s)})
            assert len([i for i in at_target if i not in ended]) <= 3
        elif event == "reply" and at_target:
            call_id, sent_to = at_target.popitem()
            if table.reply(call_id, sent_to) is not None:
                ended.append(call_id)
        elif event == "expire":
            expired = [pending.id for pending in table.expire(now_s)]
            ended.extend(expired)
            for call_id in expired:
                at_target.pop(call_id, None)
        elif event == "cancel" and submitted and (pending := table.cancel(submitted[-1])):
            ended.append(pending.id)
            at_target.pop(pending.id, None)
    assert len(ended) == len(set(ended))
    assert len(submitted) == len(ended) + len(table)
