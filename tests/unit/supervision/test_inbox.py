"""What a process does with the calls that reach it."""

from __future__ import annotations

from typing import Any

from mimo.supervision.inbox import Answer, Inbox
from mimo.supervision.messages import Call, Failure


def a_call(call_id: int = 1, **fields: Any) -> Call:
    return Call(
        **{
            "id": call_id,
            "target": "w",
            "incarnation": 5,
            "request": "r",
            "deadline_s": 10.0,
            **fields,
        }
    )


def an_inbox(mailbox_max: int = 4) -> Inbox:
    return Inbox("w", 5, remembers=True, mailbox_max=mailbox_max)


def test_a_call_for_another_name_or_incarnation_is_dropped_unread() -> None:
    inbox = an_inbox()
    assert inbox.accept(a_call(target="v"), "asker", 0.0) is None
    assert inbox.accept(a_call(incarnation=4), "asker", 0.0) is None
    assert inbox.expired == 0


def test_an_expired_call_is_dropped_unread_and_counted() -> None:
    """Measured on Thespian 4.0.1: a thawed actor would otherwise run its whole backlog."""
    inbox = an_inbox()
    assert inbox.accept(a_call(), "asker", 10.0) is None
    assert inbox.expired == 1


def test_a_call_with_incarnation_zero_is_meant_for_whoever_serves() -> None:
    call = a_call(incarnation=0)
    assert an_inbox().accept(call, "asker", 0.0) is call


def test_beyond_the_mailbox_limit_the_caller_is_told_to_wait() -> None:
    inbox = an_inbox(mailbox_max=1)
    inbox.accept(a_call(1), "asker", 0.0)
    verdict = inbox.accept(a_call(2), "asker", 0.0)
    assert isinstance(verdict, Answer)
    assert isinstance(verdict.value, Failure)
    assert (verdict.value.code, verdict.value.retry_after_s) == ("busy", 0.1)


def test_a_second_answer_to_one_call_is_dropped() -> None:
    inbox = an_inbox()
    call = a_call()
    inbox.accept(call, "asker", 0.0)
    assert [answer.value for answer in inbox.finish(call, "v")] == ["v"]
    assert inbox.finish(call, "w") == []


def test_two_callers_may_use_the_same_correlation_id() -> None:
    inbox = an_inbox()
    first, second = a_call(1), a_call(1)
    inbox.accept(first, "a", 0.0)
    inbox.accept(second, "b", 0.0)
    assert [answer.asker for answer in inbox.finish(second, "v")] == ["b"]
    assert [answer.asker for answer in inbox.finish(first, "v")] == ["a"]


def test_a_repeated_key_runs_once_and_each_asker_gets_the_answer() -> None:
    inbox = an_inbox()
    first, again = a_call(1, key="k"), a_call(2, key="k")
    assert inbox.accept(first, "a", 0.0) is first
    assert inbox.accept(again, "b", 0.0) is None
    answers = inbox.finish(first, "v")
    assert [(answer.call.id, answer.asker, answer.value) for answer in answers] == [
        (1, "a", "v"),
        (2, "b", "v"),
    ]
    late = inbox.accept(a_call(3, key="k"), "c", 0.0)
    assert isinstance(late, Answer)
    assert late.value == "v"


def test_a_failure_is_not_kept_for_its_key() -> None:
    inbox = an_inbox()
    call = a_call(1, key="k")
    inbox.accept(call, "a", 0.0)
    inbox.finish(call, Failure(code="busy", message="later"))
    again = a_call(2, key="k")
    assert inbox.accept(again, "a", 0.0) is again
