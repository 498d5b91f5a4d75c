"""Who may call now."""

from __future__ import annotations

import dataclasses

import pytest

from mimo.actors.bridge.admission import Admission
from mimo.actors.bridge.gateway import Submission
from mimo.config.errors import BreakerOpen, Busy
from mimo.config.settings import Limits

LIMITS = Limits(rate_per_s=10.0, burst=100, risky_rate_per_s=2.0, risky_burst=2, concurrency=8)


def a_call(
    ticket: int,
    connection: str = "a",
    effect: str = "read",
    *,
    tool: str = "memory",
    worker: str = "memory/recall",
) -> Submission:
    return Submission(
        ticket=ticket,
        label=f"{tool}.search",
        workers=(worker,),
        message=None,
        effect=effect,  # type: ignore[arg-type]
        idempotency_key="",
        connection=connection,
        request_id="",
        deadline_s=1.0,
        done=lambda _: None,
    )


def test_a_client_past_its_rate_is_told_how_long_to_wait_and_others_are_not() -> None:
    admission = Admission(dataclasses.replace(LIMITS, burst=1))
    admission.admit(a_call(1), 0.0)
    with pytest.raises(Busy) as caught:
        admission.admit(a_call(2), 0.0)
    assert caught.value.retry_after_s == pytest.approx(0.1)
    admission.admit(a_call(3, connection="b"), 0.0)


def test_a_client_has_so_many_calls_in_flight_and_a_share_of_them_for_writes() -> None:
    admission = Admission(LIMITS)
    for ticket in range(6):
        admission.admit(a_call(ticket), 0.0)
    with pytest.raises(Busy):
        admission.admit(a_call(6), 0.0)
    admission.admit(a_call(7, effect="write"), 0.0)
    admission.done(a_call(0), "", 0.01, 0.01)
    admission.admit(a_call(8), 0.01)


def test_writes_are_refused_quickly_while_the_database_is_in_trouble_and_reads_go_on() -> None:
    admission = Admission(LIMITS)
    for ticket in range(5):
        call = a_call(ticket, effect="write")
        admission.admit(call, 0.0)
        admission.done(call, "deadline_exceeded", 30.0, 0.0)
    with pytest.raises(BreakerOpen):
        admission.admit(a_call(6, effect="write"), 0.1)
    admission.admit(a_call(7), 0.1)
    assert admission.breakers(0.1)["database"]["state"] == "open"


def test_a_refused_write_gives_its_place_back() -> None:
    admission = Admission(LIMITS)
    for ticket in range(5):
        call = a_call(ticket, effect="write")
        admission.admit(call, 0.0)
        admission.done(call, "storage_failed", 0.1, 0.0)
    for ticket in range(20):
        with pytest.raises(BreakerOpen):
            admission.admit(a_call(10 + ticket, effect="write"), 0.1)


def test_mistakes_of_callers_and_a_full_disk_do_not_open_the_breaker() -> None:
    admission = Admission(LIMITS)
    for ticket, code in enumerate(["invalid_request", "not_found", "disk_full", "busy"] * 5):
        call = a_call(ticket, effect="write")
        admission.admit(call, 0.0)
        admission.done(call, code, 0.01, 0.0)
    admission.admit(a_call(99, effect="write"), 0.0)


def test_what_reaches_outside_has_a_rate_of_its_own_for_each_client_and_tool() -> None:
    """Source: MCP 2026-07-28, security: servers rate-limit tool calls."""
    admission = Admission(LIMITS)
    for ticket in (1, 2):
        admission.admit(a_call(ticket, effect="open-world", tool="web", worker="tools/web"), 0.0)
    with pytest.raises(Busy, match="2 calls a second of web") as caught:
        admission.admit(a_call(3, effect="open-world", tool="web", worker="tools/web"), 0.0)
    assert caught.value.retry_after_s == pytest.approx(0.5)
    admission.admit(a_call(4, tool="web", worker="tools/web"), 0.0)
    admission.admit(a_call(5, effect="destructive"), 0.0)
    admission.admit(a_call(6, effect="destructive", tool="terminal", worker="tools/terminal"), 0.0)


def test_trouble_of_other_workers_does_not_stop_writes_to_the_database() -> None:
    """A browser that crashes says nothing of the disk."""
    admission = Admission(LIMITS)
    for ticket in range(20):
        call = a_call(ticket, effect="write", tool="file", worker="tools/files")
        admission.admit(call, 0.0)
        admission.done(call, "crashed", 1.0, 0.0)
    admission.admit(a_call(21, effect="write"), 0.0)
    assert admission.database_state == "closed"
