"""The calling side: each continuation runs exactly once."""

from __future__ import annotations

from typing import Any

import pytest

from mimo.supervision import messages as m
from mimo.supervision.caller import Caller


class World:
    """A caller with what it posted and what its continuations got."""

    def __init__(self) -> None:
        self.posted: list[tuple[Any, Any]] = []
        self.got: list[Any] = []
        self.caller = Caller(lambda address, message: self.posted.append((address, message)))

    def call(self, deadline_s: float = 10.0, *, retry: bool = True) -> int:
        return self.caller.submit(
            "w",
            "r",
            self.got.append,
            now_s=0.0,
            deadline_s=deadline_s,
            key="k",
            request_id="",
            retry=retry,
        )

    def up(self, incarnation: int) -> None:
        self.caller.on_up(
            m.Up(
                name="w", address=f"w{incarnation}", incarnation=incarnation, pid=1, supervisor="s"
            ),
            0.0,
        )

    def down(self, incarnation: int, reason: m.ExitReason = m.KILLED) -> None:
        self.caller.on_down(m.Down(name="w", incarnation=incarnation, reason=reason))

    def reply(self, call_id: int, incarnation: int, value: Any = "v") -> None:
        reply = m.Reply(id=call_id, name="w", incarnation=incarnation, value=value)
        self.caller.on_reply(reply, 0.0)


def test_a_call_reaches_the_successor_under_the_same_key_and_answers_once() -> None:
    world = World()
    call_id = world.call()
    world.up(1)
    world.down(1)
    world.up(2)
    calls = [message for _, message in world.posted]
    assert [(c.incarnation, c.attempt, c.key) for c in calls] == [(1, 1, "k"), (2, 2, "k")]
    world.reply(call_id, 1, "stale")
    world.reply(call_id, 2)
    world.reply(call_id, 2)
    assert world.got == ["v"]
    assert world.caller.late_replies == 2


def test_a_call_without_repetition_ends_as_unknown_when_its_worker_dies() -> None:
    world = World()
    world.call(retry=False)
    world.up(1)
    world.down(1)
    assert [failure.code for failure in world.got] == ["restarting"]


@pytest.mark.parametrize(
    ("reason", "codes"), [(m.KILLED, ["crashed"]), (m.FROZEN, ["crashed"]), (m.SHUTDOWN, [])]
)
def test_a_call_is_judged_by_how_its_workers_ended(reason: m.ExitReason, codes: list[str]) -> None:
    """C2: a worker that died, or hung until it was killed, speaks against its only call."""
    world = World()
    world.call()
    for incarnation in (1, 2):
        world.up(incarnation)
        world.down(incarnation, reason)
    assert [failure.code for failure in world.got] == codes


def test_a_late_target_is_reported_to_its_supervisor_and_the_deadline_ends_the_call() -> None:
    world = World()
    world.call(deadline_s=2.0)
    world.up(1)
    world.caller.check(1.0)
    assert world.posted[-1] == ("s", m.Suspect(name="w", incarnation=1))
    world.caller.check(2.0)
    assert [failure.code for failure in world.got] == ["deadline_exceeded"]
    assert len(world.caller) == 0


def test_a_cancelled_call_never_runs_its_continuation() -> None:
    world = World()
    call_id = world.call()
    world.up(1)
    world.caller.cancel(call_id, 0.0)
    world.reply(call_id, 1)
    assert world.got == []


def test_an_outdated_down_or_up_changes_nothing() -> None:
    world = World()
    world.up(2)
    world.up(1)
    world.down(1)
    peer = world.caller.peer("w")
    assert peer is not None
    assert peer.incarnation == 2
